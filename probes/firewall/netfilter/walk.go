package netfilter

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
)

// maxDepth is NFT_JUMP_STACK_SIZE of nf_tables.h: a chain that jumps deeper is refused by the kernel.
const maxDepth = 16

// maxSteps ends a walk through rules that nobody wrote by hand; the answer is then Unknown. A host with 10,000 rules in
// one chain takes a tenth of it.
const maxSteps = 400_000

// walk is one packet's way.
type walk struct {
	s       *state
	links   []Link
	base    Decision // of the chain of the hook that is being walked: names, no verdict
	why     []string
	assumed []string
	cuts    *cuts // nil: not asked for
	steps   int
	// forked: an undecided rule may have let the packet leave a chain early, so that what later rules change in it
	// may not have happened.
	forked bool
	doubt  []string // of the rule at hand
	table  *Table   // of the rule at hand
	in     *Chain
	rule   *Rule
	natBy  *Decision
}

// outcome is what may become of the packet in a chain: a decision by verdict, and whether it may come to the end.
type outcome struct {
	may  map[Verdict]Decision // Unknown: something opaque has it
	fall bool
}

func (o *outcome) add(d Decision) {
	if o.may == nil {
		o.may = map[Verdict]Decision{}
	}
	if _, ok := o.may[d.Verdict]; !ok {
		o.may[d.Verdict] = d
	}
}

func (o *outcome) merge(other outcome) {
	for _, d := range other.may {
		o.add(d)
	}
}

func (w *walk) assume(what string) {
	if !slices.Contains(w.assumed, what) {
		w.assumed = append(w.assumed, what)
	}
}

// doubts says why the rule at hand is undecided; commit keeps it.
func (w *walk) doubts(why string) { w.doubt = append(w.doubt, why) }

// commit keeps what the rule at hand hangs on, once no condition has ruled it out.
func (w *walk) commit() {
	for _, why := range w.doubt {
		if w.rule != nil {
			why = fmt.Sprintf("%s (%s)", why, place(w.table, w.in, w.rule))
		}
		if !slices.Contains(w.why, why) {
			w.why = append(w.why, why)
		}
	}
	w.doubt = w.doubt[:0]
	if w.cuts != nil {
		w.cuts.spans = append(w.cuts.spans, w.cuts.pending...)
		w.cuts.pending = w.cuts.pending[:0]
	}
}

func place(t *Table, c *Chain, r *Rule) string {
	if t.Stack == NFTables {
		return fmt.Sprintf("table %s %s, chain %s, handle %d", t.Family, t.Name, c.Name, r.Handle)
	}
	return fmt.Sprintf("%s %s, table %s, chain %s", t.Stack, t.Family, t.Name, c.Name)
}

// chain walks the rules of c as nft_do_chain and ipt_do_table do.
func (w *walk) chain(t *Table, c *Chain, depth int) (o outcome) {
	if depth > maxDepth {
		w.doubts("chains nest too deep")
		w.commit()
		o.add(w.decide(t, c, nil, Unknown))
		return o
	}
	for i := range c.Rules {
		r := &c.Rules[i]
		w.table, w.in, w.rule = t, c, r
		if w.steps += 1 + len(r.Steps); w.steps > maxSteps {
			w.doubts("too many rules")
			w.commit()
			o.add(w.decide(t, c, r, Unknown))
			return o
		}
		if w.run(t, c, r, depth, &o) {
			return o
		}
	}
	o.fall = true
	return o
}

// run takes the steps of one rule. done tells that the packet cannot come to the next one.
func (w *walk) run(t *Table, c *Chain, r *Rule, depth int, o *outcome) (done bool) {
	reached := yes
	w.doubt = w.doubt[:0]
	if w.cuts != nil {
		w.cuts.pending = w.cuts.pending[:0]
	}
	var limits []string
	for _, st := range r.Steps {
		switch st.Do {
		case Pass:
		case Match:
			switch w.matches(t, st) {
			case no:
				return false
			case maybe:
				w.doubts(st.hangsOn())
				reached = maybe
			}
		case Assume:
			if !st.Holds {
				w.assume(st.Why)
				return false
			}
			limits = append(limits, st.Why)
		case Undecided:
			w.doubts(st.Why)
			reached = maybe
		case SetMark, SetCTMark, NoTrack:
			w.change(t, st, reached)
		default:
			w.commit()
			for _, l := range limits {
				w.assume(l)
			}
			return w.end(t, c, r, st, reached, depth, o)
		}
	}
	return false
}

// change takes a step that alters the packet. Where it may not happen, the old value and the new one are both possible.
func (w *walk) change(t *Table, st Step, reached is) {
	sure := reached == yes && !w.forked
	if st.Do == NoTrack {
		w.s.untracked = w.s.untracked || sure
		if !sure {
			w.doubts("connection tracking may be off")
			w.s.mark, w.s.ctmark = unknown(4), unknown(4)
		}
		return
	}
	b := unknown(4)
	if st.Value != nil && sure {
		if v, ok := w.load(t, *st.Value); ok {
			b = resize(v, 4)
		}
	}
	if st.Do == SetMark {
		w.s.mark = b
	} else {
		w.s.ctmark = b
	}
}

// undecided ends a rule in the verdict Unknown.
func (w *walk) undecided(t *Table, c *Chain, r *Rule, why string, o *outcome) {
	w.doubts(why)
	w.commit()
	o.add(w.decide(t, c, r, Unknown))
}

// end takes the step that ends a rule: a verdict, a jump, a translation.
func (w *walk) end(t *Table, c *Chain, r *Rule, st Step, reached is, depth int, o *outcome) (done bool) {
	switch st.Do {
	case VerdictOf:
		return w.verdictOf(t, c, r, st, reached, depth, o)
	case DoAccept:
		o.add(w.decide(t, c, r, Accept))
	case DoDrop:
		o.add(w.decide(t, c, r, Drop))
		return reached == yes // one that is dropped changes nothing for one that is not
	case DoReject:
		o.add(w.decide(t, c, r, Reject))
		return reached == yes
	case Return:
		o.fall = true
	case Jump, Goto:
		to := t.chain(st.Chain)
		if to == nil {
			w.undecided(t, c, r, "chain "+st.Chain+" is not there", o)
			break
		}
		w.forked = w.forked || reached == maybe
		sub := w.chain(t, to, depth+1)
		w.table, w.in, w.rule = t, c, r
		o.merge(sub)
		if st.Do == Jump {
			return reached == yes && !sub.fall
		}
		o.fall = o.fall || sub.fall
	case DNAT, Redirect:
		w.translate(t, c, r, st, reached, o)
	default:
		w.undecided(t, c, r, st.Why, o)
		w.forked = true
		return false
	}
	w.forked = w.forked || reached == maybe
	return reached == yes
}

// verdictOf takes the verdict that a map holds for the packet, or each that it may hold.
func (w *walk) verdictOf(t *Table, c *Chain, r *Rule, st Step, reached is, depth int, o *outcome) (done bool) {
	found, ok := w.lookup(t, st)
	if !ok {
		return false
	}
	if len(found) > 0 && found[0].is == maybe {
		w.doubts(st.hangsOn())
	}
	w.commit()
	for _, f := range found {
		then := Step{Do: Opaque, Why: "a verdict that cannot be read"}
		if f.el.Then != nil {
			then = *f.el.Then
		}
		if then.Do == Pass { // continue with the next rule
			continue
		}
		if w.end(t, c, r, then, reached.and(f.is), depth, o) {
			return true
		}
	}
	return false
}

// translate changes the destination. A translation that may not happen leaves the rest of the way unknown.
func (w *walk) translate(t *Table, c *Chain, r *Rule, st Step, reached is, o *outcome) {
	if reached == maybe || w.forked {
		w.undecided(t, c, r, "the packet may be sent elsewhere", o)
		return
	}
	s := w.s
	to, port := s.dst, s.port
	if st.Do == Redirect { // nf_nat_redirect: the first address of the interface it came in by
		for _, a := range slices.Backward(s.In.Addrs) {
			if a.Addr().BitLen() == s.Dst.BitLen() {
				to = a.Addr()
			}
		}
	}
	if st.ToAddr != nil {
		b, ok := w.load(t, *st.ToAddr)
		if to, ok = addrOf(b, s.addrLen(), ok); !ok {
			w.undecided(t, c, r, "the address of the translation is not known", o)
			return
		}
	}
	if st.ToPort != nil {
		b, ok := w.load(t, *st.ToPort)
		if !ok || len(b.data) < 2 || !b.certain() {
			w.undecided(t, c, r, "the port of the translation is not known", o)
			return
		}
		port = binary.BigEndian.Uint16(b.data)
	}
	d := w.decide(t, c, r, Accept)
	o.add(d)
	s.dst, s.port, s.dnat, s.nh, s.th = to, port, true, nil, nil
	w.natBy = &d
}

// addrOf reads an address of n bytes out of a register.
func addrOf(b content, n int, ok bool) (netip.Addr, bool) {
	if !ok || len(b.data) < n || !b.certain() {
		return netip.Addr{}, false
	}
	return netip.AddrFromSlice(b.data[:n])
}

// decide makes the Decision of a rule; a nil rule is the chain's policy.
func (w *walk) decide(t *Table, c *Chain, r *Rule, v Verdict) Decision {
	d := w.base
	d.Verdict, d.Stack, d.Family, d.Table, d.Chain = v, t.Stack, t.Family, t.Name, c.Name
	if r == nil {
		d.Policy = true
		d.Rule = policyText(t, c, v)
		return d
	}
	d.Handle, d.Comment, d.Rule = r.Handle, r.Comment, t.RuleText(c, r)
	return d
}
