package balancer

import (
	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/balancer/distribution"
)

var distributionRule = probes.Rule[Observation]{
	ID:    "balancer/distribution",
	Title: "clients are spread over the backends as their weights say",
	Why: "A backend that gets nobody is out without anybody noticing, and the others carry its load: one failure is enough " +
		"for nginx to leave a backend out for a while (max_fails 1, fail_timeout 10 s).",
	Applies: func(o Observation) (probes.Status, probes.Text) {
		status, why := tested("--distribution 100", "distribution", func(a *Active) bool { return a.Distribution != nil })(o)
		if status != probes.OK {
			return status, why
		}
		switch v := o.Active.Distribution.Verdict; v.Kind {
		case distribution.Unknown, distribution.TooFew, distribution.Refusals:
			return probes.Unknown, v.Text
		}
		return probes.OK, probes.Text{}
	},
	Check: func(o Observation) []probes.Finding {
		v := o.Active.Distribution.Verdict
		sev := probes.Info
		switch v.Kind {
		case distribution.Missing:
			sev = probes.Warning
		case distribution.OneOnly:
			// From one address that is what hashing the address does.
			if o.Active.Distribution.Observed.Sources > 1 {
				sev = probes.Warning
			}
		case distribution.Uneven:
		default:
			return nil
		}
		f := probes.Finding{Severity: sev, Subject: o.URL, Title: v.Text}
		for _, s := range v.Shares {
			f.Evidence = append(f.Evidence, probes.Evidence{Where: s.Backend, Saw: probes.T("%d clients, expected %.0f", s.Clients, s.Expected)})
		}
		for _, l := range v.Likely {
			f.Fix = append(f.Fix, probes.T("# likely: %s", l))
		}
		return []probes.Finding{f}
	},
}
