package probes

import (
	"context"
	"net/netip"
	"path/filepath"
	"testing"

	"example.com/wsdoctor/probes/cluster"
)

func TestTargetPath(t *testing.T) {
	for _, c := range []struct{ root, want string }{{"", "/proc/net/tcp"}, {"/", "/proc/net/tcp"}, {"/tmp/fake", "/tmp/fake/proc/net/tcp"}} {
		if got := (Target{Root: c.root}).Path("/proc/net/tcp"); got != filepath.FromSlash(c.want) {
			t.Errorf("below %q it is %q, expected %q", c.root, got, c.want)
		}
	}
}

func TestTargetPlace(t *testing.T) {
	local := func() ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("192.168.6.171"), netip.MustParseAddr("fd00::171")}, nil
	}
	nodes := []cluster.Node{{Name: "node1", Host: "192.168.6.171"}, {Name: "node2", Host: "192.168.6.172"}}
	for _, c := range []struct {
		name     string
		nodes    []cluster.Node
		balancer cluster.Balancer
		mine     int
		here     bool // the balancer
	}{
		{"a node", nodes, cluster.Balancer{URL: "ws://192.168.6.181:38889/"}, 1, false},
		{"a node and the balancer", nodes, cluster.Balancer{URL: "ws://192.168.6.171:38889/"}, 1, true},
		{"the balancer shares the node's host", nodes, cluster.Balancer{URL: "ws://balancer.invalid/", SharesHost: true}, 1, true},
		{"the balancer shares the other node's host", nodes[1:], cluster.Balancer{SharesHost: true}, 0, false},
		{"the balancer alone, by IPv6", nodes[1:], cluster.Balancer{URL: "wss://[fd00::171]/"}, 0, true},
		{"loopback is here", []cluster.Node{{Host: "127.0.0.1"}, {Host: "::1"}, {Host: "::ffff:192.168.6.171"}}, cluster.Balancer{}, 3, false},
		{"neither", nodes[1:], cluster.Balancer{}, 0, false},
	} {
		p := Target{Config: cluster.Config{Nodes: c.nodes, Balancer: c.balancer}, Local: local}.Place(t.Context())
		if len(p.Nodes) != c.mine || p.Balancer != c.here || p.Here() != (c.mine > 0 || c.here) || len(p.Addrs) != 2 {
			t.Errorf("%s: %+v, expected %d nodes and the balancer %v", c.name, p, c.mine, c.here)
		}
	}
}

// A run looks its place up once, however many areas ask.
func TestPlaceIsKeptForTheRun(t *testing.T) {
	asked := 0
	local := func() ([]netip.Addr, error) { asked++; return nil, nil }
	asks := func(ctx context.Context, tg Target) (seenBy, error) { return seenBy{len(tg.Place(ctx).Nodes)}, nil }
	cfg := cluster.Config{Nodes: []cluster.Node{{Host: "127.0.0.1"}}}
	rep := Run(t.Context(), Target{Config: cfg, Local: local}, []Probe{made("a", asks), made("b", asks)}, Options{}, nil)
	expect(t, rep, "a/positive ok", "b/positive ok")
	if asked != 1 {
		t.Errorf("the addresses were asked for %d times, expected once", asked)
	}
}

func TestPlaceUnsure(t *testing.T) {
	// A name that cannot be resolved; no query leaves the host, because the context is over before the look-up.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p := Target{Config: cluster.Config{Nodes: []cluster.Node{{Host: "node1.invalid"}}}}.Place(ctx)
	if len(p.Unsure) != 1 || p.Unsure[0] != "node1.invalid" || p.Here() {
		t.Errorf("is %+v", p)
	}
}
