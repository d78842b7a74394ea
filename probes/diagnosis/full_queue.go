package diagnosis

import "example.com/wsdoctor/probes/handshake"

// fullQueue: where clients wait for an answer that does not come, a queue or a table of the kernel is full.
var fullQueue = rule{
	cause:    []string{"kernel/conntrack", "kernel/listen-overflows", "kernel/somaxconn"},
	symptom:  []string{"balancer/capacity"},
	measured: true,
	when: func(s scene, c, _ *fault) bool {
		_, kind, ok := s.ceiling()
		return ok && c.f.Severity > 0 && (kind == handshake.ConnectTimeout || kind == handshake.UpgradeTimeout)
	},
}
