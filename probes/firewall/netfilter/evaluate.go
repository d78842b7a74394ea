package netfilter

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
)

// trackingPriority is NF_IP_PRI_CONNTRACK: chains of prerouting below it see packets without a connection.
const trackingPriority = -200

// Evaluate walks the packet through the hooks that a new inbound connection meets: ingress, prerouting, then input, or
// forward and postrouting where NAT sends it elsewhere. It is pure, and takes links as this host's interfaces.
func Evaluate(rs Ruleset, links []Link, p Packet) Result {
	res, _ := evaluate(rs, links, p, nil)
	return res
}

// evaluate also returns how many steps it took.
func evaluate(rs Ruleset, links []Link, p Packet, c *cuts) (Result, int) {
	w := &walk{s: newState(p), links: links, cuts: c}
	res := Result{Verdict: Accept} // until a chain says otherwise
	if p.In.Bridge {
		w.bridged(rs, &res)
	}
	alive := w.hook(rs, "ingress", &res) && w.hook(rs, "prerouting", &res)
	if alive {
		w.s.tracked = true
		if Local(links, w.s.dst) {
			w.hook(rs, "input", &res)
		} else {
			res.Forward = true
			if via, ok := Via(links, w.s.dst); ok {
				w.s.out = via.Name
			}
			_ = w.hook(rs, "forward", &res) && w.hook(rs, "postrouting", &res)
		}
	}
	if w.natBy != nil {
		res.NAT, res.To = w.natBy, netip.AddrPortFrom(w.s.dst, w.s.port).String()
	}
	res.Assumed = w.assumed
	if res.Verdict == Accept && len(rs.Unread) > 0 {
		res.Verdict, w.why = Unknown, rs.Unread
	}
	if res.Verdict == Unknown {
		res.Why = w.why
	}
	return res, w.steps
}

// bridged doubts the packets of an interface that is a bridge where chains of the bridge family stand: those see frames,
// and are not walked.
func (w *walk) bridged(rs Ruleset, res *Result) {
	for _, t := range rs.Tables {
		if t.Family != FamilyBridge || t.Dormant {
			continue
		}
		for _, c := range t.Chains {
			if c.Hook == "prerouting" || c.Hook == "input" {
				w.why = append(w.why, fmt.Sprintf("table bridge %s, chain %s also sees what comes in by %s", t.Name, c.Name, w.s.In.Name))
			}
		}
	}
	if len(w.why) > 0 {
		res.Verdict = Unknown
		res.By = Decision{Stack: NFTables, Family: FamilyBridge, Table: "*"}
	}
}

// hooked is a chain that the hook at hand calls.
type hooked struct {
	t *Table
	c *Chain
}

// hook walks the chains of one hook and adds what they make of the packet to res. It tells whether the packet may
// come through.
func (w *walk) hook(rs Ruleset, name string, res *Result) bool {
	if res.By.Family == FamilyBridge {
		return false
	}
	for _, h := range w.chainsOf(rs, name) {
		if name == "prerouting" && h.c.Priority > trackingPriority {
			w.s.tracked = true
		}
		if h.c.Type == "nat" && w.s.dnat {
			continue // nf_nat_inet_fn: once a translation is set, other chains of this hook are not asked
		}
		w.base = Decision{Hook: name, Base: h.c.Name}
		w.forked = false
		o := w.chain(h.t, h.c, 0)
		if o.fall {
			v := Accept
			if h.c.Policy == Drop {
				v = Drop
			}
			o.add(w.decide(h.t, h.c, nil, v))
		}
		if !res.take(o) {
			return false
		}
	}
	return true
}

// take joins what a further chain makes of the packet to what earlier ones did. It tells whether it may still live.
func (res *Result) take(o outcome) bool {
	accept, accepted := o.may[Accept]
	unknown, opaque := o.may[Unknown]
	stop, stopped := o.may[Drop]
	if r, ok := o.may[Reject]; ok {
		if stopped {
			stop.Rule += "; or " + r.Rule
		} else {
			stop, stopped = r, true
		}
	}
	switch {
	case opaque:
		res.Verdict, res.By = Unknown, unknown
	case stopped && accepted:
		res.Verdict, res.By = Unknown, stop
	case stopped: // whatever was unknown before, it ends here
		res.Verdict, res.By = stop.Verdict, stop
		return false
	case res.By.IsZero() || res.Verdict == Accept && (!accept.Policy || res.By.Policy):
		res.Verdict, res.By = Accept, accept
	}
	return true
}

// chainsOf lists the chains of a hook in the order in which the kernel calls them: by priority, and of equal ones the
// younger first (nf_hook_entries_grow).
func (w *walk) chainsOf(rs Ruleset, hook string) []hooked {
	family := FamilyIP
	if w.s.v6() {
		family = FamilyIP6
	}
	var out []hooked
	for i := range rs.Tables {
		t := &rs.Tables[i]
		sees := t.Family == family || t.Family == FamilyInet || t.Family == FamilyNetdev && hook == "ingress"
		if !sees || t.Dormant {
			continue
		}
		for j := range t.Chains {
			c := &t.Chains[j]
			if c.Hook != hook || hook == "ingress" && !slices.Contains(c.Devices, w.s.In.Name) {
				continue
			}
			out = append(out, hooked{t, c})
		}
	}
	slices.SortStableFunc(out, func(a, b hooked) int {
		return cmp.Or(cmp.Compare(a.c.Priority, b.c.Priority), cmp.Compare(b.t.Handle, a.t.Handle), cmp.Compare(b.c.Handle, a.c.Handle))
	})
	return out
}
