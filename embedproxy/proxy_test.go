package embedproxy

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/probetest"
)

func eachWay(t *testing.T, f func(t *testing.T, w way, cfg *cluster.Config)) {
	for _, w := range ways {
		t.Run(w.name, func(t *testing.T) {
			cfg := settings()
			if w.tls {
				withTLS(t, &cfg, 1)
			}
			f(t, w, &cfg)
		})
	}
}

func TestEcho(t *testing.T) {
	eachWay(t, func(t *testing.T, w way, cfg *cluster.Config) {
		n := startNode(t, "n1")
		cfg.Proxy.Backends = settings(n).Proxy.Backends
		p := start(t, *cfg, Options{})
		c, resp, err := w.open(t, p, "/ws?room=1", http.Header{"X-Forwarded-For": {"6.6.6.6"}, "X-Mine": {"kept"}, "X_Real_IP": {"6.6.6.6"}})
		if err != nil {
			t.Fatal(err)
		}
		if got := resp.Header.Get("Sec-WebSocket-Protocol"); got != "chat" {
			t.Errorf("subprotocol %q, expected chat", got)
		}
		h := <-n.headers
		proto := "http"
		if w.tls {
			proto = "https"
		}
		for k, want := range map[string]string{"X-Forwarded-For": "127.0.0.1", "X-Real-Ip": "127.0.0.1", "X-Forwarded-Proto": proto, "Host": p.at(), "X-Mine": "kept",
			"Forwarded": `for=127.0.0.1;proto=` + proto + `;host="` + p.at() + `"`, "X_Real_IP": "", "X_real_ip": ""} {
			if got := strings.Join(h[k], "|"); got != want {
				t.Errorf("%s: %q, expected %q", k, got, want)
			}
		}
		ctx := within(t)
		if _, b, err := c.Read(ctx); err != nil || string(b) != "n1" {
			t.Fatalf("%q, %v", b, err)
		}
		rnd := rand.New(rand.NewPCG(1, 2))
		for _, size := range []int{0, 1, 125, 126, 65535, 65536, 1 << 20, 16 << 20} {
			msg := make([]byte, size)
			for i := range msg {
				msg[i] = byte(rnd.Uint32() >> (8 * (i % 2)))
			}
			ctx := within(t)
			if err := c.Write(ctx, websocket.MessageBinary, msg); err != nil {
				t.Fatal(err)
			}
			if _, got, err := c.Read(ctx); err != nil || !bytes.Equal(got, msg) {
				t.Fatalf("%d bytes: %v, the same: %v", size, err, bytes.Equal(got, msg))
			}
		}
		s := p.Snapshot(10)
		if s.Open != 1 || len(s.Tunnels) != 1 || s.Tunnels[0].Client != "127.0.0.1" || s.Tunnels[0].Up < 16<<20 || s.Backends[0].Open != 1 || s.Opened != 1 {
			t.Errorf("%+v", s)
		}
		c.Close(websocket.StatusNormalClosure, "")
		eventually(t, "the end of the tunnel", func() bool { return p.Snapshot(0).Open == 0 && p.Snapshot(0).Backends[0].Open == 0 })
	})
}

func TestRefusalOfTheBackendPasses(t *testing.T) {
	eachWay(t, func(t *testing.T, w way, cfg *cluster.Config) {
		n := startNode(t, "n1")
		cfg.Proxy.Backends = settings(n).Proxy.Backends
		p := start(t, *cfg, Options{})
		_, resp, err := w.open(t, p, "/forbidden", nil)
		if err == nil || resp == nil || resp.StatusCode != 403 {
			t.Fatalf("%v, %v", resp, err)
		}
		if b, _ := io.ReadAll(resp.Body); !strings.Contains(string(b), "not for you") {
			t.Errorf("%q", b)
		}
		eventually(t, "the count to fall", func() bool { return p.Snapshot(0).Backends[0].Open == 0 })
	})
}

func TestPlainHTTP(t *testing.T) {
	n := startNode(t, "n1")
	p := start(t, settings(n), Options{})
	c := &http.Client{Transport: &http.Transport{}}
	defer c.CloseIdleConnections()
	req, _ := http.NewRequest("GET", "http://"+p.at()+"/x", nil)
	req.Host = "shop.example"
	req.Header.Set("X-Forwarded-For", "6.6.6.6")
	req.Header.Set("Connection", "X-Private")
	req.Header.Set("X-Private", "1")
	req.Header.Set("Upgrade", "h2c")
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	b, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	for k, want := range map[string]string{"Saw-X-Forwarded-For": "127.0.0.1", "Saw-Host": "shop.example", "Saw-X-Private": "", "Saw-Upgrade": "", "Saw-X-Forwarded-Host": "shop.example"} {
		if got := resp.Header.Get(k); got != want {
			t.Errorf("%s: %q, expected %q", k, got, want)
		}
	}
	if string(b) != "n1" {
		t.Errorf("%q", b)
	}
	big := make([]byte, 8<<20)
	if resp, err = c.Post("http://"+p.at()+"/count", "", bytes.NewReader(big)); err != nil {
		t.Fatal(err)
	}
	b, _ = io.ReadAll(resp.Body)
	resp.Body.Close()
	if string(b) != "8388608\n" {
		t.Errorf("%q", b)
	}
}

// TestStreaming answers each line before the next is sent: neither direction may be buffered.
func TestStreaming(t *testing.T) {
	n := startNode(t, "n1")
	p := start(t, settings(n), Options{})
	c, err := net.Dial("tcp", p.at())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	io.WriteString(c, "POST /stream HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
	var got strings.Builder
	buf := make([]byte, 4096)
	for _, line := range []string{"one\n", "two\n", "six\n"} {
		io.WriteString(c, "4\r\n"+line+"\r\n")
		for !strings.Contains(got.String(), "got "+line) {
			k, err := c.Read(buf)
			if err != nil {
				t.Fatalf("%v after %q", err, got.String())
			}
			got.Write(buf[:k])
		}
	}
}

// TestAnswerThatNobodyTakes has a client ask for much and read nothing.
func TestAnswerThatNobodyTakes(t *testing.T) {
	gone := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(gone)
		for b := make([]byte, 1<<20); ; {
			if _, err := w.Write(b); err != nil {
				return
			}
		}
	}))
	defer s.Close()
	cfg := settings()
	cfg.Proxy.Backends = []cluster.Backend{{Address: strings.TrimPrefix(s.URL, "http://"), Weight: 1}}
	p := start(t, cfg, Options{sendTime: 200 * time.Millisecond})
	c, err := net.Dial("tcp", p.at())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	select {
	case <-gone:
	case <-time.After(patience):
		t.Error("the backend's answer was not given up")
	}
}

func TestStickyCookieJoinsPollingAndWebSocket(t *testing.T) {
	nodes := []*node{startNode(t, "n1"), startNode(t, "n2"), startNode(t, "n3")}
	cfg := settings(nodes...)
	cfg.Proxy.Policy = "cookie"
	p := start(t, cfg, Options{})
	seen := map[string]bool{}
	for range 12 {
		tr := &http.Transport{DisableKeepAlives: true}
		resp, err := (&http.Client{Transport: tr}).Get("http://" + p.at() + "/")
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		cookies := resp.Cookies()
		if len(cookies) != 1 || !cookies[0].HttpOnly {
			t.Fatalf("cookies %v, expected one", cookies)
		}
		_, name := ways[0].hello(t, p, http.Header{"Cookie": {"a=b; " + cookies[0].Name + "=" + cookies[0].Value}})
		if name != string(b) {
			t.Errorf("the page came from %s, the WebSocket from %s", b, name)
		}
		seen[name] = true
	}
	if len(seen) < 2 {
		t.Errorf("all clients are on %v", seen)
	}
}

func TestLimits(t *testing.T) {
	n := startNode(t, "n1")
	for name, c := range map[string]struct {
		limits cluster.Limits
		status int
	}{
		"per_ip":                {cluster.Limits{PerIP: 2}, 429},
		"total":                 {cluster.Limits{Total: 2}, 503},
		"handshakes_per_second": {cluster.Limits{HandshakesPerSecond: 2}, 503},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := settings(n)
			cfg.Proxy.Limits = c.limits
			p := start(t, cfg, Options{})
			a, _ := ways[0].hello(t, p, nil)
			ways[0].hello(t, p, nil)
			_, resp, err := ways[0].open(t, p, "/ws", nil)
			for again := 0; err == nil && name == "handshakes_per_second" && again < 50; again++ { // a machine that stalls lets half a second pass
				_, resp, err = ways[0].open(t, p, "/ws", nil)
			}
			if err == nil || resp == nil || resp.StatusCode != c.status || resp.Header.Get("Retry-After") == "" {
				t.Fatalf("the third: %v, %v; expected %d with Retry-After", resp, err, c.status)
			}
			if name == "handshakes_per_second" {
				return
			}
			a.Close(websocket.StatusNormalClosure, "")
			eventually(t, "room for another", func() bool { return p.Snapshot(0).Open < 2 })
			ways[0].hello(t, p, nil)
		})
	}
}

func TestDeadBackends(t *testing.T) {
	gone := cluster.Backend{Address: probetest.ClosedPort(t), Weight: 1}
	n := startNode(t, "n1")
	mute, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and never answers, like a stopped process
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close()
	eachWay(t, func(t *testing.T, w way, cfg *cluster.Config) {
		if w.name == "kept alive" {
			return // its first request would meet the dead backends itself
		}
		cfg.Proxy.Policy = "round-robin"
		cfg.Proxy.Backends = append([]cluster.Backend{gone}, settings(n).Proxy.Backends...)
		p := start(t, *cfg, Options{})
		for range 4 {
			if _, name := w.hello(t, p, nil); name != "n1" {
				t.Errorf("landed on %s", name)
			}
		}
		for _, b := range p.Snapshot(0).Backends {
			if b.Address == gone.Address && (b.State != "out" || b.Failed != 1) {
				t.Errorf("%+v, expected it to be out after one failure", b)
			}
		}
		only := *cfg
		only.Proxy.PassiveHealth.MaxFails = 2
		only.Proxy.Backends = []cluster.Backend{{Address: mute.Addr().String(), Weight: 1}}
		// The limit is the client's too: a machine that stalls for as long has it come too late, and gets a longer one.
		for limit := 400 * time.Millisecond; ; limit *= 3 {
			only.Proxy.Timeouts.Handshake = limit
			p = start(t, only, Options{})
			var got []int
			for range 3 {
				status := 0
				if _, resp, _ := w.open(t, p, "/ws", nil); resp != nil {
					status = resp.StatusCode
				}
				got = append(got, status)
			}
			if slices.Equal(got, []int{504, 504, 503}) {
				break
			}
			if limit > 3*time.Second {
				t.Errorf("a backend that never answers: statuses %v, expected 504, 504 and 503", got)
				break
			}
		}
		only.Proxy.Backends = []cluster.Backend{gone}
		p = start(t, only, Options{})
		if _, resp, _ := w.open(t, p, "/ws", nil); resp == nil || resp.StatusCode != 502 {
			t.Errorf("%v, expected 502", resp)
		}
	})
}

func TestNoPortIsFree(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	n := startNode(t, "n1")
	cfg := settings(n)
	cfg.Proxy.Listen = []string{l.Addr().String()}
	_, err = New(within(t), cfg, Options{})
	var be *BindError
	if !errors.As(err, &be) || len(be.Tried) != 1 || be.Tried[0].Address != l.Addr().String() {
		t.Errorf("%v", err)
	}
	cfg.Proxy.Listen = []string{l.Addr().String(), "127.0.0.1:0"}
	p := start(t, cfg, Options{})
	if len(p.Addresses()) != 1 || p.at() == l.Addr().String() {
		t.Errorf("%v", p.Addresses())
	}
	cfg.Proxy.Bind = "all"
	if _, err = New(within(t), cfg, Options{}); !errors.As(err, &be) {
		t.Errorf("bind all with one port taken: %v", err)
	}
}

func TestListenOrder(t *testing.T) {
	cfg := cluster.Default(cluster.FineReport)
	if got := strings.Join(ListenAddresses(cfg), " "); got != ":38889 :38888 :39888" {
		t.Errorf("%s", got)
	}
	cfg.Proxy.Listen = []string{"8080", "127.0.0.1:9090", "8080"}
	if got := strings.Join(ListenAddresses(cfg), " "); got != ":8080 127.0.0.1:9090" {
		t.Errorf("%s", got)
	}
}
