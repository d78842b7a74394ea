package tunnel

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// Pairs serves each tunnel with a goroutine per direction. It is the Registry of its tunnels.
type Pairs struct {
	settings atomic.Pointer[Settings]
	mu       sync.Mutex
	open     map[*pair]struct{}
	closed   bool
	idle     sync.Cond // there is no tunnel; on mu
}

// NewPairs returns an empty registry.
func NewPairs(s Settings) *Pairs {
	g := &Pairs{open: map[*pair]struct{}{}}
	g.idle.L = &g.mu
	g.settings.Store(&s)
	return g
}

func (g *Pairs) all() []*pair {
	g.mu.Lock()
	defer g.mu.Unlock()
	out := make([]*pair, 0, len(g.open))
	for p := range g.open {
		out = append(out, p)
	}
	return out
}

// Set changes the settings.
func (g *Pairs) Set(s Settings) {
	g.settings.Store(&s)
	for _, p := range g.all() {
		p.mu.Lock()
		p.arm()
		p.mu.Unlock()
	}
}

// Each calls f with every open tunnel.
func (g *Pairs) Each(f func(Owner, Status)) {
	for _, p := range g.all() {
		age := time.Since(p.started)
		f(p.owner, Status{age, age - time.Duration(p.active.Load()), p.up.Load(), p.down.Load()})
	}
}

// End ends the tunnels that match accepts.
func (g *Pairs) End(e End, match func(Owner) bool) {
	for _, p := range g.all() {
		if !match(p.owner) {
			continue
		}
		p.mu.Lock()
		if !p.ending && (e.Over <= 0 || !p.scheduled) {
			if p.scheduled = e.Over > 0; p.scheduled {
				p.endAt, p.end = time.Now().Add(rand.N(e.Over)), &e
			} else {
				p.beginEnd(&e)
			}
			p.arm()
		}
		p.mu.Unlock()
		p.tell()
	}
}

// Live returns the number of open tunnels.
func (g *Pairs) Live() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.open)
}

// Wait returns when there is no tunnel.
func (g *Pairs) Wait() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for len(g.open) > 0 {
		g.idle.Wait()
	}
}

// Close ends every tunnel at once, and those that would begin later.
func (g *Pairs) Close() {
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
	for _, p := range g.all() {
		p.judge(ByShutdown)
		p.client.Close()
		p.backend.Close()
	}
	g.Wait()
}
