package netfilter

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// The layouts below are those of linux/netfilter/xt_*.h; numbers stand in the machine's order unless said otherwise.
// A blob that is shorter than its layout, or of a revision not listed, is undecided.

const (
	nftaMatchName, nftaMatchRev, nftaMatchInfo = 1, 2, 3
)

// blob reads a match's or target's data; past its end it is zero, and short says so.
type blob struct {
	b     []byte
	short bool
}

func (x *blob) bytes(off, n int) []byte {
	if off+n > len(x.b) {
		x.short = true
		return make([]byte, n)
	}
	return x.b[off : off+n]
}

func (x *blob) u8(off int) byte    { return x.bytes(off, 1)[0] }
func (x *blob) u16(off int) uint16 { return binary.NativeEndian.Uint16(x.bytes(off, 2)) }
func (x *blob) u32(off int) uint32 { return binary.NativeEndian.Uint32(x.bytes(off, 4)) }
func (x *blob) be16(off int) uint16 {
	return binary.BigEndian.Uint16(x.bytes(off, 2))
}

func (x *blob) addr(off int, v6 bool) netip.Addr {
	n := 4
	if v6 {
		n = 16
	}
	a, _ := netip.AddrFromSlice(x.bytes(off, n))
	return a
}

// xtMatch reads the expression by which iptables-nft keeps a match of xtables.
func (m *machine) xtMatch(a attributes) {
	name, x := cstring(a[nftaMatchName]), &blob{b: a[nftaMatchInfo]}
	m.t.Stack = m.t.iptables()
	if name == "comment" {
		m.add(Step{Do: Pass, Text: fmt.Sprintf("-m comment --comment %q", cstring(x.b))})
		return
	}
	steps := xtSteps(name, int(be32(a[nftaMatchRev])), x, m.t.Family == FamilyIP6)
	if steps == nil || x.short {
		steps = []Step{{Do: Undecided, Why: "the match " + name + " is not understood", Text: "-m " + name + " …"}}
	}
	m.steps = append(m.steps, steps...)
}

// iptables is the stack of a table that holds xtables expressions: only iptables-nft makes them.
func (t *Table) iptables() Stack {
	if t.Family == FamilyIP || t.Family == FamilyIP6 {
		return IptablesNFT
	}
	return t.Stack
}

func not(invert bool, option string) string {
	if invert {
		return "! " + option
	}
	return option
}

func withText(st Step, format string, args ...any) []Step {
	st.Text = strings.TrimSpace(fmt.Sprintf(format, args...))
	return []Step{st}
}

// xtSteps reads one match; nil where it is not understood.
func xtSteps(name string, rev int, x *blob, v6 bool) []Step {
	if proto, ok := otherProtocols[name]; ok {
		return withText(xtProto(proto, false), "-m %s", name)
	}
	if slices.Contains(extensionHeaders, name) {
		return withText(never(), "-m %s", name)
	}
	switch name {
	case "tcp":
		return xtTCP(x)
	case "multiport":
		return xtMultiport(rev, x)
	case "conntrack":
		return xtConntrack(rev, x, v6)
	case "state": // the bits are those of nf_tables
		set := x.u32(0)
		return withText(xtBits(Value{From: CT, Name: "state"}, set, false), "-m state --state %s", strings.ToUpper(flagNames(uint64(set), stateNames)))
	case "mark", "connmark":
		if rev == 1 {
			value, mask, invert := x.u32(0), x.u32(4), x.u8(8) != 0
			return withText(xtMark(name == "connmark", invert, value, mask), "-m %s %s %#x/%#x", name, not(invert, "--mark"), value, mask)
		}
	case "addrtype":
		return xtAddrTypes(rev, x)
	case "iprange":
		return xtIPRange(rev, x, v6)
	case "pkttype":
		invert := x.u32(4) != 0
		return withText(xtMatch(Value{From: Meta, Name: "pkttype", Len: 1}, invert, exactly(byte(x.u32(0)))), "-m pkttype %s %s", not(invert, "--pkt-type"), numberName(uint64(x.u32(0)), pktTypeNames))
	case "rpfilter":
		invert := x.u8(0)&8 != 0
		return withText(passesReverse(invert), "-m rpfilter %s", map[bool]string{true: "--invert"}[invert])
	case "limit":
		return []Step{limited("-m limit --limit "+limitText(uint64(x.u32(0))), true)}
	case "hashlimit":
		return xtHashlimit(rev, x)
	case "connlimit": // matches above the number, inverted up to it
		if invert := x.u32(20)&1 != 0; invert {
			return []Step{limited(fmt.Sprintf("-m connlimit --connlimit-upto %d", x.u32(16)), true)}
		}
		return []Step{limited(fmt.Sprintf("-m connlimit --connlimit-above %d", x.u32(16)), false)}
	case "recent": // flags: 1 check, 2 set, 4 update, 8 remove
		flags, invert := x.u8(8), x.u8(9) != 0
		word := map[byte]string{1: "--rcheck", 2: "--set", 4: "--update", 8: "--remove"}[flags&0xf]
		text := fmt.Sprintf("-m recent %s --name %s", not(invert, word), cstring(x.bytes(10, 200)))
		if hits := x.u32(4); hits > 0 {
			text = fmt.Sprintf("-m recent %s --seconds %d --hitcount %d --name %s", not(invert, word), x.u32(0), hits, cstring(x.bytes(10, 200)))
		}
		return []Step{limited(text, recentHolds(flags&2 != 0, invert))}
	}
	return nil
}

func xtTCP(x *blob) []Step {
	src, dst := ports{x.u16(0), x.u16(2)}, ports{x.u16(4), x.u16(6)}
	option, flagMask, flagWant, inv := x.u8(8), x.u8(9), x.u8(10), x.u8(11)
	out := withText(xtProto(protoTCP, false), "-m tcp")
	if src != (ports{0, 0xffff}) || inv&1 != 0 {
		out = append(out, withText(xtPorts(true, inv&1 != 0, src), "%s %s", not(inv&1 != 0, "--sport"), src)...)
	}
	if dst != (ports{0, 0xffff}) || inv&2 != 0 {
		out = append(out, withText(xtPorts(false, inv&2 != 0, dst), "%s %s", not(inv&2 != 0, "--dport"), dst)...)
	}
	if flagMask != 0 || inv&4 != 0 {
		out = append(out, withText(xtFlags(flagMask, flagWant, inv&4 != 0), "%s %#x/%#x", not(inv&4 != 0, "--tcp-flags"), flagMask, flagWant)...)
	}
	if option != 0 {
		out = append(out, Step{Do: Undecided, Why: "a TCP option", Text: fmt.Sprintf("--tcp-option %d", option)})
	}
	return out
}

func xtMultiport(rev int, x *blob) []Step {
	if rev > 1 {
		return nil
	}
	var list []ports
	var words []string
	n := min(int(x.u8(1)), 15)
	for i := 0; i < n; i++ {
		p := ports{x.u16(2 + 2*i), x.u16(2 + 2*i)}
		if rev == 1 && x.u8(32+i) != 0 && i+1 < n {
			i++
			p.to = x.u16(2 + 2*i)
		}
		list, words = append(list, p), append(words, p.String())
	}
	invert := rev == 1 && x.u8(47) != 0
	text := strings.Join(words, ",")
	switch x.u8(0) {
	case 0:
		return withText(xtPorts(true, invert, list...), "-m multiport %s %s", not(invert, "--sports"), text)
	case 1:
		return withText(xtPorts(false, invert, list...), "-m multiport %s %s", not(invert, "--dports"), text)
	}
	return withText(Step{Do: Undecided, Why: "either port of the connection"}, "-m multiport %s %s", not(invert, "--ports"), text)
}

// Flags of the conntrack match: what it compares.
const (
	ctmState, ctmOrigSrc, ctmOrigDst, ctmStatus = 1 << 0, 1 << 2, 1 << 3, 1 << 6
	ctmOrigDstPort, ctmDirection, ctmStateAlias = 1 << 9, 1 << 12, 1 << 13
)

func xtConntrack(rev int, x *blob, v6 bool) []Step {
	flags, inv := x.u16(146), x.u16(148)
	state, status := uint32(x.u16(150)), uint32(x.u16(152))
	switch rev {
	case 1:
		state, status = uint32(x.u8(150)), uint32(x.u8(151))
	case 2, 3:
	default:
		return nil
	}
	var out []Step
	if flags&ctmState != 0 {
		invert := inv&ctmState != 0
		out = append(out, withText(xtState(state, invert), "-m conntrack %s %s", not(invert, "--ctstate"), xtStateText(state))...)
	}
	if flags&ctmStatus != 0 {
		invert := inv&ctmStatus != 0
		out = append(out, withText(xtBits(Value{From: CT, Name: "status"}, status, invert), "-m conntrack %s %s", not(invert, "--ctstatus"), strings.ToUpper(flagNames(uint64(status), statusNames)))...)
	}
	if flags&ctmOrigDstPort != 0 {
		invert, p := inv&ctmOrigDstPort != 0, ports{x.be16(140), x.be16(140)}
		if rev == 3 {
			p = ports{x.u16(140), x.u16(156)}
		}
		out = append(out, withText(xtMatch(Value{From: CT, Name: "original proto-dst", Len: 2}, invert, p.rng()), "-m conntrack %s %s", not(invert, "--ctorigdstport"), p)...)
	}
	for _, side := range []struct {
		flag   uint16
		off    int
		name   string
		option string
	}{{ctmOrigSrc, 0, "original src", "--ctorigsrc"}, {ctmOrigDst, 32, "original dst", "--ctorigdst"}} {
		if flags&side.flag == 0 {
			continue
		}
		invert, addr := inv&side.flag != 0, x.addr(side.off, v6)
		v := Value{From: CT, Name: side.name, Len: addr.BitLen() / 8, Mask: x.addr(side.off+16, v6).AsSlice()}
		out = append(out, withText(xtMatch(v, invert, exactly(addr.AsSlice()...)), "-m conntrack %s %s", not(invert, side.option), addr)...)
	}
	if flags&ctmDirection != 0 { // inverted: reply
		out = append(out, withText(xtMatch(Value{From: CT, Name: "direction", Len: 1}, inv&ctmDirection != 0, exactly(0)), "-m conntrack --ctdir")...)
	}
	if flags&^(ctmState|ctmStateAlias|ctmStatus|ctmOrigDstPort|ctmOrigSrc|ctmOrigDst|ctmDirection) != 0 {
		out = append(out, Step{Do: Undecided, Why: "the conntrack match looks at more than the first packet shows", Text: "-m conntrack …"})
	}
	return out
}

func xtAddrTypes(rev int, x *blob) []Step {
	source, dest := x.u16(0), x.u16(2)
	var flags uint32
	switch rev {
	case 0:
		if x.u32(4) != 0 {
			flags |= 1
		}
		if x.u32(8) != 0 {
			flags |= 2
		}
	case 1:
		flags = x.u32(4)
	default:
		return nil
	}
	var out []Step
	if source != 0 {
		out = append(out, withText(xtAddrType(true, flags&1 != 0, false, source), "-m addrtype %s %s", not(flags&1 != 0, "--src-type"), addrTypeText(source))...)
	}
	if dest != 0 {
		out = append(out, withText(xtAddrType(false, flags&2 != 0, flags&4 != 0, dest), "-m addrtype %s %s", not(flags&2 != 0, "--dst-type"), addrTypeText(dest))...)
	}
	return out
}

func xtIPRange(rev int, x *blob, v6 bool) []Step {
	if rev != 1 {
		return nil
	}
	flags := x.u8(64)
	var out []Step
	if flags&1 != 0 {
		from, to, invert := x.addr(0, v6), x.addr(16, v6), flags&16 != 0
		out = append(out, withText(xtAddr(true, invert, from, to), "-m iprange %s %s-%s", not(invert, "--src-range"), from, to)...)
	}
	if flags&2 != 0 {
		from, to, invert := x.addr(32, v6), x.addr(48, v6), flags&32 != 0
		out = append(out, withText(xtAddr(false, invert, from, to), "-m iprange %s %s-%s", not(invert, "--dst-range"), from, to)...)
	}
	return out
}

// xtHashlimit finds the mode: after a name of 16 bytes in revision 1, of 255 with two numbers of 8 bytes after it later.
func xtHashlimit(rev int, x *blob) []Step {
	off := map[int]int{1: 16, 2: 272, 3: 272}[rev]
	if off == 0 {
		return nil
	}
	if above := x.u32(off)&16 != 0; above {
		return []Step{limited("-m hashlimit --hashlimit-above …", false)}
	}
	return []Step{limited("-m hashlimit --hashlimit-upto …", true)}
}
