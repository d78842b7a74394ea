package embedproxy

import (
	"net/netip"
	"time"

	"example.com/wsdoctor/embedproxy/balance"
	"example.com/wsdoctor/embedproxy/tunnel"
)

// mostTries bounds how many backends one handshake asks: each may cost the client a connect timeout.
const mostTries = 4

// record is what the proxy keeps of one tunnel, whichever way it takes, from admission to its end.
type record struct {
	p      *Proxy
	id     uint64
	client netip.Addr
	node   *balance.Node
	target *target
}

// recorded is how both kinds of owner in the registries show their record.
type recorded interface{ rec() *record }

func (r *record) rec() *record { return r }

// enter admits a client; status is 0, or what it is refused with.
func (r *record) enter(v *version, client netip.Addr, now time.Time) (status int, reason string) {
	if status, reason = r.p.limits.enter(client, v.cfg.Limits, now); status == 0 {
		r.client = client
	}
	return status, reason
}

// choose takes a backend; false: there is none.
func (r *record) choose(v *version, q *balance.Request) (netip.AddrPort, bool) {
	for {
		n := v.set.Take(q)
		if n == nil {
			return netip.AddrPort{}, false
		}
		t := v.targets[n]
		if a := t.address.Load(); a != nil {
			r.node, r.target = n, t
			return *a, true
		}
		n.Release() // its name does not resolve
		q.Tried = append(q.Tried, n)
	}
}

// refused notes that the backend did not take the connection, or did not answer.
func (r *record) refused(v *version, now time.Time) {
	r.target.failed.Add(1)
	h := v.cfg.PassiveHealth
	if r.node.Failed(now, h.MaxFails, h.FailTimeout) {
		r.p.note(logged{kind: "out", backend: r.node.Address, lifetime: h.FailTimeout})
	}
}

// drop gives back what was counted for a handshake that came to nothing.
func (r *record) drop() {
	if r.node != nil {
		r.node.Release()
		r.node = nil
	}
	if r.client.IsValid() {
		r.p.limits.leave(r.client)
		r.client = netip.Addr{}
	}
}

// opened notes that the tunnel stands.
func (r *record) opened() {
	r.id = r.p.ids.Add(1)
	r.target.opened.Add(1)
	r.p.stats.status(101)
	r.p.note(logged{kind: "open", id: r.id, client: r.client, backend: r.node.Address})
}

// Closed is called by the registry when the tunnel has ended.
func (r *record) Closed(s tunnel.Summary) {
	r.p.stats.closed[s.Cause].Add(1)
	r.p.note(logged{kind: "close", id: r.id, client: r.client, backend: r.node.Address, cause: s.Cause, code: s.Code,
		lifetime: s.Lifetime, up: s.Up, down: s.Down})
	r.drop()
}
