package haproxy

import (
	"time"

	"example.com/wsdoctor/probes"
)

// oneLoss is what the manual advises to leave for a lost packet ("timeout tunnel": slightly above multiples of 3 s).
const oneLoss = 3 * time.Second

// life is what ends an idle tunnel from one frontend to one backend.
type life struct {
	front, back    *proxy
	tunnel         timeout // of the backend, or of a rule that sets it
	client, server timeout
	misplaced      Line // a "timeout tunnel" in the frontend, which HAProxy ignores
}

// lives returns each pair of frontend and backend that the handshake can take.
func (m *model) lives() []life { return m.pairs }

func (m *model) pair() []life {
	var out []life
	for _, b := range m.reached {
		for _, f := range b.fronts() {
			l := life{front: f, back: b.back, client: f.timeout("client"), server: b.back.timeout("server"), tunnel: b.back.timeout("tunnel")}
			m.setTimeout(&l, b)
			if !f.back {
				if i, ok := f.own.last["timeout tunnel"]; ok {
					l.misplaced = f.own.all[i]
				}
			}
			out = append(out, l)
		}
	}
	return out
}

// setTimeout follows "http-request set-timeout tunnel" of the backend (2.4).
func (m *model) setTimeout(l *life, b reached) {
	r := m.request(l.front, b.routes[0].bind)
	for line := range l.back.kind("http-request") {
		if !line.Is("http-request", "set-timeout", "tunnel") {
			continue
		}
		holds := l.back.holds(line, r)
		d, _, ok := parseTime(line.Word(3))
		switch {
		case holds == no:
		case holds == yes && ok && line.sure():
			l.tunnel = timeout{set: d > 0, d: d, line: line, sure: true}
		default:
			l.tunnel.sure = false
			l.tunnel.line = line
		}
	}
}

// end is the timeout that cuts an idle tunnel: timeout tunnel takes the place of the two others.
func (l life) end() timeout {
	if l.tunnel.set {
		return l.tunnel
	}
	return shorter(l.client, l.server)
}

// unsure says which of the timeouts that matter cannot be told; the zero Text where none.
func (l life) unsure() probes.Text {
	for _, c := range []struct {
		name string
		t    timeout
	}{{"tunnel", l.tunnel}, {"client", l.client}, {"server", l.server}} {
		if !c.t.sure && (c.name == "tunnel" || !l.tunnel.set) {
			return probes.T("timeout %s from %q to %q hangs on a condition or a variable that is not known here (%s)", c.name, l.front.String(), l.back.String(), c.t.line.where())
		}
	}
	return probes.Text{}
}

// known tells whether end can be told.
func (l life) known() bool { return l.unsure().IsZero() }

// tooShort is how a timeout stands to the heartbeat.
func tooShort(t timeout, heartbeat time.Duration) (severity probes.Severity, short bool) {
	switch {
	case heartbeat == 0 || !t.set:
		return probes.Info, false
	case t.d <= heartbeat:
		return probes.Error, true
	case t.d < heartbeat+oneLoss:
		return probes.Warning, true
	}
	return probes.Info, false
}

// giveTunnel are the lines that give a backend a timeout for tunnels. The manual's own example has an hour.
func (m *model) giveTunnel(l life) []probes.Text {
	return m.fix(inSection(l.back), probes.Verbatim("timeout tunnel 1h"))
}
