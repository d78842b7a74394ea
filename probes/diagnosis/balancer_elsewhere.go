package diagnosis

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/handshake"
)

// balancerElsewhere is about a balancer that runs, but not where clients look for it.
var balancerElsewhere = detail{
	of: []string{"handshake/connect"},
	add: func(s scene, f *fault) bool {
		return s.role(f) == handshake.Balancer && s.kind(f) == handshake.Refused && s.isLocal(f) && s.listensElsewhere(f)
	},
}

// listensElsewhere says where the balancer listens instead of on the port of its URL.
func (s scene) listensElsewhere(f *fault) bool {
	kind := s.ports.Expect.BalancerKind
	var at []string
	for _, l := range s.ports.Listeners {
		for _, p := range l.Processes {
			if !strings.EqualFold(p.Name, kind) {
				continue
			}
			f.f.Evidence = append(f.f.Evidence, probes.Evidence{
				Where: l.Addr.String(), Saw: probes.T("%s (pid %d) listens here", p.Name, p.PID),
			})
			if port := fmt.Sprint(l.Addr.Port()); !slices.Contains(at, port) {
				at = append(at, port)
			}
			break
		}
	}
	want := portOf(f)
	if len(at) == 0 || slices.Contains(at, want) {
		return false
	}
	host := f.f.Subject
	if u, err := url.Parse(host); err == nil {
		host = net.JoinHostPort(u.Hostname(), want)
	}
	f.f.Title = probes.T("nothing listens on %s, where balancer.url expects %s: it listens on %s", host, kind, strings.Join(at, ", "))
	f.f.Fix = []probes.Text{
		probes.T("# let %s listen on %s and reload it, or correct balancer.url and websocket.forwarding_ports in wsdoctor.yaml", kind, want),
	}
	if kind == "nginx" {
		f.f.Fix = append(f.f.Fix,
			probes.T("# in the server block of the WebSocket location:"), probes.Verbatim("listen "+want+";"),
			probes.T("# then, in a shell:"), probes.Verbatim("nginx -t && nginx -s reload"))
	}
	return true
}
