package balance

import (
	"sync/atomic"
	"time"
)

// Node is what is live of one address: how many tunnels it has and whether it may get more. All methods may be
// called concurrently.
type Node struct {
	Address string // host:port, as in the settings
	hash    uint64

	live     atomic.Int64
	sick     atomic.Bool  // the active check says so
	draining atomic.Bool  // an operator said so
	since    atomic.Int64 // Unix ns: when it last came back; 0: it was never away
	outUntil atomic.Int64 // Unix ns: the passive check keeps it out until then
	fails    atomic.Int32 // failed connects since failsFrom
	failFrom atomic.Int64 // Unix ns
}

func newNode(address string) *Node {
	return &Node{Address: address, hash: hashString(address)}
}

// Live returns the number of tunnels on the node, those being opened included.
func (n *Node) Live() int { return int(n.live.Load()) }

// Release gives back what Take counted.
func (n *Node) Release() { n.live.Add(-1) }

func (n *Node) take(limit int) bool {
	if limit <= 0 {
		n.live.Add(1)
		return true
	}
	for {
		have := n.live.Load()
		if have >= int64(limit) {
			return false
		}
		if n.live.CompareAndSwap(have, have+1) {
			return true
		}
	}
}

// Available tells whether new clients may come: it is not draining, the active check does not call it sick, and the
// passive check does not keep it out.
func (n *Node) Available(now time.Time) bool {
	return !n.draining.Load() && !n.sick.Load() && now.UnixNano() >= n.outUntil.Load()
}

// State says in one word why the node gets clients or does not: "up", "draining", "sick" (active check) or "out"
// (passive check).
func (n *Node) State(now time.Time) string {
	switch {
	case n.draining.Load():
		return "draining"
	case n.sick.Load():
		return "sick"
	case now.UnixNano() < n.outUntil.Load():
		return "out"
	}
	return "up"
}

// SetSick records the verdict of the active check. A node that recovers is forgiven its failed connects.
func (n *Node) SetSick(sick bool, now time.Time) {
	if n.sick.Swap(sick) && !sick {
		n.fails.Store(0)
		n.outUntil.Store(0)
		n.since.Store(now.UnixNano())
	}
}

// SetDraining keeps new clients away, or lets them come again.
func (n *Node) SetDraining(draining bool, now time.Time) {
	if n.draining.Swap(draining) && !draining {
		n.since.Store(now.UnixNano())
	}
}

// Failed records a connect that failed or brought no answer, and reports whether it took the node out: maxFails of them within window keep
// it out for window (nginx: max_fails and fail_timeout of "server"). Unlike nginx it holds for a single backend too:
// clients get their 503 at once instead of a timeout each. A maxFails of 0 switches it off.
func (n *Node) Failed(now time.Time, maxFails int, window time.Duration) bool {
	if maxFails <= 0 {
		return false
	}
	t := now.UnixNano()
	if from := n.failFrom.Load(); t-from > int64(window) {
		if n.failFrom.CompareAndSwap(from, t) {
			n.fails.Store(0)
		}
	}
	if int(n.fails.Add(1)) < maxFails {
		return false
	}
	n.fails.Store(0)
	n.outUntil.Store(t + int64(window))
	n.since.Store(t + int64(window))
	return true
}

// Answered records that the backend has taken a connection and answered on it. The connection alone is no sign of
// life: the kernel accepts for a process that hangs.
func (n *Node) Answered() {
	if n.fails.Load() != 0 {
		n.fails.Store(0)
	}
}

func (n *Node) upSince() time.Time { return time.Unix(0, n.since.Load()) }
