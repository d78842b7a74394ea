package stickiness

import (
	"slices"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/balancer/backend"
)

// Policy is how a balancer seems to choose a backend. The values are stable.
type Policy string

// The policies that can be told apart from outside.
const (
	Unknown    Policy = "unknown" // the backends cannot be told apart, or too few connections came about
	OneBackend Policy = "one_backend"
	IPHash     Policy = "ip_hash"
	ByForward  Policy = "forwarded_for_hash"
	ByCookie   Policy = "cookie"
	RoundRobin Policy = "round_robin"
	LeastConn  Policy = "least_conn"
	Mixed      Policy = "mixed" // random, or round robin in several workers
)

// Verdict is what an Observation says.
type Verdict struct {
	Policy Policy      `json:"policy"`
	Sticky bool        `json:"sticky"` // a client comes back to its backend
	Text   probes.Text `json:"text"`
}

// enough is how many connections of a series say something: with two backends, chance brings six back to the same one
// in one run of 32.
const enough = 6

// Judge tells the policy. It is pure.
func Judge(o Observation) Verdict {
	plain := o.series(Plain)
	switch {
	case o.By.IsZero() && o.Failed > 0 && len(plain) == 0:
		return Verdict{Unknown, false, probes.T("no connection came about: %s", o.Cause.Text)}
	case o.By.IsZero():
		return Verdict{Unknown, false, backend.Untold()}
	case len(plain) < enough:
		return Verdict{Unknown, false, probes.T("%d connections are too few to tell, expected %d or more", len(plain), enough)}
	}
	if one(plain) {
		return o.sticky()
	}
	if cookie := o.series(Cookie); len(cookie) >= enough && one(cookie) {
		return Verdict{ByCookie, true, probes.T("a client that sends its cookie back comes to the same backend, one that does not is spread: sticky by cookie")}
	}
	held := o.series(Held)
	switch {
	case len(held) >= enough && !slices.Contains(held[1:], held[0]):
		return Verdict{LeastConn, false, probes.T("not sticky: new connections avoid the backend on which one is held, as least_conn does")}
	case rotates(plain):
		return Verdict{RoundRobin, false, probes.T("not sticky: the backends take turns, as round robin does")}
	}
	return Verdict{Mixed, false, probes.T("not sticky: one client lands on %d backends in no order, as with random choice or several workers that each take turns", count(plain))}
}

// sticky tells by what a client without cookies is kept.
func (o Observation) sticky() Verdict {
	several, forwarded := o.series(Addresses), o.series(Forwarded)
	switch {
	case len(forwarded) >= enough && !one(forwarded):
		return Verdict{ByForward, true, probes.T("sticky by X-Forwarded-For: clients with another value land on another backend")}
	case len(several) >= enough && !one(several):
		return Verdict{IPHash, true, probes.T("sticky by the client's address: one address stays on its backend, several are spread, as ip_hash does")}
	case len(several) >= enough:
		return Verdict{OneBackend, true, probes.T("every connection landed on the same backend, from whatever address: there is one backend, or the others are out")}
	}
	return Verdict{OneBackend, true, probes.T("every connection landed on the same backend: sticky by address, or there is one backend; a test from other addresses would tell")}
}

func (o Observation) series(w Way) []string {
	for _, s := range o.Series {
		if s.Way == w {
			return s.Backends
		}
	}
	return nil
}

func count(names []string) int {
	return len(slices.Compact(slices.Sorted(slices.Values(names))))
}

func one(names []string) bool { return count(names) == 1 }

// rotates tells whether a series repeats itself with a period of at most half its length, as round robin does, with
// weights too.
func rotates(names []string) bool {
	for period := 2; period*2 <= len(names); period++ {
		same := true
		for i := period; i < len(names); i++ {
			same = same && names[i] == names[i-period]
		}
		if same {
			return true
		}
	}
	return false
}
