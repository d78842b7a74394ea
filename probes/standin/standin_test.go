package standin

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func start(t *testing.T, opts Options) *Server {
	t.Helper()
	s, err := Listen(t.Context(), "127.0.0.1:0", opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	})
	return s
}

func TestNamesItselfAndEchoes(t *testing.T) {
	visits := make(chan Visit, 1)
	s := start(t, Options{Name: "node1", Seen: func(v Visit) { visits <- v }})
	c, resp, err := websocket.Dial(t.Context(), "ws://"+s.Addr().String()+"/x?y=1", &websocket.DialOptions{
		HTTPHeader: http.Header{"X-Real-Ip": {"10.0.0.9"}, "Origin": {"http://elsewhere.test"}}, Subprotocols: []string{"chat"},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	if resp.Header.Get(Header) != "node1" || c.Subprotocol() != "chat" {
		t.Errorf("got name %q, subprotocol %q", resp.Header.Get(Header), c.Subprotocol())
	}
	_, hello, err := c.Read(t.Context())
	var v Visit
	if err != nil || json.Unmarshal(hello, &v) != nil {
		t.Fatalf("first message %q, %v", hello, err)
	}
	if v.Name != "node1" || v.Request != "GET /x?y=1 HTTP/1.1" || v.Host != s.Addr().String() || v.Headers.Get("X-Real-IP") != "10.0.0.9" || !v.WebSocket {
		t.Errorf("got %+v", v)
	}
	if seen := <-visits; seen.Request != v.Request || seen.Remote != v.Remote {
		t.Errorf("told of %+v", seen)
	}
	if err := c.Write(t.Context(), websocket.MessageBinary, []byte{1, 2, 0}); err != nil {
		t.Fatal(err)
	}
	if kind, data, err := c.Read(t.Context()); err != nil || kind != websocket.MessageBinary || string(data) != "\x01\x02\x00" {
		t.Errorf("echo %v %q %v", kind, data, err)
	}
}

func TestPlainRequests(t *testing.T) {
	s := start(t, Options{})
	for _, tc := range []struct {
		name   string
		header http.Header
		code   int
	}{
		{"a browser", nil, 200},
		{"a WebSocket request without its Upgrade", http.Header{"Sec-WebSocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="}, "Sec-WebSocket-Version": {"13"}}, 426},
	} {
		t.Run(tc.name, func(t *testing.T) {
			req, _ := http.NewRequestWithContext(t.Context(), "GET", "http://"+s.Addr().String()+"/", nil)
			for k, v := range tc.header {
				req.Header[k] = v
			}
			resp, err := http.DefaultTransport.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			defer http.DefaultTransport.(*http.Transport).CloseIdleConnections()
			defer resp.Body.Close()
			body, _ := io.ReadAll(resp.Body)
			var v Visit
			if resp.StatusCode != tc.code || resp.Header.Get(Header) != "stand-in" || json.Unmarshal(body, &v) != nil || v.WebSocket {
				t.Errorf("got %d, name %q, body %s", resp.StatusCode, resp.Header.Get(Header), body)
			}
		})
	}
}

func TestCloseSaysGoingAway(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s, err := Listen(ctx, "127.0.0.1:0", Options{})
	if err != nil {
		t.Fatal(err)
	}
	c, _, err := websocket.Dial(t.Context(), "ws://"+s.Addr().String()+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	c.Read(t.Context()) // the hello
	cancel()            // must not cut the client
	closed := make(chan error)
	go func() { closed <- s.Close() }()
	if _, _, err := c.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusGoingAway {
		t.Errorf("got %v, expected a Close frame with 1001", err)
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
}

func TestListenReportsTheAddress(t *testing.T) {
	s := start(t, Options{})
	if _, err := Listen(t.Context(), s.Addr().String(), Options{}); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("got %v", err)
	}
}

// TestTalks: a client that asks for it hears the stand-in again and again; one that does not hears its greeting alone.
func TestTalks(t *testing.T) {
	s, err := Listen(t.Context(), "127.0.0.1:0", Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c, _, err := websocket.Dial(t.Context(), "ws://"+s.Addr().String(), &websocket.DialOptions{HTTPHeader: http.Header{TalkHeader: {"1ms"}}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	for i := range 4 {
		_, data, err := c.Read(t.Context())
		if err != nil || i > 0 && string(data) != "talk" {
			t.Fatalf("message %d: %q, %v", i, data, err)
		}
	}
	for _, value := range []string{"", "soon", "-1s"} {
		c, _, err := websocket.Dial(t.Context(), "ws://"+s.Addr().String(), &websocket.DialOptions{HTTPHeader: http.Header{TalkHeader: {value}}})
		if err != nil {
			t.Fatal(err)
		}
		defer c.CloseNow()
		if _, _, err := c.Read(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := c.Write(t.Context(), websocket.MessageText, []byte("echo")); err != nil {
			t.Fatal(err)
		}
		if _, data, err := c.Read(t.Context()); err != nil || string(data) != "echo" {
			t.Errorf("%q: %q, %v", value, data, err)
		}
	}
}
