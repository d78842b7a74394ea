package wizard

import (
	"cmp"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
)

var policyStep = Step{
	ID:    "policy",
	Title: probes.T("stickiness"),
	Why: probes.T("a Socket.IO client begins with plain requests that have to reach the node that knows it, else it is told " +
		"\"Session ID unknown\""),
	Ask: fixed(probes.T("how is a client given to a node?")),
	Choices: fixed([]Choice{
		{"ip-hash", probes.T("by its address: it comes back to its node without a cookie")},
		{"cookie", probes.T("by a cookie: also where many clients share one address")},
		{"header", probes.T("by a header that the clients send")},
		{"least-conn", probes.T("to the node with the fewest tunnels: not sticky")},
		{"round-robin", probes.T("one after the other: not sticky")},
		{"random-two", probes.T("the less busy of two: not sticky")},
	}),
	Default: func(d Draft) string {
		if d.looseWay() {
			return cluster.Default(d.Config.Product).Proxy.Policy
		}
		return d.Config.Proxy.Policy
	},
	From: func(d Draft) probes.Text {
		if d.looseWay() {
			return probes.T("what its clients need: the %s of %s is not sticky", d.Taken.Way.Policy, cmp.Or(d.Taken.Way.From.Policy, d.Taken.File))
		}
		return d.from(func(p cluster.WayPlaces) string { return p.Policy })
	},
	Skip:  func(d Draft) bool { return noneStands(d) || !d.Many },
	Apply: choose(func(d *Draft, answer string) { d.Config.Proxy.Policy = answer }),
	Keys:  []string{"proxy.policy"},
}

// looseWay tells that what was taken over does not bring clients back to their node, and that they have to come back.
func (d Draft) looseWay() bool {
	return d.Taken.Way != nil && d.Taken.Way.Policy != "" && d.stateful() && !sticky(d.Taken.Way.Policy)
}

// sticky tells whether a policy brings a client back to its node.
func sticky(policy string) bool {
	return policy == "ip-hash" || policy == "cookie" || policy == "header"
}
