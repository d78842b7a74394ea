package balancer

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/balancer/pause"
	"example.com/wsdoctor/probes/handshake"
	"example.com/wsdoctor/probes/standin"
)

const (
	// patience is how long a balancer may take to believe in a backend again: nginx leaves a failed server out for
	// fail_timeout (10 s), HAProxy wants two or three checks, 2 s apart.
	patience = 12 * time.Second
	// retryEvery spaces the handshakes meanwhile.
	retryEvery = 500 * time.Millisecond
)

// Lent tells of a stand-in that was started in the place of a missing service.
type Lent struct {
	Node    string      `json:"node"`
	Address string      `json:"address"`
	Reached bool        `json:"reached"`         // a request came to it through the balancer
	Failed  probes.Text `json:"failed,omitzero"` // why it could not be started; zero: it was
}

func (l *Lent) evidence() probes.Evidence {
	saw := probes.T("a stand-in was started in the place of %s; the balancer did not reach it", l.Node)
	switch {
	case !l.Failed.IsZero():
		saw = probes.T("a stand-in could not be started in the place of %s: %s", l.Node, l.Failed)
	case l.Reached:
		saw = probes.T("a stand-in was started in the place of %s; the balancer reached it", l.Node)
	}
	return probes.Evidence{Where: l.Address, Saw: saw}
}

// missing returns the index of a node of this host on whose port nothing listens, where a stand-in there would show
// something: the balancer answers, and does not upgrade.
func missing(seen handshake.Observation) (int, bool) {
	if seen.Balancer.Upgraded() || seen.Balancer.Code() == 0 {
		return 0, false
	}
	for i, n := range seen.Nodes {
		if n.Local && n.Cause.Kind == handshake.Refused && n.AnswersOn == 0 {
			return i, true
		}
	}
	return 0, false
}

// lend starts a stand-in for a node, repeats the handshakes, and stops it.
func lend(ctx context.Context, t probes.Target, seen handshake.Observation, node int, wait time.Duration) Observation {
	n := seen.Nodes[node]
	l := &Lent{Node: n.Name, Address: n.Addresses[0]}
	var visits atomic.Int64
	s, err := standin.Listen(ctx, l.Address, standin.Options{Name: "wsdoctor for " + n.Name, Seen: func(standin.Visit) { visits.Add(1) }})
	if err != nil {
		var op *net.OpError
		if errors.As(err, &op) {
			err = op.Err // which does not repeat the address
		}
		l.Failed = probes.Verbatim(err.Error())
		o := compare(t.Config, seen)
		o.Lent = l
		return o
	}
	defer s.Close()

	again := handshake.Observation{Nodes: append([]handshake.Trace(nil), seen.Nodes...)}
	again.Nodes[node] = redial(ctx, t, n)
	direct := visits.Load()
	until := time.Now().Add(wait)
	for {
		bal := redial(ctx, t, *seen.Balancer)
		again.Balancer = &bal
		if bal.Upgraded() || !mayRecover(bal.Cause.Kind) || time.Now().After(until) || !pause.For(ctx, retryEvery) {
			break
		}
	}
	l.Reached = visits.Load() > direct
	o := compare(t.Config, again)
	o.StandIn, o.Lent = true, l
	if o.Verdict.Kind == BothFine && l.Reached {
		o.Verdict = Verdict{Kind: PathFine, Text: probes.T("the path is fine, shown with a stand-in in the place of %s; only the service is missing", n.Name)}
	}
	return o
}

// redial makes one handshake again.
func redial(ctx context.Context, t probes.Target, old handshake.Trace) handshake.Trace {
	tr := handshake.Dial(ctx, handshake.Request{URL: old.URL, Now: t.Now})
	tr.Role, tr.Name, tr.Local = old.Role, old.Name, old.Local
	return tr
}

// mayRecover tells whether an answer is one that a balancer gives while it holds its backends for dead.
func mayRecover(k handshake.Kind) bool {
	return k == handshake.BadGateway || k == handshake.Unavailable || k == handshake.GatewayTimeout
}
