package haproxy

import "example.com/wsdoctor/probes"

var timeoutClient = rule{
	id:    "timeout-client",
	title: "timeout client is set, and does not cut tunnels before the heartbeat comes",
	why: "Where no timeout tunnel is set, timeout client holds for tunnels, too: when nothing has passed for so long, HAProxy closes " +
		"the connection. Where timeout client is not set at all, nothing ever ends a connection whose client has vanished, and these " +
		"pile up until maxconn is reached; HAProxy warns of it when it starts (\"missing timeouts\").",
	source: "HAProxy configuration manual, 4.2 \"timeout client\"; shown with 2.6",
	check: func(m *model) verdict {
		var v verdict
		fronts, lines := map[*proxy]bool{}, map[string]bool{}
		for _, l := range m.lives() {
			if !l.client.sure {
				continue // timeout-tunnel says so
			}
			if !l.client.set && !fronts[l.front] {
				fronts[l.front] = true
				v.problems = append(v.problems, m.missing(l.front, "client", "30s"))
			}
			if l.known() && !l.tunnel.set && (!l.server.set || l.client.d <= l.server.d) && !lines[l.client.line.where()] {
				lines[l.client.line.where()] = true // one line of defaults holds for many
				v.problems = append(v.problems, m.cutting(l, "client", l.client)...)
			}
		}
		return v
	},
}

// missing is the problem of a timeout that HAProxy itself misses.
func (m *model) missing(p *proxy, name, value string) Problem {
	return at(probes.Warning, p.head, probes.T("no timeout %s is in effect in %q: nothing ends a connection whose other side has vanished", name, p.String()),
		m.fix(inSection(p), probes.Verbatim("timeout "+name+" "+value))...)
}

// cutting is the problem of a timeout that cuts tunnels before the heartbeat comes; none where it does not.
func (m *model) cutting(l life, name string, t timeout) []Problem {
	severity, short := tooShort(t, m.aim.Heartbeat)
	if !short {
		return nil
	}
	p := at(severity, t.line, probes.T("timeout %s is %s, and without a timeout tunnel in %q it cuts tunnels, expected more than the heartbeat of %s",
		name, clock(t.d), l.back.String(), clock(m.aim.Heartbeat)), m.giveTunnel(l)...).with(t.line.evidence()...)
	if name == "client" {
		p = p.with(l.server.line.evidence()...)
	} else {
		p = p.with(l.client.line.evidence()...)
	}
	return []Problem{p}
}
