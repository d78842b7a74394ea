package distribution

import (
	"fmt"
	"strings"
	"testing"

	"example.com/wsdoctor/probes/balancer/backend"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/handshake"
	"example.com/wsdoctor/probes/probetest"
	"example.com/wsdoctor/probes/probetest/embedded"
)

// TestSocketTable: services that say nothing of themselves are told apart by the balancer's connections to them.
func TestSocketTable(t *testing.T) {
	var servers []string
	for range 3 {
		servers = append(servers, probetest.NodeServer(t, probetest.WSServer))
	}
	nginx := func() string {
		ln := probetest.Listen(t)
		probetest.Nginx(t, fmt.Sprintf("upstream u { server %s; } server { listen %s; location / { proxy_pass http://u; %s } }", strings.Join(servers, "; server "), ln.Addr(), probetest.Pass), ln)
		return ln.Addr().String()
	}
	haproxy := func() string {
		ln := probetest.Listen(t)
		text := "defaults\n  mode http\n  timeout connect 5s\n  timeout client 60s\n  timeout server 60s\n  timeout tunnel 60s\nfrontend f\n  bind fd@3\n  default_backend b\nbackend b\n"
		for i, s := range servers {
			text += fmt.Sprintf("  server n%d %s check inter 100ms\n", i, s) // whose checks come and go
		}
		probetest.HAProxy(t, text, ln)
		return ln.Addr().String()
	}
	var backends []cluster.Backend
	for i, s := range servers {
		if i == 0 {
			s = strings.Replace(s, "127.0.0.1", "localhost", 1)
		}
		backends = append(backends, cluster.Backend{Address: s})
	}
	// One after the other: each sees the connections of all.
	for _, tc := range []struct{ name, address string }{
		{"nginx", nginx()},
		{"HAProxy", haproxy()},
		{"our own proxy", embedded.Start(t, func(c *cluster.Config) { c.Proxy.Policy = "round-robin" }, servers...).Addresses()[0]},
	} {
		table := backend.NewTable(t.Context(), backends)
		o, err := Observe(t.Context(), Options{Request: handshake.Request{URL: "ws://" + tc.address + "/"}, N: 21, Table: table})
		v := Judge(o, nil, 3)
		if err != nil || o.By.String() != "the socket table of this host" || v.Kind != Even || len(v.Shares) != 3 {
			t.Errorf("%s: got %s: %s, told by %q, %v, %v", tc.name, v.Kind, v.Text, o.By, v.Shares, err)
			continue
		}
		for _, s := range v.Shares {
			if s.Clients != 7 {
				t.Errorf("%s: %s has %d clients, expected 7", tc.name, s.Backend, s.Clients)
			}
		}
	}
	if backend.NewTable(t.Context(), nil) != nil || backend.NewTable(t.Context(), []cluster.Backend{{Address: "no-such-host.invalid:80"}, {Address: "nonsense"}}) != nil {
		t.Error("a table without backends")
	}
}
