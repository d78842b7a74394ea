package diagnosis

// unstickyBalancer: where no configuration can be read, that the balancer brings clients to another node each time is
// still why sessions are lost, and a session lost while polling is lost to the upgrade too.
var unstickyBalancer = rule{
	cause:    []string{"balancer/stickiness", "balancer/socketio-polling"},
	symptom:  []string{"balancer/socketio-polling", "balancer/socketio-upgrade"},
	measured: true,
	when:     func(s scene, c, y *fault) bool { return c.id() != y.id() && s.sessionsLost(y) },
}
