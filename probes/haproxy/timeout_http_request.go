package haproxy

import (
	"time"

	"example.com/wsdoctor/probes"
)

// The manual advises a few seconds for the request, "3 or more" of them for lost packets.
const (
	slowHandshake = time.Second
	oneRetransmit = 3 * time.Second
)

var timeoutHTTPRequest = rule{
	id:    "timeout-http-request",
	title: "a slow handshake is waited for",
	why: "\"timeout http-request\" is the time that a client has for its whole request head. On a slow or lossy line the handshake takes " +
		"longer than on the local network; HAProxy then answers 408 and closes, and the log has \"cR\".",
	source: "HAProxy configuration manual, 4.2 \"timeout http-request\"",
	check: func(m *model) verdict {
		var v verdict
		seen := map[*proxy]bool{}
		for _, r := range m.routes {
			t := r.front.timeout("http-request")
			if r.front.mode != "http" || seen[r.front] || !t.set || !t.sure || t.d >= oneRetransmit {
				continue
			}
			seen[r.front] = true
			severity := probes.Info
			if t.d < slowHandshake {
				severity = probes.Warning
			}
			v.problems = append(v.problems, at(severity, t.line,
				probes.T("timeout http-request is %s in %q, expected %s or more: one lost packet costs the handshake", clock(t.d), r.front.String(), clock(oneRetransmit)),
				m.fix(inSection(r.front), probes.Verbatim("timeout http-request 10s"))...).with(t.line.evidence()...))
		}
		return v
	},
}
