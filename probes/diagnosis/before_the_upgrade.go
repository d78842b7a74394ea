package diagnosis

// beforeTheUpgrade: what fails before the upgrade is not the balancer's doing.
var beforeTheUpgrade = rule{
	cause:   beforeUpgrade,
	symptom: []string{"balancer/upgrade"},
	when:    func(_ scene, c, s *fault) bool { return c.f.Subject == s.f.Subject },
}
