package haproxy

import (
	"strings"

	"example.com/wsdoctor/probes"
)

var forwardFor = rule{
	id:    "forwardfor",
	title: "whether the service learns the client's address is known",
	why: "HAProxy connects to the servers from its own address. Without \"option forwardfor\" or a header of that kind the service takes HAProxy for " +
		"the client: its logs show one address, and a limit or a lock by address hits everybody.",
	source: "HAProxy configuration manual, 4.2 \"option forwardfor\"",
	check: func(m *model) verdict {
		var v verdict
		seen := map[*proxy]bool{}
		for _, l := range m.lives() {
			if l.front.mode != "http" || l.back.mode != "http" || seen[l.back] || l.front.tellsClient() || l.back.tellsClient() {
				continue
			}
			seen[l.back] = true
			v.problems = append(v.problems, at(probes.Info, l.back.head, probes.T("%q does not tell its servers the client's address", l.back.String()),
				m.fix(inSection(l.back), probes.Verbatim("option forwardfor"))...))
		}
		return v
	},
}

// tellsClient tells whether a proxy passes the client's address on in any way.
func (p *proxy) tellsClient() bool {
	for _, name := range []string{"forwardfor", "forwarded"} {
		if _, set, _ := p.option(name); set {
			return true
		}
	}
	for l := range p.kind("reqadd", "http-request", "source") {
		if l.Is("reqadd") || l.Is("http-request", "set-header") || l.Is("http-request", "add-header") {
			name := strings.ToLower(strings.Join([]string{l.Word(1), l.Word(2)}, " "))
			if strings.Contains(name, "forwarded") || strings.Contains(name, "real-ip") || strings.Contains(name, "client-ip") {
				return true
			}
		}
		if l.Is("source") && strings.Contains(l.Raw, "usesrc client") {
			return true
		}
	}
	for _, s := range p.servers {
		if s.sendsPP {
			return true
		}
	}
	return false
}
