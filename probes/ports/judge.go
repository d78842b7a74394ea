package ports

import (
	"slices"
	"strings"

	"example.com/wsdoctor/probes"
)

// onThisHost makes a rule apply only where a part of the settings runs on this host; next may say more.
func onThisHost(next func(Observation) (probes.Status, probes.Text)) func(Observation) (probes.Status, probes.Text) {
	return func(o Observation) (probes.Status, probes.Text) {
		switch {
		case o.Place.Here() && next != nil:
			return next(o)
		case o.Place.Here():
			return probes.OK, probes.Text{}
		case len(o.Place.Unsure) > 0:
			return probes.Unknown, probes.T("cannot tell whether this host is meant: %s could not be resolved", strings.Join(o.Place.Unsure, ", "))
		}
		addrs := make([]string, len(o.Place.Addrs))
		for i, a := range o.Place.Addrs {
			addrs[i] = a.String()
		}
		return probes.Skipped, probes.T("this host is neither a node nor the balancer of the settings; its addresses are %s", strings.Join(addrs, ", "))
	}
}

// severity says how much it matters that p cannot be had.
func (o Observation) severity(p Port) probes.Severity {
	switch {
	case p.Need == NotNeeded:
		return probes.Info
	case p.Need == Backup:
		return probes.Warning
	case o.Place.Balancer && p.forwards():
		return probes.Error
	case len(o.Expect.BackendPorts) == 0 && len(o.serviceOn()) > 0:
		return probes.Warning // the service found another port of its order, and no balancer insists on this one
	}
	return probes.Error
}

// serviceOn returns the ports on which the service of this node listens.
func (o Observation) serviceOn() []int {
	var out []int
	for _, p := range o.Ports {
		if p.Belongs == Service || p.Belongs == LikelyOurs {
			out = append(out, p.Port)
		}
	}
	return out
}

// ours tells whether what listens on p is what the settings put there.
func (p Port) ours() bool {
	return p.Belongs == Service || p.Belongs == Balancer || p.Belongs == LikelyOurs
}

// forwards tells whether p is a port of the balancer.
func (p Port) forwards() bool {
	return slices.Contains(p.Roles, Forwarding) || slices.Contains(p.Roles, BalancerURL)
}

// wanted names what the settings put on p.
func (o Observation) wanted(p Port) probes.Text {
	switch {
	case o.Place.Balancer && p.forwards() && programs[o.Expect.BalancerKind] != nil:
		return probes.T("the balancer (%s)", o.Expect.BalancerKind)
	case o.Place.Balancer && p.forwards():
		return probes.T("the balancer")
	}
	return probes.T("the WebSocket service")
}

// Explain returns what the rules hold against the ports of o, of every severity, whatever part this host plays: the
// words for ports that someone asked about. A port whose trouble has a name is not listed a second time for not being
// bindable.
func Explain(o Observation) []probes.Finding {
	named, trials := []probes.Finding{}, []probes.Finding{}
	for _, r := range rules {
		if r.ID == bindable.ID {
			trials = r.Check(o)
			continue
		}
		named = append(named, r.Check(o)...)
	}
	for _, f := range trials {
		if !slices.ContainsFunc(named, func(n probes.Finding) bool { return n.Subject == f.Subject }) {
			named = append(named, f)
		}
	}
	return slices.DeleteFunc(named, func(f probes.Finding) bool {
		return !slices.ContainsFunc(o.Ports, func(p Port) bool { return p.subject() == f.Subject })
	})
}
