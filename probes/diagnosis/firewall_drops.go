package diagnosis

import "example.com/wsdoctor/probes/handshake"

// firewallDrops: a rule that drops a port also drops the probe, where the probe takes that way.
var firewallDrops = rule{
	cause:   []string{"firewall/inbound"},
	symptom: []string{"handshake/connect"},
	when: func(s scene, c, y *fault) bool {
		return s.isLocal(y) && portOf(c) == portOf(y) && s.kind(y) != handshake.Refused
	},
}
