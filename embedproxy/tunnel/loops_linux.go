package tunnel

import (
	"math/rand/v2"
	"os"
	"sync"
	"time"
)

// onAll runs f on every loop and waits until all have.
func (g *Loops) onAll(f func(*loop)) {
	var wg sync.WaitGroup
	for _, l := range g.loops {
		wg.Add(1)
		if !l.do(func() { defer wg.Done(); f(l) }) {
			wg.Done()
		}
	}
	wg.Wait()
}

// Set changes the settings.
func (g *Loops) Set(s Settings) {
	g.onAll(func(l *loop) {
		l.settings = &s
		for id := range l.allSlots() {
			if sl := l.slot(id); sl.phase == tunneling {
				l.setTimer(id, l.tunnelDue(sl))
			}
		}
	})
}

// Listen serves a listening TCP socket; the file is duplicated and may be closed. The number is for Unlisten.
func (g *Loops) Listen(f *os.File) (number int, err error) {
	g.mu.Lock()
	number = g.listened
	g.listened++
	g.mu.Unlock()
	g.onAll(func(l *loop) {
		if e := l.listen(number, f); e != nil {
			g.mu.Lock()
			err = e
			g.mu.Unlock()
		}
	})
	if err != nil {
		g.Unlisten(number)
	}
	return number, err
}

// Unlisten stops serving these listening sockets.
func (g *Loops) Unlisten(numbers ...int) {
	g.onAll(func(l *loop) {
		for _, i := range numbers {
			l.unlisten(i)
		}
	})
}

// Turn returns when every loop has come round once.
func (g *Loops) Turn() { g.onAll(func(*loop) {}) }

func (l *loop) allSlots() func(func(uint32) bool) {
	return func(yield func(uint32) bool) {
		for id := range uint32(len(l.chunks)) << chunkBits {
			if l.slot(id).phase != free && !yield(id) {
				return
			}
		}
	}
}

// Each calls f with every open tunnel, one loop after the other.
func (g *Loops) Each(f func(Owner, Status)) {
	for _, l := range g.loops {
		done := make(chan struct{})
		sent := l.do(func() {
			defer close(done)
			for id := range l.allSlots() {
				if s := l.slot(id); s.phase == tunneling {
					f(s.session, Status{time.Duration(l.now - s.started), time.Duration(l.now - s.active), s.bytes[client], s.bytes[backend]})
				}
			}
		})
		if sent {
			<-done
		}
	}
}

// End ends the tunnels that match accepts.
func (g *Loops) End(e End, match func(Owner) bool) {
	for _, l := range g.loops {
		l.do(func() {
			for id := range l.allSlots() {
				s := l.slot(id)
				if s.phase != tunneling || s.ending || s.told || e.Over > 0 && s.end != nil || !match(s.session) {
					continue
				}
				if e.Over <= 0 {
					l.endTunnel(id, s, &e)
					continue
				}
				s.endAt, s.end = l.now+rand.Int64N(int64(e.Over)), &e
				l.setTimer(id, s.endAt)
			}
		})
	}
}

// Live returns the number of connections that the loops have.
func (g *Loops) Live() int {
	n := int64(0)
	for _, l := range g.loops {
		n += l.live.Load()
	}
	return int(n)
}

// Empty returns a channel that is closed once there is no connection.
func (g *Loops) Empty() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	ch := make(chan struct{})
	if g.Live() == 0 {
		close(ch)
		return ch
	}
	if g.empty == nil {
		g.empty = ch
	}
	return g.empty
}

func (g *Loops) signalEmpty() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.empty != nil && g.Live() == 0 {
		close(g.empty)
		g.empty = nil
	}
}

// Close ends every connection and the loops themselves.
func (g *Loops) Close() {
	for _, l := range g.loops {
		l.do(func() {
			for id := range l.allSlots() {
				l.shutdown(id, l.slot(id))
			}
			l.stop = true
		})
	}
	g.done.Wait()
}
