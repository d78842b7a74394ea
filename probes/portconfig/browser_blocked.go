package portconfig

import (
	"slices"
	"strconv"

	"example.com/wsdoctor/probes"
)

// badPorts are the ports to which no browser connects: Fetch standard, section "Port blocking"
// (https://fetch.spec.whatwg.org/#port-blocking), which the WebSockets standard applies to ws and wss as well.
var badPorts = []int{
	0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95,
	101, 102, 103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179,
	389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636,
	989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566,
	6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
}

var browserBlocked = probes.Rule[Observation]{
	ID:    "portconfig/browser-blocked",
	Title: "browsers connect to the ports that are theirs",
	Why: "Browsers refuse a list of ports before any packet is sent, with an error such as ERR_UNSAFE_PORT (Fetch standard, " +
		"\"Port blocking\": 6000, 6665 to 6669, 10080 and others). wscat and curl do connect, which misleads.",
	Check: func(o Observation) []probes.Finding {
		var out []probes.Finding
		ports, places := o.mentions(o.browserRoles()...)
		for _, p := range ports {
			if !slices.Contains(badPorts, p) {
				continue
			}
			out = append(out, probes.Finding{
				Severity: probes.Error, Subject: strconv.Itoa(p),
				Title:    probes.T("browsers refuse to connect to port %d, which is on the Fetch standard's list of bad ports: expected another one", p),
				Evidence: evidence(places[p]),
				Fix:      o.changeAll(places[p], p),
			})
		}
		return out
	},
}

// browserRoles returns the roles of the ports to which browsers connect: those of the balancer, or the service's own
// where there is none.
func (o Observation) browserRoles() []Role {
	if o.BalancerURL != "" {
		return []Role{Forwarding, Balancer}
	}
	return []Role{WebSocket, Forwarding, Balancer}
}
