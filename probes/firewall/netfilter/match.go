package netfilter

import (
	"bytes"
	"net"
	"net/netip"
)

// is is an answer of three values.
type is int

const (
	no is = iota
	yes
	maybe
)

func (a is) not() is {
	switch a {
	case no:
		return yes
	case yes:
		return no
	}
	return maybe
}

func (a is) and(b is) is {
	if a == no || b == no {
		return no
	}
	return max(a, b)
}

func sure(b bool) is {
	if b {
		return yes
	}
	return no
}

// within tells whether b lies in from…to. With some bits unknown it is no only if the known ones rule it out.
func within(b content, from, to []byte) is {
	if len(b.data) != len(from) || len(from) != len(to) {
		return maybe
	}
	if b.certain() {
		return sure(bytes.Compare(b.data, from) >= 0 && bytes.Compare(b.data, to) <= 0)
	}
	if bytes.Equal(from, to) {
		for i, k := range b.known {
			if (b.data[i]^from[i])&k != 0 {
				return no
			}
		}
		return maybe
	}
	// The least and the greatest value that the unknown bits allow.
	lo, hi := make([]byte, len(from)), make([]byte, len(from))
	for i, k := range b.known {
		lo[i], hi[i] = b.data[i]&k, b.data[i]&k|^k
	}
	switch {
	case bytes.Compare(hi, from) < 0, bytes.Compare(lo, to) > 0:
		return no
	case bytes.Compare(lo, from) >= 0 && bytes.Compare(hi, to) <= 0:
		return yes
	}
	return maybe
}

// matches judges a Match step.
func (w *walk) matches(t *Table, st Step) is {
	var got is
	if st.Set != "" {
		found, ok := w.lookup(t, st)
		if !ok {
			return no
		}
		got = outcomeOf(found)
	} else {
		key, ok := w.key(t, st.Left)
		if !ok {
			return no
		}
		for _, r := range st.Ranges {
			if in := w.inRange(st.Left, key, r); in != no {
				got = in
			}
			if got == yes {
				break
			}
		}
	}
	if st.Op == "!=" {
		return got.not()
	}
	return got
}

// key loads the fields of a concatenation.
func (w *walk) key(t *Table, left []Value) ([]content, bool) {
	out := make([]content, len(left))
	for i, v := range left {
		b, ok := w.load(t, v)
		if !ok {
			return nil, false
		}
		out[i] = b
	}
	return out, true
}

// padded is the room that a field of n bytes takes in a concatenation.
func padded(n int) int { return (n + 3) &^ 3 }

// inRange compares field by field; a single field is not padded.
func (w *walk) inRange(left []Value, key []content, r Range) is {
	if len(key) == 1 {
		got := within(key[0], r.From, r.To)
		w.hangsOn(got, left[0], r.From, r.To)
		return got
	}
	all, off := yes, 0
	for i, b := range key {
		n := len(b.data)
		if off+n > len(r.From) || off+n > len(r.To) {
			return maybe
		}
		got := within(b, r.From[off:off+n], r.To[off:off+n])
		w.hangsOn(got, left[i], r.From[off:off+n], r.To[off:off+n])
		all = all.and(got)
		off += padded(n)
	}
	return all
}

// candidate is an element that may be what a set holds for the packet.
type candidate struct {
	el *Element
	is is
}

// lookup returns the elements that may match what Left holds, in the order of the set; the last may be sure. ok is false
// where the kernel would end the rule.
func (w *walk) lookup(t *Table, st Step) (found []candidate, ok bool) {
	key, ok := w.key(t, st.Left)
	if !ok {
		return nil, false
	}
	set := t.find(st.Set)
	switch {
	case set == nil:
		w.doubts("set " + st.Set + " is not there")
		return []candidate{{&Element{}, maybe}}, true
	case set.Unread != "":
		w.doubts("set " + set.Name + ": " + set.Unread)
		return []candidate{{&Element{}, maybe}}, true
	}
	var rest *Element
	for i := range set.Elements {
		el := &set.Elements[i]
		if el.CatchAll {
			rest = el
			continue
		}
		got := w.inRange(st.Left, key, el.Range)
		if got == yes && el.Doubt != "" {
			w.doubts(el.Doubt)
			got = maybe
		}
		if got != no {
			found = append(found, candidate{el, got})
		}
		if got == yes {
			return found, true
		}
	}
	if rest != nil {
		found = append(found, candidate{rest, yes})
	}
	return found, true
}

// outcomeOf says whether a look-up found something.
func outcomeOf(found []candidate) is {
	if len(found) == 0 {
		return no
	}
	for _, c := range found {
		if c.is == yes {
			return yes
		}
	}
	return maybe
}

// hangsOn notes where a comparison splits the sources, if that is why it is undecided.
func (w *walk) hangsOn(got is, v Value, from, to []byte) {
	if w.cuts == nil || got != maybe || w.s.Src.IsValid() {
		return
	}
	n := w.s.addrLen()
	atSource := v.From == Payload && v.Name == "nh" && v.Offset == w.s.srcOffset() || v.From == CT && v.Name == "original src"
	if !atSource {
		return
	}
	if !allZero(v.Xor) || v.Swap || !isPrefix(v.Mask) {
		w.cuts.coarse = true
		return
	}
	lo, hi := make([]byte, n), bytes.Repeat([]byte{0xff}, n)
	copy(lo, from)
	copy(hi, to)
	for i, m := range v.Mask {
		if i < n {
			hi[i] |= ^m
		}
	}
	a, _ := netip.AddrFromSlice(lo)
	b, _ := netip.AddrFromSlice(hi)
	w.cuts.pending = append(w.cuts.pending, span{a, b})
}

// isPrefix tells whether a mask is ones, then zeros.
func isPrefix(mask []byte) bool {
	_, size := net.IPMask(mask).Size()
	return size > 0 || len(mask) == 0
}

func allZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
