package balancer

import (
	"fmt"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/balancer/capacity"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/handshake"
)

var capacityRule = probes.Rule[Observation]{
	ID:    "balancer/capacity",
	Title: "the path holds as many tunnels at once as were asked for",
	Why: "A tunnel occupies two connections of the balancer for hours: worker_connections 1024 is full with 511 of them, and " +
		"the next client gets an RST.",
	Applies: func(o Observation) (probes.Status, probes.Text) {
		status, why := tested("--capacity 1000", "capacity", func(a *Active) bool { return a.Capacity != nil })(o)
		if status != probes.OK {
			return status, why
		}
		if v := o.Active.Capacity.Verdict; v.Kind == capacity.Unknown || v.Kind == capacity.OwnLimit {
			return probes.Unknown, v.Text
		}
		return probes.OK, probes.Text{}
	},
	Check: func(o Observation) []probes.Finding {
		seen, v := o.Active.Capacity.Observed, o.Active.Capacity.Verdict
		sev := probes.Error
		switch v.Kind {
		case capacity.Ceiling:
		case capacity.Patchy:
			sev = probes.Warning
		default:
			return nil
		}
		f := probes.Finding{Severity: sev, Subject: o.URL, Title: v.Text}
		for _, e := range v.Explained {
			f.Evidence = append(f.Evidence, probes.Evidence{Where: o.URL, Saw: e})
		}
		k := seen.Cause.Kind
		if o.Kind == cluster.Nginx && v.Kind == capacity.Ceiling && k != handshake.Unavailable && k != handshake.BadGateway {
			f.Fix = append(lines(probes.T("# nginx, in events { } (two for each tunnel, and some for others); worker_rlimit_nofile has to be above it:")),
				probes.Verbatim(fmt.Sprintf("worker_connections %d;", 2*seen.Asked+256)))
			f.Fix = append(f.Fix, reload()...)
		}
		return []probes.Finding{f}
	},
}
