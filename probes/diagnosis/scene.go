package diagnosis

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/balancer"
	"example.com/wsdoctor/probes/balancer/distribution"
	"example.com/wsdoctor/probes/firewall"
	"example.com/wsdoctor/probes/handshake"
	"example.com/wsdoctor/probes/haproxy"
	"example.com/wsdoctor/probes/nginx"
	"example.com/wsdoctor/probes/ports"
)

// scene is what the areas observed, as far as explanations need it. What was not observed is zero.
type scene struct {
	ports    ports.Observation
	shake    handshake.Observation
	firewall firewall.Observation
	balancer balancer.Observation
	nginx    nginx.Seen
	haproxy  haproxy.Observation
	file     configured
}

// The checks that speak of one URL, by whether a client gets as far as the upgrade.
var (
	beforeUpgrade = []string{"handshake/resolve", "handshake/connect", "handshake/tls", "handshake/certificate"}
	fromUpgrade   = []string{"handshake/upgrade", "handshake/accept-key", "handshake/ping"}
	backendPort   = []string{"nginx/upstream-port", "haproxy/server-port"}
	onURL         = slices.Concat(beforeUpgrade, fromUpgrade)
)

func sceneOf(r probes.Report) scene {
	var s scene
	s.ports, _ = probes.Observed[ports.Observation](r)
	s.shake, _ = probes.Observed[handshake.Observation](r)
	s.firewall, _ = probes.Observed[firewall.Observation](r)
	s.balancer, _ = probes.Observed[balancer.Observation](r)
	s.nginx, _ = probes.Observed[nginx.Seen](r)
	s.haproxy, _ = probes.Observed[haproxy.Observation](r)
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

// sessionsLost tells whether a fault of Socket.IO is that its requests reach several nodes.
func (s scene) sessionsLost(f *fault) bool {
	if s.balancer.Active == nil || s.balancer.Active.SocketIO == nil {
		return false
	}
	seen := s.balancer.Active.SocketIO.Observed
	if f.id() == "balancer/socketio-polling" {
		_, lost := seen.Polling()
		return lost
	}
	broken, _ := seen.Upgrading()
	return broken.Lost
}

// upgradeBroken tells whether it is the balancer that keeps Socket.IO sessions on polling.
func (s scene) upgradeBroken() bool {
	if s.balancer.Active == nil || s.balancer.Active.SocketIO == nil {
		return false
	}
	broken, _ := s.balancer.Active.SocketIO.Observed.Upgrading()
	return broken.Balancer
}

// spread says how clients were spread; "" where that was not tested.
func (s scene) spread() distribution.Kind {
	if s.balancer.Active == nil || s.balancer.Active.Distribution == nil {
		return ""
	}
	return s.balancer.Active.Distribution.Verdict.Kind
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
