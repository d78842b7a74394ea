package ports

import (
	"fmt"

	"example.com/wsdoctor/probes"
)

var bindable = probes.Rule[Observation]{
	ID:    "ports/bindable",
	Title: "every configured port can be bound, or has what belongs there",
	Why: "Whether a server can start is what bind(2) says, not what a list of listeners shows: left-over connections, sockets " +
		"that are bound without listening and outgoing connections keep a port too. wsdoctor tries the bind itself, with and without " +
		"SO_REUSEADDR, for 0.0.0.0, 127.0.0.1 and a dual-stack [::], and undoes it at once. It does not listen.",
	Applies: onThisHost(triable),
	Check: func(o Observation) []probes.Finding {
		var out []probes.Finding
		for _, p := range o.Ports {
			if p.Need == NotNeeded || p.ours() || p.Belongs == CannotTell || !p.tried() || p.May.WithoutReuse && p.May.WithReuse {
				continue
			}
			f := probes.Finding{Severity: o.severity(p), Subject: p.subject(), Evidence: p.trialEvidence()}
			if p.May.WithReuse {
				f.Title = probes.T("port %d can be bound with SO_REUSEADDR only, expected with and without", p.Port)
			} else {
				f.Title = probes.T("port %d cannot be bound on all addresses, expected it free for %s", p.Port, o.wanted(p))
			}
			f.Fix = []probes.Text{probes.Verbatim("wsdoctor ports " + p.subject())}
			out = append(out, f)
		}
		return out
	},
}

// triable is Unknown where a port that matters could not be tried, or is held by something that cannot be told.
func triable(o Observation) (probes.Status, probes.Text) {
	for _, p := range o.Ports {
		switch {
		case p.Need == NotNeeded || p.ours():
		case p.Belongs == CannotTell:
			return probes.Unknown, probes.T("port %d is held by %s, and nobody can say whether it belongs there", p.Port, p.holder())
		case !p.tried():
			return probes.Unknown, probes.T("port %d could not be tried: %s", p.Port, p.refusal())
		}
	}
	return probes.OK, probes.Text{}
}

// refusal says why the trial on all addresses was not made.
func (p Port) refusal() probes.Text {
	for _, t := range p.Trials {
		if t.Outcome == Denied {
			return probes.T("%s; ports below 1024 need root or CAP_NET_BIND_SERVICE", t.Why)
		}
	}
	for _, t := range p.Trials {
		if !t.Why.IsZero() {
			return t.Why
		}
	}
	return probes.T("no trial was made")
}

// trialEvidence shows the trials, one line an address.
func (p Port) trialEvidence() []probes.Evidence {
	var out []probes.Evidence
	for _, addr := range trialAddrs {
		out = append(out, probes.Evidence{
			Where: fmt.Sprintf("bind %s:%d", addr, p.Port),
			Saw:   probes.T("without SO_REUSEADDR: %s; with it: %s", string(p.outcome(addr, false)), string(p.outcome(addr, true))),
		})
	}
	return out
}
