package haproxy

import "example.com/wsdoctor/probes"

var modeTCP = rule{
	id:    "mode-tcp",
	title: "the mode lets WebSockets through",
	why: "In mode tcp HAProxy passes bytes on: WebSockets work, but it adds no X-Forwarded-For, sets no cookie for stickiness, chooses no backend by " +
		"path, and writes no HTTP log. It is also HAProxy's default where no mode is set. A server can be told the client's address by the " +
		"PROXY protocol (send-proxy-v2), if it understands that.",
	source: "HAProxy configuration manual, 4 and 4.2 \"mode\"",
	check: func(m *model) verdict {
		var v verdict
		seen := map[*proxy]bool{}
		for _, l := range m.lives() {
			p := l.back
			if p.mode == "" {
				v.unsure = append(v.unsure, probes.T("the mode of %q hangs on a condition or a variable (%s)", p.String(), p.head.where()))
				continue
			}
			if p.mode != "tcp" || seen[p] {
				continue
			}
			seen[p] = true
			line, found, _ := p.last("mode")
			if !found {
				line = p.head
			}
			v.problems = append(v.problems, at(probes.Info, line, probes.T("%q is in mode tcp: WebSockets pass, without X-Forwarded-For, cookies or rules by path", p.String()),
				m.fix(probes.T("# in %q and every frontend that sends to it:", p.String()), probes.Verbatim("mode http"))...).with(line.evidence()...))
		}
		return v
	},
}
