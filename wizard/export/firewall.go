package export

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/firewall"
)

var firewallRules = Target{
	Name:  "firewall",
	Title: "the rules that let clients in to the balancer, and the balancer to the nodes, for the tool that keeps this host's",
	render: func(s setup, o Options) ([]File, error) {
		if !slices.Contains(firewall.Managers, o.Firewall) {
			return nil, fmt.Errorf("the firewall: found %q, expected one of %v", o.Firewall, firewall.Managers)
		}
		var out []File
		var ports []int
		for _, l := range s.listens {
			if a, err := netip.ParseAddr(l.Host); err != nil || !a.IsLoopback() {
				ports = append(ports, l.Port)
			}
		}
		if s.cfg.Balancer.URL != "" || len(s.cfg.WebSocket.ForwardingPorts) > 0 {
			out = append(out, firewallFile(o.Firewall, OnBalancer, "balancer", ports, nil))
		}
		from, notes := s.balancerAddress()
		f := firewallFile(o.Firewall, OnNode, "node", s.nodePorts(), from, notes...)
		return append(out, f), nil
	},
}

// balancerAddress is who has to reach the nodes; none: anybody.
func (s setup) balancerAddress() ([]string, []probes.Text) {
	host := s.cfg.Balancer.Host()
	if a, err := netip.ParseAddr(host); err == nil && a.Zone() == "" {
		return []string{a.Unmap().String()}, nil
	}
	if s.cfg.Balancer.URL == "" {
		return nil, []probes.Text{probes.T("the settings name no balancer: clients anywhere get through to the nodes")}
	}
	return nil, []probes.Text{probes.T("the balancer is named, not addressed: anybody gets through to the nodes; name its address in balancer.url to let in no other")}
}

// nodePorts are the ports of the nodes that are not on loopback, spare ones too.
func (s setup) nodePorts() []int {
	ports := slices.Clone(s.cfg.WebSocket.ListenOrderPorts())
	if len(s.cfg.Proxy.Backends) > 0 {
		for _, b := range s.backends {
			if slices.ContainsFunc(s.cfg.Nodes, func(n cluster.Node) bool { return n.Host == b.Host }) && !slices.Contains(ports, b.Port) {
				ports = append(ports, b.Port)
			}
		}
	}
	return ports
}

// firewallFile is a script to read, whose lines are the steps.
func firewallFile(m firewall.Manager, on Where, name string, ports []int, from []string, notes ...probes.Text) File {
	if m == firewall.NFT || m == firewall.Iptables || m == firewall.IptablesLegacy {
		notes = append(notes, probes.T("the rules last until the next start: save them as this system does, such as in /etc/nftables.conf, or by netfilter-persistent save"))
	}
	f := File{Name: "firewall-" + name + ".sh", On: on, Mode: 0o644}
	var b strings.Builder
	b.WriteString(header("firewall", "#", notes...))
	fmt.Fprintf(&b, "# on the host of each %s, as root\nset -e\n", name)
	if len(from) == 0 {
		from = []string{""}
	}
	for _, port := range ports {
		for _, a := range from {
			lines, _ := firewall.Open(m, port, a) // it is one of Managers
			for _, l := range lines {
				fmt.Fprintf(&b, "%s\n# to take it back: %s\n", l[0], l[1])
				f.Steps = append(f.Steps, Step{Do: l[0], Undo: l[1]})
			}
		}
	}
	f.Data = []byte(b.String())
	return f
}
