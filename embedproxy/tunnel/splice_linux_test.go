package tunnel

import (
	"bytes"
	"crypto/sha256"
	"io"
	"sync"
	"testing"
	"time"
)

// pipesOf counts the pipes that the loops have.
func pipesOf(t *testing.T, g *Loops) int {
	t.Helper()
	n := 0
	for _, l := range g.loops {
		got := make(chan int, 1)
		if l.do(func() { got <- l.lent }) {
			n += <-got
		}
	}
	return n
}

// TestSlotsAreGivenBack: a loop that had many tunnels and has none keeps one chunk of slots, and goes on with it.
func TestSlotsAreGivenBack(t *testing.T) {
	r, dial := startLoops(t, Settings{Idle: time.Hour})
	g := r.(*Loops)
	for range 2 {
		var all []ends
		for range 3 << chunkBits {
			all = append(all, dial())
		}
		for _, e := range all {
			e.client.Close()
			e.backend.Close()
			e.owner.wait(t)
		}
		<-g.Empty()
		for i, l := range g.loops {
			got := make(chan int, 1)
			l.do(func() {}) // behind the turn in which the last one went
			l.do(func() { got <- len(l.chunks) })
			if n := <-got; n > 1 {
				t.Errorf("loop %d has %d chunks without a tunnel", i, n)
			}
		}
	}
}

// bulk is a stream of large frames, and its hash.
func bulk(masked bool, frames int) ([]byte, [32]byte) {
	var b []byte
	for i := range frames {
		b = append(b, frame(0x82, masked, 1<<20+i)...)
	}
	return b, sha256.Sum256(b)
}

// TestBulkIsSpliced: large frames go through a pipe both ways and arrive whole, small ones do not, and the pipes go
// when the tunnels do.
func TestBulkIsSpliced(t *testing.T) {
	r, dial := startLoops(t, Settings{})
	g := r.(*Loops)
	small := dial()
	for range 100 {
		small.client.Write(make([]byte, 1000))
		if _, err := io.ReadFull(small.backend, make([]byte, 1000)); err != nil {
			t.Fatal(err)
		}
	}
	if n := pipesOf(t, g); n != 0 {
		t.Errorf("%d pipes after small messages", n)
	}
	up, upSum := bulk(true, 8)
	down, downSum := bulk(false, 8)
	all := []ends{small}
	var wg sync.WaitGroup
	for range 3 {
		e := dial()
		all = append(all, e)
		wg.Go(func() { e.client.Write(up) })
		wg.Go(func() { e.backend.Write(down) })
		wg.Go(func() {
			if sum, err := readSum(e.backend, len(up)); err != nil || sum != upSum {
				t.Errorf("up: %v, the same bytes: %v", err, sum == upSum)
			}
		})
		wg.Go(func() {
			if sum, err := readSum(e.client, len(down)); err != nil || sum != downSum {
				t.Errorf("down: %v, the same bytes: %v", err, sum == downSum)
			}
		})
	}
	wg.Wait()
	if n := pipesOf(t, g); n == 0 || n > 2*maxPipes {
		t.Errorf("%d pipes after bulk traffic, expected 1 to %d", n, 2*maxPipes)
	}
	for i, e := range all {
		e.client.Close()
		e.backend.Close()
		if s := e.owner.wait(t); i > 0 && (s.Up != uint64(len(up)) || s.Down != uint64(len(down))) {
			t.Errorf("%d bytes up and %d down were counted, expected %d and %d", s.Up, s.Down, len(up), len(down))
		}
	}
	<-g.Empty()
	if n := pipesOf(t, g); n != 0 {
		t.Errorf("%d pipes without a tunnel", n)
	}
}

// TestEndAmidBulk: the Close frame comes behind the frame that is under way, also when part of it lies in a pipe because
// the client reads slowly.
func TestEndAmidBulk(t *testing.T) {
	r, dial := startLoops(t, Settings{})
	e := dial()
	e.client.SetReadBuffer(16 << 10)
	down, _ := bulk(false, 24)
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		e.backend.Write(down) // the end of the tunnel may break it off
	}()
	first := make([]byte, 4<<20)
	if _, err := io.ReadFull(e.client, first); err != nil {
		t.Fatal(err)
	}
	if n := pipesOf(t, r.(*Loops)); n == 0 {
		t.Error("nothing was spliced")
	}
	r.End(End{Cause: ByDrain, Code: CloseGoingAway, Reason: "over"}, func(Owner) bool { return true })
	want := appendClose(nil, CloseGoingAway, "over")
	got := first
	for b := make([]byte, 64<<10); !bytes.HasSuffix(got, want); {
		n, err := e.client.Read(b)
		if err != nil {
			t.Fatalf("after %d bytes: %v", len(got), err)
		}
		got = append(got, b[:n]...)
	}
	e.client.Close()
	n := 0
	for i := 0; n < len(got) && got[n] == 0x82; i++ {
		n += 10 + 1<<20 + i
	}
	if n > len(got) || !bytes.Equal(got[:n], down[:n]) {
		t.Fatalf("%d bytes came, the last whole frame ends at %d", len(got), n)
	}
	if !bytes.Equal(got[n:], want) {
		t.Errorf("behind the last frame: %x, expected %x", got[n:min(n+40, len(got))], want)
	}
	e.backend.Close()
	<-sent
	e.owner.wait(t)
}
