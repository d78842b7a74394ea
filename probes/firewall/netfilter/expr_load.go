package netfilter

import (
	"slices"
	"strings"
)

// payloadBases are those of nft_payload_bases; inner headers of tunnels are not read.
var payloadBases = []string{"ll", "nh", "th"}

func (m *machine) payload(a attributes) {
	if a[5] != nil { // NFTA_PAYLOAD_SREG
		m.add(Step{Do: Opaque, Why: "the rule rewrites the packet's headers"})
		return
	}
	v := Value{From: Payload, Offset: int(be32(a[3])), Len: int(be32(a[4]))}
	base := be32(a[2])
	if int(base) >= len(payloadBases) {
		v = Value{From: NotKnown, Name: "an inner header", Len: v.Len}
	} else {
		v.Name = payloadBases[base]
	}
	m.put(a[1], v)
}

// metaKey is the name and the length of a value of nft_meta_keys or nft_ct_keys. Length 0: 16 bytes at most.
type metaKey struct {
	name string
	len  int
}

var metaKeys = []metaKey{
	{"length", 4}, {"protocol", 2}, {"priority", 4}, {"mark", 4}, {"iif", 4}, {"oif", 4}, {"iifname", 16}, {"oifname", 16},
	{"iiftype", 2}, {"oiftype", 2}, {"skuid", 4}, {"skgid", 4}, {"nftrace", 1}, {"rtclassid", 4}, {"secmark", 4},
	{"nfproto", 1}, {"l4proto", 1}, {"ibrname", 16}, {"obrname", 16}, {"pkttype", 1}, {"cpu", 4}, {"iifgroup", 4},
	{"oifgroup", 4}, {"cgroup", 4}, {"random", 4}, {"ipsec", 1}, {"iifkind", 16}, {"oifkind", 16}, {"ibrpvid", 2},
	{"ibrvproto", 2}, {"time", 8}, {"day", 1}, {"hour", 4}, {"sdif", 4}, {"sdifname", 16},
}

func (m *machine) meta(a attributes) {
	key := be32(a[2])
	if sreg := a[3]; sreg != nil {
		switch {
		case int(key) < len(metaKeys) && metaKeys[key].name == "mark":
			v := m.get(sreg, 4)
			m.add(Step{Do: SetMark, Value: &v})
		default: // nftrace, priority, pkttype: the packet goes the same way
			m.add(Step{Do: Pass})
		}
		return
	}
	if int(key) >= len(metaKeys) {
		m.put(a[1], Value{From: NotKnown, Name: "a meta key that is not understood"})
		return
	}
	k := metaKeys[key]
	m.put(a[1], Value{From: Meta, Name: k.name, Len: k.len})
}

var ctKeys = []metaKey{
	{"state", 4}, {"direction", 1}, {"status", 4}, {"mark", 4}, {"secmark", 4}, {"expiration", 4}, {"helper", 16},
	{"l3proto", 1}, {"src", 0}, {"dst", 0}, {"protocol", 1}, {"proto-src", 2}, {"proto-dst", 2}, {"label", 16},
	{"packets", 8}, {"bytes", 8}, {"avgpkt", 8}, {"zone", 2}, {"event", 4}, {"src", 4}, {"dst", 4}, {"src", 16}, {"dst", 16},
	{"id", 4},
}

func (m *machine) ct(a attributes) {
	key := be32(a[2])
	if sreg := a[4]; sreg != nil {
		if int(key) < len(ctKeys) && ctKeys[key].name == "mark" {
			v := m.get(sreg, 4)
			m.add(Step{Do: SetCTMark, Value: &v})
		} else {
			m.add(Step{Do: Pass})
		}
		return
	}
	if int(key) >= len(ctKeys) {
		m.put(a[1], Value{From: NotKnown, Name: "a ct key that is not understood"})
		return
	}
	k := ctKeys[key]
	if slices.Contains([]string{"src", "dst", "proto-src", "proto-dst"}, k.name) {
		way := "original "
		if d := a[3]; len(d) == 1 && d[0] == 1 {
			way = "reply "
		}
		k.name = way + k.name
		if k.len == 0 { // NFT_CT_SRC takes the length of the connection's family
			k.len = 4
			if m.t.Family == FamilyIP6 {
				k.len = 16
			}
		}
	}
	m.put(a[1], Value{From: CT, Name: k.name, Len: k.len})
}

// Flags and results of nft_fib.
const (
	fibSaddr, fibDaddr, fibMark, fibIif, fibOif, fibPresent = 1, 2, 4, 8, 16, 32
	fibResultOif, fibResultOifname, fibResultType           = 1, 2, 3
)

func (m *machine) fib(a attributes) {
	flags := be32(a[3])
	var key []string
	for _, f := range []struct {
		bit  uint32
		name string
	}{{fibSaddr, "saddr"}, {fibDaddr, "daddr"}, {fibMark, "mark"}, {fibIif, "iif"}, {fibOif, "oif"}} {
		if flags&f.bit != 0 {
			key = append(key, f.name)
		}
	}
	of := strings.Join(key, " . ")
	if flags&fibSaddr != 0 { // a mark or an interface only narrows the look-up, which is taken to succeed
		of = "saddr"
	}
	v := Value{From: FIB, Name: of + " oif", Len: 4}
	switch result := be32(a[2]); {
	case flags&fibPresent != 0:
		v.Name, v.Len = of+" exists", 1
	case result == fibResultOifname:
		v.Name, v.Len = of+" oifname", 16
	case result == fibResultType:
		v.Name = of + " type"
	}
	m.put(a[1], v)
}

func (m *machine) bitwise(a attributes) {
	n := int(be32(a[3]))
	v := m.get(a[1], n)
	and, xor := parseAttrs(a[4])[nftaDataValue], parseAttrs(a[5])[nftaDataValue]
	if v.From == NotKnown || len(v.Mask) > 0 || len(v.Xor) > 0 || len(and) != n || len(xor) != n || be32(a[6]) != 0 {
		m.put(a[2], Value{From: NotKnown, Name: "the result of bit operations", Len: n})
		return
	}
	v.Mask = slices.Clone(and)
	if !allZero(xor) {
		v.Xor = slices.Clone(xor)
	}
	m.put(a[2], v)
}

// byteorder swaps one number; nft uses it before ordered comparisons of values in the machine's order.
func (m *machine) byteorder(a attributes) {
	n, size := int(be32(a[4])), int(be32(a[5]))
	v := m.get(a[1], n)
	if v.From == NotKnown || n != size || len(v.Mask) > 0 || len(v.Xor) > 0 {
		v = Value{From: NotKnown, Name: "a number in another byte order", Len: n}
	} else if hostIsLittle {
		v.Swap = !v.Swap
	}
	m.put(a[2], v)
}

// exthdr reads TCP options, which the sender may or may not send, and IP options and extension headers, which a plain
// SYN does not carry: a test whether one is there then reads 0, and any other ends the rule.
func (m *machine) exthdr(a attributes) {
	const opTCP, flagPresent = 1, 1
	if a[7] != nil {
		m.add(Step{Do: Pass, Text: "tcp option set"})
		return
	}
	n := int(be32(a[4]))
	switch {
	case be32(a[6]) == opTCP:
		m.put(a[1], Value{From: NotKnown, Name: "a TCP option", Len: n})
	case be32(a[5])&flagPresent != 0:
		m.put(a[1], Value{From: Const, Data: []byte{0}, Len: 1})
	default:
		m.add(never())
	}
}
