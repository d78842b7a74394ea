package handshake

import "example.com/wsdoctor/probes"

var pingRule = probes.Rule[Observation]{
	ID:    "handshake/ping",
	Title: "every tunnel answers a ping",
	Why: "A 101 says only that the heads passed; a ping and its pong (RFC 6455 5.5.2) show that frames pass in both " +
		"directions.",
	Applies: reaches(Pinging),
	Check: func(o Observation) []probes.Finding {
		var out []probes.Finding
		for _, f := range faults(o, Pinging) {
			sev := probes.Error
			if f.cause.Kind == NoPong || f.cause.Kind == WrongPong || f.closedByWord() {
				// Some applications answer no ping, and some show strangers the door with a Close frame: users
				// may be served all the same.
				sev = probes.Warning
			}
			out = append(out, f.finding(sev, probes.T("# look at the service's log at this moment; wsdoctor sent one ping after the upgrade")))
		}
		return out
	},
}

// closedByWord tells whether the server ended the tunnel with a Close frame rather than without one.
func (f fault) closedByWord() bool {
	for _, a := range f.attempts {
		if f.cause.Kind != ClosedAfter || a.Close == nil || a.Close.Code == closeAbnormal {
			return false
		}
	}
	return len(f.attempts) > 0
}
