package balancer

import (
	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/balancer/rehearsal"
)

var restartRule = probes.Rule[Observation]{
	ID:    "balancer/restart",
	Title: "a restart tells its clients with a Close frame, and all come back",
	Why: "A reload of nginx cuts the tunnels of its old workers without a Close frame (worker_shutdown_timeout), a node that " +
		"stops takes its own with it, and clients that all come back in the same second may bring down what has just started.",
	Applies: func(o Observation) (probes.Status, probes.Text) {
		if o.Active == nil || o.Active.Rehearsal == nil {
			// No check restarts anything, so --deep is no way here.
			return probes.Skipped, probes.T("not rehearsed; run `wsdoctor balancer --rehearse 20`, and restart something meanwhile")
		}
		if v := o.Active.Rehearsal.Verdict; v.Kind == rehearsal.Unknown {
			return probes.Unknown, v.Text
		}
		return probes.OK, probes.Text{}
	},
	Check: func(o Observation) []probes.Finding {
		v := o.Active.Rehearsal.Verdict
		sev := probes.Info
		switch v.Kind {
		case rehearsal.Abrupt:
			sev = probes.Warning
		case rehearsal.Stranded:
			sev = probes.Error
		case rehearsal.Announced:
		default:
			return nil
		}
		f := probes.Finding{Severity: sev, Subject: o.URL, Title: v.Text}
		for _, s := range v.Shares {
			f.Evidence = append(f.Evidence, probes.Evidence{Where: s.Backend, Saw: probes.T("%d clients before, %d after", s.Before, s.After)})
		}
		for _, a := range v.Advice {
			f.Fix = append(f.Fix, probes.T("# %s", a))
		}
		return []probes.Finding{f}
	},
}
