package haproxy

import (
	"strings"

	"example.com/wsdoctor/probes"
)

var checkMissing = rule{
	id:    "check-missing",
	title: "a dead node gets no more clients",
	why: "HAProxy takes a server out when its health checks fail, and the word \"check\" on the server line is what makes them. Without it a dead node " +
		"keeps its share of the clients, who get 503 after the retries, and backup servers are never used. \"observe\" needs \"check\", too.",
	source: "HAProxy configuration manual, 5.2 \"check\", \"observe\"; shown with 2.6",
	check: func(m *model) verdict {
		var v verdict
		for _, b := range m.backends() {
			active, backup := b.back.active()
			if count(active)+count(backup) < 2 {
				continue // nobody else could take its clients
			}
			var names []string
			var first server
			for _, s := range active {
				if !s.check && s.line.sure() {
					if len(names) == 0 {
						first = s
					}
					names = append(names, s.name)
				}
			}
			if len(names) == 0 {
				continue
			}
			p := at(probes.Warning, first.line, probes.T("%q does not check the health of %s: clients are sent to a dead node", b.back.String(), strings.Join(names, ", ")),
				m.fix(probes.T("# in %q, in front of its server lines:", b.back.String()), probes.Verbatim("default-server check"))...)
			p = p.with(first.line.evidence()...)
			if first.observe != "" {
				p = p.with(probes.Evidence{Where: first.line.where(), Saw: probes.T("observe %s does nothing without check", first.observe)})
			}
			v.problems = append(v.problems, p)
		}
		return v
	},
}
