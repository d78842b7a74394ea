package probes

import (
	"net"
	"net/url"
	"strconv"

	"example.com/wsdoctor/probes/cluster"
)

// Path is the way of a client's connection: the balancer, as clients ask it, and each node, asked directly from this
// host. Every picture of the way is drawn from it. PathOf makes it of the settings; the diagnosis, of what was seen.
// The zero value: there is nothing to ask.
type Path struct {
	Balancer *Hop // nil: the settings name none
	Nodes    []Hop
}

// Hop is one part of a Path, with the way that leads to it.
type Hop struct {
	Name   string // of a node
	Kind   cluster.BalancerKind
	URL    string // that is asked
	Status Status // OK: it answers the upgrade; Warned: but not all is well there; Failed: it does not; Unknown: nobody asked
	Way    Status // OK: a connection to it came about; Failed: none did; Unknown: nobody tried
	Says   Text   // how it answered; zero: nobody asked
	Brief  Text   // the same in a few words
}

// PathOf is the path as the settings have it; nobody has looked at it.
func PathOf(cfg cluster.Config) Path {
	var p Path
	for _, b := range cfg.Backends() {
		p.Nodes = append(p.Nodes, Hop{Name: nodeAt(cfg, b.Address), URL: cfg.BackendURL(b.Address)})
	}
	if u := cfg.BalancerURL(); u != "" {
		p.Balancer = &Hop{Kind: cfg.Balancer.Kind, URL: u}
	}
	return p
}

func nodeAt(cfg cluster.Config, address string) string {
	host, _, _ := net.SplitHostPort(address)
	for _, n := range cfg.Nodes {
		if n.Host == host && n.Name != "" {
			return n.Name
		}
	}
	return host
}

// Empty tells whether there is nothing to draw.
func (p Path) Empty() bool { return p.Balancer == nil && len(p.Nodes) == 0 }

// Title is the name of a hop: a node's own, or what the balancer is.
func (h Hop) Title() Text {
	switch {
	case h.Name != "":
		return Verbatim(h.Name)
	case h.Kind == cluster.Embedded:
		return T("wsdoctor proxy")
	case h.Kind == cluster.HAProxy:
		return Verbatim("HAProxy")
	case h.Kind == cluster.Caddy:
		return Verbatim("Caddy")
	case h.Kind == "" || h.Kind == cluster.Other:
		return T("balancer")
	}
	return Verbatim(string(h.Kind))
}

// Host is the host of a hop's URL.
func (h Hop) Host() string {
	u, err := url.Parse(h.URL)
	if err != nil {
		return h.URL
	}
	return u.Hostname()
}

// Edge names what goes over the way to a hop: protocol and port, such as "wss 443"; "" where the URL says neither.
func (h Hop) Edge() string {
	u, err := url.Parse(h.URL)
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + " " + strconv.Itoa(cluster.Balancer{URL: h.URL}.Port())
}
