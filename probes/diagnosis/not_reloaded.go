package diagnosis

import (
	"slices"
	"strconv"

	"example.com/wsdoctor/probes/handshake"
)

// notReloaded: the balancer would listen on the port, had it been reloaded.
var notReloaded = rule{
	cause:   []string{"nginx/not-reloaded", "haproxy/not-reloaded"},
	symptom: []string{"handshake/connect"},
	when: func(s scene, _, y *fault) bool {
		return s.role(y) == handshake.Balancer && slices.ContainsFunc(s.unbound(), func(a address) bool { return strconv.Itoa(a.Port) == portOf(y) })
	},
}
