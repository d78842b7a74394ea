package portconfig

import (
	"slices"
	"strings"

	"example.com/wsdoctor/probes"
)

var forwardingCount = probes.Rule[Observation]{
	ID:    "portconfig/forwarding-count",
	Title: "there are more forwarding ports than cluster nodes",
	Why: "Each cluster node takes the first forwarding port that is free on its host, so that nodes on one host need one each, " +
		"and the balancer one more (vendor: Configuring WebSocket Port in Cluster Environment, note 2). Nodes with a host of " +
		"their own do not meet on a port.",
	Applies: func(o Observation) (probes.Status, probes.Text) {
		if status, why := familyOnly(o); status != probes.OK {
			return status, why
		}
		if len(o.NodeHosts) < 2 {
			return probes.Skipped, probes.T("a single server is no cluster")
		}
		return probes.OK, probes.Text{}
	},
	Check: func(o Observation) []probes.Finding {
		l := o.effective(Forwarding)
		have := slices.Compact(slices.Sorted(slices.Values(l.Ports)))
		nodes := len(o.NodeHosts)
		if len(have) > nodes {
			return nil
		}
		more := slices.Clone(have)
		for len(more) <= nodes {
			more = append(more, o.spare(Forwarding, more...))
		}
		f := probes.Finding{
			Severity: probes.Info, Subject: l.name(),
			Title:    probes.T("found %d forwarding port(s) for %d nodes, the vendor advises more ports than nodes; each node has a host of its own here", len(have), nodes),
			Evidence: []probes.Evidence{{Where: l.Where, Saw: probes.Verbatim(yamlList(l.Ports))}},
			Fix:      o.change(l, more),
		}
		if host, n := o.crowdedHost(); n > 1 {
			f.Severity = probes.Warning
			f.Title = probes.T("found %d forwarding port(s) for %d nodes, of which %d share the host %q, expected more ports than nodes", len(have), nodes, n, host)
		}
		return []probes.Finding{f}
	},
}

// crowdedHost returns the host that most nodes share.
func (o Observation) crowdedHost() (host string, nodes int) {
	count := map[string]int{}
	for _, h := range o.NodeHosts {
		h = strings.ToLower(h)
		if count[h]++; count[h] > nodes {
			host, nodes = h, count[h]
		}
	}
	return host, nodes
}
