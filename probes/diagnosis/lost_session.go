package diagnosis

// lostSession: where no configuration can be read, a session that is lost while polling is lost to the upgrade too, and
// shows what reconnections may or may not have shown: not every backend can be told from the others.
var lostSession = rule{
	cause:    []string{"balancer/socketio-polling", "balancer/socketio-upgrade"},
	symptom:  []string{"balancer/socketio-upgrade", "balancer/stickiness"},
	measured: true,
	when: func(s scene, c, y *fault) bool {
		return c.id() != y.id() && s.sessionsLost(c) && (y.id() == "balancer/stickiness" || s.sessionsLost(y))
	},
}
