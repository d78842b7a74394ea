package diagnosis

// serviceNotThere: a service that could not take its port does not answer on it.
var serviceNotThere = rule{
	cause:   []string{"ports/holder", "ports/time-wait", "ports/listen-order", "ports/loopback-only", "ports/bindable"},
	symptom: onURL,
	when: func(s scene, c, y *fault) bool {
		return s.isLocal(y) && portOf(c) != "" && portOf(c) == portOf(y)
	},
}
