package cluster

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Way is a way by which handshakes come through a balancer, as its configuration has it.
type Way struct {
	Where   string    // file:line of what hands them on
	Sure    bool      // it is certainly one for WebSockets
	Names   []string  // host names that clients use; nil: any, or not known
	Entries []Entry   // where clients connect
	Path    string    // of the handshake, as far as the configuration tells; "": any
	Servers []Backend // behind it, in their order; "" hosts and unknown ports are left out
	Policy  string    // one of proxy.policy; "": another
	Idle    time.Duration
	TLS     Certificate // shown to clients; the zero value: none, or not known
	From    WayPlaces
}

// WayPlaces are the lines, as file:line, that say a part of a way; "": none does, and it is the program's own default.
type WayPlaces struct {
	Servers string // the first
	Entry   string
	Policy  string
	Idle    string
	TLS     string
}

// Entry is an address that a balancer listens on.
type Entry struct {
	Host string // "": every address
	Port int
	TLS  bool
}

// Draft returns base with what the way says: nodes, ports, balancer, policy, idle limit. Where base has no product, the
// servers' ports and the path tell the most likely one, and its defaults are the base. What a configuration cannot
// tell (heartbeat, clients, the product's own settings) stays as base has it.
func (w Way) Draft(base Config, kind BalancerKind, file string) Config {
	c := base
	if c.Product == "" {
		c = Default(w.product())
	}
	c.Nodes, c.WebSocket.Ports, c.Proxy.Backends = nil, nil, nil
	plain := true // every server is a node on the first port
	for _, s := range w.Servers {
		host, port, err := net.SplitHostPort(s.Address)
		n, perr := strconv.Atoi(port)
		if err != nil || perr != nil {
			continue
		}
		if !slices.ContainsFunc(c.Nodes, func(x Node) bool { return x.Host == host }) {
			c.Nodes = append(c.Nodes, Node{Name: fmt.Sprintf("node%d", len(c.Nodes)+1), Host: host})
		} else {
			plain = false
		}
		if !slices.Contains(c.WebSocket.Ports, n) {
			c.WebSocket.Ports = append(c.WebSocket.Ports, n)
		}
		s.Weight = max(1, s.Weight)
		plain = plain && s == Backend{Address: s.Address, Weight: 1} && n == c.WebSocket.Ports[0]
		c.Proxy.Backends = append(c.Proxy.Backends, s)
	}
	if plain {
		c.Proxy.Backends = nil
	}
	if len(c.Nodes) == 0 { // nothing behind it could be told
		c.Nodes, c.WebSocket.Ports = base.Nodes, base.WebSocket.Ports
	}
	c.WebSocket.ListenOrder = ""
	c.complete()
	if w.Path != "" && (c.WebSocket.Path == "" || c.WebSocket.Path == "/") {
		c.WebSocket.Path = w.Path
	}
	c.Balancer = Balancer{Kind: kind, Config: file}
	if e, ok := w.entry(c); ok {
		c.Balancer.URL = w.url(e)
		if info, _ := c.Product.Info(); info.Family {
			c.WebSocket.ForwardingPorts = []int{e.Port}
		}
	}
	c.Balancer.SharesHost = slices.ContainsFunc(c.Nodes, func(n Node) bool { return local(n.Host) })
	if w.Policy != "" {
		c.Proxy.Policy = w.Policy
	}
	if w.Idle > 0 {
		c.Proxy.Timeouts.Idle = w.Idle
	}
	return c
}

// product tells what most likely stands behind the way.
func (w Way) product() Product {
	for _, p := range Products {
		if !p.Family {
			continue
		}
		for _, s := range w.Servers {
			_, port, _ := net.SplitHostPort(s.Address)
			if n, err := strconv.Atoi(port); err == nil && (slices.Contains(p.Ports, n) || slices.Contains(p.ForwardingPorts, n)) {
				return p.Name
			}
		}
	}
	if strings.Contains(w.Path, "socket.io") {
		return SocketIO
	}
	return Generic
}

// entry picks the address for the URL: a forwarding port of the settings, else the first.
func (w Way) entry(c Config) (Entry, bool) {
	if len(w.Entries) == 0 {
		return Entry{}, false
	}
	i := slices.IndexFunc(w.Entries, func(e Entry) bool { return slices.Contains(c.WebSocket.ForwardingPorts, e.Port) })
	return w.Entries[max(0, i)], true
}

// url is what clients connect to, from this host where the configuration names neither a name nor an address.
func (w Way) url(e Entry) string {
	host := e.Host
	if len(w.Names) > 0 {
		host = w.Names[0]
	}
	if a, err := netip.ParseAddr(host); host == "" || err == nil && a.IsUnspecified() {
		host = "127.0.0.1"
	}
	scheme := "ws"
	if e.TLS {
		scheme = "wss"
	}
	return (&url.URL{Scheme: scheme, Host: net.JoinHostPort(host, strconv.Itoa(e.Port)), Path: "/"}).String()
}

func local(host string) bool {
	a, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && a.IsLoopback()
}
