package firewall

import (
	"net/netip"
	"slices"

	"example.com/wsdoctor/probes/firewall/netfilter"
)

// host is what was read of this host.
type host struct {
	rules     netfilter.Ruleset
	links     []netfilter.Link
	ufw       bool // ufw is switched on
	firewalld *Firewalld
}

// judge says what becomes of connections to the port that n needs, by every way in.
func (h host) judge(n need) Port {
	p := Port{Port: n.port, Role: n.role, Spare: n.spare, Manager: NoManager}
	for _, from := range n.from {
		p.From = append(p.From, from.String())
	}
	for _, to := range n.targets(h.links) {
		froms := slices.DeleteFunc(slices.Clone(n.from), func(a addr) bool { return a.Is4() != to.Is4() })
		if len(n.from) > 0 && len(froms) == 0 {
			continue // whoever connects has no address of this family
		}
		if len(froms) == 0 {
			froms = []addr{{}}
		}
		for _, from := range froms {
			h.judgeWays(n, to, from, &p)
		}
	}
	if p.Sources == nil {
		p.Sources = []string{}
	}
	if !slices.ContainsFunc(p.Paths, func(path Path) bool { return path.Expected }) {
		p.Why = []string{"no interface that is up leads to who connects"}
	}
	return p
}

// targets are the addresses that connections go to: those that the settings name, else all that this host has.
func (n need) targets(links []netfilter.Link) []addr {
	if len(n.to) > 0 {
		return n.to
	}
	var out []addr
	for _, l := range links {
		for _, a := range l.Addrs {
			if !a.Addr().IsLinkLocalUnicast() {
				out = append(out, a.Addr())
			}
		}
	}
	return out
}

// judgeWays adds to p each interface that has an address of the family.
func (h host) judgeWays(n need, to, from addr, p *Port) {
	expected := ways(h.links, to, from)
	for _, l := range h.links {
		own, ok := addressOf(l, to)
		want := slices.Contains(expected, l.Name)
		if !ok && !want {
			continue
		}
		dst := to
		if !netfilter.Local(h.links, to) && ok {
			dst = own // the settings name an address that something before this host translates
		}
		pk := netfilter.Packet{Src: from, Dst: dst, Port: uint16(n.port), In: l}
		path := Path{Interface: l.Name, To: dst.String(), Expected: want}
		if from.IsValid() {
			path.From = from.String()
		}
		if !want {
			path.take(netfilter.Evaluate(h.rules, h.links, pk), h)
			p.Paths = append(p.Paths, path)
			continue
		}
		sources := netfilter.EvaluateSources(h.rules, h.links, pk)
		res := sources.Any
		if from.IsValid() {
			res = netfilter.Evaluate(h.rules, h.links, pk)
		} else if pk.Src = neighbour(l, own); pk.Src.IsValid() {
			path.Neighbours = netfilter.Evaluate(h.rules, h.links, pk).Verdict == netfilter.Accept
		}
		path.take(res, h)
		p.take(path, res, sources)
		p.Paths = append(p.Paths, path)
		if b, ok := h.bypass(pk, from, res); ok {
			p.Bypasses = append(p.Bypasses, b)
		}
	}
}

func (path *Path) take(res netfilter.Result, h host) {
	path.Verdict, path.By, path.Why, path.Manager = res.Verdict, res.By, res.Why, h.manager(res.By)
}

// take joins one way in to what is said of the port: what stops connections counts before what is not known, and that
// before what lets them through.
func (p *Port) take(path Path, res netfilter.Result, s netfilter.Sources) {
	for _, a := range res.Assumed {
		if !slices.Contains(p.Assumed, a) {
			p.Assumed = append(p.Assumed, a)
		}
	}
	weight := map[netfilter.Verdict]int{netfilter.Accept: 0, netfilter.Unknown: 1, netfilter.Reject: 2, netfilter.Drop: 2}
	first := !slices.ContainsFunc(p.Paths, func(path Path) bool { return path.Expected })
	if !first && weight[res.Verdict] <= weight[p.Verdict] {
		return
	}
	p.Verdict, p.Rule, p.Where, p.Why = res.Verdict, res.By.Rule, where(res.By), res.Why
	p.Manager = path.Manager
	p.Sources, p.Except = s.Accepted, s.Refused
}

// addressOf returns the first address of l in the family of to.
func addressOf(l netfilter.Link, to addr) (addr, bool) {
	if l.Has(to) {
		return to, true
	}
	for _, a := range l.Addrs {
		if a.Addr().Is4() == to.Is4() && !a.Addr().IsLinkLocalUnicast() {
			return a.Addr(), true
		}
	}
	return addr{}, false
}

// neighbour returns another host's address in the network in which l has the address own; the zero Addr where that
// network has no room for one.
func neighbour(l netfilter.Link, own addr) addr {
	i := slices.IndexFunc(l.Addrs, func(p netip.Prefix) bool { return p.Addr() == own })
	if i < 0 {
		return addr{}
	}
	for _, a := range []addr{own.Next(), own.Prev()} {
		if a.IsValid() && l.Addrs[i].Contains(a) && !l.Has(a) {
			return a
		}
	}
	return addr{}
}

// bypass tells whether NAT sends the packet to another host or a container although the rules for packets to this host
// would stop it.
func (h host) bypass(pk netfilter.Packet, from addr, res netfilter.Result) (Bypass, bool) {
	if !res.Forward || res.NAT == nil || res.Verdict != netfilter.Accept {
		return Bypass{}, false
	}
	var kept netfilter.Ruleset
	for _, t := range h.rules.Tables {
		t.Chains = slices.DeleteFunc(slices.Clone(t.Chains), func(c netfilter.Chain) bool { return c.Type == "nat" })
		kept.Tables = append(kept.Tables, t)
	}
	pk.Src = from
	direct := netfilter.EvaluateSources(kept, h.links, pk).Any
	if from.IsValid() {
		direct = netfilter.Evaluate(kept, h.links, pk)
	}
	if direct.Verdict != netfilter.Drop && direct.Verdict != netfilter.Reject {
		return Bypass{}, false
	}
	return Bypass{To: res.To, NAT: *res.NAT, Skipped: direct.By}, true
}
