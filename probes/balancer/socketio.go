package balancer

import (
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/balancer/engineio"
)

var socketioPollingRule = probes.Rule[Observation]{
	ID:    "balancer/socketio-polling",
	Title: "every request of a Socket.IO session reaches the node that made it",
	Why: "Socket.IO begins with HTTP long polling, several requests with one session id; without stickiness the second " +
		"reaches another node, which answers 400, \"Session ID unknown\" (Socket.IO documentation, \"Using multiple nodes\").",
	Applies: tested("URL", "socketio", func(a *Active) bool { return a.SocketIO != nil }),
	Check: func(o Observation) []probes.Finding {
		fault, lost := o.Active.SocketIO.Observed.Polling()
		if fault.IsZero() {
			return nil
		}
		f := probes.Finding{Severity: probes.Error, Subject: o.URL, Title: fault, Evidence: sessions(o.Active.SocketIO.Observed)}
		if lost {
			f.Fix = stickyFix(o)
		}
		return []probes.Finding{f}
	},
}

var socketioUpgradeRule = probes.Rule[Observation]{
	ID:    "balancer/socketio-upgrade",
	Title: "a Socket.IO session goes over from polling to WebSocket",
	Why: "Where the balancer breaks the upgrade, clients stay on polling without a word: every message is an HTTP request, " +
		"and the load on balancer and nodes is many times as high.",
	Applies: func(o Observation) (probes.Status, probes.Text) {
		status, why := tested("URL", "socketio", func(a *Active) bool { return a.SocketIO != nil })(o)
		if status != probes.OK {
			return status, why
		}
		if _, asked := o.Active.SocketIO.Observed.Upgrading(); !asked {
			return probes.Skipped, probes.T("no session came as far as the upgrade; see balancer/socketio-polling")
		}
		return probes.OK, probes.Text{}
	},
	Check: func(o Observation) []probes.Finding {
		seen := o.Active.SocketIO.Observed
		fault, _ := seen.Upgrading()
		f := probes.Finding{Severity: probes.Error, Subject: o.URL, Title: fault.Text, Evidence: sessions(seen)}
		switch {
		case fault.Text.IsZero():
			if f.Title = seen.Unacknowledged(); f.Title.IsZero() {
				return nil
			}
			f.Severity = probes.Warning
			f.Fix = lines(probes.T("# the tunnel is there: let the application acknowledge this event, or name one that it knows with --event"))
		case fault.Lost:
			f.Fix = stickyFix(o)
		case fault.Balancer:
			f.Fix = passOn(o)
		}
		return []probes.Finding{f}
	},
}

// sessions shows the steps of each session on a line.
func sessions(o engineio.Observation) []probes.Evidence {
	var out []probes.Evidence
	for _, s := range o.Sessions {
		var steps []string
		for _, st := range s.Steps {
			word := st.What + " ok"
			if !st.OK {
				word = st.What + " failed " + st.Body
			}
			steps = append(steps, strings.TrimSpace(word))
		}
		out = append(out, probes.Evidence{Where: o.URL, Saw: probes.Verbatim(strings.Join(steps, ", "))})
	}
	return out
}
