package netfilter

import (
	"slices"
)

// Attribute numbers of expressions, of linux/netfilter/nf_tables.h.
const (
	nftaExprName, nftaExprData = 1, 2

	verdictCode, verdictChain = 1, 2
)

// The verdict codes of nf_tables and netfilter.
const (
	codeDrop, codeAccept, codeStolen, codeQueue          = 0, 1, 2, 3
	codeContinue, codeBreak, codeJump, codeGoto, codeRet = -1, -2, -3, -4, -5
)

// slots is how many registers of 4 bytes there are; 1 to 4 are the old ones of 16 bytes, 8 to 23 the new ones.
const slots = 16

// machine follows what the registers hold while a rule's expressions are read.
type machine struct {
	regs  [slots]*Value
	steps []Step
	t     *Table
	d     *decoder
}

func slot(reg uint32) int {
	switch {
	case reg >= 8 && reg < 8+slots:
		return int(reg - 8)
	case reg >= 1 && reg <= 4:
		return int(reg-1) * 4
	}
	return -1
}

// put stores v in a register and forgets what its room held.
func (m *machine) put(reg []byte, v Value) {
	at := slot(be32(reg))
	if at < 0 {
		return
	}
	room := max(1, padded(v.Len)/4)
	if v.Len == 0 {
		room = 4
	}
	for i := at; i < min(at+room, slots); i++ {
		m.regs[i] = nil
	}
	m.regs[at] = &v
}

// get returns what a register holds; something unknown where nothing known was put there.
func (m *machine) get(reg []byte, n int) Value {
	at := slot(be32(reg))
	if at < 0 || m.regs[at] == nil {
		return Value{From: NotKnown, Name: "something not understood", Len: n}
	}
	v := *m.regs[at]
	switch {
	case n <= 0 || v.Len == n:
	case len(v.Mask) > 0 || len(v.Xor) > 0 || v.Swap:
		return Value{From: NotKnown, Name: "part of something altered", Len: n}
	default:
		v.Len = n
	}
	return v
}

// gather returns the fields that make up a key of n bytes.
func (m *machine) gather(reg []byte, n int) []Value {
	at := slot(be32(reg))
	var out []Value
	for n > 0 {
		if at < 0 || at >= slots || m.regs[at] == nil {
			return append(out, Value{From: NotKnown, Name: "something not understood", Len: n})
		}
		v := *m.regs[at]
		if v.Len > n {
			v.Len = n
		}
		out = append(out, v)
		n -= padded(v.Len)
		at += max(1, padded(v.Len)/4)
	}
	return out
}

func (m *machine) add(st Step) { m.steps = append(m.steps, st) }

// exprs reads a rule's expressions.
func (d *decoder) exprs(t *Table, b []byte) []Step {
	m := &machine{t: t, d: d}
	for _, e := range attrs(b) {
		a := parseAttrs(e)
		name, data := cstring(a[nftaExprName]), parseAttrs(a[nftaExprData])
		if read, ok := expressions[name]; ok {
			read(m, data)
			continue
		}
		clear(m.regs[:])
		m.add(Step{Do: Opaque, Why: "the expression " + name + " is not understood"})
	}
	return m.steps
}

// reader reads the attributes of one expression.
type reader func(m *machine, a attributes)

// expressions says how each expression of nf_tables is read. What is not here is Opaque.
var expressions = map[string]reader{
	"immediate": (*machine).immediate,
	"cmp":       (*machine).cmp,
	"range":     (*machine).inRange,
	"lookup":    (*machine).lookup,
	"payload":   (*machine).payload,
	"meta":      (*machine).meta,
	"ct":        (*machine).ct,
	"fib":       (*machine).fib,
	"bitwise":   (*machine).bitwise,
	"byteorder": (*machine).byteorder,
	"exthdr":    (*machine).exthdr,
	"nat":       (*machine).nat,
	"redir":     (*machine).redir,
	"reject":    (*machine).reject,
	"limit":     (*machine).limit,
	"connlimit": (*machine).connlimit,
	"quota":     (*machine).quota,
	"dynset":    (*machine).dynset,
	"objref":    (*machine).objref,
	"match":     (*machine).xtMatch,
	"target":    (*machine).xtTarget,
	"counter":   pass(""),
	"last":      pass(""),
	"log":       pass("log"),
	"dup":       pass("dup"),
	"secmark":   pass(""),
	"ctexpect":  pass(""),
	"cttimeout": pass(""),
	"cthelper":  pass(""),
	"notrack":   func(m *machine, _ attributes) { m.add(Step{Do: NoTrack}) },
	// nft_masq_eval accepts; so does source NAT, which nat handles.
	"masq": func(m *machine, _ attributes) { m.add(Step{Do: DoAccept, Text: "masquerade"}) },
	"queue": func(m *machine, _ attributes) {
		m.add(Step{Do: Opaque, Why: "a program in user space decides (queue)", Text: "queue"})
	},
	// These load what cannot be known here.
	"socket":   loads(2, "socket"),
	"osf":      loads(1, "osf"),
	"rt":       loads(1, "rt"),
	"hash":     loads(2, "hash"),
	"numgen":   loads(1, "numgen"),
	"xfrm":     loads(1, "ipsec"),
	"tunnel":   loads(2, "tunnel"),
	"tproxy":   opaque("tproxy hands the packet to a local proxy"),
	"synproxy": opaque("synproxy answers for the server"),
	"fwd":      opaque("fwd sends the packet out by another interface"),
}

func pass(text string) reader {
	return func(m *machine, _ attributes) { m.add(Step{Do: Pass, Text: text}) }
}

func opaque(why string) reader {
	return func(m *machine, _ attributes) { m.add(Step{Do: Opaque, Why: why}) }
}

// loads reads an expression that puts something unknown into the register of attribute dreg.
func loads(dreg uint16, name string) reader {
	return func(m *machine, a attributes) { m.put(a[dreg], Value{From: NotKnown, Name: name}) }
}

func (m *machine) immediate(a attributes) {
	data := parseAttrs(a[2])
	if v := data[nftaDataVerdict]; v != nil {
		m.add(verdictStep(v))
		return
	}
	b := slices.Clone(data[nftaDataValue])
	m.put(a[1], Value{From: Const, Data: b, Len: len(b)})
}

// verdictStep reads NFTA_VERDICT_CODE and NFTA_VERDICT_CHAIN.
func verdictStep(b []byte) Step {
	a := parseAttrs(b)
	chain := cstring(a[verdictChain])
	switch code := int32(be32(a[verdictCode])); code {
	case codeDrop:
		return Step{Do: DoDrop}
	case codeAccept:
		return Step{Do: DoAccept}
	case codeContinue, codeBreak:
		return Step{Do: Pass}
	case codeJump:
		return Step{Do: Jump, Chain: chain}
	case codeGoto:
		return Step{Do: Goto, Chain: chain}
	case codeRet:
		return Step{Do: Return}
	case codeQueue:
		return Step{Do: Opaque, Why: "a program in user space decides (queue)"}
	case codeStolen:
		return Step{Do: Opaque, Why: "the packet is taken away"}
	}
	return Step{Do: Opaque, Why: "a verdict that is not understood"}
}

// cmpOps are the operators of NFTA_CMP_OP.
var cmpOps = []string{"", "!=", "<", "<=", ">", ">="}

func (m *machine) cmp(a attributes) {
	b := slices.Clone(parseAttrs(a[3])[nftaDataValue])
	v := m.get(a[1], len(b))
	op := be32(a[2])
	if int(op) >= len(cmpOps) || len(b) == 0 {
		m.add(Step{Do: Undecided, Why: "a comparison that is not understood"})
		return
	}
	m.add(compare(v, cmpOps[op], b))
}

// compare makes the step of one comparison; ordered ones become a range.
func compare(v Value, op string, b []byte) Step {
	st := Step{Do: Match, Left: []Value{v}, Op: op}
	least, most := make([]byte, len(b)), make([]byte, len(b))
	for i := range most {
		most[i] = 0xff
	}
	switch op {
	case "", "!=":
		st.Ranges = []Range{{b, b}}
	case "<":
		if !allZero(b) {
			st.Ranges = []Range{{least, step(b, -1)}}
		}
	case "<=":
		st.Ranges = []Range{{least, b}}
	case ">":
		if !allOnes(b) {
			st.Ranges = []Range{{step(b, 1), most}}
		}
	case ">=":
		st.Ranges = []Range{{b, most}}
	}
	return st
}

func (m *machine) inRange(a attributes) {
	from := slices.Clone(parseAttrs(a[3])[nftaDataValue])
	to := slices.Clone(parseAttrs(a[4])[nftaDataValue])
	st := Step{Do: Match, Left: []Value{m.get(a[1], len(from))}, Ranges: []Range{{from, to}}}
	if be32(a[2]) == 1 {
		st.Op = "!="
	}
	m.add(st)
}

// lookup reads a test for membership, or the reading of a map; into register 0 the map holds verdicts.
func (m *machine) lookup(a attributes) {
	name := cstring(a[1])
	meta := m.d.meta[[3]string{m.t.Family, m.t.Name, name}]
	st := Step{Do: Match, Left: m.gather(a[2], int(meta.keyLen)), Set: name}
	if be32(a[5])&1 != 0 {
		st.Op = "!="
	}
	dreg := a[3]
	switch {
	case dreg == nil:
	case be32(dreg) == 0:
		st.Do = VerdictOf
	default:
		m.put(dreg, Value{From: MapOf, Key: st.Left, Set: name, Len: int(meta.dataLen)})
	}
	m.add(st)
}
