package wizard

import (
	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
)

const noBalancer = "none"

var balancerStep = Step{
	ID:    "balancer",
	Title: probes.T("balancer"),
	Why:   probes.T("clients connect to the balancer, and it keeps each on its node; the embedded one needs nothing else installed"),
	Ask:   fixed(probes.T("which program stands in front of the service?")),
	Choices: func(d Draft) []Choice {
		running := func(kind cluster.BalancerKind, title string) Choice {
			if r, ok := d.Found.Runs(kind); ok {
				return Choice{string(kind), probes.T("%s, which runs here (pid %d)", title, r.PID)}
			}
			return Choice{string(kind), probes.T("%s", title)}
		}
		out := []Choice{
			{string(cluster.Embedded), probes.T("the embedded proxy of wsdoctor")},
			running(cluster.Nginx, "nginx"),
			running(cluster.HAProxy, "HAProxy"),
			running(cluster.Caddy, "Caddy"),
			{string(cluster.Other), probes.T("another one")},
		}
		if !d.Many {
			out = append(out, Choice{noBalancer, probes.T("none: clients connect to the service itself")})
		}
		return out
	},
	Default: func(d Draft) string {
		switch {
		case d.Taken.Way != nil:
			return string(d.Taken.Kind)
		case d.Found.Settings != "" && d.Config.Balancer.URL != "":
			return string(d.Config.Balancer.Kind)
		case len(d.Found.Balancers) > 0:
			return string(d.Found.Balancers[0].Kind)
		}
		return string(cluster.Embedded)
	},
	From: func(d Draft) probes.Text {
		if d.Taken.Way == nil && d.Found.Settings == "" && len(d.Found.Balancers) > 0 {
			return probes.T("what runs here (pid %d)", d.Found.Balancers[0].PID)
		}
		return fromPlace(d.Taken.File)
	},
	Skip: stopped,
	Apply: choose(func(d *Draft, answer string) {
		if d.None = answer == noBalancer; d.None {
			d.Config.Balancer = cluster.Balancer{Kind: cluster.Other}
			return
		}
		had := d.Config.Balancer
		d.Config.Balancer.Kind = cluster.BalancerKind(answer)
		if had.Kind != d.Config.Balancer.Kind {
			d.Config.Balancer.Config = ""
		}
		if d.takenRunning() {
			d.Here, d.Config.Balancer.Config = true, d.Taken.File
		}
	}),
	Keys: []string{"balancer.kind"},
}

// noneStands is the Skip of a step about the balancer.
func noneStands(d Draft) bool { return d.Stop || d.None }
