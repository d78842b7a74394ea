package balance

import "sync"

// roundRobin is nginx's smooth weighted round-robin: weights 5, 1, 1 give a a b a c a a and not a a a a a b c.
type roundRobin struct {
	mu      sync.Mutex
	current []int64
}

func (p *roundRobin) pick(c choice) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.current == nil {
		p.current = make([]int64, len(c.entries))
	}
	best, total := -1, int64(0)
	for i := range c.entries {
		if !c.ok(i) {
			continue
		}
		w := c.weight(i)
		p.current[i] += w
		total += w
		if best < 0 || p.current[i] > p.current[best] {
			best = i
		}
	}
	if best >= 0 {
		p.current[best] -= total
	}
	return best
}
