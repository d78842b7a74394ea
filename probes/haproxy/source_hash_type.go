package haproxy

import (
	"slices"
	"strings"

	"example.com/wsdoctor/probes"
)

var sourceHashType = rule{
	id:    "source-hash-type",
	title: "what the loss of a node does to hashing is known",
	why: "With the default \"hash-type map-based\" the number of running servers goes into the choice: when one goes down or comes back, most clients are " +
		"sent to another node, and lose their sessions with the next polling request or reconnect. \"hash-type consistent\" moves the " +
		"clients of that one server only.",
	source: "HAProxy configuration manual, 4.2 \"hash-type\", \"balance\"",
	check: func(m *model) verdict {
		var v verdict
		for _, b := range m.backends() {
			active, _ := b.back.active()
			l, found, sure := b.back.last("balance")
			name, _, _ := strings.Cut(l.Word(1), "(")
			if count(active) < 2 || !found || !sure || !slices.Contains([]string{"source", "hdr", "uri", "url_param", "hash"}, name) {
				continue
			}
			if holds, _, _ := b.back.cookieSticks(active); holds == yes {
				continue // a cookie knows the node whatever the hash says
			}
			if hash, found, sure := b.back.last("hash-type"); !sure || found && hash.Word(1) == "consistent" {
				continue
			}
			v.problems = append(v.problems, at(probes.Info, l, probes.T("%q hashes by %q with hash-type map-based: when a node goes down or comes back, most clients move", b.back.String(), l.Word(1)),
				m.fix(inSection(b.back), probes.Verbatim("hash-type consistent"))...).with(l.evidence()...))
		}
		return v
	},
}
