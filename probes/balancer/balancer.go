// Package balancer tells whether it is the balancer or the service that keeps WebSockets from connecting: it puts the
// handshake with each node beside the one through the balancer, says what the balancer changes, and shows which
// headers arrive where a stand-in backend (probes/standin) answers behind it.
//
// It repeats no handshake that the area handshake has made, reads no configuration file (probes/nginx does), and
// changes nothing. Only in a deep run does it listen: on the port of a node that is this host and has nothing there.
// Only then, and in Test, does it make the active tests, each a package below this one.
package balancer

import (
	"context"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/handshake"
)

// areaTimeout leaves room for a deep run that waits until the balancer takes a backend up again, or that is silent for
// as long as a heartbeat takes.
const areaTimeout = 90 * time.Second

// Observation is the path through the balancer beside the direct ones.
type Observation struct {
	URL     string               `json:"url"`
	Kind    cluster.BalancerKind `json:"kind"` // by the settings, or by its Server header where they say "other"
	Verdict Verdict              `json:"verdict"`
	Paths   []Path               `json:"paths"` // each node, then the balancer

	// Arrived is the request as it reached a stand-in behind the balancer; nil: no stand-in answered there.
	Arrived *Arrived `json:"arrived,omitempty"`
	// StandIn tells that the verdict was found with a stand-in in the place of a service that is not running.
	StandIn bool  `json:"stand_in"`
	Lent    *Lent `json:"lent,omitempty"` // nil: no stand-in was to be started

	Active *Active `json:"active,omitempty"` // nil: no active test was made

	deep      bool     // active tests were to be made
	secure    bool     // clients come by TLS
	authority string   // host[:port] of URL, as clients send it in Host
	host      string   // the same without the port
	path      string   // of URL
	backends  []string // host:port of each
}

// Path is one way to the service.
type Path struct {
	Role    handshake.Role `json:"role"`
	Name    string         `json:"name"`
	URL     string         `json:"url"`
	Status  int            `json:"status"` // of the HTTP answer; 0: none came
	Works   bool           `json:"works"`  // the upgrade was answered as it has to be
	Kind    handshake.Kind `json:"kind"`   // of the cause
	Outcome probes.Text    `json:"outcome"`
	Server  string         `json:"server,omitempty"` // its Server header
	Ping    probes.Seconds `json:"ping_seconds,omitempty"`
}

// Probe returns the area "balancer". It needs ports only to come after it: a stand-in of a deep run must not be taken
// for whoever holds the port.
func Probe() probes.Probe {
	p := probes.New("balancer", Observe, rules, "handshake", "ports")
	p.Timeout = areaTimeout
	return p
}

var rules = append([]probes.Rule[Observation]{
	upgradeRule,
	forwardedHeadersRule,
}, activeRules...)

// Observe compares what the area handshake saw; where it was not run, it is made up for. The error is a probes.Skip
// or the cancellation of ctx.
func Observe(ctx context.Context, t probes.Target) (Observation, error) {
	return observe(ctx, t, patience)
}

func observe(ctx context.Context, t probes.Target, wait time.Duration) (Observation, error) {
	if t.Config.BalancerURL() == "" {
		return Observation{}, probes.Skip("the settings name no balancer URL")
	}
	seen, ok := probes.Seen[handshake.Observation](t)
	if !ok {
		var err error
		if seen, err = handshake.Observe(ctx, t); err != nil {
			return Observation{}, err
		}
	}
	o := compare(t.Config, seen)
	if !t.Deep {
		return o, nil
	}
	if node, ok := missing(seen); ok {
		o = lend(ctx, t, seen, node, wait)
	}
	o.deep = true
	if seen.Balancer.Upgraded() {
		var err error
		if o.Active, err = deepTests(ctx, t, o.URL).run(ctx, t, o.URL, *seen.Balancer); err != nil {
			return o, err
		}
	}
	if ctx.Err() == context.Canceled {
		return o, ctx.Err()
	}
	return o, nil
}

// compare makes the observation of one set of traces.
func compare(cfg cluster.Config, seen handshake.Observation) Observation {
	o := Observation{URL: seen.Balancer.URL, Kind: kindOf(cfg, seen.Balancer)}
	o.secure = seen.Balancer.Secure
	o.authority, o.host, o.path = split(o.URL)
	for _, b := range cfg.Backends() {
		o.backends = append(o.backends, b.Address)
	}
	for _, tr := range seen.Traces() {
		o.Paths = append(o.Paths, pathOf(tr))
	}
	o.Arrived = arrived(seen.Balancer)
	o.Verdict = judge(seen, o.Arrived)
	return o
}

func pathOf(tr *handshake.Trace) Path {
	p := Path{Role: tr.Role, Name: tr.Name, URL: tr.URL, Status: tr.Code(), Works: tr.Upgraded(), Kind: tr.Cause.Kind}
	best := tr.Best()
	if best != nil {
		p.Server = best.Response.Get("Server")
		p.Ping = best.Ping
	}
	switch {
	case tr.Cause.Kind != handshake.None:
		p.Outcome = tr.Cause.Text
	case best != nil && best.Ping > 0:
		p.Outcome = probes.T("101, ping %s", best.Ping)
	default:
		p.Outcome = probes.T("101")
	}
	return p
}
