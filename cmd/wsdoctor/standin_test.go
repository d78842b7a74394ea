package main

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/wsdoctor/probes/standin"
)

func TestStandinCommand(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, w := io.Pipe()
	a := &app{stdin: strings.NewReader(""), stdout: w, stderr: io.Discard, env: func(string) string { return "" }}
	code := make(chan int, 1)
	go func() { code <- a.main(ctx, []string{"standin", "127.0.0.1:0", "--name", "node1"}); w.Close() }()
	lines := bufio.NewScanner(r)
	lines.Scan()
	_, address, ok := strings.Cut(lines.Text(), "node1 listens on ")
	if !ok {
		t.Fatalf("first line %q", lines.Text())
	}
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	go c.Write([]byte("GET /\x80\xc2\x9b1m HTTP/1.1\r\nHost: a\r\nX-Real-IP: 10.0.0.9\r\nConnection: close\r\n\r\n"))
	lines.Scan()
	if line := lines.Text(); !strings.Contains(line, `plain "GET /\x80\u009b1m HTTP/1.1" Host="a" Connection="close" X-Real-Ip="10.0.0.9"`) {
		t.Errorf("line %q", line)
	}
	cancel()
	for lines.Scan() {
	}
	if got := <-code; got != 0 {
		t.Errorf("exit code %d, expected 0: Ctrl-C is how it ends", got)
	}
}

func TestStandinAddresses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "wsdoctor.yaml")
	if err := os.WriteFile(file, []byte("version: 1\nproduct: generic\nwebsocket: {ports: [4711]}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	a := &app{env: func(string) string { return "" }, config: file}
	for _, tc := range []struct {
		args []string
		want string // "": an error
	}{
		{nil, ":4711"},
		{[]string{"38888", "127.0.0.1:39888", "[::1]:1"}, ":38888 127.0.0.1:39888 [::1]:1"},
		{[]string{"http"}, ""},
		{[]string{"70000"}, ""},
		{[]string{"1:2:3"}, ""},
	} {
		got, err := a.standinAddresses(tc.args)
		if strings.Join(got, " ") != tc.want || (err != nil) != (tc.want == "") {
			t.Errorf("%q: got %q, %v, expected %q", tc.args, got, err, tc.want)
		}
	}
}

func TestVisitLineKeepsTheTerminalSafe(t *testing.T) {
	line := visitLine(time.Unix(0, 0).UTC(), standin.Visit{Remote: "1.2.3.4:5", Request: "GET / HTTP/1.1", Host: "\x1b[2J", WebSocket: true,
		Headers: http.Header{"Upgrade": {"websocket"}, "Origin": {"a\nb"}}})
	if want := `00:00:00 1.2.3.4:5 websocket "GET / HTTP/1.1" Host="\x1b[2J" Upgrade="websocket" Origin="a\nb"`; line != want {
		t.Errorf("got %s", line)
	}
}
