package diagnosis

// loopbackOnly: a service on loopback alone refuses connections to the address that the settings name. With the
// balancer on its host that is a warning until somebody was refused.
var loopbackOnly = rule{
	cause:    []string{"ports/loopback-only"},
	symptom:  beforeUpgrade,
	measured: true,
	when:     func(s scene, c, y *fault) bool { return s.isLocal(y) && portOf(c) != "" && portOf(c) == portOf(y) },
}
