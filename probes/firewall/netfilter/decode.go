package netfilter

import (
	"bytes"
	"slices"
)

// families maps the nfproto numbers (linux/netfilter.h) to nft's names. ARP tables never see TCP.
var families = map[byte]string{1: FamilyInet, 2: FamilyIP, 5: FamilyNetdev, 7: FamilyBridge, 10: FamilyIP6}

// hookNames are those of nf_inet_hooks; a netdev table has ingress alone.
var hookNames = []string{"prerouting", "input", "forward", "output", "postrouting", "ingress"}

// Attribute numbers of linux/netfilter/nf_tables.h.
const (
	nftaTableName, nftaTableFlags, nftaTableHandle = 1, 2, 4
	tableDormant                                   = 1

	nftaChainTable, nftaChainHandle, nftaChainName, nftaChainHook, nftaChainPolicy, nftaChainType = 1, 2, 3, 4, 5, 7
	nftaHookNum, nftaHookPriority, nftaHookDev, nftaHookDevs                                      = 1, 2, 3, 4

	nftaRuleTable, nftaRuleChain, nftaRuleHandle, nftaRuleExprs, nftaRuleUserdata = 1, 2, 3, 4, 7

	nftaSetTable, nftaSetName, nftaSetFlags, nftaSetKeyLen, nftaSetDataLen, nftaSetDesc = 1, 2, 3, 5, 7, 9
	nftaDescConcat, nftaFieldLen                                                        = 2, 1
	setAnonymous, setInterval, setObject                                                = 1, 4, 64
	nftaElemListElements                                                                = 3
	nftaElemKey, nftaElemData, nftaElemFlags, nftaElemExpr, nftaElemKeyEnd, exprs       = 1, 2, 3, 7, 10, 11
	elemIntervalEnd, elemCatchAll                                                       = 1, 2
	nftaDataValue, nftaDataVerdict                                                      = 1, 2
)

// message is one answer of the kernel: the family of its header and its attributes.
type message struct {
	family byte
	data   []byte
}

// decoder puts the answers of the kernel together.
type decoder struct {
	rs    Ruleset
	index map[[2]string]int // of tables, by family and name
	meta  map[[3]string]setMeta
	// The chain of the rule read before, and its table: the kernel lists rules chain by chain.
	last   *Chain
	lastOf *Table
}

type setMeta struct{ flags, keyLen, dataLen uint32 }

func newDecoder() *decoder {
	return &decoder{index: map[[2]string]int{}, meta: map[[3]string]setMeta{}}
}

func (d *decoder) at(m message, name []byte) *Table {
	if i, ok := d.index[[2]string{families[m.family], cstring(name)}]; ok {
		return &d.rs.Tables[i]
	}
	return nil
}

func (d *decoder) table(m message) {
	family := families[m.family]
	if family == "" {
		return
	}
	a := parseAttrs(m.data)
	t := Table{Stack: NFTables, Family: family, Name: cstring(a[nftaTableName]), Handle: be64(a[nftaTableHandle])}
	t.Dormant = be32(a[nftaTableFlags])&tableDormant != 0
	d.index[[2]string{family, t.Name}] = len(d.rs.Tables)
	d.rs.Tables = append(d.rs.Tables, t)
}

func (d *decoder) chain(m message) {
	a := parseAttrs(m.data)
	t := d.at(m, a[nftaChainTable])
	if t == nil {
		return
	}
	c := Chain{Name: cstring(a[nftaChainName]), Handle: be64(a[nftaChainHandle])}
	if hook := a[nftaChainHook]; hook != nil {
		h := parseAttrs(hook)
		num := be32(h[nftaHookNum])
		switch {
		case t.Family == FamilyNetdev && num == 0:
			c.Hook = "ingress"
		case t.Family == FamilyNetdev:
			c.Hook = "egress"
		case int(num) < len(hookNames):
			c.Hook = hookNames[num]
		}
		c.Priority = int(int32(be32(h[nftaHookPriority])))
		c.Type = cstring(a[nftaChainType])
		if dev := h[nftaHookDev]; len(dev) > 0 {
			c.Devices = append(c.Devices, cstring(dev))
		}
		for _, dev := range attrs(h[nftaHookDevs]) {
			c.Devices = append(c.Devices, cstring(dev))
		}
		c.Policy = Accept
		if p := a[nftaChainPolicy]; p != nil && be32(p) == 0 { // NF_DROP
			c.Policy = Drop
		}
	}
	t.Chains = append(t.Chains, c)
}

func (d *decoder) rule(m message) {
	a := parseAttrs(m.data)
	t := d.at(m, a[nftaRuleTable])
	if t == nil {
		return
	}
	name := cstring(a[nftaRuleChain])
	c := d.last
	if c == nil || c.Name != name || d.lastOf != t {
		c = t.chain(name)
	}
	if c == nil {
		return
	}
	d.last, d.lastOf = c, t
	r := Rule{Handle: be64(a[nftaRuleHandle]), Comment: userComment(a[nftaRuleUserdata])}
	r.Steps = d.exprs(t, a[nftaRuleExprs])
	c.Rules = append(c.Rules, r)
}

// userComment reads the comment that nft keeps with a rule: fields of a type, a length and the data (libnftnl,
// udata.h); the comment is type 0.
func userComment(b []byte) string {
	for len(b) >= 2 {
		n := int(b[1])
		if 2+n > len(b) {
			return ""
		}
		if b[0] == 0 {
			return cstring(b[2 : 2+n])
		}
		b = b[2+n:]
	}
	return ""
}

func (d *decoder) set(m message) {
	a := parseAttrs(m.data)
	t := d.at(m, a[nftaSetTable])
	if t == nil {
		return
	}
	flags := be32(a[nftaSetFlags])
	s := Set{Name: cstring(a[nftaSetName]), Anonymous: flags&setAnonymous != 0, Unread: "its elements were not read"}
	for _, field := range attrs(parseAttrs(a[nftaSetDesc])[nftaDescConcat]) {
		s.Fields = append(s.Fields, int(be32(parseAttrs(field)[nftaFieldLen])))
	}
	if flags&setObject != 0 {
		s.Unread = "it maps to stateful objects"
	}
	d.meta[[3]string{t.Family, t.Name, s.Name}] = setMeta{flags, be32(a[nftaSetKeyLen]), be32(a[nftaSetDataLen])}
	t.Sets = append(t.Sets, s)
}

// rawElement is an element as the kernel lists it: of an interval, one for each end.
type rawElement struct {
	Element
	end bool
}

// elements reads one set's elements. It is called once per set, with all its messages.
func (d *decoder) elements(t *Table, s *Set, ms []message) {
	meta := d.meta[[3]string{t.Family, t.Name, s.Name}]
	if meta.flags&setObject != 0 {
		return
	}
	s.Unread = ""
	var raw []rawElement
	for _, m := range ms {
		for _, b := range attrs(parseAttrs(m.data)[nftaElemListElements]) {
			raw = append(raw, d.element(t, b))
		}
	}
	ends := slices.ContainsFunc(raw, func(e rawElement) bool { return e.end })
	if meta.flags&setInterval == 0 || len(s.Fields) > 1 && !ends {
		for _, e := range raw {
			s.Elements = append(s.Elements, e.Element)
		}
		return
	}
	s.Elements = intervals(raw)
}

func (d *decoder) element(t *Table, b []byte) rawElement {
	a := parseAttrs(b)
	flags := be32(a[nftaElemFlags])
	var e rawElement
	e.end, e.CatchAll = flags&elemIntervalEnd != 0, flags&elemCatchAll != 0
	e.From = slices.Clone(parseAttrs(a[nftaElemKey])[nftaDataValue])
	e.To = e.From
	if end := parseAttrs(a[nftaElemKeyEnd])[nftaDataValue]; len(end) > 0 {
		e.To = slices.Clone(end)
	}
	data := parseAttrs(a[nftaElemData])
	e.Data = slices.Clone(data[nftaDataValue])
	if v := data[nftaDataVerdict]; v != nil {
		then := verdictStep(v)
		e.Then = &then
	}
	e.Doubt = d.elementDoubt(t, a)
	return e
}

// elementDoubt looks at what stands with an element: a limit of its own may keep it from matching.
func (d *decoder) elementDoubt(t *Table, a attributes) string {
	one := a[nftaElemExpr]
	list := a[exprs]
	names := []string{cstring(parseAttrs(one)[nftaExprName])}
	for _, e := range attrs(list) {
		names = append(names, cstring(parseAttrs(e)[nftaExprName]))
	}
	for _, n := range names {
		if n != "" && n != "counter" && n != "last" {
			return "an element of a set of table " + t.Name + " has a " + n + " of its own"
		}
	}
	return ""
}

// intervals joins the ends of intervals: a start counts until the next end, which does not belong to it.
func intervals(raw []rawElement) []Element {
	slices.SortStableFunc(raw, func(a, b rawElement) int {
		if c := bytes.Compare(a.From, b.From); c != 0 {
			return c
		}
		switch {
		case a.end == b.end:
			return 0
		case a.end:
			return -1
		}
		return 1
	})
	var out []Element
	open := false
	for _, e := range raw {
		if e.CatchAll {
			out = append(out, e.Element)
			continue
		}
		if open {
			out[len(out)-1].To = step(e.From, -1)
		}
		if open = !e.end; open {
			e.To = bytes.Repeat([]byte{0xff}, len(e.From)) // no end follows: to the last value
			out = append(out, e.Element)
		}
	}
	return out
}
