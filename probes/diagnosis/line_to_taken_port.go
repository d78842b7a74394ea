package diagnosis

// lineToTakenPort: what holds a port is also why the balancer's line leads to nobody.
var lineToTakenPort = rule{
	cause:   []string{"ports/holder", "ports/time-wait"},
	symptom: backendPort,
	when:    func(_ scene, c, y *fault) bool { return portOf(c) != "" && portOf(c) == portOf(y) },
}
