package netfilter

import (
	"bytes"
	"fmt"
	"math/bits"
	"reflect"
	"strings"
)

// maxListed is how many elements of a set a rule's text shows.
const maxListed = 8

// RuleText returns the rule as its tool prints it: `nft list ruleset` or iptables-save. Counters are left out.
func (t *Table) RuleText(c *Chain, r *Rule) string {
	if r.Line != "" {
		return r.Line
	}
	if t.Stack != NFTables {
		return t.iptablesText(c, r)
	}
	var words []string
	proto := ""
	for i := 0; i < len(r.Steps); i++ {
		st := r.Steps[i]
		if st.single() {
			v := st.Left[0]
			if v.From == Meta && v.Name == "l4proto" && st.Op != "!=" || v.From == Payload && v.Name == "nh" && v.Offset == 9 && v.Len == 1 {
				proto = kindProto.write(st.Ranges[0].From)
				if follows(r.Steps[i+1:], "th") {
					continue // nft prints "tcp dport" for both
				}
			}
			if v.From == Meta && v.Name == "nfproto" && st.Op != "!=" && follows(r.Steps[i+1:], "nh") {
				continue
			}
			if i+1 < len(r.Steps) && st.pairs(r.Steps[i+1]) {
				st.Op, st.Ranges = "", []Range{{st.Ranges[0].From, r.Steps[i+1].Ranges[0].To}}
				i++
			}
		}
		if w := t.stepText(st, proto); w != "" {
			words = append(words, w)
		}
	}
	if r.Comment != "" {
		words = append(words, fmt.Sprintf("comment %q", r.Comment))
	}
	return strings.Join(words, " ")
}

// single tells whether st compares one value with one interval.
func (st Step) single() bool {
	return st.Do == Match && st.Set == "" && len(st.Left) == 1 && len(st.Ranges) == 1
}

// pairs tells whether st and next are the two halves of an interval, as nf_tables keeps those of rules.
func (st Step) pairs(next Step) bool {
	return st.Op == ">=" && next.single() && next.Op == "<=" && reflect.DeepEqual(st.Left, next.Left)
}

// follows tells whether one of the next comparisons, of addresses and of ports side by side, looks at a header.
func follows(steps []Step, header string) bool {
	for _, st := range steps {
		if st.Do != Match && st.Do != VerdictOf {
			return false
		}
		for _, v := range st.Left {
			if v.From == Payload && v.Name == header {
				return true
			}
		}
		if !st.single() || st.Left[0].From != Meta || st.Left[0].Name != "l4proto" && st.Left[0].Name != "nfproto" {
			return false
		}
	}
	return false
}

// stepText spells one step as nft does.
func (t *Table) stepText(st Step, proto string) string {
	if st.Text != "" {
		return st.Text
	}
	switch st.Do {
	case Match:
		return t.matchText(st, proto)
	case VerdictOf:
		return leftText(st.Left, proto) + " vmap " + t.setText(st)
	case Jump, Goto:
		return string(st.Do) + " " + st.Chain
	case DoAccept, DoDrop, DoReject, Return:
		return string(st.Do)
	case NoTrack:
		return "notrack"
	case SetMark, SetCTMark:
		to := "something unknown"
		if st.Value != nil && st.Value.From == Const {
			to = kindMark.write(st.Value.Data)
		}
		if st.Do == SetCTMark {
			return "ct mark set " + to
		}
		return "meta mark set " + to
	case DNAT, Redirect:
		return natText(st)
	case Assume, Undecided, Opaque:
		return "(" + st.Why + ")"
	}
	return ""
}

func natText(st Step) string {
	word, addr, port := "dnat to ", "", ""
	if st.Do == Redirect {
		word = "redirect to "
	}
	if v := st.ToAddr; v != nil {
		addr = "a map"
		if v.From == Const {
			addr = kindAddr.write(v.Data)
		}
	}
	if v := st.ToPort; v != nil {
		port = ":a map"
		if v.From == Const {
			port = ":" + kindPort.write(v.Data)
		}
	}
	return word + addr + port
}

// leftText names what is compared.
func leftText(left []Value, proto string) string {
	var names []string
	for _, v := range left {
		n, _ := v.spell(proto)
		names = append(names, n)
	}
	return strings.Join(names, " . ")
}

func (t *Table) matchText(st Step, proto string) string {
	left := leftText(st.Left, proto)
	if st.Set != "" {
		return left + " " + opText(st.Op) + t.setText(st)
	}
	if len(st.Left) == 1 && len(st.Ranges) == 1 {
		v, r := st.Left[0], st.Ranges[0]
		_, k := v.spell(proto)
		if text, ok := flagText(st, left, k); ok {
			return text
		}
		if len(v.Mask) > 0 && k != kindAddr {
			return fmt.Sprintf("%s & %s %s %s", left, k.write(v.Mask), orEq(st.Op), k.write(r.From))
		}
		if len(st.Op) > 0 && strings.ContainsAny(st.Op, "<>") {
			operand := v.operand(st.Op, r)
			if v.Swap {
				operand = hostToNet(operand)
			}
			return left + " " + st.Op + " " + k.write(operand)
		}
	}
	var list []string
	for _, r := range st.Ranges {
		list = append(list, rangeText(st.Left, r))
	}
	text := strings.Join(list, ", ")
	if len(list) != 1 {
		text = "{ " + text + " }"
	}
	return left + " " + opText(st.Op) + text
}

// operand is the number that an ordered comparison was written with.
func (v Value) operand(op string, r Range) []byte {
	switch op {
	case "<":
		return step(r.To, 1)
	case ">":
		return step(r.From, -1)
	case "<=":
		return r.To
	}
	return r.From
}

// flagText spells the test of bits, which nf_tables makes as "& mask != 0": ct state new,established.
func flagText(st Step, left string, k kind) (string, bool) {
	v := st.Left[0]
	if len(v.Mask) == 0 || k != kindState && k != kindStatus || !allZero(st.Ranges[0].From) || !allZero(st.Ranges[0].To) {
		return "", false
	}
	if st.Op == "!=" {
		return left + " " + k.write(v.Mask), true
	}
	return left + " ! " + k.write(v.Mask), true
}

func opText(op string) string {
	if op == "!=" {
		return "!= "
	}
	return ""
}

func orEq(op string) string {
	if op == "" {
		return "=="
	}
	return op
}

// setText lists an anonymous set, and names another.
func (t *Table) setText(st Step) string {
	set := t.find(st.Set)
	if set == nil || !set.Anonymous {
		return "@" + st.Set
	}
	var list []string
	for i, el := range set.Elements {
		if i == maxListed {
			list = append(list, fmt.Sprintf("… %d more", len(set.Elements)-i))
			break
		}
		text := "*"
		if !el.CatchAll {
			text = rangeText(st.Left, el.Range)
		}
		if el.Then != nil {
			text += " : " + t.stepText(*el.Then, "")
		}
		list = append(list, text)
	}
	return "{ " + strings.Join(list, ", ") + " }"
}

// rangeText prints an interval of one field or of a concatenation.
func rangeText(left []Value, r Range) string {
	if len(left) == 1 {
		_, k := left[0].spell("")
		return intervalText(k, left[0], r.From, r.To)
	}
	var list []string
	off := 0
	for _, v := range left {
		_, k := v.spell("")
		if off+v.Len > len(r.From) || off+v.Len > len(r.To) {
			break
		}
		list = append(list, intervalText(k, v, r.From[off:off+v.Len], r.To[off:off+v.Len]))
		off += padded(v.Len)
	}
	return strings.Join(list, " . ")
}

func intervalText(k kind, v Value, from, to []byte) string {
	if v.Swap { // the machine's order was turned into network order for an ordered comparison
		from, to = hostToNet(from), hostToNet(to)
	}
	if k == kindAddr {
		if n, ok := prefixLen(v, from, to); ok {
			return fmt.Sprintf("%s/%d", k.write(from), n)
		}
	}
	if bytes.Equal(from, to) {
		return k.write(from)
	}
	return k.write(from) + "-" + k.write(to)
}

// prefixLen tells whether an interval, a mask or a short load stands for an address prefix.
func prefixLen(v Value, from, to []byte) (n int, ok bool) {
	if len(from) != len(to) {
		return 0, false
	}
	full := 4
	if len(from) > 4 || v.Offset == 8 || v.Offset == 24 {
		full = 16
	}
	if bytes.Equal(from, to) {
		if len(v.Mask) > 0 {
			for _, m := range v.Mask {
				n += bits.OnesCount8(m)
			}
			return n, true
		}
		return len(from) * 8, len(from) < full
	}
	for i := range from {
		d := from[i] ^ to[i]
		if d == 0 {
			n += 8
			continue
		}
		n += bits.LeadingZeros8(d)
		if d&(d+1) != 0 || from[i]&d != 0 || !allZero(from[i+1:]) || !allOnes(to[i+1:]) {
			return 0, false
		}
		return n, true
	}
	return n, false
}

func allOnes(b []byte) bool {
	for _, c := range b {
		if c != 0xff {
			return false
		}
	}
	return true
}

// hangsOn says what an undecided comparison looks at.
func (st Step) hangsOn() string { return "it hangs on " + leftText(st.Left, "tcp") }

// policyText spells a chain's policy as its tool does.
func policyText(t *Table, c *Chain, v Verdict) string {
	if t.Stack == NFTables {
		return "policy " + v.String()
	}
	return fmt.Sprintf(":%s %s", c.Name, strings.ToUpper(v.String()))
}
