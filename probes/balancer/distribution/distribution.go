// Package distribution shows how a balancer spreads clients over its backends: it opens connections from several
// addresses, holds them until all are there, and counts which backend has how many.
//
// It does not tell by which policy a client is sent where (probes/balancer/stickiness does).
package distribution

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/balancer/backend"
	"example.com/wsdoctor/probes/handshake"
)

const (
	// goodbyeWait bounds the farewell of each connection; what does not answer is cut.
	goodbyeWait = 250 * time.Millisecond
	// letGo is between two farewells, so that closing is no load either.
	letGo = 2 * time.Millisecond
	// pace is between two connections: fifty a second is no load for any balancer.
	pace = 20 * time.Millisecond
	// giveUp is how many connections in a row may fail before no more are tried.
	giveUp = 5
)

// Options of Observe.
type Options struct {
	Request  handshake.Request
	N        int          // clients; 0 means 40
	Sources  []netip.Addr // to connect from, in turn; nil: the address that the system chooses
	Table    *backend.Table
	Pace     time.Duration // between two connections; 0 means 20 ms
	Progress func(done, total int)
}

// Observation is which backend each client landed on.
type Observation struct {
	By      probes.Text     `json:"told_by"`           // "": the backends could not be told apart
	Clients []string        `json:"clients,omitempty"` // the backend of each, in the order in which they came
	Sources int             `json:"sources"`           // addresses that the clients came from
	Opened  int             `json:"opened"`
	Failed  int             `json:"failed"`
	Cause   handshake.Cause `json:"cause,omitzero"` // of the first that failed
}

// Observe opens the connections one after the other, holds them, and lets them go. The error is the cancellation of
// ctx.
func Observe(ctx context.Context, opts Options) (Observation, error) {
	if opts.N == 0 {
		opts.N = 40
	}
	if opts.Pace == 0 {
		opts.Pace = pace
	}
	o := Observation{Sources: max(1, len(opts.Sources))}
	var held []*handshake.Conn
	defer func() { release(ctx, held) }()
	sampler := backend.Sampler{Table: opts.Table}
	var samples []backend.Sample
	inARow := 0
	for i := range opts.N {
		req := opts.Request
		if len(opts.Sources) > 0 {
			req.From = opts.Sources[i%len(opts.Sources)]
		}
		c, tr := handshake.Open(ctx, req)
		if ctx.Err() != nil {
			return o, ctx.Err()
		}
		if opts.Progress != nil {
			opts.Progress(i+1, opts.N)
		}
		if c == nil {
			if o.Failed++; o.Failed == 1 {
				o.Cause = tr.Cause
			}
			if inARow++; inARow == giveUp {
				break
			}
			continue
		}
		inARow = 0
		held = append(held, c)
		samples = append(samples, sampler.Take(ctx, tr, c))
		select {
		case <-ctx.Done():
			return o, ctx.Err()
		case <-time.After(opts.Pace):
		}
	}
	o.Opened = len(held)
	if by, names, ok := backend.Tell(samples); ok {
		o.By, o.Clients = by, names
	}
	return o, nil
}

// release lets go of everything, politely and side by side unless it was interrupted.
func release(ctx context.Context, held []*handshake.Conn) {
	var wg sync.WaitGroup
	for _, c := range held {
		if ctx.Err() != nil {
			c.Close(true)
			continue
		}
		wg.Go(func() { c.Goodbye(goodbyeWait) })
		time.Sleep(letGo)
	}
	wg.Wait()
}
