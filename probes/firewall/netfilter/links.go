package netfilter

import (
	"net/netip"
	"slices"
)

// Link is an interface of this host.
type Link struct {
	Name   string         `json:"name"`
	Index  int            `json:"index"`
	Addrs  []netip.Prefix `json:"addrs,omitempty"`  // its addresses with their networks
	Routes []netip.Prefix `json:"routes,omitempty"` // what is reached through it; a default route has 0 bits
	Bridge bool           `json:"bridge,omitempty"`
}

// Has tells whether a is an address of l.
func (l Link) Has(a netip.Addr) bool {
	return slices.ContainsFunc(l.Addrs, func(p netip.Prefix) bool { return p.Addr() == a })
}

// Local tells whether a is an address of this host.
func Local(links []Link, a netip.Addr) bool {
	return a.IsLoopback() || slices.ContainsFunc(links, func(l Link) bool { return l.Has(a) })
}

// Via returns the link through which a is reached: the one with the longest matching route, by the main table. ok is
// false where no route is known.
func Via(links []Link, a netip.Addr) (via Link, ok bool) {
	best := -1
	for _, l := range links {
		for _, r := range append(slices.Clone(l.Routes), l.Addrs...) {
			if r = r.Masked(); r.Contains(a) && r.Bits() > best {
				best, via = r.Bits(), l
			}
		}
	}
	return via, best >= 0
}
