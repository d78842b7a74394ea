// Package balance chooses the backend of a new client. A Set holds the backends of one version of the settings and
// the policy that picks among them; a Node holds what is live of one address (tunnels, health) and outlives a
// reload. A pick allocates nothing and never blocks for longer than a few multiplications.
//
// It opens no connection, checks no health and resolves no name: it is told.
package balance

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"time"
)

// Backend is one line of the settings.
type Backend struct {
	Address  string // host:port
	Weight   int    // share of the clients; below 1 counts as 1
	Backup   bool   // takes clients only while no other backend can
	Down     bool   // takes no new clients
	MaxConns int    // tunnels it takes at once; 0: no limit
}

// Request is what a policy may look at.
type Request struct {
	Client netip.Addr // the whole address: hashing fewer octets puts a NAT'd office on one backend
	Cookie []byte     // value of the stickiness cookie; empty: none came
	Header []byte     // value of the stickiness header; empty: none came
	Now    time.Time  // when the client asks
	Tried  []*Node    // backends that have refused this client already
}

// Set is a list of backends and a policy. It is safe for concurrent use; a reload makes a new one.
type Set struct {
	entries   []entry // in the order of their addresses, so that ties fall alike in every proxy
	policy    policy
	slowStart time.Duration
}

type entry struct {
	Backend
	node *Node
}

// A policy returns the index of one of the entries that c.ok accepts, -1 where there is none.
type policy interface {
	pick(c choice) int
}

// policies lists every policy under its name in the settings; each has a file of its own.
var policies = []struct {
	name string
	make func() policy
}{
	{"ip-hash", func() policy { return ipHash{} }},
	{"cookie", func() policy { return cookie{fallback: &leastConn{}} }},
	{"header", func() policy { return header{fallback: ipHash{}} }},
	{"least-conn", func() policy { return &leastConn{} }},
	{"round-robin", func() policy { return &roundRobin{} }},
	{"random-two", func() policy { return randomTwo{} }},
}

// Names lists the policies as the settings name them.
func Names() []string {
	out := make([]string, len(policies))
	for i, p := range policies {
		out[i] = p.name
	}
	return out
}

// NewSet returns a set that picks by the named policy. Nodes of addresses that old has are taken over with their
// tunnels and health; old may be nil. After a backend has come back, policies that spread clients by load give it
// its full share only after slowStart; policies that hash do not, because every client moved then would move twice.
func NewSet(policyName string, backends []Backend, slowStart time.Duration, old *Set) (*Set, error) {
	s := &Set{slowStart: slowStart}
	for _, p := range policies {
		if p.name == policyName {
			s.policy = p.make()
		}
	}
	if s.policy == nil {
		return nil, fmt.Errorf("choosing a policy: found %q, expected one of %q", policyName, Names())
	}
	for _, b := range backends {
		b.Weight = max(b.Weight, 1)
		if s.Node(b.Address) != nil {
			return nil, fmt.Errorf("reading the backends: found %q twice, expected each address once", b.Address)
		}
		node := old.Node(b.Address)
		if node == nil {
			node = newNode(b.Address)
		}
		s.entries = append(s.entries, entry{b, node})
	}
	slices.SortFunc(s.entries, func(a, b entry) int { return cmp.Compare(a.Address, b.Address) })
	return s, nil
}

// Node returns the live state of an address; nil where the set has no such backend, or is nil itself.
func (s *Set) Node(address string) *Node {
	if s == nil {
		return nil
	}
	for i := range s.entries {
		if s.entries[i].Address == address {
			return s.entries[i].node
		}
	}
	return nil
}

// All calls f with each backend and its live state.
func (s *Set) All(f func(Backend, *Node)) {
	for _, e := range s.entries {
		f(e.Backend, e.node)
	}
}

// Take picks a backend and counts a tunnel on it; the caller gives it back with Node.Release. nil: none can take
// the client. Backends marked as backup are asked only when no other is left.
func (s *Set) Take(r *Request) *Node {
	for _, backup := range [2]bool{false, true} {
		c := choice{s, r, backup}
		for range len(s.entries) { // a backend can fill up between the pick and the count
			i := s.policy.pick(c)
			if i < 0 {
				break
			}
			if e := &s.entries[i]; e.node.take(e.MaxConns) {
				return e.node
			}
		}
	}
	return nil
}

// choice is what a policy sees: the entries and which of them may be picked.
type choice struct {
	*Set
	req    *Request
	backup bool
}

func (c choice) ok(i int) bool {
	e := &c.entries[i]
	if e.Down || e.Backup != c.backup || !e.node.Available(c.req.Now) || e.MaxConns > 0 && e.node.Live() >= e.MaxConns {
		return false
	}
	return !slices.Contains(c.req.Tried, e.node)
}

// weight is the share of entry i now, between 1 and 256 for each unit of its weight.
func (c choice) weight(i int) int64 {
	const full = 256
	w := int64(c.entries[i].Weight) * full
	if c.slowStart <= 0 {
		return w
	}
	since := c.req.Now.Sub(c.entries[i].node.upSince())
	if since >= c.slowStart {
		return w
	}
	return max(w*max(int64(since), 0)/int64(c.slowStart), int64(c.entries[i].Weight))
}
