package diagnosis

import "example.com/wsdoctor/probes/handshake"

// lineToOtherPort: the line of the balancer leads to another port than the one on which the node listens.
var lineToOtherPort = rule{
	cause:   backendPort,
	symptom: []string{"ports/listen-order", "handshake/connect"},
	when: func(s scene, c, y *fault) bool {
		return portOf(c) == portOf(y) && (y.id() == "ports/listen-order" || s.role(y) == handshake.Node && s.kind(y) == handshake.Refused)
	},
}
