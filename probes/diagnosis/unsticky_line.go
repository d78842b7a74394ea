package diagnosis

// unstickyLine: an upstream that spreads each request anew is why sessions are lost and clients do not come back.
var unstickyLine = rule{
	cause:    []string{"nginx/stickiness", "haproxy/stickiness"},
	symptom:  []string{"balancer/socketio-polling", "balancer/socketio-upgrade", "balancer/stickiness"},
	measured: true,
	when:     func(s scene, _, y *fault) bool { return y.id() == "balancer/stickiness" || s.sessionsLost(y) },
}
