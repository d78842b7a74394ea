package ports

import (
	"net"
	"net/netip"
	"slices"
	"strconv"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
)

func placeOf(p probes.Place) Place {
	out := Place{Addrs: p.Addrs, Balancer: p.Balancer, Unsure: p.Unsure}
	for _, n := range p.Nodes {
		out.Nodes = append(out.Nodes, n.Name)
	}
	return out
}

// expect returns what the settings say of the host that p describes.
func expect(cfg cluster.Config, p probes.Place) Expect {
	info, _ := cfg.Product.Info()
	e := Expect{
		Family:          info.Family,
		Ports:           cfg.WebSocket.Ports,
		ForwardingPorts: cfg.WebSocket.ForwardingPorts,
		ListenOrder:     cfg.WebSocket.ListenOrderPorts(),
		BalancerKind:    string(cfg.Balancer.Kind),
		BalancerPort:    cfg.Balancer.Port(),
		Clients:         cfg.Clients,
	}
	balanced := cfg.BalancerURL() != "" || cfg.Balancer.SharesHost || len(cfg.Proxy.Backends) > 0
	e.BalancerElsewhere = balanced && !p.Balancer
	e.BalancerLocalOnly = loopbackHost(cfg.Balancer.Host())
	for _, n := range p.Nodes {
		if a, err := netip.ParseAddr(n.Host); err == nil {
			e.NodeAddrs = append(e.NodeAddrs, a.Unmap())
		} else if loopbackHost(n.Host) {
			e.NodeAddrs = append(e.NodeAddrs, netip.MustParseAddr(loopbackIPv4))
		}
	}
	if balanced {
		for _, b := range cfg.Backends() {
			host, port, err := net.SplitHostPort(b.Address)
			n, perr := strconv.Atoi(port)
			if err == nil && perr == nil && leadsHere(host, p) && !slices.Contains(e.BackendPorts, n) {
				e.BackendPorts = append(e.BackendPorts, n)
			}
		}
	}
	return e
}

func loopbackHost(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

// leadsHere tells whether the balancer reaches the node on this host under the name host.
func leadsHere(host string, p probes.Place) bool {
	if slices.ContainsFunc(p.Nodes, func(n cluster.Node) bool { return n.Host == host }) {
		return true
	}
	if loopbackHost(host) {
		return p.Balancer // another host's balancer means itself
	}
	a, err := netip.ParseAddr(host)
	return err == nil && len(p.Nodes) > 0 && slices.Contains(p.Addrs, a.Unmap())
}

// roles returns the ports that matter on this host and what each is for: all of the settings' ports where nothing of
// the settings runs here.
func roles(e Expect, p Place) map[int][]Role {
	out := map[int][]Role{}
	add := func(ports []int, r Role) {
		for _, n := range ports {
			if n > 0 && !slices.Contains(out[n], r) {
				out[n] = append(out[n], r)
			}
		}
	}
	node, balancer := len(p.Nodes) > 0 || !p.Here(), p.Balancer || !p.Here()
	if node {
		add(e.Ports, WebSocket)
	}
	add(e.ForwardingPorts, Forwarding)
	for _, n := range e.BackendPorts {
		if out[n] == nil { // as a rule it is one of the service's, and then the role says nothing
			add([]int{n}, Backend)
		}
	}
	if balancer {
		add([]int{e.BalancerPort}, BalancerURL)
	}
	return out
}

// need says how much the part that this host plays depends on port.
func need(port int, as []Role, e Expect, p Place) Need {
	forwards := slices.Contains(as, Forwarding)
	if p.Balancer && (forwards || slices.Contains(as, BalancerURL)) {
		if port == e.BalancerPort || e.BalancerPort == 0 && slices.Index(e.ForwardingPorts, port) == 0 {
			return Needed
		}
		return Backup
	}
	if len(p.Nodes) == 0 {
		return NotNeeded
	}
	switch {
	case slices.Contains(e.BackendPorts, port):
		return Needed
	case forwards && !slices.Contains(as, WebSocket):
		return NotNeeded
	case len(e.BackendPorts) == 0 && slices.Index(e.Ports, port) == 0:
		return Needed
	case slices.Contains(as, WebSocket):
		return Backup
	}
	return NotNeeded
}
