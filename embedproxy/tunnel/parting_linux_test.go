package tunnel

import (
	"bytes"
	"io"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestClosedOnceBothSaidSo: after both Close frames and the backend's end there is nothing to wait for, although the
// client keeps its socket open.
func TestClosedOnceBothSaidSo(t *testing.T) {
	_, dial := startLoops(t, Settings{})
	e := dial()
	bye := frame(0x88, true, 2)
	e.client.Write(bye)
	if got := make([]byte, len(bye)); true {
		if _, err := io.ReadFull(e.backend, got); err != nil || !bytes.Equal(got, bye) {
			t.Fatalf("the backend got %x, %v", got, err)
		}
	}
	answer := appendClose(nil, 1000, "bye")
	e.backend.Write(answer)
	e.backend.Close()
	if s := e.owner.wait(t); s.Cause != ByBackend || s.Code != 1000 || s.Down != uint64(len(answer)) {
		t.Errorf("%+v", s)
	}
	if got, err := io.ReadAll(e.client); err != nil || !bytes.Equal(got, answer) {
		t.Errorf("the client got %x, %v", got, err)
	}
}

// TestLastWordsOfTheClient: a backend that closes of its own accord is answered by a client that may have more to say
// first, so its side stays open until it hangs up.
func TestLastWordsOfTheClient(t *testing.T) {
	_, dial := startLoops(t, Settings{})
	e := dial()
	e.client.Write(frame(0x82, true, 5))
	io.ReadFull(e.backend, make([]byte, 2+4+5))
	e.backend.Write(appendClose(nil, 1000, ""))
	e.backend.CloseWrite()
	if got, err := io.ReadAll(e.client); err != nil || len(got) != 4 {
		t.Fatalf("the client got %x, %v", got, err)
	}
	last := append(frame(0x82, true, 300), frame(0x88, true, 2)...)
	e.client.Write(last)
	e.client.CloseWrite()
	if got, err := io.ReadAll(e.backend); err != nil || !bytes.Equal(got, last) {
		t.Errorf("the backend got %d bytes and %v, expected %d", len(got), err, len(last))
	}
	e.owner.wait(t)
}

// TestEndTravelsWithTheLastBytes: whatever stands before a FIN arrives whole, in either direction, in pieces that fill
// the loop's buffer and in such that do not.
func TestEndTravelsWithTheLastBytes(t *testing.T) {
	_, dial := startLoops(t, Settings{})
	for _, n := range []int{1, 1000, BufferSize - 1, BufferSize, BufferSize + 1, 3*BufferSize + 7} {
		for _, up := range []bool{true, false} {
			e := dial()
			from, to := e.backend, e.client
			if up {
				from, to = to, from
			}
			f := frame(0x82, up, n)
			if !up {
				f = append(f, appendClose(nil, 1000, "")...) // else the proxy adds one of its own
			}
			from.Write(f)
			from.CloseWrite()
			if got, err := io.ReadAll(to); err != nil || !bytes.Equal(got, f) {
				t.Errorf("%d bytes, up: %v: %d of %d came, %v", n, up, len(got), len(f), err)
			}
			to.Close()
			e.owner.wait(t)
		}
	}
}

// TestBackendSocketIsFitted: a busy, a stuck and a lasting tunnel have bounded buffers and keepalive towards the backend.
func TestBackendSocketIsFitted(t *testing.T) {
	g, dial := startLoops(t, Settings{})
	l := g.(*Loops)
	fitted := func() (int, int) {
		var yes, bounded atomic.Int32
		l.onAll(func(l *loop) {
			for id := range l.allSlots() {
				s := l.slot(id)
				on, _ := unix.GetsockoptInt(int(s.fd[backend]), unix.SOL_SOCKET, unix.SO_KEEPALIVE)
				size, _ := unix.GetsockoptInt(int(s.fd[backend]), unix.SOL_SOCKET, unix.SO_SNDBUF)
				if s.fitted {
					yes.Add(1)
				}
				if on == 1 && size == 2*DefaultSocketBuffer {
					bounded.Add(1)
				}
			}
		})
		return int(yes.Load()), int(bounded.Load())
	}
	e := dial()
	if yes, bounded := fitted(); yes != 0 || bounded != 0 {
		t.Errorf("a fresh tunnel: fitted %d, bounded %d", yes, bounded)
	}
	f := frame(0x82, false, 2*fitBytes)
	go e.backend.Write(f)
	if _, err := io.ReadFull(e.client, make([]byte, len(f))); err != nil {
		t.Fatal(err)
	}
	if yes, bounded := fitted(); yes != 1 || bounded != 1 {
		t.Errorf("a busy tunnel: fitted %d, bounded %d", yes, bounded)
	}
	dial()
	l.onAll(func(l *loop) {
		for id := range l.allSlots() {
			if s := l.slot(id); !s.fitted {
				s.started -= int64(fitAfter + time.Second)
				l.setTimer(id, l.tunnelDue(s))
			}
		}
	})
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		yes, bounded := fitted()
		if yes == 2 && bounded == 2 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("a lasting tunnel: fitted %d, bounded %d, expected 2", yes, bounded)
		}
	}
}
