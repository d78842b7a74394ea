package netfilter

import (
	"cmp"
	"encoding/binary"
	"net/netip"
	"slices"
)

// maxParts bounds how many parts of the address space are tried one by one: a list of thousands of banned addresses is
// not what an operator wants to read. maxSteps bounds all tries together.
const maxParts = 256

// cuts gathers where comparisons split the source addresses.
type cuts struct {
	pending []span // of the rule at hand
	spans   []span
	coarse  bool // some comparison splits them otherwise than at the ends of an interval
}

// span is an interval of addresses, both ends included.
type span struct{ from, to netip.Addr }

// universe is where connections from elsewhere come from: unicast addresses that are not this host's own.
func universe(v6 bool) []span {
	at := netip.MustParseAddr
	if v6 {
		return []span{
			{at("2000::"), at("3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")},
			{at("fc00::"), at("fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")},
			{at("fe80::"), at("febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff")},
		}
	}
	return []span{{at("1.0.0.0"), at("126.255.255.255")}, {at("128.0.0.0"), at("223.255.255.255")}}
}

// Sources says which sources get through.
type Sources struct {
	Any      Result   // what becomes of a client anywhere: of the greatest part of the addresses that no rule singles out
	Accepted []string // prefixes or ranges; "any" where Any is accepted and no source is treated differently
	Refused  []string // where Any is accepted: the sources that are not
	Unread   bool     // which sources get through is not known: too many are told apart, or not by intervals
}

// EvaluateSources evaluates p, whose Src is ignored, for every source that the rules tell apart.
func EvaluateSources(rs Ruleset, links []Link, p Packet) Sources {
	p.Src = netip.Addr{}
	c := &cuts{}
	all, steps := evaluate(rs, links, p, c)
	parts := split(universe(p.Dst.Is6()), c.spans)
	if all.Verdict != Unknown || len(parts) > maxParts || steps*len(parts) > maxSteps || c.coarse || len(c.spans) == 0 {
		out := Sources{Any: all, Unread: all.Verdict == Unknown && (c.coarse || len(c.spans) > 0)}
		if all.Verdict == Accept {
			out.Accepted = []string{"any"}
		}
		if out.Unread { // one that no rule names stands for a client anywhere
			p.Src = widest(parts).from
			out.Any = Evaluate(rs, links, p)
		}
		return out
	}
	var accepted, refused []span
	top := widest(parts)
	var out Sources
	for _, part := range parts {
		p.Src = part.from
		res := Evaluate(rs, links, p)
		if part == top {
			out.Any = res
		}
		if res.Verdict == Accept {
			accepted = append(accepted, part)
		} else {
			refused = append(refused, part)
		}
	}
	if out.Any.Verdict == Accept {
		out.Accepted, out.Refused = []string{"any"}, names(refused)
	} else {
		out.Accepted = names(accepted)
	}
	return out
}

// split cuts whole at the ends of each span, so that no comparison tells two addresses of one part apart.
func split(whole, spans []span) []span {
	var starts []netip.Addr
	for _, s := range spans {
		starts = append(starts, s.from)
		if next := s.to.Next(); next.IsValid() {
			starts = append(starts, next)
		}
	}
	slices.SortFunc(starts, netip.Addr.Compare)
	starts = slices.Compact(starts)
	var out []span
	for _, w := range whole {
		from := w.from
		for _, s := range starts {
			if from.Less(s) && s.Compare(w.to) <= 0 {
				out = append(out, span{from, s.Prev()})
				from = s
			}
		}
		out = append(out, span{from, w.to})
	}
	return out
}

// widest returns the part with the most addresses.
func widest(parts []span) span {
	return slices.MaxFunc(parts, func(a, b span) int { return cmp.Compare(a.width(), b.width()) })
}

// width is the number of addresses, of IPv6 the number of networks of 64 bits.
func (s span) width() uint64 {
	top := func(a netip.Addr) uint64 {
		if a.Is4() {
			b := a.As4()
			return uint64(binary.BigEndian.Uint32(b[:]))
		}
		b := a.As16()
		return binary.BigEndian.Uint64(b[:8])
	}
	return top(s.to) - top(s.from)
}

// names joins neighbours and writes each as a prefix where it is one.
func names(parts []span) []string {
	var joined []span
	for _, p := range parts {
		if n := len(joined); n > 0 && joined[n-1].to.Next() == p.from {
			joined[n-1].to = p.to
			continue
		}
		joined = append(joined, p)
	}
	var out []string
	for _, s := range joined {
		out = append(out, s.String())
	}
	return out
}

// String writes a prefix, an address, or the two ends.
func (s span) String() string {
	if s.from == s.to {
		return s.from.String()
	}
	for n := 0; n < s.from.BitLen(); n++ {
		if p := netip.PrefixFrom(s.from, n); p.Masked() == p && last(p) == s.to {
			return p.String()
		}
	}
	return s.from.String() + "-" + s.to.String()
}

// last returns the last address of p.
func last(p netip.Prefix) netip.Addr {
	b := p.Masked().Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 1 << (7 - i%8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}
