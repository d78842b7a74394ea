package diagnosis

// balancerChanges: what the balancer does to the upgrade is what the client sees.
var balancerChanges = rule{
	cause:   []string{"balancer/upgrade"},
	symptom: fromUpgrade,
	when:    func(_ scene, c, s *fault) bool { return c.f.Subject == s.f.Subject },
}
