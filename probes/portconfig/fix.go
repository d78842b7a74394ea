package portconfig

import (
	"slices"
	"strings"

	"example.com/wsdoctor/probes"
)

// maxPort is the highest port of TCP (RFC 9293, section 3.1: 16 bits).
const maxPort = 65535

// lowestPort returns the lowest port that the product accepts. The vendor of the FineReport family excludes 1024
// ("(1024, 65535]").
func (o Observation) lowestPort() int {
	if o.Family {
		return 1025
	}
	return 1
}

// spare returns a port that no rule would hold anything against: the product's own for the role if it is not in use,
// else the next above them.
func (o Observation) spare(role Role, taken ...int) int {
	info, _ := o.Product.Info()
	own := info.Ports
	if role == Forwarding && len(info.ForwardingPorts) > 0 {
		own = info.ForwardingPorts
	}
	used, _ := o.mentions(WebSocket, Forwarding, Balancer)
	free := func(p int) bool {
		return !slices.Contains(used, p) && !slices.Contains(taken, p) && !slices.Contains(badPorts, p)
	}
	if i := slices.IndexFunc(own, free); i >= 0 {
		return own[i]
	}
	p := 8080
	if len(own) > 0 {
		p = own[0]
	}
	for !free(p) {
		p++
	}
	return p
}

// replaced returns l's ports with every mention of one port replaced by a spare one.
func (o Observation) replaced(l List, port int) []int {
	out := slices.Clone(l.Ports)
	for i, p := range out {
		if p == port {
			out[i] = o.spare(l.Role, out...)
		}
	}
	return out
}

// change returns the lines that give a list other ports, where the list stands.
func (o Observation) change(l List, ports []int) []probes.Text {
	switch {
	case l.FromRow:
		return setValue(l.row, FormatValue(l.Key, ports))
	case l.Role == Balancer:
		return []probes.Text{probes.T("# let the balancer listen on another port, and name that one in wsdoctor.yaml: %s", l.Where)}
	}
	name := strings.TrimPrefix(l.Where, "websocket.")
	lines := []probes.Text{
		probes.T("# in wsdoctor.yaml, below \"websocket:\""),
		probes.Verbatim("  " + name + ": " + yamlList(ports)),
		probes.T("# to take it back: %s", name+": "+yamlList(l.Ports)),
	}
	if o.Family {
		key := KeyPort
		if l.Role == Forwarding {
			key = KeyRequestPorts
		}
		return append(lines, probes.T("# the product itself reads %s in fine_conf_entity, as the value %s; balancer and firewall follow it", key, FormatValue(key, ports)))
	}
	return lines
}

// changeAll returns the lines of every list that names a port, with that port replaced.
func (o Observation) changeAll(ps []place, port int) []probes.Text {
	var out []probes.Text
	for _, p := range ps {
		out = append(out, o.change(p.list, o.replaced(p.list, port))...)
	}
	return out
}

// yamlList writes [38888, 39888].
func yamlList(ports []int) string {
	return "[" + list(ports) + "]"
}
