package haproxy

import (
	"time"

	"example.com/wsdoctor/probes"
)

// longForHalf is a timeout tunnel that is too long for a tunnel of which one side is closed already.
const longForHalf = 5 * time.Minute

var timeoutClientFin = rule{
	id:    "timeout-client-fin",
	title: "half-closed tunnels have a limit",
	why: "When one side of a tunnel has closed and the other has vanished, the rest of it stays for the whole timeout tunnel, which is an " +
		"hour or more. \"timeout client-fin\" is the shorter limit for connections that are closed in one direction; the manual advises " +
		"it next to timeout tunnel. Many sessions in FIN_WAIT are the sign that it is missing.",
	source: "HAProxy configuration manual, 4.2 \"timeout client-fin\", since 1.5",
	check: func(m *model) verdict {
		var v verdict
		seen := map[*proxy]bool{}
		for _, l := range m.lives() {
			fin := l.front.timeout("client-fin")
			if !l.tunnel.set || !l.tunnel.sure || l.tunnel.d < longForHalf || fin.set || !fin.sure || seen[l.front] {
				continue
			}
			seen[l.front] = true
			v.problems = append(v.problems, at(probes.Info, l.front.head,
				probes.T("no timeout client-fin is in effect in %q: a half-closed tunnel stays for up to %s", l.front.String(), clock(l.tunnel.d)),
				m.fix(inSection(l.front), probes.Verbatim("timeout client-fin 30s"))...).with(l.tunnel.line.evidence()...))
		}
		return v
	},
}
