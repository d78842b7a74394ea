package haproxy

import (
	"slices"

	"example.com/wsdoctor/probes"
)

var http2WebSocket = rule{
	id:    "http2-websocket",
	title: "WebSockets get HTTP/1.1 where the other side needs it",
	why: "Over HTTP/2 a WebSocket is opened by an extended CONNECT (RFC 8441). HAProxy speaks it since 2.4 on both sides and translates to and from " +
		"HTTP/1.1, but most backends do not: a server line with \"proto h2\", or with ALPN h2 alone, needs a backend that does, or \"ws h1\" " +
		"(2.5). A bind line with \"proto h2\" turns away every client that speaks HTTP/1.1, which is how browsers open most WebSockets. Some " +
		"clients (Firefox 88) fail on what HAProxy announces: \"h2-workaround-bogus-websocket-clients\" in global ends the announcement.",
	source: "HAProxy configuration manual, 3.1 \"h2-workaround-bogus-websocket-clients\", 5.2 \"ws\"; RFC 8441; shown with 2.6",
	check: func(m *model) verdict {
		var v verdict
		fronts := map[string]bool{}
		for _, r := range m.routes {
			if r.bind.line.File == "" || fronts[r.bind.line.where()] {
				continue
			}
			fronts[r.bind.line.where()] = true
			v.problems = append(v.problems, m.judgeBindH2(r)...)
		}
		for _, b := range m.backends() {
			for _, s := range b.back.servers {
				if p, bad := m.judgeServerH2(b, s); bad {
					v.problems = append(v.problems, p)
				}
			}
		}
		return v
	},
}

func (m *model) judgeBindH2(r route) []Problem {
	b := r.bind
	h2 := slices.Contains(b.alpn, "h2")
	workaround, found := m.global("h2-workaround-bogus-websocket-clients")
	switch {
	case b.proto == "h2":
		return []Problem{at(probes.Error, b.line, probes.T("%q takes HTTP/2 alone (proto h2): a client that opens its WebSocket over HTTP/1.1 is turned away", r.front.String()),
			m.fix(inSection(r.front), probes.T("# the bind line without \"proto h2\"; with TLS, with \"alpn h2,http/1.1\""))...).with(b.line.evidence()...)}
	case h2 && m.opts.Version.atLeast(2, 4) && !(found && workaround.sure()):
		return []Problem{at(probes.Info, b.line, probes.T("%q announces WebSockets over HTTP/2 (RFC 8441); should a client fail on that, the announcement can be ended", r.front.String()),
			m.fix(probes.T("# in \"global\":"), probes.Verbatim("h2-workaround-bogus-websocket-clients"))...).with(b.line.evidence()...)}
	}
	return nil
}

func (m *model) judgeServerH2(b reached, s server) (Problem, bool) {
	only := s.proto == "h2" || s.tls && slices.Contains(s.alpn, "h2") && !slices.Contains(s.alpn, "http/1.1")
	if !only || s.ws == "h1" || s.disabled {
		return Problem{}, false
	}
	severity := probes.Warning // an application that speaks RFC 8441 is rare, and possible
	if m.aim.Stateful && b.sure() {
		severity = probes.Error // Engine.IO's servers do not
	}
	fix := m.fix(inSection(b.back), probes.T("# the server line without \"proto h2\""))
	if s.tls {
		fix = m.fix(inSection(b.back), probes.Verbatim(s.line.Raw+" ws h1"), probes.T("# before 2.5: alpn h2,http/1.1"))
	}
	return at(severity, s.line, probes.T("server %q of %q is spoken to in HTTP/2 alone: WebSockets need a backend with RFC 8441", s.name, b.back.String()), fix...).
		with(s.line.evidence()...), true
}
