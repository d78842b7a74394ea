package tunnel

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// readFrames reads until the end and returns what came before the Close frame, and that frame's code and reason.
func readFrames(t *testing.T, c net.Conn) (before []byte, code uint16, reason string) {
	t.Helper()
	r := bufio.NewReader(c)
	for {
		h, err := r.Peek(2)
		if err != nil {
			return before, 0, err.Error()
		}
		n := headerLen(h[1])
		h, err = r.Peek(n)
		if err != nil {
			return before, 0, err.Error()
		}
		var s Scanner
		s.begin(h, nil)
		if h[0]&0xf == 8 {
			b := make([]byte, n+int(s.left))
			io.ReadFull(r, b)
			return before, binary.BigEndian.Uint16(b[n:]), string(b[n+2:])
		}
		b := make([]byte, n+int(s.left))
		if _, err := io.ReadFull(r, b); err != nil {
			return before, 0, err.Error()
		}
		before = append(before, b...)
	}
}

func TestBackendVanishes(t *testing.T) {
	for _, how := range []string{"FIN", "RST"} {
		each(t, Settings{}, func(t *testing.T, r registry, dial func() ends) {
			e := dial()
			f := frame(0x82, false, 1000)
			e.backend.Write(f)
			if b := make([]byte, len(f)); true {
				io.ReadFull(e.client, b)
			}
			if how == "RST" {
				e.backend.SetLinger(0)
			}
			e.backend.Close()
			if _, code, reason := readFrames(t, e.client); code != CloseBackendLost {
				t.Errorf("%s: code %d %s, expected %d", how, code, reason, CloseBackendLost)
			}
			e.client.Close()
			if s := e.owner.wait(t); s.Cause.Side() != "backend" || s.Code != CloseBackendLost {
				t.Errorf("%s: %+v", how, s)
			}
		})
	}
}

func TestBackendsOwnCloseIsLeftAlone(t *testing.T) {
	each(t, Settings{}, func(t *testing.T, r registry, dial func() ends) {
		e := dial()
		e.backend.Write(appendClose(nil, 4000, "own"))
		e.backend.Close()
		if _, code, reason := readFrames(t, e.client); code != 4000 || reason != "own" {
			t.Errorf("code %d %q", code, reason)
		}
		if rest, _ := io.ReadAll(e.client); len(rest) != 0 {
			t.Errorf("%x came behind the Close frame", rest)
		}
		e.client.Close()
		if s := e.owner.wait(t); s.Code != 4000 {
			t.Errorf("%+v", s)
		}
	})
}

func TestClientResets(t *testing.T) {
	each(t, Settings{}, func(t *testing.T, r registry, dial func() ends) {
		e := dial()
		e.client.SetLinger(0)
		e.client.Close()
		if _, err := io.ReadAll(e.backend); err != nil && !strings.Contains(err.Error(), "reset") {
			t.Error(err)
		}
		e.backend.Close()
		if s := e.owner.wait(t); s.Cause.Side() != "client" {
			t.Errorf("%+v", s)
		}
	})
}

func TestIdleAndLifetime(t *testing.T) {
	for _, c := range []struct {
		s    Settings
		want Cause
	}{{Settings{Idle: 30 * time.Millisecond}, ByIdle}, {Settings{Lifetime: 30 * time.Millisecond}, ByLifetime}} {
		each(t, c.s, func(t *testing.T, r registry, dial func() ends) {
			e := dial()
			if _, code, reason := readFrames(t, e.client); code != CloseGoingAway {
				t.Errorf("code %d %s", code, reason)
			}
			// The client's answer reaches the backend, which then hangs up.
			e.client.Write(frame(0x88, true, 2))
			if b := make([]byte, 8); true {
				if _, err := io.ReadFull(e.backend, b); err != nil || b[0] != 0x88 {
					t.Errorf("the backend got %x, %v", b, err)
				}
			}
			e.backend.Close()
			e.client.Close()
			if s := e.owner.wait(t); s.Cause != c.want {
				t.Errorf("cause %s, expected %s", s.Cause, c.want)
			}
		})
	}
}

func TestTrafficEitherWayKeepsItOpen(t *testing.T) {
	const idle = 200 * time.Millisecond
	each(t, Settings{Idle: idle}, func(t *testing.T, r registry, dial func() ends) {
		// A machine that stalls makes a silence that ends the tunnel rightly: only an end without one is a fault.
		for tries := 0; ; tries++ {
			longest, err := talk(dial(), 5*idle/2, idle/10)
			switch {
			case err == nil:
				return
			case longest < idle/2:
				t.Fatalf("it was closed though no silence was longer than %s: %v", longest, err)
			case tries == 20:
				t.Fatalf("the machine stalls: %s; %v", longest, err)
			}
		}
	})
}

// talk sends a frame every pause, this way and that way by turns, and returns the longest silence between two.
func talk(e ends, length, pause time.Duration) (longest time.Duration, err error) {
	f := frame(0x82, false, 1)
	begin := time.Now()
	last := begin
	for i := 0; time.Since(begin) < length; i++ {
		from, to := e.client, e.backend
		if i%2 == 0 {
			from, to = to, from
		}
		from.Write(f)
		_, err := io.ReadFull(to, make([]byte, len(f)))
		longest, last = max(longest, time.Since(last)), time.Now()
		if err != nil {
			return longest, err
		}
		time.Sleep(pause)
	}
	select {
	case s := <-e.owner.closed:
		return longest, fmt.Errorf("closed: %+v", s)
	default:
		return longest, nil
	}
}

func TestPing(t *testing.T) {
	each(t, Settings{Ping: 20 * time.Millisecond}, func(t *testing.T, r registry, dial func() ends) {
		e := dial()
		b := make([]byte, 4)
		if _, err := io.ReadFull(e.client, b); err != nil || !bytes.Equal(b, append(pingFrame, pingFrame...)) {
			t.Errorf("got %x, %v; expected two pings", b, err)
		}
	})
}

func TestEndWaitsForTheBoundary(t *testing.T) {
	each(t, Settings{}, func(t *testing.T, r registry, dial func() ends) {
		e := dial()
		f := frame(0x82, false, 1000)
		e.backend.Write(f[:500])
		io.ReadFull(e.client, make([]byte, 500))
		r.End(End{Cause: ByOperator, Code: CloseServiceRestart, Reason: "x"}, func(Owner) bool { return true })
		e.client.Write([]byte("up")) // the other direction goes on
		io.ReadFull(e.backend, make([]byte, 2))
		e.backend.Write(append(bytes.Clone(f[500:]), frame(0x82, false, 9)...)) // the frame after it is dropped
		io.ReadFull(e.client, make([]byte, len(f)-500))
		before, code, reason := readFrames(t, e.client)
		if len(before) != 0 || code != CloseServiceRestart || reason != "x" {
			t.Errorf("%x, code %d %q", before, code, reason)
		}
		e.client.Close()
		e.backend.Close()
		if s := e.owner.wait(t); s.Cause != ByOperator || s.Code != CloseServiceRestart {
			t.Errorf("%+v", s)
		}
	})
}

// TestDrainIsSpread: the first of many end long before the time is over, and they do so one by one. A machine that
// stalls makes them later, never more in the same time, so both bounds hold on it.
func TestDrainIsSpread(t *testing.T) {
	const tunnels, over, few = 60, 20 * time.Second, 3
	each(t, Settings{}, func(t *testing.T, r registry, dial func() ends) {
		var all []ends
		for range tunnels {
			all = append(all, dial())
		}
		begin := time.Now()
		r.End(End{Cause: ByDrain, Code: CloseGoingAway, Over: over}, func(Owner) bool { return true })
		var ended atomic.Int64
		enough := make(chan struct{})
		var wg sync.WaitGroup
		for _, e := range all {
			wg.Go(func() {
				_, code, reason := readFrames(t, e.client)
				if code != CloseGoingAway {
					t.Errorf("code %d %s", code, reason)
				}
				if ended.Add(1) == few {
					close(enough)
				}
				e.client.Close()
				e.backend.Close()
				e.owner.wait(t)
			})
		}
		select {
		case <-enough:
		case <-time.After(over / 2):
			t.Errorf("%d of %d were closed in the first half", ended.Load(), tunnels)
		}
		n := ended.Load()
		if share := float64(time.Since(begin)) / float64(over); float64(n) > 10+2*share*tunnels {
			t.Errorf("%d of %d were closed in %.0f %% of the time", n, tunnels, 100*share)
		}
		r.End(End{Cause: ByShutdown, Code: CloseGoingAway}, func(Owner) bool { return true }) // those that still wait
		wg.Wait()
		for deadline := time.Now().Add(patience); r.Live() > 0; runtime.Gosched() {
			if time.Now().After(deadline) {
				t.Fatalf("%d are left", r.Live())
			}
		}
	})
}

func TestCloseEndsEverything(t *testing.T) {
	each(t, Settings{}, func(t *testing.T, r registry, dial func() ends) {
		e := dial()
		count := 0
		r.Each(func(o Owner, s Status) { count++ })
		r.Close()
		if s := e.owner.wait(t); s.Cause != ByShutdown || count != 1 {
			t.Errorf("%+v of %d", s, count)
		}
		if _, err := io.ReadAll(e.backend); err != nil && !strings.Contains(err.Error(), "reset") {
			t.Error(err)
		}
		r.Each(func(Owner, Status) { t.Error("something is still open") })
	})
}

// TestPeersVanishAtRandom ends many tunnels in every way at once; descriptors must be as many as before.
func TestPeersVanishAtRandom(t *testing.T) {
	each(t, Settings{}, func(t *testing.T, r registry, dial func() ends) {
		before := descriptors(t)
		var wg sync.WaitGroup
		for i := range 80 {
			e := dial()
			wg.Go(func() {
				rnd := rand.New(rand.NewPCG(uint64(i), 9))
				var inner sync.WaitGroup
				for _, c := range []*net.TCPConn{e.client, e.backend} {
					up, _ := frames(uint64(i), c == e.client, 1<<20)
					inner.Go(func() { sendPieces(c, up, uint64(i)) })
					most := rnd.Int64N(1 << 20)
					inner.Go(func() { io.CopyN(io.Discard, c, most) })
				}
				time.Sleep(rand.N(20 * time.Millisecond))
				for _, c := range []*net.TCPConn{e.client, e.backend} {
					switch rnd.IntN(3) {
					case 0:
						c.SetLinger(0)
						c.Close()
					case 1:
						c.CloseWrite()
					case 2:
						c.Close()
					}
				}
				time.Sleep(rand.N(5 * time.Millisecond))
				e.client.Close()
				e.backend.Close()
				inner.Wait()
				e.owner.wait(t)
			})
		}
		wg.Wait()
		deadline := time.Now().Add(patience)
		for descriptors(t) > before || r.Live() > 0 {
			if time.Now().After(deadline) {
				t.Fatalf("%d descriptors and %d tunnels, %d descriptors before", descriptors(t), r.Live(), before)
			}
			time.Sleep(time.Millisecond)
		}
	})
}

func descriptors(t *testing.T) int {
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("descriptors can be counted on Linux alone")
	}
	return len(list)
}
