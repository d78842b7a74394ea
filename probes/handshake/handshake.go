// Package handshake opens a WebSocket to a URL as a client does and records every step of it: DNS, TCP, TLS and the
// certificate, the upgrade, the accept key, the first message, one ping, the close. Dial does it for one URL; the area
// does it for every node and for the balancer.
//
// Open does the same and leaves the connection open, frame by frame.
//
// It does not compare the nodes with the balancer (probes/balancer does), it follows no redirect, and it offers no
// extension. The area sends no credentials and no data but one ping and one Close, and keeps no connection.
package handshake

import (
	"context"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
)

// alternateTimeout bounds the look at the other ports of a node's listen order; the host itself has just answered
// with a refusal, so whoever listens there answers soon.
const alternateTimeout = time.Second

// Observation is every URL of the settings, probed once.
type Observation struct {
	Nodes    []Trace `json:"nodes"`              // one for each address behind the balancer
	Balancer *Trace  `json:"balancer,omitempty"` // nil: the settings name no balancer
}

// Traces returns all traces, the balancer's last.
func (o *Observation) Traces() []*Trace {
	var out []*Trace
	for i := range o.Nodes {
		out = append(out, &o.Nodes[i])
	}
	if o.Balancer != nil {
		out = append(out, o.Balancer)
	}
	return out
}

// Probe returns the area "handshake".
func Probe() probes.Probe {
	return probes.New("handshake", Observe, rules)
}

var rules = []probes.Rule[Observation]{
	resolveRule,
	connectRule,
	tlsRule,
	certificateRule,
	upgradeRule,
	acceptKeyRule,
	pingRule,
}

// Observe probes every node and the balancer, side by side. The error is a probes.Skip or the cancellation of ctx.
func Observe(ctx context.Context, t probes.Target) (Observation, error) {
	cfg := t.Config
	var o Observation
	var wg sync.WaitGroup
	dial := func(into *Trace, role Role, name, url string) {
		*into = Dial(ctx, Request{URL: url, Now: t.Now})
		into.Role, into.Name = role, name
	}
	backends := cfg.Backends()
	o.Nodes = make([]Trace, len(backends))
	for i, b := range backends {
		wg.Go(func() { dial(&o.Nodes[i], Node, nodeName(cfg, b.Address), cfg.BackendURL(b.Address)) })
	}
	if u := cfg.BalancerURL(); u != "" {
		o.Balancer = &Trace{}
		wg.Go(func() { dial(o.Balancer, Balancer, "balancer", u) })
	}
	if len(o.Traces()) == 0 {
		return o, probes.Skip("the settings name neither a node's port nor a balancer URL")
	}
	var place probes.Place
	wg.Go(func() { place = t.Place(ctx) })
	wg.Wait()

	for i := range o.Nodes {
		if tr := &o.Nodes[i]; tr.Cause.Kind == Refused {
			wg.Go(func() { tr.AnswersOn = answersOn(ctx, cfg, tr, o.Balancer) })
		}
	}
	wg.Wait()
	for _, tr := range o.Traces() {
		tr.Local = isLocal(tr, place.Addrs)
	}
	if ctx.Err() == context.Canceled {
		return o, ctx.Err()
	}
	return o, nil
}

func nodeName(cfg cluster.Config, address string) string {
	host, _, _ := net.SplitHostPort(address)
	for _, n := range cfg.Nodes {
		if n.Host == host {
			return n.Name
		}
	}
	return address
}

// answersOn looks for the service on the other ports of the node's listen order: a node of the FineReport family takes
// the first port that it can bind (DOMAIN: "listens in this order"). 0: on none of them.
func answersOn(ctx context.Context, cfg cluster.Config, tr, balancer *Trace) int {
	info, _ := cfg.Product.Info()
	u, err := url.Parse(tr.URL)
	if !info.Family || err != nil {
		return 0
	}
	ports := cfg.WebSocket.ListenOrderPorts()
	found := make([]bool, len(ports))
	var wg sync.WaitGroup
	for i, port := range ports {
		if strconv.Itoa(port) == u.Port() || isBalancers(cfg, tr, balancer, u.Hostname(), port) {
			continue
		}
		other := *u
		other.Host = net.JoinHostPort(u.Hostname(), strconv.Itoa(port))
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, alternateTimeout)
			defer cancel()
			alt := Dial(ctx, Request{URL: other.String(), NoPing: true})
			found[i] = alt.Upgraded()
		})
	}
	wg.Wait()
	if i := slices.Index(found, true); i >= 0 {
		return ports[i]
	}
	return 0
}

// isBalancers tells whether a port of a node's host is the balancer's, which answers for other nodes too.
func isBalancers(cfg cluster.Config, tr, balancer *Trace, host string, port int) bool {
	if balancer == nil || cfg.Balancer.Port() != port {
		return false
	}
	if cfg.Balancer.SharesHost || cfg.Balancer.Host() == host {
		return true
	}
	return slices.ContainsFunc(tr.Addresses, func(a string) bool {
		return slices.ContainsFunc(balancer.Addresses, func(b string) bool { return ip(a) == ip(b) })
	})
}

func isLocal(tr *Trace, own []netip.Addr) bool {
	return slices.ContainsFunc(tr.Addresses, func(a string) bool {
		ap, err := netip.ParseAddrPort(a)
		return err == nil && (ap.Addr().IsLoopback() || slices.Contains(own, ap.Addr().Unmap()))
	})
}
