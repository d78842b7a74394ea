// Package idle measures how long a path leaves a silent tunnel alone, in one run and not by bisection: parallel
// sockets are silent for their own time and in their own way, and what is cut when tells an idle limit from a maximum
// lifetime, and a visible end from a tunnel that is dropped without a word.
//
// It reads no configuration: the hop that it points to is the one whose default and whose manner fit. It sends pings and
// pongs only, no message that an application would have to understand; a backend that is a stand-in is asked to talk.
package idle

import (
	"context"
	"math"
	"slices"
	"sync"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/handshake"
	"example.com/wsdoctor/probes/standin"
)

const (
	// firstWake is the shortest silence that is tried; no hop on the way has a limit below it.
	firstWake = time.Second
	// step is the ratio of one silence to the next: a tunnel that is dropped without a word is found to 10 %.
	step = 1.1
	// pongWait is how long the answer to a ping may take before the tunnel counts as dead.
	pongWait = 3 * time.Second
	// goodbyeWait bounds the farewell of each socket.
	goodbyeWait = 250 * time.Millisecond
	// minPause and maxPause bound the pause of the sockets that talk, which has to be below the limit to be found.
	minPause, maxPause = 100 * time.Millisecond, 5 * time.Second
	// leastApart and mostApart are between two sockets that are opened: a burst would delay, and so blur, what is measured.
	leastApart, mostApart = 10 * time.Millisecond, 50 * time.Millisecond
	// greeting is how long after the upgrade a frame of the server counts as its greeting and not as a heartbeat.
	greeting = 500 * time.Millisecond
)

// A Way is how a socket spends its time.
type Way string

// The ways.
const (
	Silent     Way = "silent"      // neither side says anything
	Wakes      Way = "wakes"       // silent, then one ping that has to be answered
	Pings      Way = "pings"       // pings all the time, which the server answers: both sides talk
	ClientOnly Way = "client_only" // pongs that nobody answers: only the client talks
	ServerOnly Way = "server_only" // a stand-in that was asked to: only the server talks
	Direct     Way = "direct"      // silent, with a node itself instead of the balancer
)

// Outcome is what became of a socket.
type Outcome string

// The outcomes.
const (
	Lived   Outcome = "lived"   // to the end of the test, or answered its ping
	Cut     Outcome = "cut"     // visibly: a Close frame, FIN or RST
	Dropped Outcome = "dropped" // it looked alive, and its ping was not answered
	Refused Outcome = "refused" // it was never opened

	unfit Outcome = "" // no stand-in answered, which alone can be asked to talk
)

// Options of Observe.
type Options struct {
	Request  handshake.Request
	Direct   []handshake.Request // nodes to hold a silent socket with
	Max      time.Duration       // the longest silence that is tried
	Progress func(elapsed, of time.Duration, ended int)
}

// Socket is one connection of the test.
type Socket struct {
	Way     Way             `json:"way"`
	URL     string          `json:"url"`
	Silence probes.Seconds  `json:"silence_seconds,omitempty"` // after which it wakes
	Woke    bool            `json:"woke,omitempty"`            // the ping was sent
	Outcome Outcome         `json:"outcome"`
	Opening probes.Seconds  `json:"opening_seconds"` // how long the upgrade took; so much earlier it may have begun for others
	Age     probes.Seconds  `json:"age_seconds"`     // when it ended, since its upgrade
	Idle    probes.Seconds  `json:"idle_seconds"`    // since the last frame of either side
	Heard   int             `json:"frames_heard"`    // frames of the server that answer nothing, but for a greeting
	How     handshake.How   `json:"how,omitempty"`   // it was cut
	Code    int             `json:"code,omitempty"`  // of a Close frame
	Reason  string          `json:"reason,omitempty"`
	Cause   handshake.Cause `json:"cause,omitzero"` // it was refused
	Server  string          `json:"server,omitempty"`
}

// Observation is what was seen.
type Observation struct {
	Max     probes.Seconds `json:"max_seconds"`
	Took    probes.Seconds `json:"took_seconds"`
	Sockets []Socket       `json:"sockets"`
}

// Observe runs the test; it takes 1.2 times Max, or a second more, at most, and ends soon after a silent socket was cut. The error is the
// cancellation of ctx.
func Observe(ctx context.Context, opts Options) (Observation, error) {
	start := time.Now()
	end := opts.Max * 11 / 10
	apart := min(max(opts.Max/400, leastApart), mostApart)
	tctx, stop := context.WithCancel(ctx)
	defer stop()
	r := &runner{ctx: tctx, stop: stop, max: opts.Max, pause: min(max(opts.Max/60, minPause), maxPause)}
	add := func(way Way, req handshake.Request, silence time.Duration) {
		r.sockets = append(r.sockets, Socket{Way: way, URL: req.URL, Silence: probes.Seconds(silence)})
		r.requests = append(r.requests, req)
	}
	for range 2 {
		add(Silent, opts.Request, 0)
	}
	add(Pings, opts.Request, 0)
	add(ClientOnly, opts.Request, 0)
	talk := opts.Request
	talk.Header = append(slices.Clone(talk.Header), handshake.Header{Name: standin.TalkHeader, Value: r.pause.String()})
	add(ServerOnly, talk, 0)
	for _, d := range opts.Direct {
		add(Direct, d, 0)
	}
	for _, s := range silences(opts.Max) {
		add(Wakes, opts.Request, s)
	}
	var wg sync.WaitGroup
	end += time.Duration(len(r.sockets)) * apart
	for i := range r.sockets {
		wg.Go(func() {
			select {
			case <-tctx.Done():
			case <-time.After(time.Duration(i) * apart):
			}
			r.live(i)
		})
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	limit := time.NewTimer(end)
	defer limit.Stop()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for finished := false; !finished; {
		select {
		case <-limit.C:
			stop()
		case <-tick.C:
			if opts.Progress != nil {
				opts.Progress(time.Since(start), end, r.ended())
			}
		case <-done:
			finished = true
		}
	}
	sockets := slices.DeleteFunc(r.sockets, func(s Socket) bool { return s.Outcome == unfit })
	return Observation{probes.Seconds(opts.Max), probes.Seconds(time.Since(start)), sockets}, ctx.Err()
}

// silences returns the times after which sockets wake, in rising order.
func silences(longest time.Duration) []time.Duration {
	var out []time.Duration
	for s := float64(longest); s >= float64(firstWake); s /= step {
		out = append([]time.Duration{time.Duration(math.Round(s))}, out...)
	}
	return out
}

type runner struct {
	ctx      context.Context
	stop     context.CancelFunc
	max      time.Duration
	pause    time.Duration
	requests []handshake.Request

	mu      sync.Mutex
	sockets []Socket
	over    int
	grace   *time.Timer
}

func (r *runner) ended() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.over
}

// live is the life of one socket.
func (r *runner) live(i int) {
	s := r.sockets[i]
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.sockets[i] = s
		r.over++
		if s.Way == Silent && s.Outcome == Cut && r.grace == nil {
			// Whether the talkative sockets outlive this one tells the two kinds of limit apart, and its twin tells how
			// exact the time is.
			r.grace = time.AfterFunc(max(s.Age.Duration()/8, 2*r.pause, time.Second), r.stop)
		}
	}()
	c, tr := handshake.Open(r.ctx, r.requests[i])
	if c == nil {
		s.Outcome, s.Cause = Refused, tr.Cause
		return
	}
	if b := tr.Best(); b != nil {
		s.Server, s.Opening = b.Response.Get("Server"), b.Upgrade
		if s.Way == ServerOnly && b.Response.Get(standin.Header) == "" {
			c.Goodbye(goodbyeWait)
			return
		}
	}
	l := &life{Socket: &s, conn: c, opened: time.Now()}
	l.last = l.opened
	l.run(r.ctx, r.pause)
}

// life is a socket while it is open.
type life struct {
	*Socket
	conn   *handshake.Conn
	opened time.Time
	last   time.Time // frame of either side
}

// frame is what the reader of a life passes on.
type frame struct {
	op  handshake.Op
	at  time.Time
	raw []byte
	err error
}

func (l *life) run(ctx context.Context, pause time.Duration) {
	frames := make(chan frame)
	gone := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			f, err := l.conn.Read(125)
			select {
			case frames <- frame{f.Op, time.Now(), f.Payload, err}:
			case <-gone:
				return
			}
			if err != nil {
				return
			}
		}
	})
	ended := l.wait(ctx, pause, frames)
	close(gone)
	if ended {
		l.conn.Close(false)
		wg.Wait()
		return
	}
	l.conn.SetReadDeadline(time.Unix(1, 0)) // the reader makes way
	wg.Wait()
	l.conn.Goodbye(goodbyeWait)
}

// wait is the life itself; true: the connection has ended.
func (l *life) wait(ctx context.Context, pause time.Duration, frames <-chan frame) bool {
	var wake, traffic, late <-chan time.Time
	done := ctx.Done()
	switch l.Way {
	case Wakes:
		timer := time.NewTimer(l.Silence.Duration())
		defer timer.Stop()
		wake = timer.C
	case Pings, ClientOnly:
		ticker := time.NewTicker(pause)
		defer ticker.Stop()
		traffic = ticker.C
	}
	for {
		select {
		case f := <-frames:
			if l.heard(f, late != nil) {
				return l.Outcome != Lived
			}
		case <-wake:
			l.mark(time.Now())
			l.Woke = true
			late = time.After(pongWait)
			_ = l.conn.Write(handshake.OpPing, []byte("wake")) // a broken connection shows in the next read
		case <-traffic:
			op := handshake.OpPing
			if l.Way == ClientOnly {
				op = handshake.OpPong
			}
			if l.conn.Write(op, nil) == nil {
				l.last = time.Now()
			}
		case <-late:
			l.Outcome = Dropped
			return true
		case <-done:
			if late != nil { // the answer to a ping is still to come, and what it says is why this socket is here
				done = nil
				continue
			}
			l.mark(time.Now())
			l.Outcome = Lived
			return false
		}
	}
}

// mark notes how old and how idle the socket is.
func (l *life) mark(at time.Time) {
	l.Age, l.Idle = probes.Seconds(at.Sub(l.opened)), probes.Seconds(at.Sub(l.last))
}

// heard takes one frame or the end; true: this life is over. awake tells that an answer to a ping is waited for.
func (l *life) heard(f frame, awake bool) bool {
	switch {
	case f.err != nil:
		how, _ := handshake.EndOf(f.err)
		if awake && how != handshake.BySilence {
			l.Outcome, l.How = Dropped, how // the ping itself brought the RST
			return true
		}
		l.mark(f.at)
		l.Outcome, l.How = Cut, how
		return true
	case f.op == handshake.OpClose:
		if !awake {
			l.mark(f.at)
		}
		l.Outcome, l.How = Cut, handshake.ByCloseFrame
		l.Code, l.Reason = handshake.CloseCode(f.raw)
		_ = l.conn.WriteClose(1000, "") // the peer may be gone already
		return true
	case f.op == handshake.OpPong && awake:
		l.Outcome = Lived
		return true
	case f.op == handshake.OpPong:
	default:
		if f.op == handshake.OpPing {
			_ = l.conn.Write(handshake.OpPong, f.raw) // a broken connection shows in the next read
		}
		if f.at.Sub(l.opened) > greeting {
			l.Heard++
		}
	}
	l.last = f.at
	return false
}
