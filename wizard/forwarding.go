package wizard

import (
	"net"
	"slices"
	"strconv"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/portconfig"
)

var forwardingStep = Step{
	ID:    "forwarding",
	Title: probes.T("forwarding ports"),
	Why: probes.T("clients connect to the balancer on the first of them; a cluster node of the FineReport family tries them too, so " +
		"that there should be more than nodes"),
	List: true,
	Ask:  fixed(probes.T("on which ports does the balancer listen? in its order, with commas between")),
	Default: func(d Draft) string {
		list := slices.Clone(d.Config.WebSocket.ForwardingPorts)
		if own := d.Config.Proxy.Listen; d.Embedded() && len(own) > 0 {
			list = listenPorts(own)
		}
		if d.Taken.Way != nil && !d.takenForwarding() {
			list = slices.DeleteFunc(list, func(p int) bool { return !d.fits(portconfig.Forwarding, []int{p}, p) })
		}
		for i, p := range list {
			if slices.Contains(d.Config.WebSocket.Ports, p) {
				list[i] = 0 // taken by the answer before
			}
		}
		list = slices.DeleteFunc(list, func(p int) bool { return p == 0 })
		if d.takenForwarding() {
			return portList(list)
		}
		want := 1
		if d.family() && d.Many {
			want = len(d.Config.Nodes) + 1
		}
		for len(list) < want {
			p := d.Suggest(portconfig.Forwarding, list, nil)
			if p == 0 {
				break
			}
			list = append(list, p)
		}
		return portList(list)
	},
	From: func(d Draft) probes.Text {
		switch {
		case !d.takenForwarding():
			return probes.Text{}
		case d.family() && d.Taken.Forwarding != nil:
			return fromPlace(d.Taken.ForwardingFrom)
		}
		return d.from(func(p cluster.WayPlaces) string { return p.Entry })
	},
	Skip: noneStands,
	Apply: func(d *Draft, answer string) probes.Text {
		list, problem := parsePorts(answer)
		if !problem.IsZero() {
			return problem
		}
		if d.Config.Balancer.SharesHost {
			for _, p := range list {
				if slices.Contains(d.Config.WebSocket.Ports, p) {
					return probes.T("found port %d, on which the service listens on the same host, expected another one", p)
				}
			}
		}
		d.Config.WebSocket.ForwardingPorts = list
		d.setURL(d.Config.Balancer.Host())
		d.embeddedListens()
		return probes.Text{}
	},
	Keys:  []string{"websocket.forwarding_ports", "balancer.url", "proxy.listen"},
	Ports: func(d Draft) []int { return d.Config.WebSocket.ForwardingPorts },
}

// takenForwarding tells that the forwarding ports are those of the set-up that was taken over, and that every rule takes
// them.
func (d Draft) takenForwarding() bool {
	list := d.Config.WebSocket.ForwardingPorts
	if d.Taken.Way == nil && d.Taken.Forwarding == nil || len(list) == 0 {
		return false
	}
	taken := d.Taken.Forwarding
	if d.Taken.Way != nil {
		for _, e := range d.Taken.Way.Entries {
			taken = append(slices.Clone(taken), e.Port)
		}
	}
	return !slices.ContainsFunc(list, func(p int) bool {
		return !slices.Contains(taken, p) || slices.Contains(d.Config.WebSocket.Ports, p) && d.Config.Balancer.SharesHost ||
			slices.ContainsFunc(portconfig.JudgePort(portconfig.FromSettings(d.Config, nil), p), func(f probes.Finding) bool { return f.Severity == probes.Error })
	})
}

// listenPorts takes the ports of proxy.listen.
func listenPorts(addresses []string) []int {
	var out []int
	for _, a := range addresses {
		if _, port, err := net.SplitHostPort(a); err == nil {
			a = port
		}
		if p, err := strconv.Atoi(a); err == nil && !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return out
}
