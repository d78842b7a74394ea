package cluster

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Problem is one value that cannot be right.
type Problem struct {
	Key string // such as "websocket.ports[1]"
	Msg string // what was found and what was expected
}

// Validate returns what no set-up could have; what is merely unwise is a finding of an area.
func (c Config) Validate() []Problem {
	var v validator
	v.oneOf("product", string(c.Product), names(Products, func(p ProductInfo) string { return string(p.Name) })...)
	seen := map[string]int{}
	for i, n := range c.Nodes {
		key := fmt.Sprintf("nodes[%d]", i)
		v.host(key+".host", n.Host)
		if first, twice := seen[n.Name]; twice {
			v.add(key+".name", "found %q again, which nodes[%d] has already; expected a name of its own", n.Name, first)
		}
		seen[n.Name] = i
	}
	for i, p := range c.WebSocket.Ports {
		v.port(fmt.Sprintf("websocket.ports[%d]", i), p)
	}
	for i, p := range c.WebSocket.ForwardingPorts {
		v.port(fmt.Sprintf("websocket.forwarding_ports[%d]", i), p)
	}
	v.path("websocket.path", c.WebSocket.Path)
	v.oneOf("websocket.listen_order", string(c.WebSocket.ListenOrder), string(ForwardingFirst), string(PortsFirst))
	v.balancer(c.Balancer)
	v.duration("heartbeat", c.Heartbeat)
	v.atLeast("clients", c.Clients, 0)
	v.proxy(c.Proxy)
	return v.problems
}

type validator struct{ problems []Problem }

func (v *validator) add(key, format string, args ...any) {
	v.problems = append(v.problems, Problem{key, fmt.Sprintf(format, args...)})
}

func (v *validator) oneOf(key, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		v.add(key, "found %q, expected %s", value, oneOf(allowed))
	}
}

func (v *validator) port(key string, p int) {
	if p < 1 || p > 65535 {
		v.add(key, "found %d, expected a port from 1 to 65535", p)
	}
}

func (v *validator) atLeast(key string, n, low int) {
	if n < low {
		v.add(key, "found %d, expected %d or more", n, low)
	}
}

func (v *validator) duration(key string, d time.Duration) {
	if d < 0 {
		v.add(key, "found %s, expected 0s or more", d)
	}
}

func (v *validator) path(key, path string) {
	if u, err := url.Parse(path); err != nil || !strings.HasPrefix(path, "/") || u.Host != "" {
		v.add(key, "found %q, expected a path that begins with one /", path)
	}
}

func (v *validator) host(key, host string) {
	if host == "" {
		v.add(key, "is missing, expected a host name or an address")
		return
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return
	}
	// What is no character of a name never resolves (RFC 1123, 2.1; the underscore is used all the same), and a name
	// whose last part is a number is read as an address (WHATWG URL, 3.5).
	last := host[strings.LastIndexByte(host, '.')+1:]
	_, number := strconv.Atoi(last)
	if strings.ContainsFunc(host, func(r rune) bool { return !isHostRune(r) }) || number == nil || len(host) > maxHost {
		v.add(key, "found %q, expected a host name or an address without a port", clip(host))
	}
}

// maxHost is how long a name may be, in bytes (RFC 1035, 2.3.4).
const maxHost = 253

func isHostRune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '.' || r == '_'
}

func (v *validator) address(key, address string) {
	host, port, err := net.SplitHostPort(address)
	n, perr := strconv.Atoi(port)
	if err != nil || perr != nil || n < 1 || n > 65535 || host == "" && key != "proxy.admin" {
		v.add(key, "found %q, expected host:port", address)
	}
}

func (v *validator) balancer(b Balancer) {
	v.oneOf("balancer.kind", string(b.Kind), string(Embedded), string(Nginx), string(HAProxy), string(Caddy), string(Other))
	if b.URL == "" {
		return
	}
	u, err := url.Parse(b.URL)
	if err != nil || u.Hostname() == "" || !slices.Contains([]string{"ws", "wss", "http", "https"}, u.Scheme) {
		v.add("balancer.url", "found %q, expected a URL such as ws://192.168.6.181:38889/", b.URL)
		return
	}
	if port := u.Port(); port != "" {
		n, err := strconv.Atoi(port)
		if err != nil || n < 1 || n > 65535 {
			v.add("balancer.url", "found port %s, expected a port from 1 to 65535", port)
		}
	}
}

func (v *validator) proxy(p Proxy) {
	for i, a := range p.Listen {
		key := fmt.Sprintf("proxy.listen[%d]", i)
		if _, port, err := net.SplitHostPort(a); err == nil {
			a = port
		}
		if n, err := strconv.Atoi(a); err != nil || n < 1 || n > 65535 {
			v.add(key, "found %q, expected a port or address:port", p.Listen[i])
		}
	}
	v.oneOf("proxy.bind", p.Bind, "first", "all")
	if (p.TLS.Cert == "") != (p.TLS.Key == "") {
		v.add("proxy.tls", "found only one of cert and key, expected both or neither")
	}
	if p.TLS.Cert == "" && len(p.TLS.Certificates) > 0 {
		v.add("proxy.tls.certificates", "found certificates beside an empty cert, expected the one for clients that ask for no name in cert and key")
	}
	for i, c := range p.TLS.Certificates {
		if c.Cert == "" || c.Key == "" {
			v.add(fmt.Sprintf("proxy.tls.certificates[%d]", i), "found cert %q and key %q, expected a file each", c.Cert, c.Key)
		}
	}
	v.oneOf("proxy.tls.min_version", p.TLS.MinVersion, "1.2", "1.3")
	v.oneOf("proxy.policy", p.Policy, "ip-hash", "cookie", "header", "least-conn", "round-robin", "random-two")
	for i, b := range p.Backends {
		key := fmt.Sprintf("proxy.backends[%d]", i)
		v.address(key+".address", b.Address)
		v.atLeast(key+".weight", b.Weight, 1)
		v.atLeast(key+".max_conns", b.MaxConns, 0)
	}
	v.atLeast("proxy.passive_health.max_fails", p.PassiveHealth.MaxFails, 0)
	v.duration("proxy.passive_health.fail_timeout", p.PassiveHealth.FailTimeout)
	v.oneOf("proxy.active_health.kind", p.ActiveHealth.Kind, "websocket", "http", "tcp", "off")
	v.path("proxy.active_health.path", p.ActiveHealth.Path)
	v.duration("proxy.active_health.interval", p.ActiveHealth.Interval)
	v.duration("proxy.active_health.timeout", p.ActiveHealth.Timeout)
	v.atLeast("proxy.active_health.rise", p.ActiveHealth.Rise, 1)
	v.atLeast("proxy.active_health.fall", p.ActiveHealth.Fall, 1)
	v.atLeast("proxy.limits.per_ip", p.Limits.PerIP, 0)
	v.atLeast("proxy.limits.total", p.Limits.Total, 0)
	v.atLeast("proxy.limits.handshakes_per_second", p.Limits.HandshakesPerSecond, 0)
	v.duration("proxy.timeouts.connect", p.Timeouts.Connect)
	v.duration("proxy.timeouts.handshake", p.Timeouts.Handshake)
	v.duration("proxy.timeouts.idle", p.Timeouts.Idle)
	v.duration("proxy.timeouts.lifetime", p.Timeouts.Lifetime)
	v.duration("proxy.timeouts.drain", p.Timeouts.Drain)
	v.duration("proxy.keepalive_ping", p.KeepalivePing)
	for i, s := range p.TrustedProxies {
		_, perr := netip.ParsePrefix(s)
		_, aerr := netip.ParseAddr(s)
		if perr != nil && aerr != nil {
			v.add(fmt.Sprintf("proxy.trusted_proxies[%d]", i), "found %q, expected an address or a network such as 10.0.0.0/8", s)
		}
	}
	v.oneOf("proxy.proxy_protocol", p.ProxyProtocol, "off", "accept")
	if p.Admin != "" {
		v.address("proxy.admin", p.Admin)
	}
}

func names[T any](list []T, name func(T) string) []string {
	out := make([]string, len(list))
	for i, x := range list {
		out[i] = name(x)
	}
	return out
}
