package tunnel

// chunkBits says how many slots are allocated at once: 512 take 140 KiB.
const chunkBits = 9

// timers is a heap of slots by their due time, with the place of each slot known, so that a tunnel's timer can be
// moved or taken out. A tunnel's traffic does not touch it: a timer that goes off early is put back by its owner.
type timers struct {
	heap  []timer
	place []int32 // by slot: index in heap + 1; 0: no timer
}

type timer struct {
	due  int64 // ns of the loop's clock
	slot uint32
}

// set gives slot one timer, due then.
func (t *timers) set(slot uint32, due int64) {
	for int(slot) >= len(t.place) {
		t.place = append(t.place, make([]int32, 1<<chunkBits)...)
	}
	i := int(t.place[slot]) - 1
	if i < 0 {
		t.heap = append(t.heap, timer{due, slot})
		i = len(t.heap) - 1
		t.place[slot] = int32(i) + 1
		t.up(i)
		return
	}
	old := t.heap[i].due
	t.heap[i].due = due
	if due < old {
		t.up(i)
	} else {
		t.down(i)
	}
}

// due returns when slot's timer goes off, 0 where it has none.
func (t *timers) due(slot uint32) int64 {
	if int(slot) >= len(t.place) || t.place[slot] == 0 {
		return 0
	}
	return t.heap[t.place[slot]-1].due
}

// clear takes slot's timer out.
func (t *timers) clear(slot uint32) {
	if int(slot) >= len(t.place) || t.place[slot] == 0 {
		return
	}
	i := int(t.place[slot]) - 1
	t.place[slot] = 0
	last := len(t.heap) - 1
	moved := t.heap[last]
	t.heap = t.heap[:last]
	if i < last {
		t.heap[i] = moved
		t.place[moved.slot] = int32(i) + 1
		t.up(i)
		t.down(i)
	}
}

// next returns the slot whose timer is due first; ok is false where there is none.
func (t *timers) next() (slot uint32, due int64, ok bool) {
	if len(t.heap) == 0 {
		return 0, 0, false
	}
	return t.heap[0].slot, t.heap[0].due, true
}

// A node has four children: half the levels of a binary heap, and the four lie in one cache line.
func (t *timers) up(i int) {
	for i > 0 {
		p := (i - 1) / 4
		if t.heap[p].due <= t.heap[i].due {
			return
		}
		t.swap(i, p)
		i = p
	}
}

func (t *timers) down(i int) {
	for {
		least := i
		for c := 4*i + 1; c <= 4*i+4 && c < len(t.heap); c++ {
			if t.heap[c].due < t.heap[least].due {
				least = c
			}
		}
		if least == i {
			return
		}
		t.swap(i, least)
		i = least
	}
}

func (t *timers) swap(i, j int) {
	t.heap[i], t.heap[j] = t.heap[j], t.heap[i]
	t.place[t.heap[i].slot] = int32(i) + 1
	t.place[t.heap[j].slot] = int32(j) + 1
}
