package balance

import "sync/atomic"

// leastConn picks the backend with the fewest live tunnels for its weight; ties go round.
type leastConn struct{ turn atomic.Uint32 }

func (p *leastConn) pick(c choice) int {
	n := len(c.entries)
	if n == 0 {
		return -1
	}
	first, best := int(p.turn.Add(1))%n, -1
	for k := range n {
		if i := (first + k) % n; c.ok(i) && (best < 0 || c.lighter(i, best)) {
			best = i
		}
	}
	return best
}

// lighter tells whether one more tunnel weighs less on i than on j. (live+1)/weight instead of live/weight: among
// idle backends the heavier one goes first.
func (c choice) lighter(i, j int) bool {
	return int64(c.entries[i].node.Live()+1)*c.weight(j) < int64(c.entries[j].node.Live()+1)*c.weight(i)
}
