package portconfig

import (
	"slices"
	"strconv"

	"example.com/wsdoctor/probes"
)

var duplicate = probes.Rule[Observation]{
	ID:    "portconfig/duplicate",
	Title: "no list names a port twice",
	Why: "A node tries its ports one after the other and takes the first that it can bind. A port that stands twice is " +
		"tried twice and is no backup. The same port in two lists is portconfig/overlap.",
	Check: func(o Observation) []probes.Finding {
		var out []probes.Finding
		said := map[string]bool{}
		for _, l := range o.Lists {
			if l.Role == Balancer {
				continue // one port on two addresses is how a proxy listens on IPv4 and IPv6
			}
			for i, p := range l.Ports {
				subject := strconv.Itoa(p)
				first := slices.Index(l.Ports, p)
				if first == i || said[subject+string(l.Role)] {
					continue
				}
				said[subject+string(l.Role)] = true
				var unique []int
				for _, q := range l.Ports {
					if !slices.Contains(unique, q) {
						unique = append(unique, q)
					}
				}
				out = append(out, probes.Finding{
					Severity: probes.Warning, Subject: subject,
					Title:    probes.T("found port %d twice in %s, expected it once", p, l.name()),
					Evidence: evidence([]place{{l, first}, {l, i}}),
					Fix:      o.change(l, unique),
				})
			}
		}
		return out
	},
}

func (l List) name() string {
	if l.FromRow {
		return l.Key
	}
	return l.Where
}
