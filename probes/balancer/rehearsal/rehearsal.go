// Package rehearsal shows what clients go through while a balancer is reloaded or a node is stopped: it holds tunnels,
// has somebody do it, and says how many were dropped, when and by what, how long it took until they were back, and where
// they landed.
//
// It restarts nothing itself: what is done is the caller's (Options.Act), or is done by hand meanwhile.
package rehearsal

import (
	"context"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/balancer/backend"
	"example.com/wsdoctor/probes/balancer/pause"
	"example.com/wsdoctor/probes/handshake"
	"example.com/wsdoctor/probes/wsclient"
)

const (
	// usualN says something about two or three backends, and is no load for any.
	usualN = 20
	// usualWatch is longer than most restarts take.
	usualWatch = 30 * time.Second
	// pace is between two tunnels that are opened: fifty a second.
	pace = 20 * time.Millisecond
	// giveUp is how many tunnels in a row may fail to open before no more are tried.
	giveUp = 5
	// beat is between two pings of a tunnel, and pongWait what an answer may take before the tunnel counts as dead: a
	// node that was killed with its host, or frozen, says nothing.
	beat, pongWait = time.Second, 3 * time.Second
	// calm is how long all have to be back before the watch ends early.
	calm = 2 * time.Second
	// goodbyeWait bounds the farewell of each tunnel.
	goodbyeWait = 250 * time.Millisecond
)

// Clients that come back wait a random time up to a bound that doubles with each try, as well-behaved ones do ("full
// jitter"): all at once would be a load test.
const (
	firstBackoff = 500 * time.Millisecond
	mostBackoff  = 5 * time.Second
)

// Options of Observe.
type Options struct {
	Request handshake.Request
	N       int           // tunnels to hold; 0 means 20
	Sources []netip.Addr  // to connect from, in turn; nil: the address that the system chooses
	Watch   time.Duration // how long tunnels are watched once Act has returned; 0 means 30 s
	// Act is what is rehearsed. It is called once, when all tunnels are held. nil: it happens without wsdoctor.
	Act      func(context.Context) error
	Progress func(dropped, back, of int, watched time.Duration)
}

// Outage is one tunnel's end and what followed.
type Outage struct {
	At    probes.Seconds  `json:"at_seconds"` // since Act began; negative: before
	How   handshake.How   `json:"how"`
	Code  int             `json:"code"` // of the Close frame; 1006 without
	From  string          `json:"from,omitempty"`
	Back  bool            `json:"back"`
	After probes.Seconds  `json:"back_after_seconds,omitempty"` // since At
	Tries int             `json:"tries"`                        // until it was back, or the watch ended
	Cause handshake.Cause `json:"cause,omitzero"`               // of the last try that failed
	To    string          `json:"to,omitempty"`

	sample int // of the tunnel that ended, by its index
	into   int // of the one after it
}

// Observation is what the clients went through.
type Observation struct {
	Asked   int             `json:"asked"`
	Opened  int             `json:"opened"`
	Failed  int             `json:"failed"`
	Cause   handshake.Cause `json:"cause,omitzero"` // of the first that failed to open
	By      probes.Text     `json:"told_by"`        // "": the backends could not be told apart
	Before  []string        `json:"before,omitempty"`
	After   []string        `json:"after,omitempty"` // of each client at the end; "": not back
	Outages []Outage        `json:"outages"`         // in the order in which they happened
	Acted   bool            `json:"acted"`           // by Act
	Failure string          `json:"act_failed,omitempty"`
	Took    probes.Seconds  `json:"act_seconds,omitempty"`
	Watched probes.Seconds  `json:"watched_seconds"` // since Act began
	Server  string          `json:"server,omitempty"`
}

type rehearsal struct {
	opts  Options
	began time.Time // of Act

	mu      sync.Mutex
	o       Observation
	samples []backend.Sample // of each tunnel
	clients []client
	calmed  time.Time      // when the last one was opened
	greeted sync.WaitGroup // until every tunnel has answered a ping, or does not
}

// client is who holds one tunnel at a time.
type client struct {
	first int // its tunnel in the beginning, by the index of the sample
	now   int // its tunnel; -1: it has none
}

// Observe holds tunnels, calls Act, watches, and lets everything go. The error is the cancellation of ctx.
func Observe(ctx context.Context, opts Options) (Observation, error) {
	if opts.N == 0 {
		opts.N = usualN
	}
	if opts.Watch == 0 {
		opts.Watch = usualWatch
	}
	r := &rehearsal{opts: opts, o: Observation{Asked: opts.N}, began: time.Now()}
	watch, end := context.WithCancel(ctx)
	defer end()
	var clients sync.WaitGroup
	r.fill(watch, &clients)
	if ctx.Err() == nil && r.o.Opened > 0 {
		r.greeted.Wait()
		r.act(ctx)
		r.watch(ctx)
	}
	r.mu.Lock()
	r.o.Watched = probes.Seconds(time.Since(r.began))
	held := slices.Clone(r.clients)
	r.mu.Unlock()
	end()
	clients.Wait()
	r.name(held)
	return r.o, ctx.Err()
}

// fill opens the tunnels, one after the other.
func (r *rehearsal) fill(ctx context.Context, clients *sync.WaitGroup) {
	inARow := 0
	for i := range r.opts.N {
		s, tr := wsclient.Open(ctx, r.request(i))
		if s == nil {
			if ctx.Err() != nil {
				return
			}
			if r.o.Failed++; r.o.Failed == 1 {
				r.o.Cause = tr.Cause
			}
			if inARow++; inARow == giveUp {
				return
			}
			continue
		}
		inARow = 0
		if b := tr.Best(); b != nil && r.o.Server == "" {
			r.o.Server = b.Response.Get("Server")
		}
		r.mu.Lock()
		r.o.Opened++
		id := len(r.clients)
		r.clients = append(r.clients, client{len(r.samples), -1})
		r.mu.Unlock()
		n := r.arrive(id, tr)
		r.greeted.Add(1)
		clients.Go(func() { r.live(ctx, id, n, s) })
		if !pause.For(ctx, pace) {
			return
		}
	}
}

// request is that of the i-th client; it comes from the same address each time.
func (r *rehearsal) request(i int) handshake.Request {
	req := r.opts.Request
	if n := len(r.opts.Sources); n > 0 {
		req.From = r.opts.Sources[i%n]
	}
	return req
}

func (r *rehearsal) act(ctx context.Context) {
	r.mu.Lock()
	r.began = time.Now()
	r.mu.Unlock()
	if r.opts.Act == nil {
		return
	}
	err := r.opts.Act(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.o.Acted, r.o.Took = true, probes.Seconds(time.Since(r.began))
	if err != nil {
		r.o.Failure = handshake.Escape([]byte(err.Error()), 200)
	}
}

// watch returns at the end of the watch, or when every client was dropped and has been back for a while.
func (r *rehearsal) watch(ctx context.Context) {
	until := time.Now().Add(r.opts.Watch)
	for time.Now().Before(until) && pause.For(ctx, beat/4) {
		r.mu.Lock()
		dropped, back, settled := len(r.o.Outages), 0, time.Since(r.calmed) > calm
		for _, c := range r.clients {
			if c.now >= 0 {
				back++
			}
			settled = settled && c.now >= 0 && c.now != c.first
		}
		r.mu.Unlock()
		if r.opts.Progress != nil {
			r.opts.Progress(dropped, back, r.o.Opened, time.Since(r.began))
		}
		if settled {
			return
		}
	}
}

// live is one client until ctx ends: it holds a tunnel, and comes back when that ends.
func (r *rehearsal) live(ctx context.Context, id, n int, s *wsclient.Session) {
	ready := sync.OnceFunc(r.greeted.Done)
	for {
		end := r.hold(ctx, s, n, ready)
		s.Stop()
		ready()
		if end == nil {
			return
		}
		out := r.leave(id, n, *end)
		for s = nil; s == nil; {
			if !pause.For(ctx, backoff(out.tries())) {
				return
			}
			var tr handshake.Trace
			if s, tr = wsclient.Open(ctx, r.request(id)); s != nil {
				n = out.back(tr)
			} else if ctx.Err() == nil {
				out.failed(tr.Cause)
			}
		}
	}
}

// hold serves a tunnel until it ends; nil: ctx ended first. ready is told once a ping was answered, or will not be.
func (r *rehearsal) hold(ctx context.Context, s *wsclient.Session, n int, ready func()) *wsclient.End {
	tick := time.NewTicker(beat)
	defer tick.Stop()
	asked, answers := time.Now(), false // of the last ping; a server that answers none is not asked again
	_ = s.Ping(nil)                     // a broken connection shows as its end
	waiting := true
	for {
		select {
		case e, ok := <-s.Events():
			switch {
			case !ok:
				return nil
			case e.End != nil:
				return e.End
			case e.Kind == wsclient.PongReceived && e.RTT > 0:
				waiting, answers = false, true
				ready()
			case e.Kind == wsclient.Message && !e.Binary:
				r.greeting(n, e.Text)
			}
		case <-tick.C:
			switch {
			case !waiting && answers:
				asked, waiting = time.Now(), true
				_ = s.Ping(nil)
			case waiting && time.Since(asked) > pongWait && answers:
				return &wsclient.End{By: "server", How: handshake.BySilence, Code: 1006}
			case waiting && time.Since(asked) > pongWait:
				ready()
			}
		case <-ctx.Done():
			goodbye(s)
			return nil
		}
	}
}

// goodbye closes politely, and waits a little for the answer.
func goodbye(s *wsclient.Session) {
	_ = s.Close(1000, "")
	late := time.After(goodbyeWait)
	for {
		select {
		case e, ok := <-s.Events():
			if !ok || e.End != nil {
				return
			}
		case <-late:
			return
		}
	}
}

// backoff is how long the next try waits, after so many.
func backoff(tries int) time.Duration {
	return rand.N(min(firstBackoff<<min(tries, 10), mostBackoff))
}
