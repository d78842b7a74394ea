package diagnosis

import (
	"slices"

	"example.com/wsdoctor/probes/handshake"
)

// balancerLine: a line of the balancer's configuration is why it does what it does.
var balancerLine = rule{
	area:    []string{"nginx", "haproxy"},
	symptom: slices.Concat(fromUpgrade, []string{"balancer/upgrade", "balancer/socketio-upgrade"}),
	when: func(s scene, c, y *fault) bool {
		switch {
		case slices.Contains(overTime, c.id()):
			return false
		case y.id() == "balancer/socketio-upgrade":
			return s.upgradeBroken()
		}
		return y.id() == "balancer/upgrade" || s.role(y) == handshake.Balancer
	},
}

// overTime are the lines that let a handshake through, and end or misplace tunnels later.
var overTime = slices.Concat(idleLine.cause, unstickyLine.cause, ejection.cause)
