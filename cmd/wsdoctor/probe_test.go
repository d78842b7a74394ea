package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/wsdoctor/probes/handshake"
	"example.com/wsdoctor/probes/probetest"
	"example.com/wsdoctor/probes/standin"
	"example.com/wsdoctor/probes/wsclient"
)

// scripted is a WebSocket server of the npm package ws that does what the path says, and closes behind the last of
// the messages that the query counts, so that no test has to guess how long an answer takes.
const scripted = `const { WebSocketServer } = require('ws');
const s = new WebSocketServer({ host: '127.0.0.1', port: 0, autoPong: false }, () => console.log('127.0.0.1:' + s.address().port));
s.on('connection', (c, req) => {
	let [path, left] = req.url.split('?');
	const send = (m, o) => { c.send(m, o); if (--left === 0) c.close(1000); };
	c.on('message', (m, binary) => send(m, { binary }));
	if (path === '/close') c.close(1011, 'broken \u001b[2J');
	if (path === '/kill') c._socket.end();
	if (path === '/bytes') send(Buffer.from([1, 2, 255]));
	if (path === '/json') send('{"a":\n[1,2], "b":"\u009b1m"}');
	if (path === '/evil') send('\u001b]0;title\u0007\u202e');
	if (path === '/who') send(JSON.stringify(req.headers));
	if (path !== '/deaf') c.on('ping', d => c.pong(d));
});`

// probeWith runs `wsdoctor probe` in memory with the given standard input.
func probeWith(ctx context.Context, stdin string, args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	a := &app{stdin: strings.NewReader(stdin), stdout: &out, stderr: &err, env: func(string) string { return "" }}
	code = a.main(ctx, append([]string{"probe"}, args...))
	return code, out.String(), err.String()
}

func TestProbe(t *testing.T) {
	ws := "ws://" + probetest.NodeServer(t, scripted)
	sio := "ws://" + probetest.NodeServer(t, probetest.SocketIOServer)
	closed := "ws://" + probetest.ClosedPort(t)
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name           string
		stdin          string
		args           []string
		code           int
		stdout, stderr string // parts of it; stdout with "=" is the whole
	}{
		{"message and answer", "", []string{ws + "/?1", "-x", "hello", "-w", "-1"}, 0, "=hello\n", "closed by the server with a Close frame (1000"},
		{"several messages", "", []string{ws + "/?2", "-x", "one", "-x", "two", "-w", "-1"}, 0, "=one\ntwo\n", ""},
		{"lines of standard input", "one\ntwo\n", []string{ws + "/?2", "-w", "-1"}, 0, "=one\ntwo\n", ""},
		{"a URL without a scheme, as wscat takes it", "one\n", []string{strings.TrimPrefix(ws, "ws://") + "/?1", "-w", "-1"}, 0, "=one\n", ""},
		{"connect only", "", []string{ws, "--connect-only"}, 0, "101 Switching Protocols", ""},
		{"an answer that does not come", "", []string{ws, "-w", "0.1"}, 0, "=", "answered by the server"},
		{"verbose", "", []string{ws, "--connect-only", "-v", "-H", "X-A: b", "-H", "Host: other.test", "-o", "http://page.test"}, 0, "> X-A: b", ""},
		{"pings", "", []string{ws, "--ping", "1"}, 0, "1 ping sent, 1 answered", ""},
		{"pings that nobody answers", "", []string{ws + "/deaf", "--ping", "1"}, 1, "1 ping sent, none answered", ""},
		{"server closes with a fault", "", []string{ws + "/close", "-w", "-1"}, 1, "", `Close frame (1011, a fault inside the server, reason "broken \x1b[2J")`},
		{"server ends without a Close frame", "", []string{ws + "/kill", "-w", "-1"}, 1, "", "bare FIN (1006"},
		{"bytes as hexadecimal", "", []string{ws + "/bytes?1", "-w", "-1"}, 0, "=0102ff\n", ""},
		{"JSON on one line", "", []string{ws + "/json?1", "-w", "-1"}, 0, "={\"a\":[1,2],\"b\":\"\\u009b1m\"}\n", ""},
		{"what a terminal would obey", "", []string{ws + "/evil?1", "-w", "-1"}, 0, "=\\x1b]0;title\\a\\u202e\n", ""},
		{"credentials of the URL", "", []string{strings.Replace(ws, "//", "//user:pa55@", 1) + "/who?1", "-w", "-1"}, 0, "Basic dXNlcjpwYTU1", ""},
		{"basic authentication", "", []string{ws + "/who?1", "--auth", "user:pa55", "-w", "-1"}, 0, "Basic dXNlcjpwYTU1", ""},
		{"a token from a file", "", []string{ws + "/who?1", "--bearer", "@" + token, "-w", "-1"}, 0, "Bearer s3cret", ""},
		{"subprotocol that the server does not know", "", []string{ws, "-s", "chat", "--connect-only"}, 0, "subprotocol chat", ""},
		{"Socket.IO greets", "", []string{sio + "/socket.io/?EIO=4&transport=websocket", "-w", "3"}, 0, `0{"sid":`, ""},
		{"Socket.IO on the wrong path", "", []string{sio + "/x", "--connect-only"}, 1, "no connection", ""},
		{"nothing listens", "", []string{closed, "-x", "hello"}, 1, "=", "refuses connections"},
		{"name does not exist", "", []string{"ws://no-such-host.invalid/", "-x", "hello", "--timeout", "1s"}, 1, "=", "no-such-host.invalid"},

		{"no URL", "", nil, 2, "=", "expected one URL"},
		{"another scheme", "", []string{"ftp://x"}, 2, "=", "ftp"},
		{"header without a colon", "", []string{ws, "-H", "X"}, 2, "=", "'Name: value'"},
		{"header with a line end", "", []string{ws, "-H", "X: a\r\nY: b"}, 2, "=", "expected one line"},
		{"a key of one's own", "", []string{ws, "-H", "Sec-WebSocket-Key: x"}, 2, "=", "Sec-WebSocket-Key"},
		{"format", "", []string{ws, "-f", "xml"}, 2, "=", "text or json"},
		{"two kinds of use", "", []string{ws, "-x", "a", "--ping", "1"}, 2, "=", "expected one of them"},
		{"two kinds of authentication", "", []string{ws, "--auth", "a:b", "--bearer", "c"}, 2, "=", "both --auth and --bearer"},
		{"no such file", "", []string{ws, "--ca", token + ".missing"}, 2, "=", "--ca"},
		{"no certificate in the file", "", []string{ws, "--ca", token}, 2, "=", "expected PEM"},
		{"key without certificate", "", []string{ws, "--key", token}, 2, "=", "--key without --cert"},
		{"proxy", "", []string{ws, "--proxy", "ftp://x:1"}, 2, "=", "expected a URL such as"},
		{"direct", "", []string{ws, "--direct", "ftp://x"}, 2, "=", "--direct"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			code, stdout, stderr := probeWith(t.Context(), tc.stdin, tc.args...)
			whole, exact := strings.CutPrefix(tc.stdout, "=")
			if code != tc.code || exact && stdout != whole || !strings.Contains(stdout, whole) || !strings.Contains(stderr, tc.stderr) {
				t.Errorf("exit code %d, expected %d\nstdout: %s\nstderr: %s", code, tc.code, stdout, stderr)
			}
			if strings.Contains(stderr, "s3cret") || strings.ContainsAny(stdout+stderr, "\x1b\u009b\u202e") {
				t.Errorf("shows what it must not: %q %q", stdout, stderr)
			}
		})
	}
}

func TestProbeEvents(t *testing.T) {
	ws := "ws://" + probetest.NodeServer(t, scripted)
	code, stdout, stderr := probeWith(t.Context(), "", ws+"/evil?2", "-x", "{}", "-w", "-1", "-f", "json")
	if code != 0 || stderr != "" || strings.ContainsAny(stdout, "\x1b\u202e") {
		t.Errorf("exit code %d, stderr %q", code, stderr)
	}
	var kinds []string
	for line := range strings.Lines(stdout) {
		var e struct {
			Event string
			Text  string
			End   *struct{ By, How string }
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		kinds = append(kinds, e.Event+e.Text)
		if e.Event == "end" && (e.End == nil || e.End.By != "server" || e.End.How != "close_frame") {
			t.Errorf("got %+v", e.End)
		}
	}
	slices.Sort(kinds) // the greeting and the sending have no order
	if want := []string{"end", "message\x1b]0;title\a\u202e", "message{}", "open", "sent{}"}; !slices.Equal(kinds, want) {
		t.Errorf("got %q, expected %q", kinds, want)
	}
	code, stdout, _ = probeWith(t.Context(), "", "ws://"+probetest.ClosedPort(t), "-f", "json")
	if code != 1 || !strings.Contains(stdout, `"event":"failed"`) || !strings.Contains(stdout, `"kind":"refused"`) {
		t.Errorf("exit code %d, %s", code, stdout)
	}
}

// TestProbeInterrupted: Ctrl-C says goodbye to the server and leaves with 130.
func TestProbeInterrupted(t *testing.T) {
	ws := "ws://" + probetest.NodeServer(t, scripted)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, w := io.Pipe()
	a := &app{stdin: strings.NewReader(""), stdout: w, stderr: io.Discard, env: func(string) string { return "" }}
	code := make(chan int, 1)
	go func() { code <- a.main(ctx, []string{"probe", ws + "/bytes", "-w", "-1", "-f", "json"}); w.Close() }()
	var last string
	dec := json.NewDecoder(r)
	for {
		var e struct {
			Event string
			End   struct{ How string }
		}
		if dec.Decode(&e) != nil {
			break
		}
		if last = e.Event + e.End.How; e.Event == "message" {
			cancel()
		}
	}
	if got := <-code; got != 130 || last != "endclose_frame" {
		t.Errorf("exit code %d, last event %s", got, last)
	}
}

// TestProbeTLS: a certificate with a fault ends the attempt before credentials are sent, unless told otherwise.
func TestProbeTLS(t *testing.T) {
	ca := probetest.NewCA(t)
	node := probetest.NodeServer(t, scripted)
	cert, key := probetest.WritePEM(t, ca.Issue(t, time.Now().Add(-time.Hour), time.Now().Add(time.Hour), "127.0.0.1"))
	caFile := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(caFile, probetest.PEM(ca.Cert), 0o600); err != nil {
		t.Fatal(err)
	}
	ln := probetest.Listen(t)
	probetest.Nginx(t, fmt.Sprintf(`server { listen %s ssl; ssl_certificate %s; ssl_certificate_key %s;
		location / { proxy_pass http://%s; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; } }`,
		ln.Addr(), cert, key, node), ln)
	url := "wss://" + ln.Addr().String() + "/"
	for _, tc := range []struct {
		args []string
		code int
		says string
	}{
		{nil, 1, "does not hold"},
		{[]string{"-n"}, 0, "does not hold"},
		{[]string{"--ca", caFile}, 0, "TLS 1."},
		{[]string{"--ca", caFile, "--host", "other.test"}, 1, `expected "other.test"`},
	} {
		code, stdout, stderr := probeWith(t.Context(), "", append([]string{url, "--connect-only"}, tc.args...)...)
		if code != tc.code || !strings.Contains(stdout, tc.says) {
			t.Errorf("%q: exit code %d\n%s%s", tc.args, code, stdout, stderr)
		}
	}
	// The backend itself speaks no TLS.
	if code, stdout, _ := probeWith(t.Context(), "", url, "--ca", caFile, "--direct", node); code != 0 || !strings.Contains(stdout, "  outcome                  | upgraded                                 | upgraded") {
		t.Errorf("exit code %d\n%s", code, stdout)
	}
}

func TestProbeDirect(t *testing.T) {
	node, err := standin.Listen(t.Context(), "127.0.0.1:0", standin.Options{Name: "node1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { node.Close() })
	ln := probetest.Listen(t)
	probetest.Nginx(t, fmt.Sprintf("server { listen %s; location / { proxy_pass http://%s; } }", ln.Addr(), node.Addr()), ln)
	url := "ws://" + ln.Addr().String() + "/"
	code, stdout, stderr := probeWith(t.Context(), "", url, "--direct", node.Addr().String())
	if code != 1 || stderr != "" || !strings.Contains(stdout, "! status                   | HTTP/1.1 426 Upgrade Required") || !strings.Contains(stdout, "! arrived: Upgrade         | -") {
		t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
	}
	code, stdout, _ = probeWith(t.Context(), "", url, "--direct", node.Addr().String(), "-f", "json")
	var c struct {
		Rows []struct {
			What, A, B string
			Differs    bool
		}
		Differ int
	}
	if json.Unmarshal([]byte(stdout), &c) != nil || code != 1 || c.Differ < 4 || len(c.Rows) < c.Differ {
		t.Errorf("exit code %d, %s", code, stdout)
	}
}

// TestProbePipeEnds: the end of the connection does not wait for the next line of standard input.
func TestProbePipeEnds(t *testing.T) {
	ws := "ws://" + probetest.NodeServer(t, scripted)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	defer r.Close()
	a := &app{stdin: r, stdout: io.Discard, stderr: io.Discard, env: func(string) string { return "" }}
	if code := a.main(t.Context(), []string{"probe", ws + "/close"}); code != 1 {
		t.Errorf("exit code %d", code)
	}
}

func TestEndWords(t *testing.T) {
	for _, tc := range []struct {
		end  wsclient.End
		says string
	}{
		{wsclient.End{By: "server", How: handshake.ByReset, Code: 1006}, "RST"},
		{wsclient.End{By: "server", How: handshake.BySilence, Code: 1006}, "not acknowledged"},
		{wsclient.End{By: "server", How: handshake.ByBadFrame, Code: 1006, Detail: "a masked frame"}, "it sends a masked frame"},
		{wsclient.End{By: "server", How: handshake.ByError, Code: 1006, Detail: "network is down"}, "network is down"},
		{wsclient.End{By: "client", How: handshake.BySilence, Code: 1000}, "did not answer the Close frame"},
		{wsclient.End{By: "client", How: handshake.ByFIN, Code: 1000}, "without a Close frame"},
	} {
		if got := endWords(tc.end); !strings.Contains(got.String(), tc.says) {
			t.Errorf("got %q, expected %q in it", got, tc.says)
		}
	}
}

// TestBesideWscat: what wscat and probe make of the same servers. wscat calls every end a good one, and prints nothing
// where its standard input is at its end.
func TestBesideWscat(t *testing.T) {
	dir := probetest.Node(t)
	ws := "ws://" + probetest.NodeServer(t, scripted)
	for _, tc := range []struct {
		path        string
		wscat, code int
	}{
		{"/?1", 0, 0},
		{"/close", 0, 1},
		{"/kill", 0, 1},
	} {
		cmd := exec.CommandContext(t.Context(), probetest.Need(t, "node"), filepath.Join(dir, "node_modules", "wscat", "bin", "wscat"), "-c", ws+tc.path, "-x", "hello", "-w", "1")
		out, err := cmd.Output()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		code, stdout, stderr := probeWith(t.Context(), "", ws+tc.path, "-x", "hello", "-w", "-1")
		if cmd.ProcessState.ExitCode() != tc.wscat || code != tc.code {
			t.Errorf("%s: wscat exits %d, expected %d; probe exits %d, expected %d\n%s%s", tc.path, cmd.ProcessState.ExitCode(), tc.wscat, code, tc.code, stdout, stderr)
		}
		if tc.path == "/?1" && (len(out) > 0 || stdout != "hello\n") {
			t.Errorf("wscat shows %q, probe %q", out, stdout)
		}
	}
}
