package haproxy

import (
	"slices"
	"strconv"
	"strings"

	"example.com/wsdoctor/probes"
)

var serverPort = rule{
	id:    "server-port",
	title: "every server line has a port that the nodes listen on",
	why: "A node listens on one of its WebSocket ports or forwarding ports, the first that it can bind. A server line with another port is " +
		"refused, and HAProxy answers 503 when its retries are used up.",
	source: "HAProxy configuration manual, 4.2 \"server\"; shown with 2.6",
	applies: func(m *model) (probes.Text, bool) {
		if len(m.aim.Ports) == 0 {
			return probes.T("the settings name no ports of the nodes"), false
		}
		return probes.Text{}, true
	},
	check: func(m *model) verdict {
		var v verdict
		for _, b := range m.backends() {
			for _, s := range b.back.servers {
				port := s.port
				if s.known && port == 0 && !strings.ContainsAny(s.line.Word(2), "+-") {
					port = b.routes[0].bind.from // the port that the client came by
				}
				if !s.known || port == 0 || s.disabled || slices.Contains(m.aim.Ports, port) {
					continue
				}
				severity := probes.Warning
				if slices.Contains(m.aim.Nodes, s.host) && b.sure() {
					severity = probes.Error
				}
				v.problems = append(v.problems, m.wrongPort(severity, b.back, s, port))
			}
		}
		return v
	},
}

// nodesElsewhere tells whether a backend has none of the nodes, and another has.
func (m *model) nodesElsewhere(back *proxy) bool {
	return m.home != nil && m.nodes(back) == no
}

func (m *model) wrongPort(severity probes.Severity, p *proxy, s server, port int) Problem {
	var ports []string
	for _, n := range m.aim.Ports {
		ports = append(ports, strconv.Itoa(n))
	}
	problem := at(severity, s.line, probes.T("server %q of %q is on port %d, expected one of %s", s.name, p.String(), port, strings.Join(ports, ", ")))
	problem = problem.with(s.line.evidence()...).about(strconv.Itoa(port))
	want := strconv.Itoa(m.aim.Ports[0])
	for _, a := range m.aim.Addresses {
		if host, p, ok := cutPort(a); ok && host == s.host {
			want = p
		}
	}
	old := s.line.Word(2)
	address := s.host + ":" + want
	if strings.Contains(s.host, ":") {
		address = "[" + s.host + "]:" + want
	}
	problem.Fix = m.fix(inSection(p), probes.Verbatim(strings.Replace(s.line.Raw, old, address, 1)))
	if len(s.line.Words) > 2 {
		problem.Column = s.line.Words[2].Column
	}
	return problem
}

func cutPort(address string) (host, port string, ok bool) {
	i := strings.LastIndexByte(address, ':')
	if i < 0 {
		return "", "", false
	}
	return strings.Trim(address[:i], "[]"), address[i+1:], true
}
