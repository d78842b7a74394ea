package diagnosis

import (
	"strconv"

	"example.com/wsdoctor/probes/handshake"
)

// firewallDrops: a rule that drops a port also drops the probe, where the probe takes that way.
var firewallDrops = rule{
	cause:   []string{"firewall/inbound"},
	symptom: []string{"handshake/connect"},
	when: func(s scene, c, y *fault) bool {
		if !s.isLocal(y) || portOf(c) != portOf(y) {
			return false
		}
		// A port on which nobody listens refuses as well as a rule that rejects.
		port, _ := strconv.Atoi(portOf(y))
		return s.kind(y) != handshake.Refused || s.firewall.Rejects(port)
	},
}
