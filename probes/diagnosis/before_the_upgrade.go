package diagnosis

import (
	"slices"

	"example.com/wsdoctor/probes/handshake"
)

// beforeTheUpgrade: what fails before the upgrade is not the balancer's doing. A plain request to a port of TLS belongs
// to that too, though an answer comes to it.
var beforeTheUpgrade = rule{
	cause:   slices.Concat(beforeUpgrade, []string{"handshake/upgrade"}),
	symptom: []string{"balancer/upgrade"},
	when: func(s scene, c, y *fault) bool {
		return c.f.Subject == y.f.Subject && (c.id() != "handshake/upgrade" || s.kind(c) == handshake.TLSOnPlain)
	},
}
