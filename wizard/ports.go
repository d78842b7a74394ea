package wizard

import (
	"net"
	"slices"
	"strconv"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/portconfig"
)

var portsStep = Step{
	ID:    "ports",
	Title: probes.T("WebSocket ports"),
	Why:   probes.T("the service listens on the first of them that is free; the rest are there to fall back to"),
	List:  true,
	Ask:   fixed(probes.T("on which ports does the service listen? in its order, with commas between")),
	Default: func(d Draft) string {
		return portList(d.Config.WebSocket.Ports)
	},
	From: func(d Draft) probes.Text {
		if d.family() && d.Taken.Ports != nil {
			return fromPlace(d.Taken.PortsFrom)
		}
		return fromServers(d)
	},
	Skip: stopped,
	Apply: func(d *Draft, answer string) probes.Text {
		list, problem := parsePorts(answer)
		if !problem.IsZero() {
			return problem
		}
		d.Config.WebSocket.Ports = list
		d.keepBackends()
		if d.None {
			d.Config.WebSocket.ForwardingPorts = nil
		}
		if host := d.Config.Balancer.Host(); host != "" {
			d.setURL(host)
		}
		return probes.Text{}
	},
	Keys:  []string{"websocket.ports"},
	Ports: func(d Draft) []int { return d.Config.WebSocket.Ports },
}

// parsePorts reads ports as the product's own table has them, or with commas between; the problem says in words where
// that ends.
func parsePorts(answer string) ([]int, probes.Text) {
	list, err := portconfig.ParseValue(answer)
	if err != nil {
		return nil, probes.T("%s", err.Error())
	}
	for i, p := range list {
		if slices.Contains(list[:i], p) {
			return nil, probes.T("found port %d twice, expected it once", p)
		}
	}
	return list, probes.Text{}
}

func portList(ports []int) string {
	words := make([]string, len(ports))
	for i, p := range ports {
		words[i] = strconv.Itoa(p)
	}
	return strings.Join(words, ", ")
}

// Suggest returns a port for a list that has those of with already: one that no rule holds anything against and that
// is not taken, at or above the product's own. 0: there is none.
func (d Draft) Suggest(role portconfig.Role, with []int, taken func(port int) bool) int {
	info, _ := d.Config.Product.Info()
	own := info.Ports
	if role == portconfig.Forwarding {
		if own = info.ForwardingPorts; len(own) == 0 && len(d.Config.WebSocket.Ports) > 0 {
			own = []int{d.Config.WebSocket.Ports[0] + 1}
		}
	}
	first := 8080
	if len(own) > 0 {
		first = own[0]
	}
	candidates := slices.Clone(own)
	for p := first; p <= 65535; p++ {
		candidates = append(candidates, p)
	}
	for _, p := range candidates {
		if slices.Contains(with, p) || taken != nil && taken(p) {
			continue
		}
		if d.fits(role, append(slices.Clone(with), p), p) {
			return p
		}
	}
	return 0
}

// fits tells whether no rule holds anything above advice against port, were list the ports of a role.
func (d Draft) fits(role portconfig.Role, list []int, port int) bool {
	cfg := d.clone().Config
	other := cfg.WebSocket.Ports
	if role == portconfig.WebSocket {
		cfg.WebSocket.Ports, other = list, cfg.WebSocket.ForwardingPorts
	} else {
		cfg.WebSocket.ForwardingPorts = list
	}
	if slices.Contains(other, port) {
		return false
	}
	cfg.Balancer.URL = "" // it follows the ports
	for _, f := range portconfig.JudgePort(portconfig.FromSettings(cfg, nil), port) {
		if f.Severity == probes.Error || f.Severity == probes.Warning && len(list) > 1 {
			return false
		}
	}
	return true
}

// embeddedListens keeps the embedded proxy off the ports of a service on the same host: without a list of its own it
// would fall back to them. A list that names an address keeps it.
func (d *Draft) embeddedListens() {
	host := ""
	for _, l := range d.Config.Proxy.Listen {
		if h, _, err := net.SplitHostPort(l); err == nil {
			host = h
			break
		}
	}
	d.Config.Proxy.Listen = nil
	if !d.Embedded() || host == "" && !d.Config.Balancer.SharesHost {
		return
	}
	for _, p := range d.Config.WebSocket.ForwardingPorts {
		address := strconv.Itoa(p)
		if host != "" {
			address = net.JoinHostPort(host, address)
		}
		d.Config.Proxy.Listen = append(d.Config.Proxy.Listen, address)
	}
}

// stateful tells whether a client of the product has to come back to its node.
func (d Draft) stateful() bool { return d.Config.Product != cluster.Generic }
