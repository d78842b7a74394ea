package netfilter

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// The steps that matches of xtables come to, whether they were read from iptables-nft's blobs or from the text of
// iptables-legacy-save.

func xtMatch(v Value, invert bool, rs ...Range) Step {
	st := Step{Do: Match, Left: []Value{v}, Ranges: rs}
	if invert {
		st.Op = "!="
	}
	return st
}

func exactly(b ...byte) Range { return Range{b, b} }

func xtProto(proto byte, invert bool) Step {
	return xtMatch(Value{From: Meta, Name: "l4proto", Len: 1}, invert, exactly(proto))
}

// ports is an interval of ports, both ends included.
type ports struct{ from, to uint16 }

func (p ports) String() string {
	if p.from == p.to {
		return strconv.Itoa(int(p.from))
	}
	return fmt.Sprintf("%d:%d", p.from, p.to)
}

func (p ports) rng() Range {
	return Range{binary.BigEndian.AppendUint16(nil, p.from), binary.BigEndian.AppendUint16(nil, p.to)}
}

// xtPorts compares the source's or the destination's port of the header.
func xtPorts(source, invert bool, list ...ports) Step {
	v := Value{From: Payload, Name: "th", Offset: 2, Len: 2}
	if source {
		v.Offset = 0
	}
	var rs []Range
	for _, p := range list {
		rs = append(rs, p.rng())
	}
	return xtMatch(v, invert, rs...)
}

// xtAddr compares the source's or the destination's address with an interval.
func xtAddr(source, invert bool, from, to netip.Addr) Step {
	v := Value{From: Payload, Name: "nh", Offset: 16, Len: 4}
	if from.Is6() {
		v.Offset, v.Len = 24, 16
	}
	if source {
		v.Offset -= v.Len
	}
	return xtMatch(v, invert, Range{from.AsSlice(), to.AsSlice()})
}

func xtPrefix(source, invert bool, p netip.Prefix) Step {
	return xtAddr(source, invert, p.Masked().Addr(), last(p))
}

// xtIface compares an interface's name; a trailing + stands for any rest.
func xtIface(out, invert bool, name string) Step {
	v := Value{From: Meta, Name: "iifname", Len: 16}
	if out {
		v.Name = "oifname"
	}
	if head, any := strings.CutSuffix(name, "+"); any {
		v.Len = len(head)
		if head == "" {
			return Step{Do: Pass}
		}
		return xtMatch(v, invert, exactly([]byte(head)...))
	}
	return xtMatch(v, invert, exactly(ifname(name).data...))
}

// xtBits tests whether any bit of set stands in a value of 4 bytes in the machine's order.
func xtBits(v Value, set uint32, invert bool) Step {
	v.Len, v.Mask = 4, host32(set).data
	return xtMatch(v, !invert, exactly(0, 0, 0, 0))
}

// The states of the conntrack match (xt_conntrack.h): those of nf_tables, but for untracked, and two for NAT.
const (
	xtStateSNAT      = 1 << 6
	xtStateDNAT      = 1 << 7
	xtStateUntracked = 1 << 8
)

var xtStateNames = map[string]uint32{
	"INVALID": 1 << 0, "ESTABLISHED": 1 << 1, "RELATED": 1 << 2, "NEW": 1 << 3,
	"SNAT": xtStateSNAT, "DNAT": xtStateDNAT, "UNTRACKED": xtStateUntracked,
}

func xtState(set uint32, invert bool) Step {
	return xtBits(Value{From: CT, Name: "xt-state"}, set, invert)
}

// xtStateText spells a set of states as iptables does.
func xtStateText(set uint32) string {
	var out []string
	for _, n := range []string{"INVALID", "NEW", "RELATED", "ESTABLISHED", "UNTRACKED", "SNAT", "DNAT"} {
		if set&xtStateNames[n] != 0 {
			out = append(out, n)
		}
	}
	return strings.Join(out, ",")
}

// xtMark compares value & mask of the packet's mark, or of the connection's.
func xtMark(ct, invert bool, value, mask uint32) Step {
	v := Value{From: Meta, Name: "mark", Len: 4}
	if ct {
		v.From = CT
	}
	if mask != 0xffffffff {
		v.Mask = host32(mask).data
	}
	return xtMatch(v, invert, exactly(host32(value).data...))
}

// xtFlags compares the flags of the TCP header.
func xtFlags(mask, want byte, invert bool) Step {
	return xtMatch(Value{From: Payload, Name: "th", Offset: 13, Len: 1, Mask: []byte{mask}}, invert, exactly(want))
}

// addrTypes are the names of the addrtype match, by RTN_ number.
var addrTypes = []string{"UNSPEC", "UNICAST", "LOCAL", "BROADCAST", "ANYCAST", "MULTICAST", "BLACKHOLE", "UNREACHABLE", "PROHIBIT"}

// xtAddrType compares the type of an address; set has a bit for each RTN_ number.
func xtAddrType(source, invert, limitIface bool, set uint16) Step {
	v := Value{From: FIB, Name: "daddr type", Len: 4}
	switch {
	case source:
		v.Name = "saddr type"
	case limitIface:
		v.Name = "daddr . iif type"
	}
	var rs []Range
	for i := range addrTypes {
		if set&(1<<i) != 0 {
			rs = append(rs, exactly(host32(uint32(i)).data...))
		}
	}
	return xtMatch(v, invert, rs...)
}

func addrTypeText(set uint16) string {
	var out []string
	for i, n := range addrTypes {
		if set&(1<<i) != 0 {
			out = append(out, n)
		}
	}
	return strings.Join(out, ",")
}

// xtSetMark makes the mark of the packet, or of the connection, (old & ^mask) ^ value.
func xtSetMark(ct bool, value, mask uint32) Step {
	st := Step{Do: SetMark}
	v := Value{From: Meta, Name: "mark", Len: 4, Mask: host32(^mask).data, Xor: host32(value).data}
	if ct {
		st.Do, v.From = SetCTMark, CT
	}
	if mask == 0xffffffff {
		v = Value{From: Const, Data: host32(value).data, Len: 4}
	}
	st.Value = &v
	return st
}

// xtDNAT sends the packet to an address and a port; the zero address and port leave the old one.
func xtDNAT(addr netip.Addr, port uint16, redirect bool) Step {
	st := Step{Do: DNAT}
	if redirect {
		st.Do = Redirect
	}
	if addr.IsValid() {
		st.ToAddr = &Value{From: Const, Data: addr.AsSlice(), Len: addr.BitLen() / 8}
	}
	if port != 0 {
		st.ToPort = &Value{From: Const, Data: binary.BigEndian.AppendUint16(nil, port), Len: 2}
	}
	return st
}

// harmlessTargets leave the packet on its way; nothing that decides here looks at what they change.
var harmlessTargets = []string{
	"LOG", "NFLOG", "ULOG", "AUDIT", "TRACE", "TCPMSS", "TCPOPTSTRIP", "CHECKSUM", "CLASSIFY", "DSCP", "TOS", "ECN", "TTL",
	"HL", "SECMARK", "CONNSECMARK", "TEE", "RATEEST", "LED", "IDLETIMER", "SET",
}

// xtTargetStep is the step of a target that needs nothing of its options.
func xtTargetStep(name string) Step {
	switch {
	case name == "ACCEPT":
		return Step{Do: DoAccept}
	case name == "DROP":
		return Step{Do: DoDrop}
	case name == "RETURN":
		return Step{Do: Return}
	case name == "REJECT":
		return Step{Do: DoReject}
	case name == "NOTRACK":
		return Step{Do: NoTrack}
	case name == "SNAT", name == "MASQUERADE":
		return Step{Do: DoAccept}
	case name == "QUEUE", name == "NFQUEUE":
		return Step{Do: Opaque, Why: "a program in user space decides (" + name + ")"}
	case slices.Contains(harmlessTargets, name):
		return Step{Do: Pass}
	}
	return Step{Do: Opaque, Why: "the target " + name + " is not understood"}
}

// extensionHeaders are matches of IPv6 extension headers, which a plain SYN does not carry.
var extensionHeaders = []string{"rt", "frag", "hbh", "dst", "mh", "srh"}

// never is a condition that the packet does not meet.
func never() Step {
	return Step{Do: Match, Left: []Value{{From: Const, Data: []byte{0}, Len: 1}}, Ranges: []Range{exactly(1)}}
}

// otherProtocols are matches of transport protocols that are not TCP.
var otherProtocols = map[string]byte{
	"udp": 17, "udplite": 136, "icmp": 1, "icmp6": 58, "icmpv6": 58, "sctp": 132, "dccp": 33, "esp": 50, "ah": 51,
}

// limitText spells the rate of the limit match, whose avg is the time between two packets in 1/10,000 s (xt_limit.h).
func limitText(avg uint64) string {
	for _, u := range []struct {
		name string
		per  uint64
	}{{"sec", 10_000}, {"min", 600_000}, {"hour", 36_000_000}, {"day", 864_000_000}} {
		if avg > 0 && u.per >= avg && u.per%avg == 0 {
			return fmt.Sprintf("%d/%s", u.per/avg, u.name)
		}
	}
	return "…"
}

// recentHolds tells whether a recent match holds for a source that is not in its list yet, as is assumed.
func recentHolds(sets, invert bool) bool { return sets != invert }

// passesReverse is the step of the rpfilter match.
func passesReverse(invert bool) Step {
	return Step{Do: Assume, Holds: !invert, Why: "the source passes the reverse path check"}
}
