package portconfig

import (
	"slices"
	"strconv"

	"example.com/wsdoctor/probes"
)

var overlap = probes.Rule[Observation]{
	ID:    "portconfig/overlap",
	Title: "no port is both a WebSocket port and a forwarding port",
	Why: "Where the balancer runs on the host of a node, both would listen on the port and the one that starts second does " +
		"not get it (vendor: Configuring WebSocket Port in Cluster Environment, note 5). On hosts of their own they do not meet.",
	Check: func(o Observation) []probes.Finding {
		var out []probes.Finding
		ports, service := o.mentions(WebSocket)
		_, forwarding := o.mentions(Forwarding)
		_, balancer := o.mentions(Balancer)
		for _, p := range ports {
			f := probes.Finding{
				Severity: probes.Info, Subject: strconv.Itoa(p),
				Evidence: evidence(slices.Concat(service[p], forwarding[p], balancer[p])),
			}
			switch {
			case forwarding[p] != nil && o.SharesHost:
				f.Severity = probes.Error
				f.Title = probes.T("port %d is both a WebSocket port and a forwarding port, and the balancer runs on the host of a node: expected different ports", p)
				f.Fix = o.changeAll(service[p], p)
			case forwarding[p] != nil:
				f.Title = probes.T("port %d is both a WebSocket port and a forwarding port; this works as long as the balancer has a host of its own", p)
			case balancer[p] != nil && o.SharesHost:
				// It works where the two listen on different addresses, which the settings do not say.
				f.Severity = probes.Warning
				f.Title = probes.T("the balancer listens on port %d, which the service on the same host uses too: expected different ports", p)
				f.Fix = o.changeAll(service[p], p)
			default:
				continue
			}
			out = append(out, f)
		}
		return out
	},
}
