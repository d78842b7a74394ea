package nginx

import (
	"strings"

	"example.com/wsdoctor/probes/nginx/model"
)

// groups returns the upstreams that sites hand requests to, each with its first site.
func (in *Input) groups() (ups []*model.Upstream, first []Site) {
	seen := map[*model.Upstream]bool{}
	for _, s := range in.sites {
		u := in.Model.Upstream(model.SplitTarget(s.Pass.Arg(0)).Host)
		if s.Out != nil && s.Out.Upstream != nil {
			u = s.Out.Upstream
		}
		if u != nil && u.Dir != nil && !seen[u] {
			seen[u] = true
			ups, first = append(ups, u), append(first, s)
		}
	}
	// Where no location is at hand, an upstream may still be judged by itself.
	if len(in.sites) == 0 && len(in.Model.Servers) == 0 {
		for _, u := range in.Model.Upstreams {
			if u.Dir != nil {
				ups, first = append(ups, u), append(first, Site{})
			}
		}
	}
	return ups, first
}

// stateful tells whether what stands behind a site keeps something of its clients between two connections: Socket.IO,
// SockJS and SignalR open with several requests, and the settings name products that do.
func (in *Input) stateful(s Site) bool {
	if s.Scope != nil {
		for _, p := range []string{"socket.io", "engine.io", "sockjs", "signalr", "negotiate"} {
			if strings.Contains(strings.ToLower(s.Scope.Name+s.Path), p) {
				return true
			}
		}
	}
	return in.Cluster != nil && in.Cluster.Product != "generic"
}
