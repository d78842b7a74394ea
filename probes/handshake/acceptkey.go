package handshake

import "example.com/wsdoctor/probes"

var acceptKeyRule = probes.Rule[Observation]{
	ID:    "handshake/accept-key",
	Title: "every 101 proves with Sec-WebSocket-Accept that it is for this request",
	Why: "The server has to answer with the SHA-1 of the client's key and a constant (RFC 6455 4.2.2); a wrong value means " +
		"that a cache or a rewriting proxy answered, and every client breaks off.",
	Applies: reaches(Accepting),
	Check: func(o Observation) []probes.Finding {
		var out []probes.Finding
		for _, f := range faults(o, Accepting) {
			found := f.finding(probes.Error, probes.T("# switch off caching and header rewriting for this path in front of the service"))
			for _, a := range f.attempts {
				found.Evidence = append(found.Evidence, probes.Evidence{Where: a.Address, Saw: probes.T("Sec-WebSocket-Accept \"%s\", expected \"%s\"", a.AcceptGot, a.AcceptWant)})
			}
			out = append(out, found)
		}
		return out
	},
}
