package netfilter

import (
	"fmt"
	"net/netip"
)

// xtTarget reads the expression by which iptables-nft keeps a target of xtables.
func (m *machine) xtTarget(a attributes) {
	name, rev, x := cstring(a[nftaMatchName]), int(be32(a[nftaMatchRev])), &blob{b: a[nftaMatchInfo]}
	m.t.Stack = m.t.iptables()
	st := xtTargetBlob(name, rev, x, m.t.Family == FamilyIP6)
	if x.short {
		st = Step{Do: Opaque, Why: "the target " + name + " is not understood"}
	}
	if st.Text == "" {
		st.Text = "-j " + name
	}
	m.add(st)
}

// rejectNames are those of enum ipt_reject_with that operators meet; the rest is left out of the text.
var rejectNames = map[uint32]string{0: "icmp-net-unreachable", 1: "icmp-host-unreachable", 3: "icmp-port-unreachable", 7: "icmp-admin-prohibited", 9: "tcp-reset"}

// Flags of a range of NAT (nf_nat.h).
const (
	natMapIPs = 1
	natProto  = 2
)

func xtTargetBlob(name string, rev int, x *blob, v6 bool) Step {
	switch name {
	case "REJECT":
		st := Step{Do: DoReject}
		if with := rejectNames[x.u32(0)]; with != "" && !v6 {
			st.Text = "-j REJECT --reject-with " + with
		}
		return st
	case "MARK":
		if rev == 2 {
			st := xtSetMark(false, x.u32(0), x.u32(4))
			st.Text = fmt.Sprintf("-j MARK --set-xmark %#x/%#x", x.u32(0), x.u32(4))
			return st
		}
		return Step{Do: SetMark}
	case "CONNMARK":
		return xtConnmark(rev, x)
	case "CT":
		if x.u16(0)&1 != 0 {
			return Step{Do: NoTrack, Text: "-j CT --notrack"}
		}
		return Step{Do: Pass}
	case "DNAT", "REDIRECT":
		return xtNAT(name, rev, x, v6)
	}
	return xtTargetStep(name)
}

// xtConnmark reads the mode: 0 sets the connection's mark, 1 saves the packet's in it, 2 restores the packet's.
// Revision 2 has a shift before it.
func xtConnmark(rev int, x *blob) Step {
	mode := x.u8(12)
	if rev == 2 {
		mode = x.u8(14)
		if x.u8(13) != 0 {
			return Step{Do: Opaque, Why: "CONNMARK shifts the mark"}
		}
	}
	if mode == 0 {
		return xtSetMark(true, x.u32(0), x.u32(4))
	}
	return xtCopyMark(mode == 1, x.u32(4), x.u32(8))
}

// xtCopyMark copies the packet's mark to the connection (save), or back; where only a part is replaced, what comes out
// is unknown.
func xtCopyMark(save bool, ctmask, nfmask uint32) Step {
	const all = 0xffffffff
	switch {
	case save && ctmask == all:
		return Step{Do: SetCTMark, Value: &Value{From: Meta, Name: "mark", Len: 4, Mask: host32(nfmask).data}}
	case save:
		return Step{Do: SetCTMark}
	case nfmask == all:
		return Step{Do: SetMark, Value: &Value{From: CT, Name: "mark", Len: 4, Mask: host32(ctmask).data}}
	}
	return Step{Do: SetMark}
}

// xtNAT reads nf_nat_ipv4_multi_range_compat (revision 0, IPv4) or nf_nat_range.
func xtNAT(name string, rev int, x *blob, v6 bool) Step {
	var flags uint32
	var from, to netip.Addr
	var first, last uint16
	if rev == 0 && !v6 {
		flags, from, to = x.u32(4), x.addr(8, false), x.addr(12, false)
		first, last = x.be16(16), x.be16(18)
	} else {
		flags, from, to = x.u32(0), x.addr(4, v6), x.addr(20, v6)
		first, last = x.be16(36), x.be16(38)
	}
	if flags&natMapIPs == 0 {
		from, to = netip.Addr{}, netip.Addr{}
	}
	if flags&natProto == 0 {
		first, last = 0, 0
	}
	if from != to || first != last {
		return Step{Do: Opaque, Why: name + " to one of several places"}
	}
	st := xtDNAT(from, first, name == "REDIRECT")
	switch {
	case name == "REDIRECT" && first != 0:
		st.Text = fmt.Sprintf("-j REDIRECT --to-ports %d", first)
	case from.IsValid() && first != 0:
		st.Text = "-j DNAT --to-destination " + netip.AddrPortFrom(from, first).String()
	case from.IsValid():
		st.Text = "-j DNAT --to-destination " + from.String()
	}
	return st
}
