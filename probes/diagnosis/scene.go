package diagnosis

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/firewall"
	"example.com/wsdoctor/probes/handshake"
	"example.com/wsdoctor/probes/ports"
)

// scene is what the areas observed, as far as explanations need it. What was not observed is zero.
type scene struct {
	ports    ports.Observation
	shake    handshake.Observation
	firewall firewall.Observation
	file     configured
}

func sceneOf(r probes.Report) scene {
	var s scene
	s.ports, _ = probes.Observed[ports.Observation](r)
	s.shake, _ = probes.Observed[handshake.Observation](r)
	s.firewall, _ = probes.Observed[firewall.Observation](r)
	s.file = configuredBy(r)
	return s
}

// trace returns the probe of the URL that a fault is about; nil where it is about no URL.
func (s scene) trace(f *fault) *handshake.Trace {
	for _, t := range s.shake.Traces() {
		if t.URL == f.f.Subject {
			return t
		}
	}
	return nil
}

func (s scene) role(f *fault) handshake.Role {
	if t := s.trace(f); t != nil {
		return t.Role
	}
	return ""
}

func (s scene) kind(f *fault) handshake.Kind {
	if t := s.trace(f); t != nil {
		return t.Cause.Kind
	}
	return handshake.None
}

func (s scene) isLocal(f *fault) bool {
	t := s.trace(f)
	return t != nil && t.Local
}

func (s scene) anyNodeUp() bool {
	return slices.ContainsFunc(s.shake.Nodes, func(t handshake.Trace) bool { return t.Upgraded() })
}

// isHere tells whether what a URL stands for runs on this host by the settings, whatever address they name it by.
func (s scene) isHere(f *fault) bool {
	t := s.trace(f)
	switch {
	case t == nil:
		return false
	case t.Role == handshake.Balancer:
		return s.ports.Place.Balancer
	}
	return slices.Contains(s.ports.Place.Nodes, t.Name)
}

// hostPort returns host and port of a URL; the port is 0 where it is none.
func hostPort(address string) (host string, port int) {
	u, err := url.Parse(address)
	if err != nil {
		return "", 0
	}
	port, _ = strconv.Atoi(portOf(&fault{f: &probes.Finding{Subject: address}}))
	return u.Hostname(), port
}

// portOf returns the port that a fault is about, as text; "" where it is about none.
func portOf(f *fault) string {
	subject := f.f.Subject
	if !strings.Contains(subject, "://") {
		return subject
	}
	u, err := url.Parse(subject)
	switch {
	case err != nil:
		return ""
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "wss" || u.Scheme == "https":
		return "443"
	}
	return "80"
}

// detail adds to a cause what another area saw of it.
func (s scene) detail(f *fault) {
	if f.id() != "handshake/connect" {
		return
	}
	if s.role(f) == handshake.Balancer && s.kind(f) == handshake.Refused && s.isLocal(f) {
		s.balancerElsewhere(f)
	}
	if s.kind(f) == handshake.ConnectTimeout {
		s.filteredOutside(f)
	}
}

// filteredOutside says that what drops a port stands before this host: its own rules accept it, and nobody answers at
// the address that clients use, such as a cloud host's public one.
func (s scene) filteredOutside(f *fault) {
	port, err := strconv.Atoi(portOf(f))
	if err != nil || !s.isHere(f) {
		return
	}
	if accepted, known := s.firewall.Accepts(port); !accepted || !known {
		return
	}
	f.f.Evidence = append(f.f.Evidence, probes.Evidence{
		Where: "firewall/inbound", Saw: probes.T("the rules of this host accept port %d: what drops it stands before this host, such as a security group or a router", port),
	})
	f.f.Fix = append([]probes.Text{probes.T("# open TCP port %d in the security group, network ACL or router in front of this host", port)}, f.f.Fix...)
}

// balancerElsewhere says where the balancer listens instead of on the port of its URL.
func (s scene) balancerElsewhere(f *fault) {
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
	if len(at) == 0 {
		return
	}
	want := portOf(f)
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
}
