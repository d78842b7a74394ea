package balancer

import (
	"fmt"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/balancer/idle"
	"example.com/wsdoctor/probes/cluster"
)

// generous is the idle limit to set: a tunnel that is silent for an hour has nobody behind it.
const generous = time.Hour

var idleTimeoutRule = probes.Rule[Observation]{
	ID:    "balancer/idle-timeout",
	Title: "a silent tunnel outlives the pause between two heartbeats",
	Why: "Every hop on the way ends tunnels on which nothing is said for its time (nginx: 60 s), mostly without a Close frame: " +
		"the page sees 1006 and reconnects, or does not.",
	Applies: func(o Observation) (probes.Status, probes.Text) {
		status, why := tested("--idle 90s", "idle", func(a *Active) bool { return a.Idle != nil })(o)
		if status != probes.OK {
			return status, why
		}
		if v := o.Active.Idle.Verdict; v.Kind == idle.Unknown {
			return probes.Unknown, v.Text
		}
		return probes.OK, probes.Text{}
	},
	Check: func(o Observation) []probes.Finding {
		v := o.Active.Idle.Verdict
		sev := probes.Info
		switch v.Kind {
		case idle.Limit, idle.Drop:
			sev = idleSeverity(v.Limit.Duration(), o.Active.heartbeat)
		case idle.Lifetime, idle.Unstable:
			sev = probes.Warning
		case idle.Service, idle.Beats:
		default:
			return nil
		}
		f := probes.Finding{Severity: sev, Subject: o.URL, Title: v.Text, Fix: idleFix(o, v)}
		if !v.Who.IsZero() {
			f.Evidence = append(f.Evidence, probes.Evidence{Where: o.URL, Saw: probes.T("points to: %s", v.Who)})
		}
		if (v.Kind == idle.Limit || v.Kind == idle.Drop) && o.Active.heartbeat > 0 {
			f.Evidence = append(f.Evidence, probes.Evidence{Where: "heartbeat", Saw: probes.T("%s in the settings", probes.Seconds(o.Active.heartbeat))})
		}
		return []probes.Finding{f}
	},
}

// idleSeverity compares a limit with the heartbeat of the settings; 0: the application sends none.
func idleSeverity(limit, heartbeat time.Duration) probes.Severity {
	switch {
	case heartbeat > 0 && limit <= heartbeat:
		return probes.Error
	case heartbeat > 0 && limit < 2*heartbeat: // one that is lost or late is one too many
		return probes.Warning
	case heartbeat > 0:
		return probes.Info
	}
	return probes.Warning
}

func idleFix(o Observation, v idle.Verdict) []probes.Text {
	var out []probes.Text
	if v.Kind == idle.Limit {
		switch o.Kind {
		case cluster.Nginx:
			out = append(lines(probes.T("# nginx, in the location of %s:", o.path)),
				probes.Verbatim(fmt.Sprintf("proxy_read_timeout %.0fs;", generous.Seconds())),
				probes.Verbatim(fmt.Sprintf("proxy_send_timeout %.0fs;", generous.Seconds())))
			out = append(out, reload()...)
		case cluster.HAProxy:
			out = lines(probes.T("# HAProxy, in defaults or in the backend:"), probes.Verbatim("timeout tunnel 1h"))
		case cluster.Embedded:
			out = lines(probes.T("# wsdoctor.yaml, under proxy:"), probes.Verbatim("timeouts: {idle: 1h}"))
		}
	}
	if v.Heartbeat > 0 {
		out = append(out, probes.T("# let the application or its client send something every %s; that helps whichever hop it is", v.Heartbeat))
	}
	return out
}
