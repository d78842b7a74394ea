package diagnosis

import (
	"example.com/wsdoctor/probes/balancer/capacity"
	"example.com/wsdoctor/probes/handshake"
)

// connectionLimit: a line that limits connections is the ceiling that the ramp met with, where number and manner fit:
// limit_conn and maxconn answer, a worker without a connection left cuts.
var connectionLimit = rule{
	cause:    []string{"nginx/worker-connections", "nginx/limit-conn", "haproxy/maxconn"},
	symptom:  []string{"balancer/capacity"},
	measured: true,
	when: func(s scene, c, _ *fault) bool {
		held, kind, ok := s.ceiling()
		switch {
		case !ok:
			return false
		case c.id() == "nginx/limit-conn":
			return kind == handshake.Unavailable || kind == handshake.TooMany
		case c.id() == "nginx/worker-connections":
			each, all := s.nginx.Tunnels()
			return kind != handshake.Unavailable && kind != handshake.TooMany && held <= all && held >= each/2
		}
		return true
	},
}

// ceiling returns how many tunnels were held when the refusals became lasting, and how the next one was refused.
func (s scene) ceiling() (held int, kind handshake.Kind, ok bool) {
	if s.balancer.Active == nil || s.balancer.Active.Capacity == nil {
		return 0, handshake.None, false
	}
	c := s.balancer.Active.Capacity
	return c.Verdict.Ceiling, c.Observed.Cause.Kind, c.Verdict.Kind == capacity.Ceiling
}
