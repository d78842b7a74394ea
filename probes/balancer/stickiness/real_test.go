package stickiness

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/handshake"
	"example.com/wsdoctor/probes/probetest"
	"example.com/wsdoctor/probes/probetest/embedded"
	"example.com/wsdoctor/probes/standin"
)

// nodes starts stand-ins and returns their addresses.
func nodes(t *testing.T, n int) []string {
	t.Helper()
	var out []string
	for i := range n {
		s, err := standin.Listen(t.Context(), "127.0.0.1:0", standin.Options{Name: fmt.Sprint("node", i+1)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		out = append(out, s.Addr().String())
	}
	return out
}

// TestPolicies tells the policies of real balancers apart.
func TestPolicies(t *testing.T) {
	all := nodes(t, 3)
	servers := ""
	for _, a := range all {
		servers += "server " + a + "; "
	}
	haServers := func(more string) string {
		out := ""
		for i, a := range all {
			out += fmt.Sprintf("  server n%d %s %s\n", i+1, a, strings.ReplaceAll(more, "N", fmt.Sprint("n", i+1)))
		}
		return out
	}
	nginx := func(upstream string) string {
		ln := probetest.Listen(t)
		probetest.Nginx(t, fmt.Sprintf(`upstream u { %s } 
			server { listen %s; location / { add_header Set-Cookie "sid=$request_id" always; proxy_pass http://u; %s } }`, upstream, ln.Addr(), probetest.Pass), ln)
		return ln.Addr().String()
	}
	haproxy := func(backend string) string {
		ln := probetest.Listen(t)
		probetest.HAProxy(t, "defaults\n  mode http\n  timeout connect 5s\n  timeout client 60s\n  timeout server 60s\n  timeout tunnel 60s\n"+
			"frontend f\n  bind fd@3\n  default_backend b\nbackend b\n"+backend, ln)
		return ln.Addr().String()
	}
	// More than the usual eight: where a hash goes by ports, as that of our own proxy does, all of eight come to one of
	// three nodes once in 2187 runs.
	var sources []netip.Addr
	for i := byte(1); i <= 12; i++ {
		sources = append(sources, netip.AddrFrom4([4]byte{127, 10 * i, i, 1}))
	}
	own := func(policy string) string {
		return embedded.Start(t, func(c *cluster.Config) { c.Proxy.Policy = policy }, all...).Addresses()[0]
	}
	for _, tc := range []struct {
		name    string
		address string
		policy  Policy
		sticky  bool
	}{
		{"nginx, round robin", nginx(servers), RoundRobin, false},
		{"nginx, ip_hash", nginx("ip_hash; " + servers), IPHash, true},
		{"nginx, least_conn", nginx("least_conn; " + servers), LeastConn, false},
		{"nginx, hash of a cookie", nginx("hash $cookie_sid; " + servers), ByCookie, true},
		{"nginx, hash of X-Forwarded-For", nginx("hash x$http_x_forwarded_for; " + servers), ByForward, true},
		{"nginx, random", nginx("random; " + servers), Mixed, false},
		{"nginx, one server", nginx("server " + all[0] + ";"), OneBackend, true},
		{"HAProxy, roundrobin", haproxy("  balance roundrobin\n" + haServers("")), RoundRobin, false},
		{"HAProxy, source", haproxy("  balance source\n  hash-type consistent\n" + haServers("")), IPHash, true},
		{"HAProxy, leastconn", haproxy("  balance leastconn\n" + haServers("")), LeastConn, false},
		{"HAProxy, cookie", haproxy("  balance roundrobin\n  cookie SRV insert indirect nocache\n" + haServers("cookie N")), ByCookie, true},
		{"our own proxy, ip-hash", own("ip-hash"), IPHash, true},
		{"our own proxy, round-robin", own("round-robin"), RoundRobin, false},
		{"our own proxy, least-conn", own("least-conn"), LeastConn, false},
		{"our own proxy, cookie", own("cookie"), ByCookie, true},
		{"our own proxy, random-two", own("random-two"), Mixed, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			o, err := Observe(t.Context(), Options{
				Request: handshake.Request{URL: "ws://" + tc.address + "/"}, N: 12, Sources: sources,
			})
			if err != nil {
				t.Fatal(err)
			}
			v := Judge(o)
			// With random choice, and with a hash of what is missing, chance may draw any picture.
			if v.Sticky != tc.sticky || v.Policy != tc.policy && tc.policy != Mixed {
				t.Errorf("got %s: %s\n%+v", v.Policy, v.Text, o.Series)
			}
		})
	}
}

func TestNothingThere(t *testing.T) {
	o, err := Observe(t.Context(), Options{Request: handshake.Request{URL: "ws://" + probetest.ClosedPort(t)}, N: 6})
	if v := Judge(o); err != nil || v.Policy != Unknown || v.Sticky || o.Failed > 6*3 {
		t.Errorf("got %s: %s, %d failed, %v", v.Policy, v.Text, o.Failed, err)
	}
}
