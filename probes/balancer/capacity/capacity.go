// Package capacity finds how many tunnels a path holds at once: it opens connections and holds them until the first
// sustained refusals or the number that it was told, says what the refusals looked like and how the handshake slowed
// down on the way up, and lets go slowly.
//
// It looks at the limits of this host first (OwnLimits), because a ramp that ends at the tester's own ceiling says
// nothing about the balancer. Whether the target may be loaded so is the caller's to decide (Own).
package capacity

import (
	"context"
	"sync"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/balancer/pause"
	"example.com/wsdoctor/probes/handshake"
)

const (
	// sideBySide is how many handshakes are made at the same time: clients that come back after a restart do worse.
	sideBySide = 8
	// sustained is how many refusals in a row end the ramp: one alone may be a backend that was just ejected.
	sustained = 8
	// patience is how many refused handshakes a ramp makes up for; between is what it waits before each, once one was.
	patience = 64
	between  = 20 * time.Millisecond
	// letGo is how many connections are let go in a second, so that closing is no load test of its own.
	letGo = 500
	// alive is how often a held connection is pinged unless the caller knows of a shorter idle limit: a path that cuts
	// silent tunnels would let go of the first while the last are opened.
	alive = 10 * time.Second
	// alivePieces spread these pings.
	alivePieces = 8
	// goodbyeWait bounds the farewell of each.
	goodbyeWait = 250 * time.Millisecond
	// steps is how many points the curve of handshake times has.
	steps = 10
)

// Options of Observe.
type Options struct {
	Request  handshake.Request
	N        int           // connections to hold at most
	Alive    time.Duration // how often each is pinged while others are opened; 0: 10 s
	Progress func(held, of, refused int)
}

// Observation is what the ramp came to.
type Observation struct {
	Asked   int             `json:"asked"`
	Held    int             `json:"held"`                    // at once, at the end of the ramp
	Refused int             `json:"refused"`                 // handshakes that failed on the way
	First   int             `json:"first_refusal,omitempty"` // how many were held then
	Cause   handshake.Cause `json:"cause,omitzero"`          // of the first refusal
	Kinds   map[string]int  `json:"refusals_by_kind,omitempty"`
	Lasting bool            `json:"refusals_lasting"` // so many in a row that the ramp was ended
	Lost    int             `json:"lost"`             // held ones that ended while the ramp went on
	Server  string          `json:"server,omitempty"`
	Steps   []Step          `json:"steps"`
	Own     OwnLimits       `json:"own_limits"`
}

// Step is a stretch of the ramp.
type Step struct {
	Held   int            `json:"held"`
	Median probes.Seconds `json:"handshake_median_seconds"`
	Slow   probes.Seconds `json:"handshake_p95_seconds"`
}

// Observe makes the ramp. Own says how far this host can go; a ramp beyond is cut down to it. The error is the
// cancellation of ctx; everything is let go by then.
func Observe(ctx context.Context, opts Options, own OwnLimits) (Observation, error) {
	r := &ramp{ctx: ctx, opts: opts, o: Observation{Asked: opts.N, Kinds: map[string]int{}, Own: own}}
	n := opts.N
	if most := own.Most(); most > 0 {
		n = min(n, most)
	}
	r.want, r.tries = n, n+patience
	var wg sync.WaitGroup
	for i := range min(sideBySide, n) {
		wg.Go(func() {
			for {
				ok, careful := r.turn(i == 0)
				if !ok {
					return
				}
				r.one(careful)
			}
		})
	}
	silent := make(chan struct{})
	pinging := make(chan struct{})
	go func() { defer close(pinging); r.keepAlive(silent) }()
	wg.Wait()
	close(silent)
	<-pinging
	r.mu.Lock()
	r.o.Held = len(r.held) - r.o.Lost
	r.o.Steps = curve(r.times)
	out := r.o
	r.mu.Unlock()
	r.release()
	return out, ctx.Err()
}

type ramp struct {
	ctx  context.Context
	opts Options

	mu     sync.Mutex
	o      Observation
	held   []*holding
	times  []time.Duration // of the handshakes, in order
	inARow int             // refusals of careful handshakes
	want   int             // connections to hold
	tries  int             // handshakes that may still be begun
	busy   int             // handshakes under way
}

// holding is one held connection and the goroutine that keeps it alive.
type holding struct {
	conn *handshake.Conn
	done chan struct{}
}

// turn waits until the caller may begin a handshake; !ok: the ramp is over for it. Once one was refused, only the last
// caller goes on, careful: one by one and with a pause. Handshakes side by side take the last places from each other,
// and a balancer needs a moment to clear a refused one away, so that refusals and successes would alternate for a while.
func (r *ramp) turn(last bool) (ok, careful bool) {
	r.mu.Lock()
	refused := r.o.Refused > 0
	over := r.tries <= 0 || r.inARow >= sustained || r.ctx.Err() != nil || refused && !last
	if !over && len(r.held)+r.busy < r.want {
		r.tries--
		r.busy++
		r.mu.Unlock()
		if refused {
			pause.For(r.ctx, between)
		}
		return true, refused
	}
	waits := !over && last && r.busy > 0
	r.mu.Unlock()
	if !waits {
		return false, false
	}
	pause.For(r.ctx, between) // what is under way may yet be refused and leave its place to another
	return r.turn(last)
}

// one opens one connection. Only the refusals of careful ones count as lasting.
func (r *ramp) one(careful bool) {
	start := time.Now()
	c, tr := handshake.Open(r.ctx, r.opts.Request)
	took := time.Since(start)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.busy--
	if c == nil {
		if r.ctx.Err() != nil {
			return
		}
		if careful {
			r.inARow++
		}
		r.o.Refused++
		r.o.Lasting = r.o.Lasting || r.inARow >= sustained
		r.o.Kinds[string(tr.Cause.Kind)]++
		if r.o.Refused == 1 {
			r.o.Cause, r.o.First = tr.Cause, len(r.held)
		}
	} else {
		r.inARow = 0
		r.times = append(r.times, took)
		if b := tr.Best(); len(r.held) == 0 && b != nil {
			r.o.Server = b.Response.Get("Server")
		}
		h := &holding{c, make(chan struct{})}
		r.held = append(r.held, h)
		go r.hold(h) // release waits for it
	}
	if r.opts.Progress != nil {
		r.opts.Progress(len(r.held), r.opts.N, r.o.Refused)
	}
}

// hold answers the server's pings until the connection ends or is let go.
func (r *ramp) hold(h *holding) {
	defer close(h.done)
	for {
		f, err := h.conn.Read(125)
		switch {
		case err != nil || f.Op == handshake.OpClose:
			if how, _ := handshake.EndOf(err); err == nil || how != handshake.BySilence { // not the deadline of release
				r.mu.Lock()
				r.o.Lost++
				r.mu.Unlock()
			}
			return
		case f.Op == handshake.OpPing:
			_ = h.conn.Write(handshake.OpPong, f.Payload) // a broken connection shows in the next read
		}
	}
}

// keepAlive pings what is held, a part of it at a time, until silent is closed.
func (r *ramp) keepAlive(silent <-chan struct{}) {
	every := r.opts.Alive
	if every == 0 {
		every = alive
	}
	tick := time.NewTicker(max(every/alivePieces, time.Millisecond))
	defer tick.Stop()
	for part := 0; ; part = (part + 1) % alivePieces {
		select {
		case <-silent:
			return
		case <-tick.C:
		}
		r.mu.Lock()
		held := r.held
		r.mu.Unlock()
		for i := part; i < len(held); i += alivePieces {
			_ = held[i].conn.Write(handshake.OpPing, nil) // a broken connection shows in its reader
		}
	}
}

// release lets go of everything, slowly unless it was interrupted.
func (r *ramp) release() {
	var wg sync.WaitGroup
	pace := time.NewTicker(time.Second / letGo)
	defer pace.Stop()
	for _, h := range r.held {
		if r.ctx.Err() == nil {
			<-pace.C
		}
		wg.Go(func() {
			h.conn.SetReadDeadline(time.Unix(1, 0)) // its reader makes way
			<-h.done
			if r.ctx.Err() != nil {
				h.conn.Close(true)
				return
			}
			h.conn.Goodbye(goodbyeWait)
		})
	}
	wg.Wait()
}
