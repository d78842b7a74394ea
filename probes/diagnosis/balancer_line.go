package diagnosis

import (
	"slices"

	"example.com/wsdoctor/probes/handshake"
)

// balancerLine: a line of the balancer's configuration is why it does what it does.
var balancerLine = rule{
	area:    []string{"nginx", "haproxy"},
	symptom: slices.Concat(fromUpgrade, []string{"balancer/upgrade"}),
	when: func(s scene, c, y *fault) bool {
		return !slices.Contains(overTime, c.id()) && (y.id() == "balancer/upgrade" || s.role(y) == handshake.Balancer)
	},
}

// overTime are the lines that let a handshake through, and end or misplace tunnels later.
var overTime = slices.Concat(idleLine.cause, unstickyLine.cause, ejection.cause)
