package ports

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"example.com/wsdoctor/probes"
)

// How often Wait looks. A trial costs a few microseconds; a look at the tables and the processes some milliseconds.
const (
	lookEvery   = time.Second            // at who holds what; also the step of a countdown
	farPoll     = 100 * time.Millisecond // while the kernel's timer says it will take longer: something may end a TIME_WAIT early
	untimedPoll = 20 * time.Millisecond  // while a process decides
	nearPoll    = 5 * time.Millisecond   // from nearBefore before the announced moment on
	nearBefore  = 50 * time.Millisecond
)

// timerSlack is how much later than announced a TIME_WAIT may go: the kernel's timer wheel sorts timers of a minute into
// steps of 1.7 to 5.1 s, by HZ (the tables in kernel/time/timer.c; 4.1 s at HZ=1000, 2.0 s at HZ=250).
const timerSlack = 5120 * time.Millisecond

// Wait waits until ports can be bound.
type Wait struct {
	Ports     []int
	ReuseAddr bool // be content with a bind with SO_REUSEADDR; the default suits every kind of server
	// Report is told about once a second what is still waited for; nil: nobody.
	Report func([]Port)

	bind binder // nil means the system's
	look func(context.Context, []int) (Observation, error)
}

// Until returns nil at the moment at which every port can be bound on all addresses at once. Where ctx ends first, it
// returns what stood in the way last, and ctx's error. Any other error is that of a trial that can never succeed, such
// as a port below 1024 without root.
//
// The kernel's own timer says how long a TIME_WAIT lasts, but may fire later by up to timerSlack, so the last stretch is
// polled.
func (w Wait) Until(ctx context.Context) ([]Port, error) {
	if w.bind == nil {
		w.bind = bindOnce
	}
	if w.look == nil {
		w.look = lookCheaply()
	}
	var seen Observation
	var looked []int
	var reported time.Time
	for {
		blocked, err := w.blocked()
		if err != nil || len(blocked) == 0 {
			return nil, err
		}
		now := time.Now()
		anew := !slices.Equal(blocked, looked)
		if anew || now.Sub(seen.At) >= lookEvery && !goesByTimers(seen, now) {
			seen = w.glance(ctx, blocked)
			looked = blocked
		}
		if w.Report != nil && (anew || now.Sub(reported) >= lookEvery) {
			w.Report(aged(seen, now))
			reported = now
		}
		pause := time.NewTimer(nextPoll(seen, time.Now()))
		select {
		case <-ctx.Done():
			pause.Stop()
			return aged(seen, time.Now()), ctx.Err()
		case <-pause.C:
		}
	}
}

// lookCheaply returns a look that can be had every second on a busy host: it asks for the processes of the ports that
// are waited for and of no others, and goes through /proc anew only when a socket has come that it does not know.
func lookCheaply() func(context.Context, []int) (Observation, error) {
	var known map[uint32]bool
	var last *presenter
	return func(ctx context.Context, ports []int) (Observation, error) {
		present := func(ctx context.Context, t probes.Target, tab *table) *presenter {
			narrow := *tab
			narrow.listeners = nil
			for _, l := range tab.listeners {
				if slices.Contains(ports, int(l.Local.Port())) {
					narrow.listeners = append(narrow.listeners, l)
				}
			}
			inodes := narrow.inodes()
			for inode := range inodes {
				if !known[inode] {
					known, last = inodes, nil
				}
			}
			if last == nil {
				last = newPresenter(ctx, t, &narrow)
			}
			return last
		}
		return observe(ctx, probes.Target{}, Options{Ports: ports}, system{readTable, bindOnce, present})
	}
}

// glance looks at what holds ports. A host on which that cannot be seen can still be waited on: the trials decide.
func (w Wait) glance(ctx context.Context, ports []int) Observation {
	seen, err := w.look(ctx, ports)
	if err != nil {
		seen = Observation{At: time.Now()}
		for _, n := range ports {
			seen.Ports = append(seen.Ports, Port{Port: n, State: StateUnknown})
		}
	}
	return seen
}

// goesByTimers tells whether the kernel alone decides, and has not decided yet: then a second look would show nothing
// new, and would keep the trials waiting at the moment that matters.
func goesByTimers(seen Observation, now time.Time) bool {
	for _, p := range seen.Ports {
		if p.May.In == 0 || now.After(seen.At.Add(p.May.In.Duration()+timerSlack)) {
			return false
		}
	}
	return true
}

// aged returns the ports of seen with the time that is left now.
func aged(seen Observation, now time.Time) []Port {
	out := slices.Clone(seen.Ports)
	for i := range out {
		if in := &out[i].May.In; *in > 0 {
			*in = max(*in-seconds(now.Sub(seen.At)), seconds(nearPoll))
		}
	}
	return out
}

// blocked returns the ports that cannot be bound now.
func (w Wait) blocked() ([]int, error) {
	var out []int
	for _, n := range w.Ports {
		free := true
		for _, addr := range []netip.Addr{netip.IPv4Unspecified(), netip.IPv6Unspecified()} {
			err := w.bind(addr, n, w.ReuseAddr)
			if err == nil {
				continue
			}
			switch outcomeOf(err) {
			case InUse:
				free = false
			case NoFamily:
			default:
				return nil, fmt.Errorf("binding port %d: %w", n, err)
			}
		}
		if !free {
			out = append(out, n)
		}
	}
	return out, nil
}

// nextPoll returns how long to pause before the next trial. All ports have to be free, so the last one decides.
func nextPoll(seen Observation, now time.Time) time.Duration {
	pause := time.Duration(0)
	for _, p := range seen.Ports {
		left := seen.At.Add(p.May.In.Duration()).Sub(now) - nearBefore
		switch {
		case p.May.In == 0:
			pause = max(pause, untimedPoll)
		case left > 0:
			pause = max(pause, min(left, farPoll))
		}
	}
	return max(pause, nearPoll)
}
