package embedproxy

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"example.com/wsdoctor/probes/cluster"
)

// closeCode reads until the end and returns the code of the Close frame.
func closeCode(t *testing.T, c *websocket.Conn) websocket.StatusCode {
	for {
		if _, _, err := c.Read(within(t)); err != nil {
			return websocket.CloseStatus(err)
		}
	}
}

func TestDrain(t *testing.T) {
	for _, restart := range []bool{false, true} {
		eachWay(t, func(t *testing.T, w way, cfg *cluster.Config) {
			n := startNode(t, "n1")
			cfg.Proxy.Backends = settings(n).Proxy.Backends
			cfg.Proxy.Listen = []string{spare(t)} // so that nobody else opens the port when it is closed
			p := start(t, *cfg, Options{})
			var all []*websocket.Conn
			for range 8 {
				c, _ := w.hello(t, p, nil)
				all = append(all, c)
			}
			p.Drain(End{Restart: restart})
			want := websocket.StatusGoingAway
			if restart {
				want = websocket.StatusServiceRestart
			}
			var wg sync.WaitGroup
			for _, c := range all {
				wg.Go(func() {
					if code := closeCode(t, c); code != want {
						t.Errorf("code %d, expected %d", code, want)
					}
				})
			}
			wg.Wait()
			select {
			case <-p.Done():
			case <-time.After(patience):
				t.Fatal("the proxy did not end")
			}
			if _, err := net.Dial("tcp", p.at()); err == nil {
				t.Error("the port is still open")
			}
		})
	}
}

func TestKillEndsADrain(t *testing.T) {
	n := startNode(t, "n1")
	cfg := settings(n)
	cfg.Proxy.Timeouts.Drain = time.Hour
	p := start(t, cfg, Options{})
	ways[0].hello(t, p, nil)
	p.Drain(End{})
	eventually(t, "the drain", func() bool { return p.stateName() == "draining" })
	p.Kill()
	select {
	case <-p.Done():
	case <-time.After(patience):
		t.Fatal("the proxy did not end")
	}
}

func TestContextDrains(t *testing.T) {
	n := startNode(t, "n1")
	p, err := New(context.Background(), settings(n), Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	<-p.Serving()
	c, _ := ways[0].hello(t, p, nil)
	cancel()
	if code := closeCode(t, c); code != websocket.StatusGoingAway {
		t.Errorf("code %d", code)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestReloadKeepsTunnels(t *testing.T) {
	a, b := startNode(t, "a"), startNode(t, "b")
	p := start(t, settings(a), Options{})
	c, name := ways[0].hello(t, p, nil)
	if name != "a" {
		t.Fatal(name)
	}
	for range 50 {
		if err := p.Reload(settings(b)); err != nil {
			t.Fatal(err)
		}
		if _, name := ways[0].hello(t, p, nil); name != "b" {
			t.Fatalf("after the reload a client landed on %s", name)
		}
		if err := c.Write(within(t), websocket.MessageText, []byte("still")); err != nil {
			t.Fatal(err)
		}
		if _, got, err := c.Read(within(t)); err != nil || string(got) != "still" {
			t.Fatalf("%q, %v", got, err)
		}
	}
	bad := settings(b)
	bad.Proxy.Policy = "best"
	if err := p.Reload(bad); err == nil {
		t.Error("settings that cannot be were taken over")
	}
	if _, name := ways[0].hello(t, p, nil); name != "b" {
		t.Errorf("after a refused reload a client landed on %s", name)
	}
}

func TestDrainOneBackend(t *testing.T) {
	a, b := startNode(t, "a"), startNode(t, "b")
	cfg := settings(a, b)
	cfg.Proxy.Policy = "round-robin"
	p := start(t, cfg, Options{})
	on := map[string]*websocket.Conn{}
	for range 2 {
		c, name := ways[0].hello(t, p, nil)
		on[name] = c
	}
	if !p.DrainBackend(a.address(), true) || p.DrainBackend("nobody:1", true) {
		t.Error("DrainBackend does not know who there is")
	}
	if code := closeCode(t, on["a"]); code != websocket.StatusGoingAway {
		t.Errorf("code %d", code)
	}
	for range 4 {
		if _, name := ways[0].hello(t, p, nil); name != "b" {
			t.Errorf("a new client landed on %s", name)
		}
	}
	on["b"].Write(within(t), websocket.MessageText, []byte("x"))
	if _, got, err := on["b"].Read(within(t)); err != nil || string(got) != "x" {
		t.Errorf("the other backend's tunnel: %q, %v", got, err)
	}
	p.DrainBackend(a.address(), false)
	seen := map[string]bool{}
	for range 4 {
		_, name := ways[0].hello(t, p, nil)
		seen[name] = true
	}
	if !seen["a"] {
		t.Error("after the end of the drain nobody landed on a")
	}
}

func TestCloseOneTunnel(t *testing.T) {
	eachWay(t, func(t *testing.T, w way, cfg *cluster.Config) {
		n := startNode(t, "n1")
		cfg.Proxy.Backends = settings(n).Proxy.Backends
		p := start(t, *cfg, Options{})
		first, _ := w.hello(t, p, nil)
		second, _ := w.hello(t, p, nil)
		p.CloseTunnel(p.Snapshot(1).Tunnels[0].ID)
		if code := closeCode(t, first); code != websocket.StatusGoingAway {
			t.Errorf("code %d", code)
		}
		second.Write(within(t), websocket.MessageText, []byte("x"))
		if _, got, err := second.Read(within(t)); err != nil || string(got) != "x" {
			t.Errorf("the other tunnel: %q, %v", got, err)
		}
	})
}

func TestBackendIsKilled(t *testing.T) {
	a, b := startNode(t, "a"), startNode(t, "b")
	cfg := settings(a, b)
	cfg.Proxy.Policy = "round-robin"
	p := start(t, cfg, Options{})
	on := map[string][]*websocket.Conn{}
	for range 20 {
		c, name := ways[0].hello(t, p, nil)
		on[name] = append(on[name], c)
	}
	for _, r := range p.registries() {
		_ = r
	}
	// httptest cannot close what was hijacked; the proxy's side of the connections is all that counts here.
	a.CloseClientConnections()
	a.Listener.Close()
	for _, c := range on["b"] {
		c.Write(within(t), websocket.MessageText, []byte("x"))
		if _, got, err := c.Read(within(t)); err != nil || string(got) != "x" {
			t.Errorf("a client of the other backend: %q, %v", got, err)
		}
	}
	for range 4 {
		if _, name := ways[0].hello(t, p, nil); name != "b" {
			t.Errorf("a new client landed on %s", name)
		}
	}
}

func TestActiveHealth(t *testing.T) {
	n := startNode(t, "n1")
	cfg := settings(n)
	cfg.Proxy.ActiveHealth = cluster.ActiveHealth{Kind: "websocket", Path: "/ws", Interval: 5 * time.Millisecond, Timeout: time.Second, Rise: 1, Fall: 2}
	p := start(t, cfg, Options{})
	eventually(t, "a check", func() bool { return len(n.headers) > 2 })
	if s := p.Snapshot(0).Backends[0].State; s != "up" {
		t.Errorf("state %s", s)
	}
	cfg.Proxy.ActiveHealth.Path = "/forbidden"
	if err := p.Reload(cfg); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the verdict", func() bool { return p.Snapshot(0).Backends[0].State == "sick" })
	if _, resp, _ := ways[0].open(t, p, "/ws", nil); resp == nil || resp.StatusCode != 503 {
		t.Errorf("%v, expected 503", resp)
	}
	cfg.Proxy.ActiveHealth.Path = "/ws"
	if err := p.Reload(cfg); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the recovery", func() bool { return p.Snapshot(0).Backends[0].State == "up" })
}

func TestProxyProtocol(t *testing.T) {
	for _, isTLS := range []bool{false, true} {
		n := startNode(t, "n1")
		cfg := settings(n)
		cfg.Proxy.ProxyProtocol = "accept"
		if isTLS {
			withTLS(t, &cfg, 1)
		}
		p := start(t, cfg, Options{})
		tr := &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				c, err := new(net.Dialer).DialContext(ctx, network, address)
				if err == nil {
					io.WriteString(c, "PROXY TCP4 192.0.2.7 127.0.0.1 5555 80\r\n")
				}
				return c, err
			}}
		scheme := "http"
		if isTLS {
			scheme = "https"
		}
		resp, err := (&http.Client{Transport: tr}).Get(scheme + "://" + p.at() + "/")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if got := resp.Header.Get("Saw-X-Forwarded-For"); got != "192.0.2.7" {
			t.Errorf("tls %v, plain request: %q", isTLS, got)
		}
		c, _, err := dialWS(t, strings.Replace(scheme, "http", "ws", 1)+"://"+p.at()+"/ws", nil, tr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.CloseNow()
		if h := <-n.headers; h.Get("X-Forwarded-For") != "192.0.2.7" {
			t.Errorf("tls %v, WebSocket: %q", isTLS, h.Get("X-Forwarded-For"))
		}
		if !isTLS {
			if got := raw(t, p.at(), "GET / HTTP/1.1\r\nHost: a\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 400 ") {
				t.Errorf("without the header: %q", got)
			}
		}
	}
}

func TestTrustedProxies(t *testing.T) {
	n := startNode(t, "n1")
	cfg := settings(n)
	cfg.Proxy.TrustedProxies = []string{"127.0.0.0/8"}
	cfg.Proxy.Limits.PerIP = 1
	p := start(t, cfg, Options{})
	for i, ip := range []string{"192.0.2.1", "192.0.2.2"} {
		ways[0].hello(t, p, http.Header{"X-Forwarded-For": {"6.6.6.6, " + ip}, "X-Forwarded-Proto": {"https"}})
		h := <-n.headers
		if h.Get("X-Real-Ip") != ip || h.Get("X-Forwarded-For") != "6.6.6.6, "+ip+", 127.0.0.1" || h.Get("X-Forwarded-Proto") != "https" {
			t.Errorf("client %d: %v", i, h)
		}
	}
	if _, resp, _ := ways[0].open(t, p, "/ws", http.Header{"X-Forwarded-For": {"192.0.2.2"}}); resp == nil || resp.StatusCode != 429 {
		t.Errorf("the second of one client: %v, expected 429", resp)
	}
}

func TestAdmin(t *testing.T) {
	n := startNode(t, "n1")
	p := start(t, settings(n), Options{})
	ways[0].hello(t, p, nil)
	get := func(path string) (int, string) {
		tr := &http.Transport{DisableKeepAlives: true}
		resp, err := (&http.Client{Transport: tr}).Get("http://" + p.AdminAddress() + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(b)
	}
	code, body := get("/metrics")
	for _, want := range []string{"wsdoctor_proxy_tunnels_open 1", `wsdoctor_proxy_handshakes_total{status="101"} 1`, "wsdoctor_proxy_connect_seconds_count 1",
		`wsdoctor_proxy_backend_state{backend="` + n.address() + `",state="up"} 1`, `wsdoctor_proxy_tunnels_closed_total{cause="idle",side="proxy"} 0`} {
		if code != 200 || !strings.Contains(body, want) {
			t.Errorf("/metrics: %d, no %q in\n%s", code, want, body)
		}
	}
	code, body = get("/status")
	var s Snapshot
	if err := json.Unmarshal([]byte(body), &s); err != nil || code != 200 || s.State != "serving" || len(s.Tunnels) != 1 || s.Tunnels[0].Backend != n.address() {
		t.Errorf("/status: %d %v %s", code, err, body)
	}
	if code, body := get("/healthz"); code != 200 || body != "ok\n" {
		t.Errorf("/healthz: %d %q", code, body)
	}
	if code, _ := get("/readyz"); code != 200 {
		t.Errorf("/readyz: %d", code)
	}
	p.version.Load().set.Node(n.address()).SetSick(true, time.Now())
	if code, body := get("/readyz"); code != 503 || body != "no backend is up\n" {
		t.Errorf("/readyz without a backend: %d %q", code, body)
	}
}
