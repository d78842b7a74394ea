package tunnel

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"
)

// frame builds a frame of n payload bytes.
func frame(first byte, masked bool, n int) []byte {
	b := []byte{first}
	mask := byte(0)
	if masked {
		mask = 0x80
	}
	switch {
	case n < 126:
		b = append(b, mask|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, mask|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, mask|127), uint64(n))
	}
	if masked {
		b = append(b, 1, 2, 3, 4)
	}
	return append(b, bytes.Repeat([]byte{0x88}, n)...) // a payload that looks like Close frames
}

func TestScannerFindsBoundaries(t *testing.T) {
	var stream []byte
	ends := map[int]bool{0: true}
	for _, n := range []int{0, 1, 125, 126, 127, 65535, 65536, 70000, 0, 3} {
		for _, masked := range []bool{false, true} {
			stream = append(stream, frame(0x82, masked, n)...)
			ends[len(stream)] = true
		}
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		var s Scanner
		at := 0
		for at < len(stream) {
			n := min(1+rnd.IntN(1<<rnd.IntN(17)), len(stream)-at)
			s.Scan(stream[at : at+n])
			if at += n; s.Boundary() != ends[at] {
				t.Fatalf("at %d: boundary %v, expected %v", at, s.Boundary(), ends[at])
			}
		}
	}
}

func TestUntilBoundary(t *testing.T) {
	f := frame(0x82, false, 300)
	two := append(bytes.Clone(f), f...)
	for cut := 1; cut < len(f); cut++ {
		var s Scanner
		s.Scan(two[:cut])
		if n := s.UntilBoundary(two[cut:]); n != len(f)-cut || !s.Boundary() {
			t.Fatalf("after %d bytes: %d more, expected %d", cut, n, len(f)-cut)
		}
	}
	var s Scanner
	if n := s.UntilBoundary(f); n != 0 {
		t.Errorf("at a boundary: %d, expected 0", n)
	}
}

func TestScannerSeesClose(t *testing.T) {
	var s Scanner
	s.Scan(frame(0x81, false, 5))
	if _, ok := s.Closed(); ok {
		t.Error("a text frame was taken for Close")
	}
	s.Scan(appendClose(nil, CloseGoingAway, "bye"))
	if code, ok := s.Closed(); !ok || code != 1001 || s.Boundary() {
		t.Errorf("after Close: %d, %v, boundary %v", code, ok, s.Boundary())
	}
}

func TestScannerIsLost(t *testing.T) {
	var s Scanner
	s.Scan([]byte{0x82, 127, 0xff, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3})
	if !s.Lost() || s.Boundary() {
		t.Error("a length of 2^63 and more was believed")
	}
}

func FuzzScanner(f *testing.F) {
	f.Add(append(frame(0x82, true, 300), frame(0x89, false, 0)...), 3)
	f.Add([]byte{0x82, 127, 0xff, 0, 0, 0, 0, 0, 0, 0, 1}, 1)
	f.Add(appendClose(nil, 1000, ""), 2)
	for _, n := range []int{0, 1, 125, 126, 65535, 65536} {
		for _, first := range []byte{0x82, 0x01, 0x00, 0x80, 0x89, 0x8a, 0xc1, 0x88} {
			whole := append(frame(first, n%2 == 0, n), frame(0x89, false, 3)...)
			f.Add(whole[:min(len(whole), 200)], n+7) // the fuzzer is slow with long inputs; a length needs no payload
		}
	}
	f.Fuzz(func(t *testing.T, b []byte, step int) {
		step = max(step&0xff, 1)
		var whole, parts Scanner
		whole.Scan(b)
		for rest := b; len(rest) > 0; rest = rest[min(step, len(rest)):] {
			parts.Scan(rest[:min(step, len(rest))])
		}
		if whole.Boundary() != parts.Boundary() || whole.Lost() != parts.Lost() || whole.closed != parts.closed || whole.left != parts.left {
			t.Errorf("%x: %+v at once, %+v by %d", b, whole, parts, step)
		}
		if at, lost := reference(b); whole.Boundary() != at || whole.Lost() != lost {
			t.Errorf("%x: boundary %v and lost %v, expected %v and %v", b, whole.Boundary(), whole.Lost(), at, lost)
		}
		var until Scanner
		until.Scan(b[:len(b)/2])
		if n := until.UntilBoundary(b[len(b)/2:]); n < 0 || n > len(b)-len(b)/2 {
			t.Errorf("%x: %d bytes until the boundary", b, n)
		}
	})
}

// reference reads frames the plain way: with all bytes at hand, one frame after the other.
func reference(b []byte) (boundary, lost bool) {
	for len(b) > 0 {
		if len(b) < 2 || len(b) < headerLen(b[1]) {
			return false, false
		}
		h, n := b[:headerLen(b[1])], uint64(b[1]&0x7f)
		switch n {
		case 126:
			n = uint64(h[2])<<8 | uint64(h[3])
		case 127:
			n = binary.BigEndian.Uint64(h[2:10])
		}
		switch {
		case n > 1<<63-1:
			return false, true
		case h[0]&0xf == 8:
			// Nothing of the proxy's own may follow a Close frame; what comes behind it is still read.
			_, lost := reference(b[len(h)+int(min(n, uint64(len(b)-len(h)))):])
			return false, lost
		case uint64(len(b)-len(h)) < n:
			return false, false
		}
		b = b[len(h)+int(n):]
	}
	return true, false
}

func BenchmarkScan128(b *testing.B) {
	f := frame(0x82, false, 128)
	var s Scanner
	for b.Loop() {
		s.Scan(f)
	}
}

func TestTimers(t *testing.T) {
	var h timers
	rnd := rand.New(rand.NewPCG(3, 4))
	due := map[uint32]int64{}
	for range 20000 {
		slot := uint32(rnd.IntN(700))
		if rnd.IntN(3) == 0 {
			h.clear(slot)
			delete(due, slot)
		} else {
			d := rnd.Int64N(1000) + 1
			h.set(slot, d)
			due[slot] = d
		}
		if h.due(slot) != due[slot] {
			t.Fatalf("slot %d: due %d, expected %d", slot, h.due(slot), due[slot])
		}
	}
	last := int64(0)
	for {
		slot, d, ok := h.next()
		if !ok {
			break
		}
		if d < last || d != due[slot] {
			t.Fatalf("slot %d came at %d after %d, expected %d", slot, d, last, due[slot])
		}
		last = d
		h.clear(slot)
		delete(due, slot)
	}
	if len(due) != 0 {
		t.Errorf("%d timers never came", len(due))
	}
}
