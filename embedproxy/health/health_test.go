package health

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestJudge(t *testing.T) {
	for _, c := range []struct {
		rise, fall int
		answers    string // + well, - not
		verdicts   string // after each: + or -
	}{
		{2, 3, "--+---+-++", "+++++----+"},
		{1, 1, "+-+-", "+-+-"},
		{2, 2, "-+-+-+", "++++++"},
		{0, 0, "-+", "-+"},
	} {
		j := Judge{Rise: c.rise, Fall: c.fall}
		well := true
		for i, a := range c.answers {
			if j.Take(a == '+') {
				well = !well
			}
			if well != (c.verdicts[i] == '+') {
				t.Errorf("rise %d, fall %d, %q: after %d answers well is %v", c.rise, c.fall, c.answers, i+1, well)
			}
		}
	}
}

func TestAsk(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/ws":
			c, err := websocket.Accept(w, r, nil)
			if err == nil {
				<-c.CloseRead(r.Context()).Done()
			}
		case "/broken":
			w.WriteHeader(500)
		}
	}))
	defer s.Close()
	address := strings.TrimPrefix(s.URL, "http://")
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	mute, err := net.Listen("tcp", "127.0.0.1:0") // accepts by its queue and never answers, as a stopped process does
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close()
	for _, c := range []struct {
		kind, address, path string
		well                bool
	}{
		{"tcp", address, "", true},
		{"tcp", closed.Addr().String(), "", false},
		{"tcp", mute.Addr().String(), "", true},
		{"http", address, "/", true},
		{"http", address, "/broken", false},
		{"http", mute.Addr().String(), "/", false},
		{"websocket", address, "/ws", true},
		{"websocket", address, "/", false},
		{"websocket", mute.Addr().String(), "/", false},
		{"smtp", address, "/", false},
	} {
		timeout := 20 * time.Second
		if c.address == mute.Addr().String() && !c.well {
			timeout = 200 * time.Millisecond // it is waited for in vain
		}
		err := Check{Kind: c.kind, Address: c.address, Path: c.path, Timeout: timeout}.Ask(context.Background())
		if (err == nil) != c.well {
			t.Errorf("%s %s%s: %v, expected well to be %v", c.kind, c.address, c.path, err, c.well)
		}
	}
}

func TestRunReports(t *testing.T) {
	// On an address of its own: no outgoing connection of another test can take the port while it is closed.
	l, err := net.Listen("tcp", "127.71.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	ctx, cancel := context.WithCancel(context.Background())
	reports := make(chan bool)
	done := make(chan struct{})
	go func() {
		defer close(done)
		Check{Kind: "tcp", Address: l.Addr().String(), Interval: time.Millisecond, Timeout: time.Second, Rise: 2, Fall: 2}.Run(ctx, false, func(well bool, err error) { reports <- well })
	}()
	if well := <-reports; well {
		t.Error("a closed port was reported well")
	}
	again, err := net.Listen("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if well := <-reports; !well {
		t.Error("an open port was reported sick")
	}
	cancel()
	<-done
}
