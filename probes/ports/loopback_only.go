package ports

import (
	"net/netip"
	"slices"

	"example.com/wsdoctor/probes"
)

var loopbackOnly = probes.Rule[Observation]{
	ID:    "ports/loopback-only",
	Title: "what listens can be reached under the address that the settings name",
	Why: "A listener on 127.0.0.1 or ::1 takes connections of its own host only (RFC 1122 section 3.2.1.3): tests on the host " +
		"succeed while the balancer on another host gets \"connection refused\". The same goes for a listener on one address of several.",
	Applies: onThisHost(func(o Observation) (probes.Status, probes.Text) {
		if !slices.ContainsFunc(o.Ports, func(p Port) bool { return len(p.Listeners) > 0 && p.Need != NotNeeded }) {
			return probes.Skipped, probes.T("nothing listens on the ports of this host yet")
		}
		return probes.OK, probes.Text{}
	}),
	Check: func(o Observation) []probes.Finding {
		var out []probes.Finding
		for _, p := range o.Ports {
			var missing probes.Text
			switch {
			case p.Need == NotNeeded && !slices.Contains(o.serviceOn(), p.Port):
				continue
			case p.Belongs == Service || p.Belongs == LikelyOurs:
				missing = o.nodeUnreachable(p)
			case p.Belongs == Balancer && !o.Expect.BalancerLocalOnly && p.loopbackOnly():
				missing = probes.T("clients on other hosts cannot reach the balancer there")
			}
			if missing.IsZero() {
				continue
			}
			f := probes.Finding{
				Severity: probes.Error,
				Subject:  p.subject(),
				Title:    probes.T("port %d is listened on at %s only: %s", p.Port, p.addresses(), missing),
				Evidence: p.evidence(),
				Fix: []probes.Text{
					probes.T("# let %s listen on 0.0.0.0 (every address) instead of %s, then start it again", p.holder(), p.addresses()),
				},
			}
			if p.Belongs != Balancer && o.Place.Balancer {
				f.Severity = probes.Warning // the balancer on this host may well use the loopback address
			}
			out = append(out, f)
		}
		return out
	},
}

// nodeUnreachable says why the balancer, or a client, does not reach the service on p; zero where it does.
func (o Observation) nodeUnreachable(p Port) probes.Text {
	named := o.Expect.NodeAddrs
	switch {
	case slices.ContainsFunc(named, netip.Addr.IsLoopback):
		return probes.Text{} // the settings know the node by its loopback address: whoever connects is on this host
	case p.loopbackOnly() && len(named) == 0:
		return probes.T("no other host can reach it")
	case len(named) > 0 && !slices.ContainsFunc(named, p.takes):
		return probes.T("it does not take connections to %s, the address of this node in the settings", named[0])
	}
	return probes.Text{}
}

func (p Port) loopbackOnly() bool {
	return len(p.Listeners) > 0 && !slices.ContainsFunc(p.Listeners, func(l Listener) bool { return !l.Loopback() })
}

// takes tells whether one of p's listeners takes connections to addr.
func (p Port) takes(addr netip.Addr) bool {
	return slices.ContainsFunc(p.Listeners, func(l Listener) bool {
		at := l.Addr.Addr()
		if at.IsUnspecified() {
			return at.Is4() == addr.Is4() || l.DualStack
		}
		return at.WithZone("") == addr
	})
}
