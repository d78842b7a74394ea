package diagnosis

// nodeElsewhere: a node is on another port, and what holds the one that it should have taken is why.
var nodeElsewhere = rule{
	cause:   []string{"ports/holder", "ports/time-wait"},
	symptom: []string{"ports/listen-order"},
	when:    func(s scene, _, _ *fault) bool { return len(s.ports.Place.Nodes) > 0 },
}
