package screens

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"example.com/wsdoctor/embedproxy"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/probetest"
	tea "github.com/charmbracelet/bubbletea"
)

func proxyState() State {
	cfg := cluster.Default(cluster.Generic)
	cfg.Nodes = []cluster.Node{{Name: "node1", Host: "127.0.0.1"}}
	cfg.WebSocket.Ports = []int{38888}
	cfg.Proxy.Admin = "127.0.0.1:9380"
	return State{Width: 80, Height: 20, Config: cfg}
}

func TestProxyIsAsRecorded(t *testing.T) {
	st := proxyState()
	d := onScreen(t, newProxy, st)
	golden(t, "proxy-none", d.s, st)
	p := d.s.(proxyScreen)
	p.own, p.watch, p.count = &task{}, 1, 1
	p.source.own = &embedproxy.Proxy{}
	snapshot := func(bytes uint64) embedproxy.Snapshot {
		return embedproxy.Snapshot{
			State: "serving", Uptime: 7384, Addresses: []string{"0.0.0.0:38889"}, Policy: "ip-hash", Open: 3, Opened: 1207,
			Handshake: map[int]uint64{101: 1207, 400: 3, 502: 12}, Closed: map[string]uint64{"client": 1190, "backend": 14, "idle": 0},
			Connect: embedproxy.Latency{Count: 1209, P50: 0.0004, P99: 0.0123},
			Backends: []embedproxy.BackendStatus{
				{Address: "192.168.6.171:38888", State: "up", Weight: 1, Open: 2, Opened: 800, Up: bytes, Down: 4 * bytes},
				{Address: "192.168.6.172:38888", State: "draining", Weight: 2, Open: 1, Opened: 400, Failed: 2},
				{Address: "192.168.6.173:38888", State: "sick", Weight: 1, Backup: true, Failed: 31},
			},
			Tunnels: []embedproxy.TunnelStatus{
				{ID: 1201, Client: "10.0.0.9", Backend: "192.168.6.171:38888", Lifetime: 3700, Idle: 12, Up: 1000, Down: 2_500_000},
				{ID: 1206, Client: "10.0.0.7", Backend: "192.168.6.172:38888", Lifetime: 61, Idle: 0.2, Up: 40, Down: 90},
				{ID: 1207, Client: "2001:db8::1", Backend: "192.168.6.171:38888", Lifetime: 5, Idle: 5},
			},
		}
	}
	d.s = p
	d.s, _ = d.s.Update(st, proxyStatus{watch: 1, at: at, seen: snapshot(1000)})
	d.s, _ = d.s.Update(st, proxyStatus{watch: 1, at: at.Add(time.Second), seen: snapshot(3000)})
	inEveryLook(t, "proxy", d.s, st)
	d.press("right", "down", "o", "o", "o", "o")
	golden(t, "proxy-sorted", d.s, st)
	d.clicks(5, 13, "▌ 1206") // the last tunnel; above it stand a rule, two lines of totals, and the backends
	d.clicks(5, 8, "▌ ✗  192.168.6.173:38888")
	d.press("/")
	d.typed("173", tea.KeyEnter)
	d.shows(`: "173"`, "0 of 3 tunnels", "▌ ✗  192.168.6.173:38888")
	d.press("esc")
	d.press("up", "D")
	golden(t, "proxy-asks", d.s, st)
	d.press("n")
	p = d.s.(proxyScreen)
	for range 30 {
		p.log = append(p.log, `15:04:05 msg="tunnel opened" id=1207 client=2001:db8::1 backend=192.168.6.171:38888`)
	}
	p.showLog = true
	golden(t, "proxy-log", p, st)
	p.err, p.showLog = errors.New("asking the proxy: dial tcp 127.0.0.1:9380: connect: connection refused"), false
	golden(t, "proxy-gone", p, st)
}

// What is done while nobody is asked is nothing; a question that is answered with no does nothing either.
func TestProxyAsksFirst(t *testing.T) {
	d := onScreen(t, newProxy, proxyState())
	for _, name := range []string{"D", "X", "esc", "o"} {
		if keyNamed(d, name).Off.IsZero() {
			t.Errorf("%s can be pressed without a proxy", name)
		}
	}
	d.press("S")
	d.shows("Run the proxy here?", "y does it, n does not")
	d.press("n")
	if d.s.(proxyScreen).own != nil {
		t.Error("it runs")
	}
}

// An admin address behind which nobody is, is asked once; another program behind it is named.
func TestProxyWatchesAnAdminAddress(t *testing.T) {
	d := onScreen(t, newProxy, proxyState())
	d.st.Config.Proxy.Admin = probetest.ClosedPort(t)
	d.press("enter")
	d.shows("asking the proxy: ", "refused")
	if d.s.(proxyScreen).watch != 0 {
		t.Error("it is asked again and again")
	}
	d.st.Config.Proxy.Admin = standinAt(t)
	d.press("enter")
	d.shows("asking the proxy: http://")

	ctx, cancel := context.WithCancel(t.Context())
	host, port, err := net.SplitHostPort(standinAt(t))
	if err != nil {
		t.Fatal(err)
	}
	cfg := cluster.Default(cluster.Generic)
	cfg.Proxy.Listen, cfg.Proxy.Admin = []string{"127.0.0.1:0"}, "127.0.0.1:0"
	cfg.Proxy.Backends = []cluster.Backend{{Address: net.JoinHostPort(host, port), Weight: 1}}
	p, err := embedproxy.New(ctx, cfg, embedproxy.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() { ended <- p.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	<-p.Serving()
	seen, err := proxySource{admin: p.AdminAddress()}.status(t.Context())
	if err != nil || seen.State != "serving" || len(seen.Backends) != 1 {
		t.Errorf("%+v, %v", seen, err)
	}
	d.s, _ = d.s.Update(d.st, proxyStatus{})
	if !strings.Contains(view(d.s, d.st), "asking the proxy") {
		t.Error("an answer to nobody was taken")
	}
}

func TestSizesAndTimes(t *testing.T) {
	for n, want := range map[float64]string{0: "0 B", 999: "999 B", 1500: "1.5 kB", 25_000: "25 kB", 2_500_000: "2.5 MB", 3e12: "3000 GB"} {
		if got := size(n); got != want {
			t.Errorf("%v: got %q, want %q", n, got, want)
		}
	}
	for s, want := range map[float64]string{5: "5 s", 12.7: "12 s", 61: "1m", 3700: "1h1m", 90_000: "1d1h"} {
		if got := since(s); got != want {
			t.Errorf("%v: got %q, want %q", s, got, want)
		}
	}
}

// Beside a proxy that somebody else started there is none to start, and none to let go.
func TestProxyAttached(t *testing.T) {
	d := onScreen(t, func(d Deps) Screen {
		d.Attached = &Attached{Drains: true}
		return newProxy(d)
	}, proxyState())
	for _, name := range []string{"enter", "S", "esc"} {
		if k := keyNamed(d, name); k.Off.IsZero() || !k.Hint.IsZero() || k.Help.IsZero() {
			t.Errorf("%s: it is off %q, its hint %q", name, k.Off, k.Hint)
		}
	}
	if text := d.s.(Leaves).Leaving(d.st); text.IsZero() {
		t.Error("leaving asks nothing")
	}
}
