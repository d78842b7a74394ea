package balancer

import "example.com/wsdoctor/probes"

var upgradeRule = probes.Rule[Observation]{
	ID:    "balancer/upgrade",
	Title: "the balancer passes the upgrade on to a node that works",
	Why: "Upgrade and Connection are hop-by-hop (RFC 9110 7.6.1): a balancer passes them on only when it is told to. The " +
		"same handshake with a node and through the balancer shows which of the two is at fault.",
	Applies: func(o Observation) (probes.Status, probes.Text) {
		switch o.Verdict.Kind {
		case NodesDown, NodesRefuse, NodesElsewhere, NothingUp:
			return probes.Skipped, o.Verdict.Text
		case PathFine, BalancerOnly:
			return probes.OK, o.Verdict.Text
		}
		return probes.OK, probes.Text{}
	},
	Check: func(o Observation) []probes.Finding {
		if !o.Verdict.Balancers() {
			return nil
		}
		f := probes.Finding{Severity: probes.Error, Subject: o.URL, Title: o.Verdict.Text, Fix: fix(o)}
		for _, p := range o.Paths {
			f.Evidence = append(f.Evidence, probes.Evidence{Where: p.Name + " " + p.URL, Saw: p.Outcome})
			if p.Server != "" {
				f.Evidence = append(f.Evidence, probes.Evidence{Where: p.Name + " " + p.URL, Saw: probes.Verbatim("Server: " + p.Server)})
			}
		}
		if o.Arrived != nil {
			f.Evidence = append(f.Evidence, o.Arrived.evidence()...)
		}
		if o.Lent != nil {
			f.Evidence = append(f.Evidence, o.Lent.evidence())
		}
		return []probes.Finding{f}
	},
}
