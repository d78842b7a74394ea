package wizard

import (
	"path/filepath"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
)

var balancerConfigStep = Step{
	ID:    "config",
	Title: probes.T("file of the balancer"),
	Why:   probes.T("the checks read it and name the line that breaks WebSockets; \"-\": it is not on this host"),
	Ask: func(d Draft) probes.Text {
		return probes.T("which file does %s read? its path, or \"-\" for none", string(d.Config.Balancer.Kind))
	},
	Default: func(d Draft) string {
		if d.Config.Balancer.Config != "" {
			return d.Config.Balancer.Config
		}
		if r, ok := d.Found.Runs(d.Config.Balancer.Kind); ok && r.Config != "" {
			return r.Config
		}
		return "-"
	},
	Skip: func(d Draft) bool {
		k := d.Config.Balancer.Kind
		return noneStands(d) || d.takenRunning() || !d.Here || k != cluster.Nginx && k != cluster.HAProxy
	},
	Apply: func(d *Draft, answer string) probes.Text {
		if answer == "-" {
			d.Config.Balancer.Config = ""
			return probes.Text{}
		}
		if !filepath.IsAbs(answer) {
			return probes.T("found %q, expected a path from the root, such as /etc/nginx/nginx.conf, or \"-\"", answer)
		}
		d.Config.Balancer.Config = answer
		return probes.Text{}
	},
	Keys: []string{"balancer.config"},
}
