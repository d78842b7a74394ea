package diagnosis

// portTaken: what sits on a port is why it cannot be bound, and why only loopback is left of it.
var portTaken = rule{
	cause:   []string{"ports/holder", "ports/time-wait"},
	symptom: []string{"ports/bindable", "ports/loopback-only"},
	when:    func(_ scene, c, s *fault) bool { return portOf(c) != "" && portOf(c) == portOf(s) },
}
