package ports

import (
	"net/netip"
	"slices"
	"testing"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
)

// cfgWith is a FineReport cluster of one node at 10.0.0.1, changed by change.
func cfgWith(change func(*cluster.Config)) cluster.Config {
	c := cluster.Default(cluster.FineReport)
	c.Nodes = []cluster.Node{{Name: "node1", Host: "10.0.0.1"}}
	c.WebSocket.ListenOrder = cluster.ForwardingFirst
	change(&c)
	return c
}

func TestNeed(t *testing.T) {
	local := []netip.Addr{netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.5")}
	elsewhere := func(c *cluster.Config) {
		c.Balancer = cluster.Balancer{Kind: cluster.Nginx, URL: "ws://10.0.0.9:38889/"}
	}
	for name, c := range map[string]struct {
		cfg  cluster.Config
		want map[int]Need // nil: the port does not matter here
	}{
		"the default: one node on this host, no balancer": {
			cluster.Default(cluster.FineReport),
			map[int]Need{38888: Needed, 39888: Backup, 38889: NotNeeded},
		},
		"a node, the balancer elsewhere": {
			cfgWith(elsewhere),
			map[int]Need{38889: Needed, 38888: Backup, 39888: Backup},
		},
		"a node that the balancer reaches on its second port": {
			cfgWith(func(c *cluster.Config) {
				elsewhere(c)
				c.Proxy.Backends = []cluster.Backend{{Address: "10.0.0.1:39888"}, {Address: "10.0.0.2:38888"}}
			}),
			map[int]Need{38888: Backup, 39888: Needed, 38889: NotNeeded},
		},
		"a backend on a port that the service does not name": {
			cfgWith(func(c *cluster.Config) {
				elsewhere(c)
				c.Proxy.Backends = []cluster.Backend{{Address: "10.0.0.1:4000"}}
			}),
			map[int]Need{38888: Backup, 39888: Backup, 38889: NotNeeded, 4000: Needed},
		},
		"the balancer's own host": {
			cfgWith(func(c *cluster.Config) {
				c.Nodes[0].Host = "10.0.0.2"
				c.Balancer = cluster.Balancer{Kind: cluster.Nginx, URL: "wss://10.0.0.5/"}
			}),
			map[int]Need{38889: Backup, 443: Needed},
		},
		"both on one host": {
			cfgWith(func(c *cluster.Config) {
				c.Balancer = cluster.Balancer{Kind: cluster.Nginx, URL: "ws://10.0.0.1:38889/", SharesHost: true}
			}),
			map[int]Need{38888: Needed, 39888: Backup, 38889: Needed},
		},
		"both on one host, no URL": {
			cfgWith(func(c *cluster.Config) {
				c.WebSocket.ForwardingPorts = []int{38889, 38890}
				c.Balancer.SharesHost = true
			}),
			map[int]Need{38888: Needed, 39888: Backup, 38889: Needed, 38890: Backup},
		},
		"neither": {
			cfgWith(func(c *cluster.Config) { c.Nodes[0].Host = "10.0.0.2"; elsewhere(c) }),
			map[int]Need{38888: NotNeeded, 39888: NotNeeded, 38889: NotNeeded},
		},
	} {
		target := probes.Target{Config: c.cfg, Local: func() ([]netip.Addr, error) { return local, nil }}
		place := target.Place(t.Context())
		e, p := expect(c.cfg, place), placeOf(place)
		as := roles(e, p)
		for port, want := range c.want {
			if got := need(port, as[port], e, p); got != want {
				t.Errorf("%s: port %d is %s, want %s", name, port, got, want)
			}
			if as[port] == nil {
				t.Errorf("%s: port %d has no role", name, port)
			}
		}
		for port := range as {
			if _, wanted := c.want[port]; !wanted {
				t.Errorf("%s: port %d (%v) matters, and should not", name, port, as[port])
			}
		}
	}
}

func TestExpectBalancer(t *testing.T) {
	place := probes.Place{Nodes: []cluster.Node{{Name: "node1", Host: "10.0.0.1"}}, Addrs: []netip.Addr{netip.MustParseAddr("10.0.0.1")}}
	e := expect(cfgWith(func(*cluster.Config) {}), place)
	if e.BackendPorts != nil || e.BalancerElsewhere {
		t.Errorf("without a balancer: got %+v", e)
	}
	e = expect(cfgWith(func(c *cluster.Config) { c.Balancer.URL = "ws://10.0.0.9:38889/" }), place)
	if !slices.Equal(e.BackendPorts, []int{38889}) || !e.BalancerElsewhere || e.BalancerPort != 38889 {
		t.Errorf("with one elsewhere: got %+v", e)
	}
	e = expect(cfgWith(func(c *cluster.Config) {
		c.Balancer.URL = "ws://10.0.0.9:38889/"
		c.Proxy.Backends = []cluster.Backend{{Address: "127.0.0.1:38888"}}
	}), place)
	if len(e.BackendPorts) != 0 {
		t.Errorf("127.0.0.1 of a balancer elsewhere is taken for this host: %+v", e)
	}
}

func TestBelongs(t *testing.T) {
	node := Place{Nodes: []string{"node1"}}
	lb := Place{Balancer: true}
	both := Place{Nodes: []string{"node1"}, Balancer: true}
	family := func(kind string) Expect {
		return Expect{Family: true, ListenOrder: []int{38889, 38888}, BalancerKind: kind}
	}
	for name, c := range map[string]struct {
		place  Place
		e      Expect
		role   Role
		port   int
		holder string // "": unknown
		answer Answer
		want   Belonging
	}{
		"the service answers":                      {node, family("nginx"), WebSocket, 38888, "java", Yes, Service},
		"another program answers like the service": {node, family("nginx"), WebSocket, 38888, "python3", Yes, Service},
		"java that does not answer":                {node, family("nginx"), WebSocket, 38888, "java", No, LikelyOurs},
		"java where the product is not java":       {node, Expect{ListenOrder: []int{38888}}, WebSocket, 38888, "java", No, Foreign},
		"a foreign program":                        {node, family("nginx"), WebSocket, 38888, "python3", No, Foreign},
		"a foreign program, nothing to ask with":   {node, family("nginx"), WebSocket, 38888, "python3", NotAsked, CannotTell},
		"an unknown holder that answers":           {node, family("nginx"), WebSocket, 38888, "", Yes, Service},
		"an unknown holder that does not":          {node, family("nginx"), WebSocket, 38888, "", No, CannotTell},
		"a container's published port":             {node, family("nginx"), WebSocket, 38888, "docker-proxy", No, CannotTell},
		"nginx on the balancer's port":             {lb, family("nginx"), Forwarding, 38889, "nginx", No, Balancer},
		"nginx on the URL's port":                  {lb, family("nginx"), BalancerURL, 443, "nginx", NotAsked, Balancer},
		"haproxy where nginx should be, and works": {lb, family("nginx"), Forwarding, 38889, "haproxy", Yes, Balancer},
		"haproxy where nginx should be":            {lb, family("nginx"), Forwarding, 38889, "haproxy", No, Foreign},
		"this program as the balancer":             {lb, family("embedded"), Forwarding, 38889, "wsdoctor", No, Balancer},
		"a balancer of another kind, backend down": {lb, family("other"), Forwarding, 38889, "envoy", No, CannotTell},
		"the node took the balancer's port":        {both, family("nginx"), Forwarding, 38889, "java", Yes, Service},
		"nginx beside a node":                      {both, family("nginx"), Forwarding, 38889, "nginx", Yes, Balancer},
		"an unknown holder beside a node":          {both, family("nginx"), Forwarding, 38889, "", Yes, Balancer},
		"a port that somebody asked about":         {node, family("nginx"), Asked, 22, "sshd", No, CannotTell},
	} {
		l := Listener{Addr: netip.AddrPortFrom(netip.IPv4Unspecified(), uint16(c.port))}
		if c.holder != "" {
			l.Processes = []Process{{PID: 1, Name: c.holder}}
		}
		p := Port{Port: c.port, Roles: []Role{c.role}, Listeners: []Listener{l}, Answers: c.answer}
		if got := belongs(p, c.e, c.place); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
	if got := belongs(Port{Port: 1}, Expect{}, node); got != NothingThere {
		t.Errorf("a free port has %q", got)
	}
}

func TestDialHost(t *testing.T) {
	for addr, want := range map[string]string{"0.0.0.0:1": "127.0.0.1", "10.0.0.1:1": "10.0.0.1", "[::1]:1": "::1", "[::]:1": "::1"} {
		if got := dialHost([]Listener{{Addr: netip.MustParseAddrPort(addr)}}); got != want {
			t.Errorf("%s is asked at %s, want %s", addr, got, want)
		}
	}
	if got := dialHost([]Listener{{Addr: netip.MustParseAddrPort("[::]:1"), DualStack: true}}); got != "127.0.0.1" {
		t.Errorf("a dual-stack listener is asked at %s", got)
	}
}
