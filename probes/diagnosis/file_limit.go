package diagnosis

// fileLimit: a process that may open too few files refuses clients at that number.
var fileLimit = rule{
	cause:    []string{"nginx/open-files", "kernel/open-files"},
	symptom:  []string{"balancer/capacity"},
	measured: true,
	when: func(s scene, c, _ *fault) bool {
		_, _, ok := s.ceiling()
		return ok && c.f.Severity > 0
	},
}
