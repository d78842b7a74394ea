package cluster

import (
	"reflect"
	"slices"
	"testing"
)

func TestBalancerURL(t *testing.T) {
	for _, c := range []struct{ url, path, want, host, backend string }{
		{"", "/ws", "", "", "ws://10.0.0.1:38888/ws"},
		{"ws://a:1", "/ws", "ws://a:1/ws", "a", "ws://10.0.0.1:38888/ws"},
		{"ws://a:1/", "/ws?x=1", "ws://a:1/ws?x=1", "a", "ws://10.0.0.1:38888/ws?x=1"},
		{"ws://a:1/own", "/ws?x=1", "ws://a:1/own", "a", "ws://10.0.0.1:38888/ws?x=1"},
		{"ws://a:1/?token=t", "/ws?x=1", "ws://a:1/?token=t", "a", "ws://10.0.0.1:38888/ws?x=1"},
		{"ws://a:1?token=t", "/ws", "ws://a:1?token=t", "a", "ws://10.0.0.1:38888/ws"},
		{"wss://[fd00::1]/", "/", "wss://[fd00::1]/", "fd00::1", "ws://10.0.0.1:38888/"},
		{"ws://a/", "", "ws://a/", "a", "ws://10.0.0.1:38888/"},
		{"ws://a/", "/socket.io/?EIO=3&transport=websocket", "ws://a/socket.io/?EIO=3&transport=websocket", "a", "ws://10.0.0.1:38888/socket.io/?EIO=3&transport=websocket"},
		{"ws://a/", "/a%2Fb", "ws://a/a%2Fb", "a", "ws://10.0.0.1:38888/a%2Fb"},
		{"ws://a/", "/a b", "ws://a/a%20b", "a", "ws://10.0.0.1:38888/a%20b"},
		{"ws://a b/", "/", "", "", "ws://10.0.0.1:38888/"},
		{"/no/host", "/", "", "", "ws://10.0.0.1:38888/"},
	} {
		cfg := Config{Balancer: Balancer{URL: c.url}, WebSocket: WebSocket{Path: c.path}}
		if got := cfg.BalancerURL(); got != c.want {
			t.Errorf("BalancerURL of %q and path %q is %q, expected %q", c.url, c.path, got, c.want)
		}
		if got := cfg.BackendURL("10.0.0.1:38888"); got != c.backend {
			t.Errorf("BackendURL of path %q is %q, expected %q", c.path, got, c.backend)
		}
		if got := cfg.Balancer.Host(); got != c.host {
			t.Errorf("Host of %q is %q, expected %q", c.url, got, c.host)
		}
	}
	if got := (Config{}).BackendURL("[::1]:1"); got != "ws://[::1]:1/" {
		t.Errorf("BackendURL of an IPv6 address is %q", got)
	}
}

func TestBalancerPort(t *testing.T) {
	for url, want := range map[string]int{
		"": 0, "ws://a:38889/": 38889, "ws://a/": 80, "http://a": 80, "wss://a/": 443, "https://a": 443, "wss://[::1]:8443/": 8443, "ws://a:x/": 0, "/path": 0,
	} {
		if got := (Balancer{URL: url}).Port(); got != want {
			t.Errorf("the port of %q is %d, expected %d", url, got, want)
		}
	}
}

func TestListenOrderPorts(t *testing.T) {
	for _, c := range []struct {
		order      ListenOrder
		ports, fwd []int
		want       []int
	}{
		{ForwardingFirst, []int{38888, 39888}, []int{38889}, []int{38889, 38888, 39888}},
		{PortsFirst, []int{38888, 39888}, []int{38889}, []int{38888, 39888, 38889}},
		{ForwardingFirst, []int{1, 2, 1}, []int{2, 3}, []int{2, 3, 1}},
		{PortsFirst, []int{1, 2, 1}, []int{2, 3}, []int{1, 2, 3}},
		{PortsFirst, nil, nil, nil},
	} {
		w := WebSocket{Ports: c.ports, ForwardingPorts: c.fwd, ListenOrder: c.order}
		if got := w.ListenOrderPorts(); !slices.Equal(got, c.want) {
			t.Errorf("%s of %v and %v is %v, expected %v", c.order, c.ports, c.fwd, got, c.want)
		}
	}
}

func TestBackends(t *testing.T) {
	cfg := Config{Nodes: []Node{{"a", "10.0.0.1"}, {"b", "fd00::1"}}, WebSocket: WebSocket{Ports: []int{38888, 39888}}}
	if got, want := cfg.Backends(), []Backend{{Address: "10.0.0.1:38888", Weight: 1}, {Address: "[fd00::1]:38888", Weight: 1}}; !reflect.DeepEqual(got, want) {
		t.Errorf("of the nodes: %v, expected %v", got, want)
	}
	for _, c := range []struct {
		name     string
		set      func(*Config)
		a, b, a2 string
	}{
		{"a cluster", func(c *Config) {}, "38889", "38889", "38888"},
		{"ports first", func(c *Config) { c.WebSocket.ListenOrder = PortsFirst }, "38888", "38888", "39888"},
		{"a balancer elsewhere", func(c *Config) { c.Balancer.URL = "ws://lb:38889/" }, "38889", "38889", "38888"},
		{"a balancer on a", func(c *Config) { c.Balancer.URL = "ws://10.0.0.1:38889/" }, "38888", "38889", "39888"},
		{"a balancer on a, with another port", func(c *Config) { c.Balancer.URL = "ws://10.0.0.1:443/" }, "38888", "38889", "39888"},
		{"a balancer on b, said twice", func(c *Config) { c.Balancer = Balancer{URL: "ws://[FD00::1]:38889/", SharesHost: true} }, "38889", "38888", "38888"},
		{"a balancer on some node", func(c *Config) { c.Balancer = Balancer{URL: "ws://vip:38889/", SharesHost: true} }, "38888", "38888", "39888"},
		{"a balancer on a node, no URL", func(c *Config) { c.Balancer.SharesHost = true }, "38888", "38888", "39888"},
		{"a proxy that binds one port", func(c *Config) {
			c.Balancer = Balancer{Kind: Embedded, SharesHost: true}
			c.WebSocket.ForwardingPorts = []int{38889, 38890}
		}, "38890", "38890", "38888"},
		{"a proxy with ports of its own", func(c *Config) {
			c.Balancer = Balancer{Kind: Embedded, SharesHost: true}
			c.Proxy.Listen, c.Proxy.Bind = []string{"443", "[::]:38888"}, "all"
		}, "38889", "38889", "39888"},
		{"one port alone", func(c *Config) {
			c.Balancer.SharesHost = true
			c.WebSocket = WebSocket{Ports: []int{8080}}
		}, "8080", "8080", "8080"},
	} {
		cfg := Config{Nodes: []Node{{"a", "10.0.0.1"}, {"b", "fd00::1"}, {"a2", "10.0.0.1"}},
			WebSocket: WebSocket{Ports: []int{38888, 39888}, ForwardingPorts: []int{38889}, ListenOrder: ForwardingFirst}}
		c.set(&cfg)
		var got []string
		for _, b := range cfg.Backends() {
			got = append(got, b.Address)
		}
		if want := []string{"10.0.0.1:" + c.a, "[fd00::1]:" + c.b, "10.0.0.1:" + c.a2}; !slices.Equal(got, want) {
			t.Errorf("%s: %v, expected %v", c.name, got, want)
		}
	}
	cfg.Proxy.Backends = []Backend{{Address: "c:1", Weight: 5}}
	if got := cfg.Backends(); !reflect.DeepEqual(got, cfg.Proxy.Backends) {
		t.Errorf("of the proxy's list: %v", got)
	}
	if got := (Config{Nodes: cfg.Nodes}).Backends(); got != nil {
		t.Errorf("without a port: %v", got)
	}
}
