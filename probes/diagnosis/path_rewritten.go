package diagnosis

import (
	"slices"

	"example.com/wsdoctor/probes/handshake"
)

// pathRewritten: a service that upgrades on a path directly, and answers through the balancer that it does not know it
// (404) or does not like it (400), was asked for another one.
var pathRewritten = rule{
	cause:    []string{"nginx/uri-rewrite"},
	symptom:  slices.Concat(fromUpgrade, []string{"balancer/upgrade"}),
	measured: true,
	when: func(s scene, _, y *fault) bool {
		b := s.shake.Balancer
		if b == nil || y.id() != "balancer/upgrade" && s.role(y) != handshake.Balancer {
			return false
		}
		return s.anyNodeUp() && (b.Code() == 400 || b.Code() == 404)
	},
}
