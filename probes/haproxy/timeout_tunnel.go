package haproxy

import (
	"time"

	"example.com/wsdoctor/probes"
)

// shortForSilence is what is short where the application sends no heartbeat: people pause for longer than that.
const shortForSilence = 10 * time.Minute

var timeoutTunnel = rule{
	id:    "timeout-tunnel",
	title: "a timeout tunnel that is set is longer than the heartbeat",
	why: "Once the backend has answered 101, HAProxy ends the tunnel when nothing has passed in either direction for \"timeout tunnel\", " +
		"which then takes the place of timeout client and timeout server. Where it is not set, these two go on to hold, and they are " +
		"made for requests that are answered at once: a quiet WebSocket is cut without a Close frame, and the client reports code 1006. " +
		"It belongs into defaults, a backend or a listen section: in a frontend HAProxy ignores it with a warning, and 0 stands for not set.",
	source: "HAProxy configuration manual, 4.2 \"timeout tunnel\"; shown with 2.6",
	check: func(m *model) verdict {
		var v verdict
		seen := map[string]bool{}
		for _, l := range m.lives() {
			if !l.known() {
				v.unsure = append(v.unsure, l.unsure())
				continue
			}
			if p, bad := m.judgeTunnel(l); bad {
				if key := p.File + p.Title.String(); !seen[key] {
					seen[key] = true
					v.problems = append(v.problems, p)
				}
			}
		}
		return v
	},
}

// judgeTunnel judges one pair. That timeout client or server is below the heartbeat is for their own rules to say.
func (m *model) judgeTunnel(l life) (Problem, bool) {
	h, t := m.aim.Heartbeat, l.tunnel
	if t.set {
		severity, short := tooShort(t, h)
		switch {
		case short:
			return at(severity, t.line, probes.T("timeout tunnel is %s in %q, expected more than the heartbeat of %s", clock(t.d), l.back.String(), clock(h)),
				m.giveTunnel(l)...).with(t.line.evidence()...), true
		case h == 0 && t.d < shortForSilence:
			return at(probes.Warning, t.line, probes.T("timeout tunnel is %s in %q, and the application sends no heartbeat: whoever is silent for so long is cut", clock(t.d), l.back.String()),
				m.giveTunnel(l)...).with(t.line.evidence()...), true
		}
		return Problem{}, false
	}
	end := l.end()
	if !end.set {
		return Problem{}, false // nothing cuts it; timeout-client says what that costs
	}
	severity := probes.Info
	if h == 0 {
		severity = probes.Warning
	}
	p := at(severity, l.back.head, probes.T("no timeout tunnel is in effect in %q, so that an idle tunnel is cut after %s", l.back.String(), clock(end.d)), m.giveTunnel(l)...)
	p = p.with(end.line.evidence()...)
	if l.misplaced.File != "" {
		p = p.with(probes.Evidence{Where: l.misplaced.where(), Saw: probes.T("%s stands in %q, where HAProxy ignores it", l.misplaced.Raw, l.front.String())})
	}
	return p, true
}
