package diagnosis

import (
	"time"

	"example.com/wsdoctor/probes/balancer/idle"
)

// idleLine: the timeout in the configuration is the limit that silent tunnels met with, where the two are of a length:
// another hop may well have a shorter one.
var idleLine = rule{
	cause:    []string{"nginx/read-timeout", "haproxy/timeout-tunnel", "haproxy/timeout-client", "haproxy/timeout-server"},
	symptom:  []string{"balancer/idle-timeout"},
	measured: true,
	when: func(s scene, c, _ *fault) bool {
		a := s.balancer.Active
		if a == nil || a.Idle == nil || a.Idle.Verdict.Kind != idle.Limit {
			return false
		}
		written := s.nginx.IdleLimits()
		if c.res.Area == "haproxy" {
			written = s.haproxy.IdleLimits()
		}
		v := a.Idle.Verdict
		for _, w := range written {
			if diff := w - v.Limit.Duration(); max(diff, -diff) <= v.Plus.Duration()+max(w/5, time.Second) {
				return true
			}
		}
		return false
	},
}
