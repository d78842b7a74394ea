package netfilter

import (
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// parseNetwork reads "10.0.0.0/8", "10.0.0.0/255.0.0.0" or a lone address. Where the mask is no prefix, ok is false and
// mask holds it, with the address in p.
func parseNetwork(s string, v6 bool) (p netip.Prefix, mask []byte, ok bool) {
	host, tail, has := strings.Cut(s, "/")
	a, err := netip.ParseAddr(host)
	if err != nil || a.Is6() != v6 || a.Zone() != "" {
		return p, nil, false
	}
	if !has {
		return netip.PrefixFrom(a, a.BitLen()), nil, true
	}
	if n, err := strconv.Atoi(tail); err == nil && n >= 0 && n <= a.BitLen() {
		return netip.PrefixFrom(a, n), nil, true
	}
	m, err := netip.ParseAddr(tail)
	if err != nil || m.Is6() != v6 {
		return p, nil, false
	}
	if n, bits := net.IPMask(m.AsSlice()).Size(); bits > 0 {
		return netip.PrefixFrom(a, n), nil, true
	}
	return netip.PrefixFrom(a, a.BitLen()), m.AsSlice(), false
}

// xtMasked compares an address under a mask that is no prefix.
func xtMasked(source, invert bool, a netip.Addr, mask []byte) Step {
	st := xtAddr(source, invert, a, a)
	st.Left[0].Mask = mask
	return st
}

// parsePorts reads "80", "80:90", ":90", "80:" and lists of them.
func parsePorts(s string) ([]ports, bool) {
	var out []ports
	for part := range strings.SplitSeq(s, ",") {
		from, to, ranged := strings.Cut(part, ":")
		if !ranged {
			to = from
		}
		if from == "" && ranged {
			from = "0"
		}
		if to == "" && ranged {
			to = "65535"
		}
		a, errA := strconv.ParseUint(from, 10, 16)
		b, errB := strconv.ParseUint(to, 10, 16)
		if errA != nil || errB != nil {
			return nil, false
		}
		out = append(out, ports{uint16(a), uint16(b)})
	}
	return out, true
}

// parseMark reads "0x1" or "0x1/0xff".
func parseMark(s string) (value, mask uint32, ok bool) {
	v, m, has := strings.Cut(s, "/")
	a, err := strconv.ParseUint(v, 0, 32)
	if err != nil {
		return 0, 0, false
	}
	if !has {
		return uint32(a), 0xffffffff, true
	}
	b, err := strconv.ParseUint(m, 0, 32)
	return uint32(a), uint32(b), err == nil
}

// silent are options that change nothing of what a match compares here.
var silent = []string{
	"--limit-burst", "--name", "--mask", "--rsource", "--rdest", "--seconds", "--hitcount", "--reap", "--rttl", "--loose",
	"--validmark", "--accept-local", "--limit-iface-in", "--connlimit-mask", "--connlimit-saddr", "--connlimit-daddr",
	"--hashlimit-burst", "--hashlimit-mode", "--hashlimit-name", "--hashlimit-srcmask", "--hashlimit-dstmask",
	"--hashlimit-htable-expire", "--hashlimit-htable-size", "--hashlimit-htable-max", "--hashlimit-htable-gcinterval",
	"--hashlimit-rate-interval", "--hashlimit-rate-match",
}

// saveMatch reads a match and its options.
func saveMatch(g group) []Step {
	if proto, ok := otherProtocols[g.name]; ok {
		return []Step{xtProto(proto, false)}
	}
	if slices.Contains(extensionHeaders, g.name) {
		return []Step{never()}
	}
	var out []Step
	switch g.name {
	case "tcp":
		out = append(out, xtProto(protoTCP, false))
	case "limit":
		o, _ := g.find("--limit")
		out = append(out, limited("-m limit --limit "+o.arg(0), true))
	case "rpfilter":
		_, invert := g.find("--invert")
		out = append(out, passesReverse(invert))
	case "multiport", "conntrack", "state", "mark", "connmark", "addrtype", "iprange", "pkttype", "hashlimit", "connlimit", "recent":
	default:
		return []Step{{Do: Undecided, Why: "the match " + g.name + " is not understood"}}
	}
	for _, o := range g.opts {
		if slices.Contains(silent, o.name) || g.name == "limit" || g.name == "rpfilter" {
			continue
		}
		st, ok := saveOption(g, o)
		if !ok {
			st = undecidedOption(o.name)
		}
		out = append(out, st)
	}
	return out
}

// saveOption reads one option of a match.
func saveOption(g group, o option) (Step, bool) {
	arg := o.arg(0)
	switch o.name {
	case "--dport", "--dports", "--destination-port", "--sport", "--sports", "--source-port":
		list, ok := parsePorts(arg)
		return xtPorts(strings.HasPrefix(o.name, "--s"), o.not, list...), ok
	case "--tcp-flags":
		mask, ok1 := parseFlags(arg)
		want, ok2 := parseFlags(o.arg(1))
		return xtFlags(mask, want, o.not), ok1 && ok2
	case "--syn": // SYN,RST,ACK,FIN SYN
		return xtFlags(0x17, tcpSYN, o.not), true
	case "--ctstate":
		set, ok := parseNames(arg, xtStateNames)
		return xtState(set, o.not), ok
	case "--state":
		set, ok := parseNames(arg, map[string]uint32{"INVALID": 1, "ESTABLISHED": 2, "RELATED": 4, "NEW": 8, "UNTRACKED": stateUntracked})
		return xtBits(Value{From: CT, Name: "state"}, set, o.not), ok
	case "--ctorigdstport":
		list, ok := parsePorts(arg)
		if !ok || len(list) != 1 {
			return Step{}, false
		}
		return xtMatch(Value{From: CT, Name: "original proto-dst", Len: 2}, o.not, list[0].rng()), true
	case "--ctdir":
		return xtMatch(Value{From: CT, Name: "direction", Len: 1}, arg == "REPLY", exactly(0)), arg == "REPLY" || arg == "ORIGINAL"
	case "--mark":
		value, mask, ok := parseMark(arg)
		return xtMark(g.name == "connmark", o.not, value, mask), ok
	case "--src-type", "--dst-type":
		_, limit := g.find("--limit-iface-in")
		var set uint16
		for name := range strings.SplitSeq(arg, ",") {
			i := slices.Index(addrTypes, name)
			if i < 0 {
				return Step{}, false
			}
			set |= 1 << i
		}
		return xtAddrType(o.name == "--src-type", o.not, limit, set), true
	case "--src-range", "--dst-range":
		from, to, _ := strings.Cut(arg, "-")
		a, err1 := netip.ParseAddr(from)
		b, err2 := netip.ParseAddr(to)
		if err1 != nil || err2 != nil || a.Is6() != b.Is6() {
			return Step{}, false
		}
		return xtAddr(o.name == "--src-range", o.not, a, b), true
	case "--pkt-type":
		i := slices.Index([]string{"unicast", "broadcast", "multicast"}, arg)
		return xtMatch(Value{From: Meta, Name: "pkttype", Len: 1}, o.not, exactly(byte(i))), i >= 0
	case "--hashlimit-upto":
		return limited("-m hashlimit --hashlimit-upto "+arg, true), true
	case "--hashlimit-above":
		return limited("-m hashlimit --hashlimit-above "+arg, false), true
	case "--connlimit-upto":
		return limited("-m connlimit --connlimit-upto "+arg, true), true
	case "--connlimit-above":
		return limited("-m connlimit --connlimit-above "+arg, false), true
	case "--set", "--rcheck", "--update", "--remove":
		return limited("-m recent "+not(o.not, o.name), recentHolds(o.name == "--set", o.not)), true
	}
	return Step{}, false
}

// parseFlags reads a list of TCP flags.
func parseFlags(s string) (byte, bool) {
	set, ok := parseNames(s, map[string]uint32{"FIN": 1, "SYN": 2, "RST": 4, "PSH": 8, "ACK": 16, "URG": 32, "NONE": 0, "ALL": 63})
	return byte(set), ok
}

func parseNames(s string, bits map[string]uint32) (set uint32, ok bool) {
	for name := range strings.SplitSeq(s, ",") {
		b, known := bits[name]
		if !known {
			return 0, false
		}
		set |= b
	}
	return set, true
}

// builtinTargets are the verdicts that need no option; any other name in -j that is no target here is a chain.
var builtinTargets = []string{
	"ACCEPT", "DROP", "RETURN", "REJECT", "NOTRACK", "SNAT", "MASQUERADE", "QUEUE", "NFQUEUE", "TPROXY", "SYNPROXY", "NETMAP",
	"CLUSTERIP", "HMARK", "BALANCE", "SAME", "MIRROR", "TARPIT", "DELUDE", "CHAOS",
}

// saveTarget reads a target and its options. A name that no target has is a chain.
func saveTarget(g group) Step {
	switch {
	case g.name == "MARK":
		if o, ok := g.find("--set-xmark"); ok {
			if value, mask, ok := parseMark(o.arg(0)); ok {
				return xtSetMark(false, value, mask)
			}
		}
		return Step{Do: SetMark}
	case g.name == "CONNMARK":
		return saveConnmark(g)
	case g.name == "CT":
		if _, ok := g.find("--notrack"); ok {
			return Step{Do: NoTrack}
		}
		return Step{Do: Pass}
	case g.name == "DNAT":
		o, _ := g.find("--to-destination")
		return saveDNAT(o.arg(0))
	case g.name == "REDIRECT":
		o, ok := g.find("--to-ports")
		if !ok {
			return xtDNAT(netip.Addr{}, 0, true)
		}
		if list, ok := parsePorts(o.arg(0)); ok && len(list) == 1 && list[0].from == list[0].to {
			return xtDNAT(netip.Addr{}, list[0].from, true)
		}
		return Step{Do: Opaque, Why: "REDIRECT to one of several ports"}
	case slices.Contains(builtinTargets, g.name), slices.Contains(harmlessTargets, g.name):
		return xtTargetStep(g.name)
	}
	return Step{Do: Jump, Chain: g.name}
}

func saveConnmark(g group) Step {
	if o, ok := g.find("--set-xmark"); ok {
		if value, mask, ok := parseMark(o.arg(0)); ok {
			return xtSetMark(true, value, mask)
		}
	}
	masks := [2]uint32{0xffffffff, 0xffffffff}
	for i, name := range []string{"--ctmask", "--nfmask"} {
		if o, ok := g.find(name); ok {
			value, _, ok := parseMark(o.arg(0))
			if !ok {
				value = 0
			}
			masks[i] = value
		}
	}
	_, save := g.find("--save-mark")
	return xtCopyMark(save, masks[0], masks[1])
}

// saveDNAT reads "10.0.0.5:80", "[fd00::5]:80" or a lone address; ranges are one of several places.
func saveDNAT(to string) Step {
	if ap, err := netip.ParseAddrPort(to); err == nil {
		return xtDNAT(ap.Addr(), ap.Port(), false)
	}
	if a, err := netip.ParseAddr(strings.Trim(to, "[]")); err == nil {
		return xtDNAT(a, 0, false)
	}
	if p, err := strconv.ParseUint(strings.TrimPrefix(to, ":"), 10, 16); err == nil {
		return xtDNAT(netip.Addr{}, uint16(p), false)
	}
	return Step{Do: Opaque, Why: "DNAT to one of several places"}
}
