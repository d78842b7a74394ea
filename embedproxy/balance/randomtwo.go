package balance

import "math/rand/v2"

// randomTwo draws two backends by weight and takes the one with fewer tunnels: nearly as even as leastConn, without
// the herd that several proxies make when all of them see the same least-loaded backend.
type randomTwo struct{}

func (randomTwo) pick(c choice) int {
	a := c.draw(-1)
	if a < 0 {
		return -1
	}
	if b := c.draw(a); b >= 0 && c.lighter(b, a) {
		return b
	}
	return a
}

// draw picks an entry at random by weight, leaving out one; -1 where none is left.
func (c choice) draw(without int) int {
	total := int64(0)
	for i := range c.entries {
		if i != without && c.ok(i) {
			total += c.weight(i)
		}
	}
	if total == 0 {
		return -1
	}
	at, last := rand.Int64N(total), -1
	for i := range c.entries {
		if i == without || !c.ok(i) {
			continue
		}
		last = i
		if at -= c.weight(i); at < 0 {
			break
		}
	}
	return last // a backend may have left between the two walks
}
