package export

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
)

// setup is the settings in the shapes that the targets write, each value vetted.
type setup struct {
	cfg      cluster.Config
	backends []backend
	listens  []listen // at least one
	health   string   // the path that an active check asks for
	stateful bool     // a client has to come back to its node
	hashes   bool     // the policy takes the node from something that stays the same
}

// backend is one address behind the balancer.
type backend struct {
	cluster.Backend
	Name string // an identifier, unique
	Host string
	Port int
}

// listen is one address that the balancer takes clients on.
type listen struct {
	Host string // "": every address
	Port int
}

// newSetup vets the settings.
func newSetup(cfg cluster.Config) (setup, error) {
	s := setup{cfg: cfg, health: cfg.HealthPath()}
	if probs := cfg.Validate(); len(probs) > 0 {
		return s, fmt.Errorf("%s: %s", probs[0].Key, probs[0].Msg)
	}
	info, _ := cfg.Product.Info()
	s.stateful = info.Family || cfg.Product == cluster.SocketIO
	s.hashes = slices.Contains([]string{"ip-hash", "cookie", "header"}, cfg.Proxy.Policy)
	for i, n := range cfg.Nodes {
		if err := vetHost(fmt.Sprintf("nodes[%d].host", i), n.Host); err != nil {
			return s, err
		}
	}
	for _, pair := range cfg.Proxy.TLS.Pairs() {
		if err := vetFile("proxy.tls.cert", pair.Cert); err != nil {
			return s, err
		}
		if err := vetFile("proxy.tls.key", pair.Key); err != nil {
			return s, err
		}
	}
	for i, from := range cfg.Proxy.TrustedProxies {
		if strings.Contains(from, "%") { // the zone of an address may be any text
			return s, fmt.Errorf("proxy.trusted_proxies[%d]: found %q, expected an address or a network without a zone", i, from)
		}
	}
	if cfg.Proxy.Admin != "" {
		if host, _, _ := net.SplitHostPort(cfg.Proxy.Admin); host != "" {
			if err := vetHost("proxy.admin", host); err != nil {
				return s, err
			}
		}
	}
	if err := vetURI("websocket.path", cfg.WebSocket.Path); err != nil {
		return s, err
	}
	if err := vetURI("proxy.active_health.path", s.health); err != nil {
		return s, err
	}
	if err := s.addBackends(); err != nil {
		return s, err
	}
	return s, s.addListens()
}

func (s *setup) addBackends() error {
	taken := map[string]bool{}
	for i, b := range s.cfg.Backends() {
		host, port, _ := net.SplitHostPort(b.Address) // it is valid
		if err := vetHost(fmt.Sprintf("proxy.backends[%d].address", i), host); err != nil {
			return err
		}
		n, _ := strconv.Atoi(port)
		name := ""
		if len(s.cfg.Proxy.Backends) == 0 {
			name = label(s.cfg.Nodes[i].Name) // one backend a node
		} else if j := slices.IndexFunc(s.cfg.Nodes, func(n cluster.Node) bool { return n.Host == host }); j >= 0 {
			name = label(s.cfg.Nodes[j].Name)
		}
		if name == "" || taken[strings.ToLower(name)] {
			name = strings.TrimPrefix(name+"-node", "-") + strconv.Itoa(i+1)
		}
		for taken[strings.ToLower(name)] {
			name += "-" + strconv.Itoa(i+1)
		}
		taken[strings.ToLower(name)] = true
		s.backends = append(s.backends, backend{b, name, host, n})
	}
	if len(s.backends) == 0 {
		return fmt.Errorf("websocket.ports: found none, expected the port of the service, or proxy.backends")
	}
	if !slices.ContainsFunc(s.backends, func(b backend) bool { return !b.Down }) {
		return fmt.Errorf("proxy.backends: found every one down, expected one that takes clients")
	}
	return nil
}

// addListens works out where clients connect: proxy.listen, else the port of balancer.url and the forwarding ports, else
// the first port of the service, where the balancer has a host of its own.
func (s *setup) addListens() error {
	add := func(l listen) {
		if !slices.Contains(s.listens, l) {
			s.listens = append(s.listens, l)
		}
	}
	for i, a := range s.cfg.Proxy.Listen {
		host, port, err := net.SplitHostPort(a)
		if err != nil {
			host, port = "", a
		}
		if host == "0.0.0.0" || host == "::" {
			host = ""
		}
		if host != "" {
			if err := vetHost(fmt.Sprintf("proxy.listen[%d]", i), host); err != nil {
				return err
			}
		}
		n, _ := strconv.Atoi(port) // it is valid
		add(listen{host, n})
	}
	if len(s.listens) > 0 {
		return nil
	}
	if p := s.cfg.Balancer.Port(); p != 0 {
		add(listen{"", p})
	}
	for _, p := range s.cfg.WebSocket.ForwardingPorts {
		add(listen{"", p})
	}
	if len(s.listens) == 0 && !s.cfg.Balancer.SharesHost {
		add(listen{"", s.cfg.WebSocket.Ports[0]})
	}
	if len(s.listens) == 0 {
		return fmt.Errorf("balancer.url: names no port, and websocket.forwarding_ports none either, expected one that the balancer listens on")
	}
	return nil
}

// tls tells whether clients come by TLS.
func (s setup) tls() bool { return s.cfg.Proxy.TLS.Cert != "" }

// needsCertificate is an error where clients come by TLS and the settings name no certificate.
func (s setup) needsCertificate() error {
	if strings.HasPrefix(s.cfg.Balancer.URL, "wss:") || strings.HasPrefix(s.cfg.Balancer.URL, "https:") {
		if !s.tls() {
			return fmt.Errorf("proxy.tls.cert: is missing, expected the certificate for %s", probes.Printable(s.cfg.Balancer.URL))
		}
	}
	return nil
}

// single tells whether there is one backend, so that what concerns the choice between them has no effect.
func (s setup) single() bool { return len(s.backends) == 1 }

// address is what a client of this host writes.
func (b backend) address() string { return net.JoinHostPort(b.Host, strconv.Itoa(b.Port)) }

// maxClients bounds what is reckoned with: beyond it no single balancer goes, and no sum overflows.
const maxClients = 1 << 22

// clients returns the number to make room for.
func (s setup) clients() int { return min(max(s.cfg.Clients, 1), maxClients) }

// never is how long "no limit" is where a program knows only limits, in a form that each of them can hold: HAProxy
// takes no more than 2^31 ms, which is 24.8 days.
const never = 24 * 24 * time.Hour

// idle returns the time after which a silent tunnel is cut.
func (s setup) idle() time.Duration {
	if s.cfg.Proxy.Timeouts.Idle == 0 {
		return never
	}
	return min(s.cfg.Proxy.Timeouts.Idle, never)
}

// span writes a duration as nginx, HAProxy and Caddy read it: whole seconds, or milliseconds.
func span(d time.Duration) string {
	d = min(d, never)
	if d%time.Second == 0 {
		return strconv.FormatInt(int64(d/time.Second), 10) + "s"
	}
	return strconv.FormatInt(max(1, int64(d/time.Millisecond)), 10) + "ms"
}

// twoPower returns the next power of two from 1024.
func twoPower(n int) int {
	p := 1024
	for p < n {
		p *= 2
	}
	return p
}

// unsaid lists what of the settings a balancer that is not the embedded proxy does not know, beside what its own target
// says.
func (s setup) unsaid(program string) []probes.Text {
	var out []probes.Text
	p := s.cfg.Proxy
	if p.Timeouts.Lifetime > 0 {
		out = append(out, probes.T("%s has no limit to the life of a tunnel: proxy.timeouts.lifetime is left out", program))
	}
	if len(p.TLS.Certificates) > 0 && program != "Traefik" {
		out = append(out, probes.T("this has the first certificate alone: proxy.tls.certificates is left out"))
	}
	if p.KeepalivePing > 0 {
		out = append(out, probes.T("%s sends no ping of its own: proxy.keepalive_ping is left out", program))
	}
	return out
}

// agrees tells whether all list elements give the same value.
func agrees[T any, V comparable](list []T, value func(T) V) bool {
	return !slices.ContainsFunc(list, func(x T) bool { return value(x) != value(list[0]) })
}
