package wizard

import "example.com/wsdoctor/probes"

var balancerPlaceStep = Step{
	ID:    "place",
	Title: probes.T("where the balancer runs"),
	Why:   probes.T("on the host of a node the balancer and the service must not want the same port; elsewhere a firewall may stand between"),
	Ask:   fixed(probes.T("where does the balancer run?")),
	Choices: fixed([]Choice{
		{"here", probes.T("on this host")},
		{"elsewhere", probes.T("on another host")},
	}),
	Default: func(d Draft) string {
		if host := d.Config.Balancer.Host(); host != "" && !d.IsLocal(host) {
			return "elsewhere"
		}
		return "here"
	},
	Skip:  func(d Draft) bool { return noneStands(d) || d.takenRunning() },
	Apply: choose(func(d *Draft, answer string) { d.Here = answer == "here" }),
}
