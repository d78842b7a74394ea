package diagnosis

// answersOtherwise: a program on the service's port that speaks HTTP and answers the upgrade in its own way is more
// likely the service, asked for the wrong path or broken, than a stranger; who holds the port goes with it.
var answersOtherwise = rule{
	cause:   []string{"handshake/upgrade", "handshake/accept-key"},
	symptom: []string{"ports/holder"},
	when: func(s scene, c, y *fault) bool {
		t := s.trace(c)
		return t != nil && t.Local && t.Code() != 0 && portOf(c) == portOf(y)
	},
}
