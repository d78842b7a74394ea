package wizard

import (
	"fmt"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
)

var nodesStep = Step{
	ID:    "nodes",
	Title: probes.T("nodes"),
	Why:   probes.T("the balancer connects to these hosts, and the checks probe each of them"),
	List:  true,
	Ask: func(d Draft) probes.Text {
		if d.Many {
			return probes.T("on which hosts do the nodes run? names or addresses without a port, with commas between; name=host gives a name of your own")
		}
		return probes.T("on which host does it run? a name or an address, without a port")
	},
	Default: func(d Draft) string {
		if d.Many && len(d.Config.Nodes) < 2 {
			return ""
		}
		var out []string
		for _, n := range d.Config.Nodes {
			out = append(out, n.Name+"="+n.Host)
			if !d.Many {
				break
			}
		}
		return strings.Join(out, ", ")
	},
	From: fromServers,
	Skip: stopped,
	Apply: func(d *Draft, answer string) probes.Text {
		var nodes []cluster.Node
		hosts := map[string]string{}
		words := strings.FieldsFunc(answer, func(r rune) bool { return r == ',' || r == ';' || r == ' ' || r == '\t' })
		for _, w := range words {
			name, host, named := strings.Cut(w, "=")
			if !named {
				name, host = fmt.Sprintf("node%d", len(nodes)+1), w
			}
			if name == "" {
				return probes.T("found %q, expected a name before the \"=\"", w)
			}
			key := strings.ToLower(host)
			if host != "" && hosts[key] != "" && !named {
				return probes.T("found the host %q twice, expected each once; two nodes of one host need names: a=%s, b=%s", host, host, host)
			}
			hosts[key] = name
			nodes = append(nodes, cluster.Node{Name: name, Host: host})
		}
		switch {
		case len(nodes) == 0:
			return probes.T("found no host, expected one or more, such as 192.168.6.171")
		case d.Many && len(nodes) < 2:
			return probes.T("found one host, %q, expected at least two for a cluster", nodes[0].Host)
		case !d.Many && len(nodes) > 1:
			return probes.T("found %d hosts, expected one for a single server; for a cluster go back one step", len(nodes))
		}
		d.Config.Nodes = nodes
		d.keepBackends()
		return probes.Text{}
	},
	Keys: []string{"nodes"},
}
