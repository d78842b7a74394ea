package diagnosis

import (
	"slices"

	"example.com/wsdoctor/probes/handshake"
)

// noNodeUp: no balancer can upgrade to nodes of which none answers.
var noNodeUp = rule{
	cause:   onURL,
	symptom: slices.Concat(fromUpgrade, []string{"balancer/upgrade"}),
	when: func(s scene, c, y *fault) bool {
		return s.role(c) == handshake.Node && s.role(y) == handshake.Balancer && !s.anyNodeUp()
	},
}
