package haproxy

import "example.com/wsdoctor/probes"

var independentStreams = rule{
	id:    "independent-streams",
	title: "traffic in either direction keeps a tunnel open",
	why: "By default what passes in one direction refreshes the timeouts of both. With \"option independent-streams\" a side that only " +
		"receives counts as idle, and the tunnel is cut after its timeout although messages pass; timeout tunnel does not change that.",
	source: "HAProxy configuration manual, 4.2 \"option independent-streams\"; shown with 2.6",
	check: func(m *model) verdict {
		var v verdict
		seen := map[*proxy]bool{}
		for _, l := range m.lives() {
			for _, p := range []*proxy{l.front, l.back} {
				line, set, sure := p.option("independent-streams")
				if !set || !sure || seen[p] {
					continue
				}
				seen[p] = true
				v.problems = append(v.problems, at(probes.Warning, line,
					probes.T("option independent-streams is in effect in %q: a tunnel in which only one side sends is cut", p.String()),
					m.fix(inSection(p), probes.Verbatim("no option independent-streams"))...).with(line.evidence()...))
			}
		}
		return v
	},
}
