package haproxy

import (
	"strings"

	"example.com/wsdoctor/probes"
)

var answeredHere = rule{
	id:    "answered-here",
	title: "HAProxy does not answer the handshake itself",
	why: "A redirect, a denial or a page of HAProxy's own ends the handshake before any backend sees it. WebSocket clients follow no redirect: " +
		"browsers report code 1006.",
	source: "HAProxy configuration manual, 4.2 \"redirect\", \"http-request\", \"monitor-uri\"; RFC 6455, section 4.1",
	check: func(m *model) verdict {
		var v verdict
		seen := map[string]bool{}
		for _, r := range m.routes {
			if r.ends != answered || r.sure != yes || !r.entry || seen[r.by.where()] {
				continue
			}
			seen[r.by.where()] = true
			v.problems = append(v.problems, at(probes.Error, r.by, probes.T("%q answers %s itself: %s", r.front.String(), m.what(), probes.Verbatim(r.by.Raw)),
				m.exempt(r)...).with(r.evidence()...))
		}
		return v
	},
}

// exempt are the lines that let the path through.
func (m *model) exempt(r route) []probes.Text {
	_, cond, _ := splitCondition(r.by)
	if cond != nil || m.aim.Path == "" || m.aim.Path == "/" {
		return m.fix(probes.T("# remove this line, or give it a condition that the WebSocket path does not meet:"), probes.T("# %s", r.by.Raw))
	}
	return m.fix(probes.T("# line %d, with the WebSocket path left out:", r.by.Number), probes.Verbatim(strings.TrimSpace(r.by.Raw)+" unless { path_beg "+m.aim.Path+" }"))
}
