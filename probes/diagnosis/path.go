package diagnosis

import (
	"slices"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/balancer"
	"example.com/wsdoctor/probes/handshake"
)

// aboutTheBalancer are the areas whose warnings a balancer that answers the upgrade bears in a picture.
var aboutTheBalancer = []string{"balancer", "nginx", "haproxy"}

// path is the way of a client's connection as the handshakes found it. The results say what else is held against the
// balancer.
func (s scene) path(results []probes.Result) probes.Path {
	var p probes.Path
	for _, t := range s.shake.Traces() {
		hop := hopOf(t)
		if t.Role != handshake.Balancer {
			hop.Name = t.Name
			p.Nodes = append(p.Nodes, hop)
			continue
		}
		hop.Kind = s.balancer.Kind
		switch i := slices.IndexFunc(results, heldAgainstBalancer); {
		case hop.Status == probes.OK && i >= 0:
			hop.Status = probes.Warned
			hop.Says = probes.T("%s; see %s", hop.Says, results[i].ID)
		case hop.Status == probes.Failed && s.balancer.Verdict.Kind != "" && !s.balancer.Verdict.Balancers() && s.balancer.Verdict.Kind != balancer.BalancerOnly:
			hop.Status = probes.Warned // what it answers is not of its own making
		}
		p.Balancer = &hop
	}
	return p
}

func heldAgainstBalancer(r probes.Result) bool {
	return slices.Contains(aboutTheBalancer, r.Area) && (r.Status == probes.Failed || r.Status == probes.Warned)
}

// hopOf is what a handshake with a hop showed.
func hopOf(t *handshake.Trace) probes.Hop {
	h := probes.Hop{URL: t.URL, Status: probes.OK, Way: probes.OK, Says: probes.T("101 Switching Protocols"), Brief: probes.T("101")}
	best := t.Best()
	if t.Cause.Kind == handshake.None {
		if best != nil && best.Ping > 0 {
			h.Says, h.Brief = probes.T("101 Switching Protocols, ping %s", best.Ping), probes.T("101, ping %s", best.Ping)
		}
		return h
	}
	h.Status, h.Says = probes.Failed, t.Cause.Text
	switch t.Cause.Phase {
	case handshake.Resolving, handshake.Connecting, handshake.Proxying, handshake.Securing:
		h.Way = probes.Failed
	}
	h.Brief = brief[t.Cause.Kind]
	switch {
	case t.Code() != 0 && best.Response != nil:
		h.Brief = probes.Verbatim(strings.TrimSpace(strings.TrimPrefix(best.Response.StatusLine, best.Response.Proto)))
	case h.Brief.IsZero():
		h.Brief = t.Cause.Kind.Words()
	}
	return h
}

// brief says in a few words why there is no connection; the long way stands with the check.
var brief = map[handshake.Kind]probes.Text{
	handshake.NameNotFound:   probes.T("name not found"),
	handshake.NameTimeout:    probes.T("no answer of the name server"),
	handshake.Refused:        probes.T("refused"),
	handshake.ConnectTimeout: probes.T("no answer to TCP"),
	handshake.Unreachable:    probes.T("unreachable"),
	handshake.Denied:         probes.T("denied by this host"),
	handshake.Reset:          probes.T("reset"),
	handshake.Closed:         probes.T("closed without an answer"),
	handshake.PlainOnTLS:     probes.T("no TLS there"),
	handshake.TLSAlert:       probes.T("TLS alert"),
	handshake.TLSTimeout:     probes.T("no answer to TLS"),
	handshake.TLSError:       probes.T("TLS fails"),
	handshake.TLSOnPlain:     probes.T("speaks TLS only"),
	handshake.NotHTTP:        probes.T("speaks no HTTP"),
	handshake.UpgradeTimeout: probes.T("no answer to the upgrade"),
	handshake.AcceptMissing:  probes.T("no Sec-WebSocket-Accept"),
	handshake.AcceptWrong:    probes.T("wrong Sec-WebSocket-Accept"),
	handshake.NoPong:         probes.T("no pong"),
	handshake.ClosedAfter:    probes.T("closed after the upgrade"),
}
