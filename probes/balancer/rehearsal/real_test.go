//go:build unix

package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.com/wsdoctor/probes/balancer/backend"
	"example.com/wsdoctor/probes/handshake"
	"example.com/wsdoctor/probes/probetest"
	"example.com/wsdoctor/probes/standin"
)

// patience is above what a rehearsal takes on a busy machine; it ends as soon as all are back.
const patience = 40 * time.Second

// named is a server of the npm package ws that names itself.
func named(t *testing.T, name string) (string, *probetest.Server) {
	return probetest.NodeProcess(t, strings.Replace(probetest.WSServer, "s.on(", "s.on('headers', h => h.push('X-Backend: "+name+"'));\ns.on(", 1))
}

// TestReload: nginx leaves the tunnels to its old workers until worker_shutdown_timeout.
func TestReload(t *testing.T) {
	node, err := standin.Listen(t.Context(), "127.0.0.1:0", standin.Options{Name: "node1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { node.Close() })
	for _, tc := range []struct {
		name, main string
		watch      time.Duration
		kind       Kind
	}{
		{"worker_shutdown_timeout not set", "", 2 * time.Second, Untouched},
		{"worker_shutdown_timeout 1s", "worker_shutdown_timeout 1s;", patience, Abrupt},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			ln := probetest.Listen(t)
			nginx := probetest.NginxWith(t, probetest.NginxOptions{Main: tc.main}, fmt.Sprintf("server { listen %s; location / { proxy_pass http://%s; %s } }", ln.Addr(), node.Addr(), probetest.Pass), ln)
			calls := 0
			o, err := Observe(t.Context(), Options{Request: handshake.Request{URL: "ws://" + ln.Addr().String() + "/"}, N: 12, Watch: tc.watch,
				Act: func(context.Context) error { calls++; return nginx.Signal(syscall.SIGHUP) }})
			v := Judge(o)
			if err != nil || calls != 1 || v.Kind != tc.kind || o.Opened != 12 || o.By.IsZero() || len(v.Shares) != 1 || v.Shares[0] != (Share{"node1", 12, 12}) {
				t.Fatalf("got %s: %s, %v, %v\n%+v", v.Kind, v.Text, v.Shares, err, o)
			}
			if tc.kind == Untouched {
				return
			}
			if v.Drops != 12 || v.Away != 0 || v.First.Duration() < 900*time.Millisecond || v.Slowest <= 0 || len(v.Advice) == 0 || !strings.Contains(v.Advice[0].String(), "worker_shutdown_timeout") {
				t.Errorf("got %+v: %s", v, v.Text)
			}
			for _, x := range o.Outages {
				if x.Code != 1006 || !x.Back || x.Tries < 1 || x.From != "node1" || x.To != "node1" {
					t.Errorf("got %+v", x)
				}
			}
		})
	}
}

// TestNodeStops: its clients land on the other one.
func TestNodeStops(t *testing.T) {
	for _, tc := range []struct {
		name   string
		signal syscall.Signal // 0: it stops as it should
		kind   Kind
		how    handshake.How
	}{
		{"killed", syscall.SIGKILL, Abrupt, ""}, // nginx may end the tunnel with a FIN or an RST
		{"stopped with Close frames", 0, Announced, handshake.ByCloseFrame},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			a, _ := named(t, "a")
			var b string
			var act func(context.Context) error
			if tc.signal != 0 {
				address, process := named(t, "b")
				b, act = address, func(context.Context) error { return process.Signal(tc.signal) }
			} else {
				s, err := standin.Listen(t.Context(), "127.0.0.1:0", standin.Options{Name: "b"})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { s.Close() })
				b, act = s.Addr().String(), func(context.Context) error { return s.Close() }
			}
			ln := probetest.Listen(t)
			probetest.Nginx(t, fmt.Sprintf(`upstream u { server %s; server %s; } map $upstream_addr $who { default b; "~%s$" a; }
				server { listen %s; location / { add_header X-Upstream $who always; proxy_hide_header X-Backend; proxy_hide_header %s; proxy_pass http://u; %s } }`,
				a, b, a, ln.Addr(), standin.Header, probetest.Pass), ln)
			o, err := Observe(t.Context(), Options{Request: handshake.Request{URL: "ws://" + ln.Addr().String() + "/"}, N: 10, Watch: 4 * time.Second,
				Sources: backend.Sources(ln.Addr().String()), Act: act})
			v := Judge(o)
			if err != nil || v.Kind != tc.kind || v.Drops != 5 || v.Away != 0 || o.By.String() != "X-Upstream" || len(v.Shares) != 2 || v.Shares[0] != (Share{"a", 5, 10}) || v.Shares[1] != (Share{"b", 5, 0}) {
				t.Fatalf("got %s: %s, %v, %v\n%+v", v.Kind, v.Text, v.Shares, err, o)
			}
			for _, x := range o.Outages {
				if x.From != "b" || x.To != "a" || tc.how != "" && x.How != tc.how {
					t.Errorf("got %+v", x)
				}
			}
		})
	}
}

// TestFrozen: a service that says nothing any more is found by its pings, and nobody comes back.
func TestFrozen(t *testing.T) {
	t.Parallel()
	address, process := named(t, "a")
	o, err := Observe(t.Context(), Options{Request: handshake.Request{URL: "ws://" + address}, N: 3, Watch: 9 * time.Second,
		Act: func(context.Context) error { return process.Signal(syscall.SIGSTOP) }})
	if serr := process.Signal(syscall.SIGCONT); serr != nil {
		t.Error(serr)
	}
	if v := Judge(o); err != nil || v.Kind != Stranded || v.Away != 3 || o.Outages[0].How != handshake.BySilence || !strings.Contains(v.Text.String(), "nobody was back") {
		t.Errorf("got %s: %s, %v\n%+v", v.Kind, v.Text, err, o)
	}
}

func TestNothingThere(t *testing.T) {
	o, err := Observe(t.Context(), Options{Request: handshake.Request{URL: "ws://" + probetest.ClosedPort(t)}, Act: func(context.Context) error {
		t.Error("it was done all the same")
		return nil
	}})
	if v := Judge(o); err != nil || v.Kind != Unknown || o.Failed != giveUp {
		t.Errorf("got %s: %s, %v", v.Kind, v.Text, err)
	}
}

// TestInterrupted: everything is let go at once, also in the middle of what is rehearsed.
func TestInterrupted(t *testing.T) {
	node, err := standin.Listen(t.Context(), "127.0.0.1:0", standin.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { node.Close() })
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err = Observe(ctx, Options{Request: handshake.Request{URL: "ws://" + node.Addr().String()}, N: 5, Act: func(ctx context.Context) error {
		cancel()
		<-ctx.Done()
		return ctx.Err()
	}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
