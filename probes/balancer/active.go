package balancer

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/balancer/backend"
	"example.com/wsdoctor/probes/balancer/capacity"
	"example.com/wsdoctor/probes/balancer/distribution"
	"example.com/wsdoctor/probes/balancer/engineio"
	"example.com/wsdoctor/probes/balancer/idle"
	"example.com/wsdoctor/probes/balancer/rehearsal"
	"example.com/wsdoctor/probes/balancer/stickiness"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/handshake"
)

const (
	// deepStickiness and deepClients are as few connections as say something about two or three backends.
	deepStickiness = 8
	deepClients    = 20
	// deepCapacity is far below what any service in use holds, and above a worker_connections that is far too small.
	deepCapacity = 64
	// deepIdle bounds the silence that a deep check waits for: what it asks is whether a heartbeat comes in time.
	deepIdle = 30 * time.Second
)

// Tests says which active tests to make. The zero value makes none.
type Tests struct {
	Stickiness   int           // reconnections of each series; 0: not tested
	Distribution int           // clients; 0: not tested
	Idle         time.Duration // longest silence; 0: not tested
	Capacity     int           // connections to hold; 0: not tested
	SocketIO     bool
	Event        string // of Socket.IO, for the application to acknowledge; "": none is sent
	Rehearsal    int    // tunnels to hold through a restart; 0: not tested

	// Watch is how long a rehearsal watches; 0 means 30 s. Act is what is rehearsed; see rehearsal.Options.
	Watch time.Duration
	Act   func(context.Context) error

	Request  handshake.Request // TLS, headers and the like; its URL is not used
	Progress func(probes.Text) // told how far a test is; nil: nobody
	Step     func(Step)        // the same in numbers, for a picture; nil: nobody
}

// Active is what the active tests saw, with what it says. A test that was not made is nil.
type Active struct {
	Stickiness   *Stickiness   `json:"stickiness,omitempty"`
	Distribution *Distribution `json:"distribution,omitempty"`
	Idle         *Idle         `json:"idle,omitempty"`
	Capacity     *Capacity     `json:"capacity,omitempty"`
	SocketIO     *SocketIO     `json:"socketio,omitempty"`
	Rehearsal    *Rehearsal    `json:"rehearsal,omitempty"`

	heartbeat time.Duration
	backends  int
	stateful  bool // a session lives on one node
	why       map[string]probes.Text
}

// The results of the tests: what was seen, and what it says.
type (
	// Stickiness tells whether a client comes back to its backend.
	Stickiness struct {
		Observed stickiness.Observation `json:"observed"`
		Verdict  stickiness.Verdict     `json:"verdict"`
	}
	// Distribution tells how clients are spread.
	Distribution struct {
		Observed distribution.Observation `json:"observed"`
		Verdict  distribution.Verdict     `json:"verdict"`
	}
	// Idle tells how long a silent tunnel lives.
	Idle struct {
		Observed idle.Observation `json:"observed"`
		Verdict  idle.Verdict     `json:"verdict"`
	}
	// Capacity tells how many tunnels are held at once.
	Capacity struct {
		Observed capacity.Observation `json:"observed"`
		Verdict  capacity.Verdict     `json:"verdict"`
	}
	// Rehearsal tells what clients go through while something restarts.
	Rehearsal struct {
		Observed rehearsal.Observation `json:"observed"`
		Verdict  rehearsal.Verdict     `json:"verdict"`
	}
	// SocketIO tells whether a Socket.IO client gets through.
	SocketIO struct {
		Observed engineio.Observation `json:"observed"`
	}
)

// ErrNoUpgrade is what Test returns where the URL does not upgrade; the trace says why.
type ErrNoUpgrade struct{ Trace handshake.Trace }

func (e ErrNoUpgrade) Error() string {
	return "opening a WebSocket to " + e.Trace.URL + ": " + e.Trace.Cause.Text.String()
}

// Test makes active tests of one URL. The error is an ErrNoUpgrade or the cancellation of ctx.
func Test(ctx context.Context, t probes.Target, url string, tests Tests) (Observation, error) {
	req := tests.Request
	req.URL, req.NoPing = url, true
	tr := handshake.Dial(ctx, req)
	switch {
	case ctx.Err() != nil:
		return Observation{}, ctx.Err()
	case !tr.Upgraded():
		return Observation{}, ErrNoUpgrade{tr}
	}
	o := Observation{URL: url, Kind: kindOf(t.Config, &tr), secure: tr.Secure}
	o.authority, o.host, o.path = split(url)
	var err error
	o.Active, err = tests.run(ctx, t, url, tr)
	return o, err
}

// deepTests are the tests of a deep check: bounded, and as few as say something.
func deepTests(ctx context.Context, t probes.Target, url string) Tests {
	tests := Tests{Stickiness: deepStickiness, Distribution: max(deepClients, 5*len(t.Config.Backends())), SocketIO: IsEngine(url)}
	if h := t.Config.Heartbeat; h > 0 {
		tests.Idle = min(h*6/5, deepIdle)
	}
	if capacity.Own(url, t.Config, t.Place(ctx)) {
		tests.Capacity = deepCapacity
		if n := t.Config.Clients; n > 0 { // a ceiling above all the clients that will ever come is no fault
			tests.Capacity = min(n, deepCapacity)
		}
	}
	return tests
}

// IsEngine tells whether a URL leads to an Engine.IO server by its path.
func IsEngine(url string) bool {
	return strings.Contains(url, "/socket.io") || strings.Contains(url, "/engine.io") || strings.Contains(url, "EIO=")
}

// run makes the tests one after the other: a ramp of connections would disturb the others.
func (tests Tests) run(ctx context.Context, t probes.Target, url string, tr handshake.Trace) (*Active, error) {
	info, _ := t.Config.Product.Info()
	a := &Active{
		heartbeat: t.Config.Heartbeat, backends: len(t.Config.Backends()), why: map[string]probes.Text{},
		stateful: info.Family || t.Config.Product == cluster.SocketIO || IsEngine(url),
	}
	req := tests.Request
	req.URL = url
	var sources []netip.Addr
	if best := tr.Best(); best != nil && req.Proxy == nil {
		sources = backend.Sources(best.Address)
	}
	table := backend.NewTable(ctx, t.Config.Backends())
	say := func(format string, args ...any) {
		if tests.Progress != nil {
			tests.Progress(probes.T(format, args...))
		}
	}
	step := func(test string, done, of float64, bad int) {
		if tests.Step != nil {
			tests.Step(Step{test, done, of, bad})
		}
	}
	for _, test := range []func() error{
		func() error {
			if tests.Stickiness == 0 {
				return nil
			}
			seen, err := stickiness.Observe(ctx, stickiness.Options{Request: req, N: tests.Stickiness, Sources: sources, Table: table,
				Progress: func(way stickiness.Way, done, of int) {
					say("stickiness: %s, %d of %d", way.Words(), done, of)
					step("stickiness", float64(done), float64(of), 0)
				}})
			a.Stickiness = &Stickiness{seen, stickiness.Judge(seen)}
			return err
		},
		func() error {
			if tests.Distribution == 0 {
				return nil
			}
			seen, err := distribution.Observe(ctx, distribution.Options{Request: req, N: tests.Distribution, Sources: sources, Table: table,
				Progress: func(done, of int) {
					say("distribution: %d of %d clients", done, of)
					step("distribution", float64(done), float64(of), 0)
				}})
			a.Distribution = &Distribution{seen, distribution.Judge(seen, weights(t.Config), a.backends)}
			return err
		},
		func() error {
			if !tests.SocketIO {
				return nil
			}
			say("Socket.IO: polling and upgrade")
			step("socketio", 0, 0, 0)
			seen, err := engineio.Observe(ctx, engineio.Options{URL: url, Header: req.Header, Request: tests.Request, Event: tests.Event})
			var none *probes.Reason
			if errors.As(err, &none) {
				a.why["socketio"] = none.Text
				return nil
			}
			a.SocketIO = &SocketIO{seen}
			return err
		},
		func() error {
			if tests.Idle == 0 {
				return nil
			}
			seen, err := idle.Observe(ctx, idle.Options{Request: req, Direct: directly(t.Config, url), Max: tests.Idle,
				Progress: func(elapsed, of time.Duration, ended int) {
					say("idle limit: %.0f s of %.0f s at most, %d sockets have ended", elapsed.Seconds(), of.Seconds(), ended)
					step("idle", elapsed.Seconds(), of.Seconds(), ended)
				}})
			a.Idle = &Idle{seen, idle.Judge(seen)}
			return err
		},
		func() error {
			if tests.Capacity == 0 {
				return nil
			}
			var alive time.Duration
			if a.Idle != nil {
				alive = time.Duration(a.Idle.Verdict.Limit) / 4
			}
			seen, err := capacity.Observe(ctx, capacity.Options{Request: req, N: tests.Capacity, Alive: alive,
				Progress: func(held, of, refused int) {
					say("capacity: %d of %d held, %d refused", held, of, refused)
					step("capacity", float64(held), float64(of), refused)
				}}, capacity.Limits(t))
			a.Capacity = &Capacity{seen, capacity.Judge(seen)}
			return err
		},
		func() error {
			if tests.Rehearsal == 0 {
				return nil
			}
			seen, err := rehearsal.Observe(ctx, rehearsal.Options{Request: req, N: tests.Rehearsal, Sources: sources, Watch: tests.Watch, Act: tests.Act,
				Progress: func(dropped, back, of int, watched time.Duration) {
					say("rehearsal: %d drops, %d of %d tunnels are there, %.0f s", dropped, back, of, watched.Seconds())
				}})
			a.Rehearsal = &Rehearsal{seen, rehearsal.Judge(seen)}
			return err
		},
	} {
		if err := test(); err != nil {
			return a, err
		}
	}
	return a, nil
}

// directly is the first node itself, to hold a silent socket with; none where the URL is not the settings' balancer.
func directly(cfg cluster.Config, url string) []handshake.Request {
	if url != cfg.BalancerURL() || len(cfg.Backends()) == 0 {
		return nil
	}
	return []handshake.Request{{URL: cfg.BackendURL(cfg.Backends()[0].Address)}}
}

// weights are those of the settings, by all that an answer may name a backend by.
func weights(cfg cluster.Config) map[string]int {
	out := map[string]int{}
	for _, b := range cfg.Backends() {
		if b.Weight > 0 {
			out[b.Address], out[nodeName(cfg, b.Address)] = b.Weight, b.Weight
		}
	}
	return out
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

// activeRules are the rules over the active tests, which also `wsdoctor balancer` asks.
var activeRules = []probes.Rule[Observation]{
	stickinessRule,
	distributionRule,
	idleTimeoutRule,
	capacityRule,
	socketioPollingRule,
	socketioUpgradeRule,
	restartRule,
}

// Explain returns what the rules hold against the active tests.
func Explain(o Observation) []probes.Finding {
	var out []probes.Finding
	for _, r := range activeRules {
		if status, _ := r.Applies(o); status != probes.Skipped {
			out = append(out, r.Check(o)...)
		}
	}
	return out
}

// tested is the Applies of a rule over one test: made tells whether it was made, why names the reason if it was not.
func tested(flag, name string, made func(*Active) bool) func(Observation) (probes.Status, probes.Text) {
	return func(o Observation) (probes.Status, probes.Text) {
		switch {
		case o.Active != nil && made(o.Active):
			return probes.OK, probes.Text{}
		case o.Active != nil && !o.Active.why[name].IsZero():
			return probes.Skipped, o.Active.why[name]
		case o.Active != nil:
			return probes.Skipped, probes.T("not tested; run `wsdoctor balancer %s`", flag)
		case o.deep:
			return probes.Skipped, probes.T("the path has to upgrade first")
		}
		return probes.Skipped, probes.T("an active test; use --deep, or run `wsdoctor balancer %s`", flag)
	}
}
