package portconfig

import (
	"strconv"

	"example.com/wsdoctor/probes"
)

var portRange = probes.Rule[Observation]{
	ID:    "portconfig/range",
	Title: "every port lies in the range that the product accepts",
	Why: "The FineReport family takes ports above 1024 up to 65535 (vendor: Configuring WebSocket Port in Cluster Environment, " +
		"note 1), every other service those from 1 to 65535, because a TCP port has 16 bits (RFC 9293, section 3.1).",
	Check: func(o Observation) []probes.Finding {
		var out []probes.Finding
		ports, places := o.mentions(WebSocket, Forwarding)
		low := o.lowestPort()
		for _, p := range ports {
			if p >= low && p <= maxPort {
				continue
			}
			out = append(out, probes.Finding{
				Severity: probes.Error, Subject: strconv.Itoa(p),
				Title:    probes.T("found port %d, expected one from %d to %d", p, low, maxPort),
				Evidence: evidence(places[p]),
				Fix:      o.changeAll(places[p], p),
			})
		}
		return out
	},
}
