package capacity

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"example.com/wsdoctor/probes/handshake"
	"example.com/wsdoctor/probes/probetest"
	"example.com/wsdoctor/probes/standin"
)

// TestCeilings meets the limits of real balancers.
func TestCeilings(t *testing.T) {
	node, err := standin.Listen(t.Context(), "127.0.0.1:0", standin.Options{Name: "node1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { node.Close() })
	nginx := func(connections int, more string) string {
		ln := probetest.Listen(t)
		probetest.NginxWith(t, probetest.NginxOptions{WorkerConnections: connections}, fmt.Sprintf("limit_conn_zone $binary_remote_addr zone=addr:1m; server { listen %s; location / { proxy_pass http://%s; %s %s } }",
			ln.Addr(), node.Addr(), probetest.Pass, more), ln)
		return ln.Addr().String()
	}
	haproxy := func(more string) string {
		ln := probetest.Listen(t)
		probetest.HAProxy(t, "defaults\n  mode http\n  timeout connect 5s\n  timeout client 60s\n  timeout server 60s\n  timeout tunnel 60s\n  timeout queue 300ms\n"+
			"frontend f\n  bind fd@3\n  default_backend b\nbackend b\n  server n1 "+node.Addr().String()+" "+more+"\n", ln)
		return ln.Addr().String()
	}
	for _, tc := range []struct {
		name    string
		address string
		n       int
		kind    Kind
		ceiling int
		says    string
	}{
		{"nginx, worker_connections 64", nginx(64, ""), 100, Ceiling, 31, "worker_connections 64 counts both sides of a tunnel, and (64 - 1 listener - 1) / 2 = 31"},
		{"nginx, limit_conn 20", nginx(256, "limit_conn addr 20;"), 100, Ceiling, 20, "limit_conn"},
		{"HAProxy, maxconn 25", haproxy("maxconn 25"), 60, Ceiling, 25, "maxconn"},
		{"enough for all", nginx(256, ""), 100, Enough, 0, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			o, err := Observe(t.Context(), Options{Request: handshake.Request{URL: "ws://" + tc.address + "/"}, N: tc.n}, OwnLimits{})
			if err != nil {
				t.Fatal(err)
			}
			v := Judge(o)
			says := v.Text.String()
			for _, e := range v.Explained {
				says += "\n" + e.String()
			}
			if v.Kind != tc.kind || v.Ceiling != tc.ceiling || !strings.Contains(says, tc.says) || len(o.Steps) == 0 || o.Lost != 0 {
				t.Errorf("got %s, %d: %s\n%+v", v.Kind, v.Ceiling, says, o)
			}
		})
	}
}

// TestOwnLimit: a ramp is cut down to what this host can do, and says so.
func TestOwnLimit(t *testing.T) {
	node, err := standin.Listen(t.Context(), "127.0.0.1:0", standin.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { node.Close() })
	o, err := Observe(t.Context(), Options{Request: handshake.Request{URL: "ws://" + node.Addr().String() + "/"}, N: 1000}, OwnLimits{OpenFiles: 60, InUse: 8})
	if v := Judge(o); err != nil || v.Kind != OwnLimit || o.Held != 20 || !strings.Contains(v.Text.String(), "ulimit -n") {
		t.Errorf("got %s: %s, %v", v.Kind, v.Text, err)
	}
	o, err = Observe(t.Context(), Options{Request: handshake.Request{URL: "ws://" + probetest.ClosedPort(t)}, N: 50}, OwnLimits{})
	if v := Judge(o); err != nil || v.Kind != Unknown || o.Refused > sustained+sideBySide {
		t.Errorf("got %s: %s, %d refused, %v", v.Kind, v.Text, o.Refused, err)
	}
}

// TestInterrupted: everything is let go at once.
func TestInterrupted(t *testing.T) {
	node, err := standin.Listen(t.Context(), "127.0.0.1:0", standin.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { node.Close() })
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err = Observe(ctx, Options{Request: handshake.Request{URL: "ws://" + node.Addr().String() + "/"}, N: 1000,
		Progress: func(held, _, _ int) {
			if held == 20 {
				cancel()
			}
		}}, OwnLimits{})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
