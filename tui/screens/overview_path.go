package screens

import (
	"net"
	"net/url"
	"strconv"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/balancer"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/handshake"
)

// hop is one part of the path, with the edge that leads to it.
type hop struct {
	name   probes.Text
	where  string // host:port
	status probes.Status
	seen   bool        // a run has looked at it
	words  probes.Text // what came of a handshake with it

	edge     string // protocol and port of the way to it
	edgeSeen bool
	edgeOK   bool // a connection came about
}

// path is the way of a client's connection, as the settings have it and as it was seen.
type path struct {
	balancer *hop // nil: clients go to the nodes
	nodes    []hop
}

// pathOf draws up the path. Before the first run it is what the settings say.
func pathOf(st State) path {
	var p path
	seen, _ := probes.Observed[handshake.Observation](st.Report)
	bal, judged := probes.Observed[balancer.Observation](st.Report)
	cfg := st.Config
	for _, b := range cfg.Backends() {
		h := hop{name: probes.Verbatim(nodeOf(cfg, b.Address)), where: b.Address, edge: edgeOf(cfg.BackendURL(b.Address))}
		for i := range seen.Nodes {
			if tr := &seen.Nodes[i]; tr.URL == cfg.BackendURL(b.Address) {
				h.took(tr)
			}
		}
		p.nodes = append(p.nodes, h)
	}
	if u := cfg.BalancerURL(); u != "" {
		h := hop{name: balancerName(cfg, bal, judged), where: hostPort(u), edge: edgeOf(u)}
		if seen.Balancer != nil {
			h.took(seen.Balancer)
			if h.status == probes.OK {
				h.status = worstOf(st, "balancer", "nginx", "haproxy")
			}
			if h.status == probes.Failed && judged && !bal.Verdict.Balancers() && bal.Verdict.Kind != balancer.BalancerOnly {
				h.status = probes.Warned // what it answers is not of its own making
			}
		}
		p.balancer = &h
	}
	return p
}

// took fills in what a handshake with the hop showed.
func (h *hop) took(tr *handshake.Trace) {
	h.seen, h.edgeSeen = true, true
	switch tr.Cause.Phase {
	case handshake.Resolving, handshake.Connecting, handshake.Proxying, handshake.Securing:
		h.edgeOK = tr.Cause.Kind == handshake.None
	default:
		h.edgeOK = true
	}
	h.status = probes.OK
	best := tr.Best()
	switch {
	case tr.Cause.Kind != handshake.None:
		h.status, h.words = probes.Failed, tr.Cause.Text
		if code := tr.Code(); code != 0 && best != nil && best.Response != nil {
			h.words = probes.Verbatim(strings.TrimSpace(strings.TrimPrefix(best.Response.StatusLine, best.Response.Proto)))
		} else {
			h.words = shortCause(tr.Cause.Kind, tr.Cause.Text)
		}
	case best != nil && best.Ping > 0:
		h.words = probes.T("101, ping %s", best.Ping)
	default:
		h.words = probes.T("101")
	}
}

// shortCause says in a few words why there is no connection; the long way stands with the check.
func shortCause(k handshake.Kind, long probes.Text) probes.Text {
	if k == handshake.None {
		return long
	}
	return k.Words()
}

// worstOf is the worst status that the checks of areas have: a warning, else fine.
func worstOf(st State, areas ...string) probes.Status {
	out := probes.OK
	for _, r := range st.Report.Results {
		for _, a := range areas {
			if r.Area == a && (r.Status == probes.Failed || r.Status == probes.Warned) {
				out = probes.Warned
			}
		}
	}
	return out
}

func nodeOf(cfg cluster.Config, address string) string {
	host, _, _ := net.SplitHostPort(address)
	for _, n := range cfg.Nodes {
		if n.Host == host && n.Name != "" {
			return n.Name
		}
	}
	return host
}

// balancerName is the kind of the settings, or what its answers say where the settings do not know.
func balancerName(cfg cluster.Config, seen balancer.Observation, judged bool) probes.Text {
	kind := cfg.Balancer.Kind
	if judged && (kind == "" || kind == cluster.Other) {
		kind = seen.Kind
	}
	switch kind {
	case "", cluster.Other:
		return probes.T("balancer")
	case cluster.Embedded:
		return probes.T("%s proxy", "wsdoctor")
	case cluster.HAProxy:
		return probes.Verbatim("HAProxy")
	case cluster.Caddy:
		return probes.Verbatim("Caddy")
	}
	return probes.Verbatim(string(kind))
}

// edgeOf names the protocol and the port of a URL.
func edgeOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + " " + strconv.Itoa(cluster.Balancer{URL: raw}.Port())
}

func hostPort(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	return u.Host
}
