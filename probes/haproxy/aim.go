package haproxy

import (
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/wsdoctor/probes/cluster"
)

// Aim says what is to come through HAProxy. Of a zero Aim nothing is known, and what hangs on it is not judged.
type Aim struct {
	Host      string        // of the clients' URL
	Port      int           // of the clients' URL; 0: not known
	Secure    bool          // the clients' URL is wss://
	Path      string        // of the handshake, without the query; "": not known
	Query     string        // of the handshake
	Forward   []int         // ports that HAProxy is to listen on
	Ports     []int         // ports that the nodes listen on, forwarding ports included
	Nodes     []string      // hosts of the nodes
	Addresses []string      // HOST:PORT of each backend, for the lines of a fix
	Stateful  bool          // a client has to come back to the same node: Engine.IO's polling
	Product   string        // as it is called in a message
	Heartbeat time.Duration // how often the application sends something; 0: never, or not known
	Clients   int           // to expect at once; 0: not known
}

// AimOf takes the aim from settings.
func AimOf(cfg cluster.Config) Aim {
	info, _ := cfg.Product.Info()
	a := Aim{
		Forward: slices.Clone(cfg.WebSocket.ForwardingPorts), Ports: cfg.WebSocket.ListenOrderPorts(), Product: info.Title,
		Stateful: info.Family || cfg.Product == cluster.SocketIO, Heartbeat: cfg.Heartbeat, Clients: cfg.Clients,
		Host: cfg.Balancer.Host(), Port: cfg.Balancer.Port(),
	}
	a = a.On(cfg.WebSocket.Path)
	if u, err := url.Parse(cfg.BalancerURL()); err == nil && u.Host != "" {
		a.Path, a.Query, a.Secure = u.EscapedPath(), u.RawQuery, u.Scheme == "wss" || u.Scheme == "https"
	}
	for _, n := range cfg.Nodes {
		a.Nodes = append(a.Nodes, n.Host)
	}
	for _, b := range cfg.Backends() {
		a.Addresses = append(a.Addresses, b.Address)
		if _, port, err := net.SplitHostPort(b.Address); err == nil {
			if n, err := strconv.Atoi(port); err == nil && !slices.Contains(a.Ports, n) {
				a.Ports = append(a.Ports, n)
			}
		}
	}
	return a
}

// On returns the aim of a handshake for another path, with its query.
func (a Aim) On(path string) Aim {
	a.Path, a.Query, _ = strings.Cut(path, "?")
	return a
}

// entryPorts returns the ports by which clients come.
func (a Aim) entryPorts() []int {
	if a.Port != 0 {
		return []int{a.Port}
	}
	return a.Forward
}
