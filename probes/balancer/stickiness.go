package balancer

import (
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/balancer/stickiness"
	"example.com/wsdoctor/probes/cluster"
)

var stickinessRule = probes.Rule[Observation]{
	ID:    "balancer/stickiness",
	Title: "a client that reconnects comes back to its node",
	Why: "A session of Socket.IO, and of most servers that keep state, lives on the node that made it; a client that lands " +
		"elsewhere starts anew or is refused (\"Session ID unknown\").",
	Applies: func(o Observation) (probes.Status, probes.Text) {
		status, why := tested("--stickiness 12", "stickiness", func(a *Active) bool { return a.Stickiness != nil })(o)
		switch {
		case status != probes.OK:
		case o.Active.backends == 1:
			return probes.Skipped, probes.T("the settings name one backend")
		case o.Active.Stickiness.Verdict.Policy == stickiness.Unknown:
			return probes.Unknown, o.Active.Stickiness.Verdict.Text
		}
		return status, why
	},
	Check: func(o Observation) []probes.Finding {
		v := o.Active.Stickiness.Verdict
		if v.Sticky || v.Policy == stickiness.Unknown {
			return nil
		}
		sev := probes.Info
		if o.Active.stateful {
			sev = probes.Warning
		}
		f := probes.Finding{Severity: sev, Subject: o.URL, Title: v.Text, Fix: stickyFix(o)}
		for _, s := range o.Active.Stickiness.Observed.Series {
			f.Evidence = append(f.Evidence, probes.Evidence{Where: o.URL, Saw: probes.T("%s: %s", s.Way.Words(), strings.Join(s.Backends, " "))})
		}
		return []probes.Finding{f}
	},
}

// stickyFix keeps a client on its node, in the language of the balancer that it is.
func stickyFix(o Observation) []probes.Text {
	switch o.Kind {
	case cluster.Nginx:
		return append(lines(
			probes.T("# nginx, as the first line of the upstream (behind another proxy: hash $http_x_forwarded_for consistent;):"),
			probes.Verbatim("ip_hash;"),
		), reload()...)
	case cluster.HAProxy:
		return lines(probes.T("# HAProxy, in the backend (a TCP frontend: balance source):"), probes.Verbatim("cookie SRV insert indirect nocache"),
			probes.T("# and \"cookie NAME\" at the end of each server line"))
	case cluster.Caddy:
		return lines(probes.T("# Caddy, in the reverse_proxy block:"), probes.Verbatim("lb_policy cookie"))
	case cluster.Embedded:
		return lines(probes.T("# wsdoctor.yaml, under proxy:"), probes.Verbatim("policy: ip-hash"))
	}
	return lines(probes.T("# let the balancer keep a client on its backend, by its address or by a cookie"))
}
