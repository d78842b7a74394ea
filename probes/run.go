package probes

import (
	"context"
	"errors"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"
)

// DefaultAreaTimeout bounds an area: a TCP connect that is silently dropped takes 5 s to give up, and an area may
// try a name's addresses one after the other.
const DefaultAreaTimeout = 15 * time.Second

// hangGrace is how long after its deadline an area may still return what it saw.
const hangGrace = 500 * time.Millisecond

// Options of Run. The zero value runs everything.
type Options struct {
	Version     string                   // of wsdoctor, for the report
	Host        string                   // this host's name, for the report
	AreaTimeout time.Duration            // 0 means DefaultAreaTimeout
	Selected    func(id string) bool     // which checks to run; nil means all
	Diagnose    func(*Report)            // runs on the finished report; nil means none
	Panicked    func(area, stack string) // told of a panic inside an area; nil means nobody
}

// Event tells a watcher how a run goes. Events come one at a time, each area's Started before its Finished.
type Event struct {
	Area     string
	Finished bool
	Results  []Result // of the area, once finished
}

// Run runs the areas side by side, each with its own deadline; one that hangs or panics costs only itself. An area
// whose Needs have a failed gate is skipped. emit is called from one goroutine at a time and may be nil.
//
// An area that ignores its deadline is left behind, goroutine and all: the report says so, and does not wait.
func Run(ctx context.Context, t Target, probes []Probe, opts Options, emit func(Event)) Report {
	if emit == nil {
		emit = func(Event) {}
	}
	if opts.AreaTimeout == 0 {
		opts.AreaTimeout = DefaultAreaTimeout
	}
	t = t.withDefaults()
	probes = selected(probes, opts.Selected)
	rep := Report{Version: opts.Version, Host: opts.Host, Started: t.Now(), Observed: map[string]any{}}
	begun := time.Now()

	done := map[string]chan struct{}{}
	for _, p := range probes {
		done[p.Area] = make(chan struct{})
	}
	var (
		mu   sync.Mutex
		wg   sync.WaitGroup
		outs = make([]outcome, len(probes))
		shut = map[string]bool{} // areas with a failed gate
	)
	for i, p := range probes {
		wg.Go(func() {
			defer close(done[p.Area])
			for _, need := range p.Needs {
				if ch := done[need]; ch != nil {
					<-ch
				}
			}
			mu.Lock()
			seen := map[string]any{}
			for _, need := range p.Needs {
				if o, ok := rep.Observed[need]; ok {
					seen[need] = o
				}
			}
			blocked := slices.IndexFunc(p.Needs, func(n string) bool { return shut[n] })
			emit(Event{Area: p.Area})
			mu.Unlock()

			var out outcome
			if blocked >= 0 {
				out = p.unjudged(&Reason{Skipped, T("%s has to pass first", p.Needs[blocked])})
			} else {
				out = runBounded(ctx, p, t.WithSeen(seen), opts)
			}
			out.results = slices.DeleteFunc(out.results, func(r Result) bool { return opts.Selected != nil && !opts.Selected(r.ID) })

			mu.Lock()
			defer mu.Unlock()
			shut[p.Area] = slices.ContainsFunc(out.results, func(r Result) bool { return r.gate && r.Status == Failed })
			outs[i] = out
			if out.observed != nil {
				rep.Observed[p.Area] = out.observed
			}
			emit(Event{Area: p.Area, Finished: true, Results: out.results})
		})
	}
	wg.Wait()
	for i := range probes {
		rep.Results = append(rep.Results, outs[i].results...)
	}
	rep.Interrupted = errors.Is(ctx.Err(), context.Canceled)
	if opts.Diagnose != nil {
		opts.Diagnose(&rep)
	}
	rep.Took = time.Since(begun)
	return rep
}

// selected drops the areas of which nothing was asked for.
func selected(all []Probe, want func(string) bool) []Probe {
	if want == nil {
		return all
	}
	return slices.DeleteFunc(slices.Clone(all), func(p Probe) bool {
		return !slices.ContainsFunc(p.Rules, func(r RuleInfo) bool { return want(r.ID) })
	})
}

// runBounded runs one area and returns at its deadline at the latest, whatever the area does.
func runBounded(ctx context.Context, p Probe, t Target, opts Options) outcome {
	limit := p.Timeout
	if limit == 0 {
		limit = opts.AreaTimeout
	}
	actx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	start := time.Now()
	finished := make(chan outcome, 1)
	go func() {
		defer func() {
			if r := recover(); r != nil {
				if opts.Panicked != nil {
					opts.Panicked(p.Area, string(debug.Stack()))
				}
				finished <- p.unjudged(&Reason{Unknown, T("a fault of wsdoctor in the area %s: %v", p.Area, r)})
			}
		}()
		finished <- p.run(actx, t)
	}()
	var out outcome
	select {
	case out = <-finished:
	case <-actx.Done():
		grace := time.NewTimer(hangGrace)
		defer grace.Stop()
		select {
		case out = <-finished:
		case <-grace.C:
			out = p.unjudged(&Reason{Unknown, T("no answer within %s", Seconds(limit))})
			if ctx.Err() != nil {
				out = p.unjudged(reasonOf(ctx.Err()))
			}
		}
	}
	// The observation is what takes the time; its share is shown with the first check of the area.
	if len(out.results) > 0 {
		out.results[0].Took = time.Since(start)
	}
	return out
}

// reasonOf turns an error of an area into the reason of its checks.
func reasonOf(err error) *Reason {
	var r *Reason
	switch {
	case errors.As(err, &r):
		return r
	case errors.Is(err, context.Canceled):
		return &Reason{Unknown, T("interrupted")}
	case errors.Is(err, context.DeadlineExceeded):
		return &Reason{Unknown, T("no answer in time")}
	}
	return &Reason{Unknown, Verbatim(strings.TrimSpace(err.Error()))}
}
