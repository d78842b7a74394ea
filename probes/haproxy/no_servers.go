package haproxy

import "example.com/wsdoctor/probes"

var noServers = rule{
	id:    "no-servers",
	title: "the backend has a server that takes clients",
	why: "A backend without a server, or with none but disabled ones and ones of weight 0, answers 503 to everything. HAProxy starts with it all the " +
		"same, and a server line in a frontend is ignored with a warning.",
	source: "HAProxy configuration manual, 4.2 \"server\", 5.2 \"disabled\", \"weight\"; shown with 2.6",
	check: func(m *model) verdict {
		var v verdict
		for _, b := range m.backends() {
			active, backup := b.back.active()
			if len(active)+len(backup) > 0 || b.back.otherTarget() {
				continue
			}
			severity := probes.Error
			if !b.sure() {
				severity = probes.Warning
			}
			if len(b.back.servers) == 0 {
				v.problems = append(v.problems, at(severity, b.back.head, probes.T("%q has no server: HAProxy answers 503", b.back.String()),
					m.fix(inSection(b.back), m.serverLines()...)...).with(b.routes[0].evidence()...).about(b.back.name))
				continue
			}
			line := b.back.servers[0].line
			v.problems = append(v.problems, at(severity, line, probes.T("every server of %q is disabled or has weight 0: HAProxy answers 503", b.back.String()),
				m.fix(inSection(b.back), m.serverLines()...)...).with(line.evidence()...).about(b.back.name))
		}
		return v
	},
}

// otherTarget tells whether a backend sends somewhere without a server line, or answers itself.
func (p *proxy) otherTarget() bool {
	if _, transparent, _ := p.option("transparent"); transparent {
		return true
	}
	for l := range p.kind("use-fcgi-app", "transparent", "option", "stats", "redirect", "http-request", "server", "server-template") {
		if l.Is("use-fcgi-app") || l.Is("transparent") || l.Is("option", "http_proxy") || l.Is("stats") || l.Is("redirect") ||
			l.Is("http-request", "return") || l.Is("http-request", "redirect") || l.Is("http-request", "deny") || l.Is("http-request", "set-dst") {
			return true
		}
		if (l.Is("server") || l.Is("server-template")) && l.Maybe {
			return true
		}
	}
	return false
}
