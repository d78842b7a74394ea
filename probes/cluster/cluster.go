// Package cluster describes what the operator says they have: the settings file, its defaults by product, its
// validation, and the raw rows of a product's configuration table. It looks at nothing but those files.
package cluster

import (
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Version is the version of the settings file that this program reads and writes.
const Version = 1

// Product is what runs on the nodes.
type Product string

// The products. Their defaults stand in products.go.
const (
	FineReport   Product = "finereport"
	FineBI       Product = "finebi"
	FineDataLink Product = "finedatalink"
	SocketIO     Product = "socketio"
	Generic      Product = "generic"
)

// ListenOrder says which of its ports a node of the FineReport family tries first.
type ListenOrder string

// A cluster node tries the forwarding ports, then the ports; a single server the other way round.
const (
	ForwardingFirst ListenOrder = "forwarding-first"
	PortsFirst      ListenOrder = "ports-first"
)

// BalancerKind names the program in front of the nodes.
type BalancerKind string

// The kinds of balancer.
const (
	Embedded BalancerKind = "embedded"
	Nginx    BalancerKind = "nginx"
	HAProxy  BalancerKind = "haproxy"
	Caddy    BalancerKind = "caddy"
	Other    BalancerKind = "other"
)

// Config is the settings file wsdoctor.yaml.
type Config struct {
	Version   int           `yaml:"version"`
	Product   Product       `yaml:"product"`
	Nodes     []Node        `yaml:"nodes"`
	WebSocket WebSocket     `yaml:"websocket"`
	Balancer  Balancer      `yaml:"balancer"`
	Heartbeat time.Duration `yaml:"heartbeat"` // how often the application sends something; 0: never
	Clients   int           `yaml:"clients"`   // concurrent clients to expect
	Proxy     Proxy         `yaml:"proxy"`
}

// Node is a host that runs the WebSocket service.
type Node struct {
	Name string `yaml:"name"`
	Host string `yaml:"host"` // a name or an address, without a port
}

// WebSocket is how the service listens.
type WebSocket struct {
	Ports           []int       `yaml:"ports,flow"`            // WebSocketConfig.port
	ForwardingPorts []int       `yaml:"forwarding_ports,flow"` // WebSocketConfig.requestPorts
	Path            string      `yaml:"path"`                  // of the handshake, with its query if it has one
	ListenOrder     ListenOrder `yaml:"listen_order"`
}

// Balancer is what stands in front of the nodes.
type Balancer struct {
	Kind       BalancerKind `yaml:"kind"`
	URL        string       `yaml:"url"`         // where clients connect; empty: no balancer to check
	Config     string       `yaml:"config"`      // its configuration file; optional
	SharesHost bool         `yaml:"shares_host"` // it runs on the host of a node
}

// Proxy holds the settings of the embedded proxy.
type Proxy struct {
	Listen         []string      `yaml:"listen"` // empty: the forwarding ports, then the ports
	Bind           string        `yaml:"bind"`   // first | all
	TLS            TLS           `yaml:"tls"`
	Policy         string        `yaml:"policy"`
	Backends       []Backend     `yaml:"backends"` // empty: each node on the first port that it can have
	PassiveHealth  PassiveHealth `yaml:"passive_health"`
	ActiveHealth   ActiveHealth  `yaml:"active_health"`
	Limits         Limits        `yaml:"limits"`
	Timeouts       Timeouts      `yaml:"timeouts"`
	KeepalivePing  time.Duration `yaml:"keepalive_ping"` // ping an idle tunnel from the proxy; 0: never
	TrustedProxies []string      `yaml:"trusted_proxies"`
	ProxyProtocol  string        `yaml:"proxy_protocol"` // off | accept
	Admin          string        `yaml:"admin"`          // /metrics, /status, /healthz; empty: none
}

// TLS names the certificates that the embedded proxy serves.
type TLS struct {
	Cert         string        `yaml:"cert"` // empty: no TLS
	Key          string        `yaml:"key"`
	Certificates []Certificate `yaml:"certificates,omitempty"` // more, for clients that ask for their names (SNI)
	MinVersion   string        `yaml:"min_version"`            // "1.2" | "1.3"
}

// Certificate is a pair of PEM files: a certificate with its chain, and its key.
type Certificate struct {
	Cert string `yaml:"cert"`
	Key  string `yaml:"key"`
}

// Pairs returns every pair of files; the first is for clients whose name none of them has. None: no TLS.
func (t TLS) Pairs() []Certificate {
	if t.Cert == "" {
		return nil
	}
	return append([]Certificate{{t.Cert, t.Key}}, t.Certificates...)
}

// Backend is one address behind the embedded proxy.
type Backend struct {
	Address  string `yaml:"address"` // host:port
	Weight   int    `yaml:"weight"`
	Backup   bool   `yaml:"backup"`
	Down     bool   `yaml:"down"`
	MaxConns int    `yaml:"max_conns"` // 0: no limit
}

// PassiveHealth takes a backend out after failed connects.
type PassiveHealth struct {
	MaxFails    int           `yaml:"max_fails"`
	FailTimeout time.Duration `yaml:"fail_timeout"`
}

// ActiveHealth asks each backend whether it is well.
type ActiveHealth struct {
	Kind     string        `yaml:"kind"` // websocket | http | tcp | off
	Path     string        `yaml:"path"`
	Interval time.Duration `yaml:"interval"`
	Timeout  time.Duration `yaml:"timeout"`
	Rise     int           `yaml:"rise"`
	Fall     int           `yaml:"fall"`
}

// Limits of the embedded proxy; 0 means none.
type Limits struct {
	PerIP               int `yaml:"per_ip"`
	Total               int `yaml:"total"`
	HandshakesPerSecond int `yaml:"handshakes_per_second"`
}

// Timeouts of the embedded proxy; 0 means none.
type Timeouts struct {
	Connect   time.Duration `yaml:"connect"`
	Handshake time.Duration `yaml:"handshake"`
	Idle      time.Duration `yaml:"idle"`
	Lifetime  time.Duration `yaml:"lifetime"`
	Drain     time.Duration `yaml:"drain"`
}

// Host returns the host of the URL without its port; "" where there is no URL.
func (b Balancer) Host() string {
	u, err := url.Parse(b.URL)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// Port returns the port of the URL, the scheme's default included; 0 where there is no URL.
func (b Balancer) Port() int {
	u, err := url.Parse(b.URL)
	if err != nil || u.Host == "" {
		return 0
	}
	if p, err := strconv.Atoi(u.Port()); err == nil {
		return p
	}
	if u.Scheme == "wss" || u.Scheme == "https" {
		return 443
	}
	return 80
}

// ListenOrderPorts returns every port that a node tries, in its order, each once.
func (w WebSocket) ListenOrderPorts() []int {
	first, then := w.Ports, w.ForwardingPorts
	if w.ListenOrder == ForwardingFirst {
		first, then = then, first
	}
	var out []int
	seen := map[int]bool{}
	for _, list := range [][]int{first, then} {
		for _, p := range list {
			if !seen[p] {
				seen[p] = true
				out = append(out, p)
			}
		}
	}
	return out
}

// Backends returns the addresses behind the balancer: the proxy's list, else each node on the port that it listens on
// when it follows its listen order: the first that nothing else on its host has. So a cluster node, which tries the
// forwarding ports first, is on the first of them, but on a host that it shares with the balancer, which has those,
// on the first of its other ports.
func (c Config) Backends() []Backend {
	if len(c.Proxy.Backends) > 0 {
		return c.Proxy.Backends
	}
	order := c.WebSocket.ListenOrderPorts()
	if len(order) == 0 {
		return nil
	}
	held := map[string][]int{} // by host
	var out []Backend
	for _, n := range c.Nodes {
		if _, seen := held[n.Host]; !seen && c.balancerOn(n) {
			held[n.Host] = c.balancerPorts()
		}
		port := order[0]
		if i := slices.IndexFunc(order, func(p int) bool { return !slices.Contains(held[n.Host], p) }); i >= 0 {
			port = order[i]
		}
		held[n.Host] = append(held[n.Host], port)
		out = append(out, Backend{Address: net.JoinHostPort(n.Host, strconv.Itoa(port)), Weight: 1})
	}
	return out
}

// balancerOn tells whether the balancer runs on the host of n: its URL names that host, or it shares a host with a node
// and its URL names another address, which is then taken for one that each of them may have.
func (c Config) balancerOn(n Node) bool {
	host := c.Balancer.Host()
	if host != "" && strings.EqualFold(host, n.Host) {
		return true
	}
	return c.Balancer.SharesHost && !slices.ContainsFunc(c.Nodes, func(n Node) bool { return strings.EqualFold(host, n.Host) })
}

// balancerPorts returns the ports that the balancer takes on its host.
func (c Config) balancerPorts() []int {
	ports := slices.Clone(c.WebSocket.ForwardingPorts)
	if c.Balancer.Kind == Embedded {
		if len(c.Proxy.Listen) > 0 {
			ports = nil
			for _, a := range c.Proxy.Listen {
				if p, err := strconv.Atoi(a[strings.LastIndexByte(a, ':')+1:]); err == nil {
					ports = append(ports, p)
				}
			}
		}
		if c.Proxy.Bind != "all" {
			ports = ports[:min(1, len(ports))]
		}
	}
	return append(ports, c.Balancer.Port())
}

// BalancerURL returns the URL to probe through the balancer: the one in the settings, with the service's path where
// it names none. "" where there is no balancer.
func (c Config) BalancerURL() string {
	u, err := url.Parse(c.Balancer.URL)
	if err != nil || u.Host == "" {
		return ""
	}
	if (u.Path == "" || u.Path == "/") && u.RawQuery == "" {
		c.ontoPath(u)
	}
	return u.String()
}

// BackendURL returns the URL that probes the service itself at host:port.
func (c Config) BackendURL(address string) string {
	u := &url.URL{Scheme: "ws", Host: address}
	c.ontoPath(u)
	return u.String()
}

// HealthPath returns what an active check asks a backend for: its own path, or where that is "/" the service's, because
// a Socket.IO server takes no WebSocket at "/" and every backend would count as sick.
func (c Config) HealthPath() string {
	if p := c.Proxy.ActiveHealth.Path; p != "" && p != "/" {
		return p
	}
	u := &url.URL{}
	c.ontoPath(u)
	return u.RequestURI()
}

// ontoPath gives u the path and query of the service, as they are written in the settings: %2F is not /.
func (c Config) ontoPath(u *url.URL) {
	service, err := url.Parse(c.WebSocket.Path)
	if err != nil || service.Path == "" {
		service = &url.URL{Path: "/"}
	}
	u.Path, u.RawPath, u.RawQuery = service.Path, service.RawPath, service.RawQuery
}
