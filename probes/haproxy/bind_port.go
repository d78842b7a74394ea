package haproxy

import (
	"slices"
	"strconv"

	"example.com/wsdoctor/probes"
)

var bindPort = rule{
	id:    "bind-port",
	title: "HAProxy listens on the port that clients connect to",
	why: "The clients of the FineReport family take the port to connect to from the forwarding ports of WebSocketConfig, others from the URL. " +
		"Where no bind line has that port, they are refused, unless something in front of HAProxy translates the port.",
	source: "HAProxy configuration manual, 4.2 \"bind\"",
	applies: func(m *model) (probes.Text, bool) {
		if len(m.aim.entryPorts()) == 0 {
			return probes.T("the settings name neither a port in balancer.url nor forwarding ports"), false
		}
		return probes.Text{}, true
	},
	check: func(m *model) verdict {
		ports := m.aim.entryPorts()
		var all []bind
		for _, p := range m.proxies {
			all = append(all, p.binds...)
		}
		taken := func(port int, want truth) bool {
			return slices.ContainsFunc(all, func(b bind) bool { return b.takes(port) == want })
		}
		for _, port := range ports {
			if taken(port, yes) {
				return verdict{}
			}
		}
		if unknown := m.unknownBinds(); len(unknown) > 0 {
			return verdict{unsure: []probes.Text{probes.T("the port of %q is not known here (%s)", unknown[0].text, unknown[0].line.where())}}
		}
		return verdict{problems: []Problem{m.unbound(ports[0], all)}}
	},
}

func (m *model) unbound(port int, all []bind) Problem {
	bindLine := probes.Verbatim("bind :" + strconv.Itoa(port))
	title := probes.T("no bind line has the port %d that clients connect to", port)
	var p Problem
	for _, candidate := range m.proxies {
		if candidate.front && !candidate.pageOnly() {
			p = at(probes.Warning, candidate.head, title, m.fix(inSection(candidate), bindLine)...)
			break
		}
	}
	if p.File == "" {
		p = Problem{Severity: probes.Warning, Title: title, Fix: m.fix(probes.T("# in the frontend for the WebSockets:"), bindLine)}
	}
	for _, b := range all[:min(len(all), 5)] { // enough to see what it listens on
		p = p.with(b.line.evidence()...)
	}
	return p.about(strconv.Itoa(port))
}
