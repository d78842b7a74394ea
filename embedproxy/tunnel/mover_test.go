package tunnel

import (
	"bytes"
	"crypto/sha256"
	"hash"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what must happen; only a failing test waits that long.
const patience = 30 * time.Second

type owner struct{ closed chan Summary }

func newOwner() *owner            { return &owner{make(chan Summary, 1)} }
func (o *owner) Closed(s Summary) { o.closed <- s }
func (o *owner) wait(t *testing.T) Summary {
	t.Helper()
	select {
	case s := <-o.closed:
		return s
	case <-time.After(patience):
		t.Fatal("the tunnel did not end")
		panic("unreachable")
	}
}

// ends is both ends of one tunnel.
type ends struct {
	client, backend *net.TCPConn
	owner           *owner
}

type registry interface {
	Registry
	Set(Settings)
}

// movers are the ways of moving bytes; the tests below hold for each.
var movers = map[string]func(*testing.T, Settings) (registry, func() ends){"pairs": startPairs}

func each(t *testing.T, s Settings, f func(t *testing.T, r registry, dial func() ends)) {
	for name, start := range movers {
		t.Run(name, func(t *testing.T) {
			r, dial := start(t, s)
			t.Cleanup(r.Close)
			f(t, r, dial)
		})
	}
}

func listen(t *testing.T) *net.TCPListener {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.(*net.TCPListener)
}

func connected(t *testing.T, l *net.TCPListener) (near, far *net.TCPConn) {
	t.Helper()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	f, err := l.AcceptTCP()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []net.Conn{c, f} {
		c.SetDeadline(time.Now().Add(2 * patience))
		t.Cleanup(func() { c.Close() })
	}
	return c.(*net.TCPConn), f
}

func startPairs(t *testing.T, s Settings) (registry, func() ends) {
	g := NewPairs(s)
	l := listen(t)
	var running sync.WaitGroup
	t.Cleanup(running.Wait)
	return g, func() ends {
		c, inner := connected(t, l)
		outer, b := connected(t, l)
		inner.SetDeadline(time.Time{})
		outer.SetDeadline(time.Time{})
		o := newOwner()
		running.Go(func() { g.Run(o, inner, outer, nil, nil, new(Traffic)) })
		for begun := false; !begun; runtime.Gosched() {
			g.Each(func(x Owner, _ Status) { begun = begun || x == Owner(o) })
			begun = begun || len(o.closed) > 0 // and ended already
		}
		return ends{c, b, o}
	}
}

// frames is a stream of random frames and its hash.
func frames(seed uint64, masked bool, total int) ([]byte, [32]byte) {
	rnd := rand.New(rand.NewPCG(seed, 1))
	var b []byte
	for len(b) < total {
		n := []int{0, 1, 125, 126, rnd.IntN(5000), rnd.IntN(70000), rnd.IntN(300000)}[rnd.IntN(7)]
		op := []byte{0x82, 0x01, 0x00, 0x80, 0x89, 0xc1}[rnd.IntN(6)]
		b = append(b, frame(op, masked, n)...)
	}
	return b, sha256.Sum256(b)
}

func sendPieces(c *net.TCPConn, b []byte, seed uint64) {
	rnd := rand.New(rand.NewPCG(seed, 2))
	for len(b) > 0 {
		n := min(1+rnd.IntN(1<<rnd.IntN(18)), len(b))
		if _, err := c.Write(b[:n]); err != nil {
			return
		}
		b = b[n:]
	}
}

func readSum(r io.Reader, n int) (sum [32]byte, err error) {
	var h hash.Hash = sha256.New()
	_, err = io.CopyN(h, r, int64(n))
	copy(sum[:], h.Sum(nil))
	return sum, err
}

func TestBytesArriveBothWays(t *testing.T) {
	each(t, Settings{}, func(t *testing.T, r registry, dial func() ends) {
		var wg sync.WaitGroup
		for seed := range uint64(4) {
			e := dial()
			up, upSum := frames(seed, true, 1<<20)
			down, downSum := frames(seed+100, false, 1<<20)
			wg.Go(func() { sendPieces(e.client, up, seed) })
			wg.Go(func() { sendPieces(e.backend, down, seed) })
			wg.Go(func() {
				if sum, err := readSum(e.backend, len(up)); err != nil || sum != upSum {
					t.Errorf("seed %d, up: %v, the same bytes: %v", seed, err, sum == upSum)
				}
			})
			wg.Go(func() {
				if sum, err := readSum(e.client, len(down)); err != nil || sum != downSum {
					t.Errorf("seed %d, down: %v, the same bytes: %v", seed, err, sum == downSum)
				}
			})
		}
		wg.Wait()
	})
}

func TestSlowReader(t *testing.T) {
	each(t, Settings{}, func(t *testing.T, r registry, dial func() ends) {
		e := dial()
		e.client.SetReadBuffer(4 << 10)
		down, sum := frames(7, false, 8<<20)
		go sendPieces(e.backend, down, 1)
		// A tunnel beside it must not suffer: it answers while the first is stuck.
		o := dial()
		for range 100 {
			o.client.Write([]byte("ping"))
			if _, err := io.ReadFull(o.backend, make([]byte, 4)); err != nil {
				t.Fatal(err)
			}
		}
		for range 20 { // byte by byte first
			if _, err := io.ReadFull(e.client, make([]byte, 1)); err != nil {
				t.Fatal(err)
			}
		}
		e.client.Close()
		_ = sum
		if s := e.owner.wait(t); s.Cause.Side() != "client" {
			t.Errorf("cause %s, expected the client", s.Cause)
		}
	})
}

func TestBackPressureIsBounded(t *testing.T) {
	each(t, Settings{}, func(t *testing.T, r registry, dial func() ends) {
		e := dial()
		e.backend.SetWriteDeadline(time.Now().Add(300 * time.Millisecond))
		n, err := e.backend.Write(make([]byte, 64<<20)) // the client reads nothing
		if err == nil || n > 16<<20 {
			t.Errorf("%d bytes were taken for a client that reads nothing (%v), expected a bound", n, err)
		}
	})
}

func TestHalfClose(t *testing.T) {
	each(t, Settings{}, func(t *testing.T, r registry, dial func() ends) {
		e := dial()
		e.client.Write([]byte("last"))
		e.client.CloseWrite()
		if b, err := io.ReadAll(e.backend); err != nil || string(b) != "last" {
			t.Fatalf("the backend got %q, %v", b, err)
		}
		e.backend.Write(frame(0x81, false, 5))
		e.backend.Close()
		if b, err := io.ReadAll(e.client); err != nil || !bytes.Equal(b, frame(0x81, false, 5)) {
			t.Errorf("the client got %q, %v", b, err)
		}
		if s := e.owner.wait(t); s.Cause != ByClient || s.Up != 4 || s.Down != 7 {
			t.Errorf("%+v", s)
		}
	})
}
