package firewall

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"strconv"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
)

type addr = netip.Addr

// need is a port that must be reachable from elsewhere.
type need struct {
	port  int
	role  Role
	spare bool
	to    []addr // the addresses under which the settings name this host; none: not known
	from  []addr // who connects; none: clients anywhere
}

// lookUp resolves a host of the settings; none where it cannot be.
func lookUp(ctx context.Context, host string) []addr {
	addrs, _ := probes.Resolve(ctx, host)
	return addrs
}

// needed lists the ports of this host that something elsewhere connects to: on the balancer's host its own port and the
// forwarding ports, on a node's the service's ports, unless the balancer shares the host. A part that the settings name
// by loopback addresses alone is reached by nothing from elsewhere.
func needed(cfg cluster.Config, place probes.Place, resolve func(string) []addr) []need {
	var out []need
	add := func(n need) {
		if !slices.ContainsFunc(out, func(o need) bool { return o.port == n.port && o.role == n.role }) {
			out = append(out, n)
		}
	}
	if place.Balancer {
		to, remote := reachable(resolve(cfg.Balancer.Host()))
		if !remote && cfg.Balancer.SharesHost {
			for _, n := range place.Nodes {
				to, remote = reachable(resolve(n.Host))
			}
		}
		if remote {
			first := cfg.Balancer.Port()
			ports := slices.Clone(cfg.WebSocket.ForwardingPorts)
			if first != 0 {
				ports = append([]int{first}, ports...)
			}
			for i, p := range ports {
				add(need{port: p, role: ForClients, spare: i > 0 && p != first, to: to})
			}
		}
		return out // what runs beside the balancer is reached over this host itself
	}
	from, _ := reachable(resolve(cfg.Balancer.Host()))
	role := ForBalancer
	if cfg.Balancer.URL == "" {
		role, from = ForClients, nil
	}
	for _, n := range place.Nodes {
		to, remote := reachable(resolve(n.Host))
		if !remote {
			continue
		}
		used := usedPorts(cfg, n)
		for _, p := range cfg.WebSocket.Ports {
			add(need{port: p, role: role, spare: !slices.Contains(used, p), to: to, from: from})
		}
	}
	return out
}

// reachable leaves out loopback addresses; ok is false where nothing else was there.
func reachable(addrs []addr) (out []addr, ok bool) {
	for _, a := range addrs {
		if !a.IsLoopback() && !a.IsUnspecified() {
			out = append(out, a)
		}
	}
	return out, len(out) > 0
}

// usedPorts are the ports of n that stand behind the balancer.
func usedPorts(cfg cluster.Config, n cluster.Node) []int {
	var out []int
	for _, b := range cfg.Backends() {
		host, port, err := net.SplitHostPort(b.Address)
		if err != nil || host != n.Host {
			continue
		}
		if p, err := strconv.Atoi(port); err == nil {
			out = append(out, p)
		}
	}
	if len(out) == 0 && len(cfg.WebSocket.Ports) > 0 {
		out = cfg.WebSocket.Ports[:1]
	}
	return out
}
