package netfilter

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// kind says how the contents of a value read.
type kind int

const (
	kindHex kind = iota
	kindAddr
	kindPort
	kindNumber // network order
	kindHost   // the machine's order
	kindIfname
	kindProto
	kindFamily
	kindState
	kindStatus
	kindMark
	kindAddrType
	kindPktType
)

// field is a part of a header that nft has a name for.
type field struct {
	base     string
	off, len int
	name     string
	kind     kind
}

// fields are the names of nft for what TCP rules look at (libnftables, src/proto.c). Offsets of the IPv4 and IPv6
// headers that both use are told apart by their length.
var fields = []field{
	{"nh", 12, 4, "ip saddr", kindAddr},
	{"nh", 16, 4, "ip daddr", kindAddr},
	{"nh", 9, 1, "ip protocol", kindProto},
	{"nh", 8, 1, "ip ttl", kindNumber},
	{"nh", 2, 2, "ip length", kindNumber},
	{"nh", 6, 2, "ip frag-off", kindHex},
	{"nh", 8, 16, "ip6 saddr", kindAddr},
	{"nh", 24, 16, "ip6 daddr", kindAddr},
	{"nh", 6, 1, "ip6 nexthdr", kindProto},
	{"nh", 7, 1, "ip6 hoplimit", kindNumber},
	{"th", 0, 2, "th sport", kindPort},
	{"th", 2, 2, "th dport", kindPort},
	{"th", 13, 1, "tcp flags", kindHex},
	{"ll", 6, 6, "ether saddr", kindHex},
}

// otherKinds are those of values that are no header fields, by source and name.
var otherKinds = map[Source]map[string]kind{
	Meta: {
		"iifname": kindIfname, "oifname": kindIfname, "l4proto": kindProto, "nfproto": kindFamily, "mark": kindMark,
		"iif": kindHost, "oif": kindHost, "pkttype": kindPktType, "skuid": kindHost, "iifgroup": kindHost,
	},
	CT: {
		"state": kindState, "mark": kindMark, "status": kindStatus, "original src": kindAddr, "original dst": kindAddr,
		"original proto-dst": kindPort, "original proto-src": kindPort, "l3proto": kindFamily, "protocol": kindProto,
	},
	FIB: {"daddr type": kindAddrType, "saddr type": kindAddrType, "daddr . iif type": kindAddrType, "saddr oif": kindHost},
}

var protocols = map[byte]string{1: "icmp", 6: "tcp", 17: "udp", 33: "dccp", 41: "ipv6", 47: "gre", 50: "esp", 51: "ah", 58: "ipv6-icmp", 132: "sctp", 136: "udplite"}

// The names of connection states and address types, by bit and by number (nf_conntrack_common.h, rtnetlink.h).
var (
	stateNames    = []string{"invalid", "established", "related", "new", "", "", "untracked"}
	statusNames   = []string{"expected", "seen-reply", "assured", "confirmed", "snat", "dnat", "", "", "", "dying"}
	addrTypeNames = []string{"unspec", "unicast", "local", "broadcast", "anycast", "multicast", "blackhole", "unreachable", "prohibit"}
	pktTypeNames  = []string{"host", "broadcast", "multicast", "other"}
)

// spell names a value and says how its contents read. proto is the transport protocol of the rule.
func (v Value) spell(proto string) (string, kind) {
	switch v.From {
	case Payload:
		for _, f := range fields {
			if f.base != v.Name || f.off != v.Offset || v.Len > f.len || v.Len < f.len && f.kind != kindAddr {
				continue
			}
			if f.len == 4 && v.Len < 4 || f.len == 16 && v.Len < 16 {
				// nft loads only the bytes that a short prefix covers.
				return f.name, f.kind
			}
			if f.base == "th" && f.kind == kindPort && proto != "" {
				return proto + strings.TrimPrefix(f.name, "th"), f.kind
			}
			return f.name, f.kind
		}
		return fmt.Sprintf("@%s,%d,%d", v.Name, v.Offset*8, v.Len*8), kindHex
	case Meta:
		name := v.Name
		if !slices.Contains([]string{"iif", "oif", "iifname", "oifname"}, name) {
			name = "meta " + name
		}
		return name, otherKinds[Meta][v.Name]
	case CT:
		return "ct " + v.Name, otherKinds[CT][v.Name]
	case FIB:
		return "fib " + v.Name, otherKinds[FIB][v.Name]
	case Const:
		return "0x" + hex.EncodeToString(v.Data), kindHex
	case MapOf:
		return "a map @" + v.Set, kindHex
	}
	if v.Name != "" {
		return v.Name, kindHex
	}
	return "something unknown", kindHex
}

// write prints contents of a kind.
func (k kind) write(b []byte) string {
	switch k {
	case kindAddr:
		n := 4
		if len(b) > 4 {
			n = 16
		}
		full := append(slices.Clone(b), make([]byte, max(0, n-len(b)))...)
		if a, ok := netip.AddrFromSlice(full); ok {
			return a.String()
		}
	case kindPort, kindNumber:
		if len(b) <= 8 {
			return strconv.FormatUint(bigEndian(b), 10)
		}
	case kindHost:
		return strconv.FormatUint(bigEndian(hostToNet(b)), 10)
	case kindIfname:
		if i := bytes.IndexByte(b, 0); i >= 0 {
			return strconv.Quote(string(b[:i]))
		}
		return strconv.Quote(string(b) + "*")
	case kindProto:
		if len(b) == 1 && protocols[b[0]] != "" {
			return protocols[b[0]]
		}
		return strconv.FormatUint(bigEndian(b), 10)
	case kindFamily:
		if len(b) == 1 && b[0] == nfprotoIPv4 {
			return "ipv4"
		} else if len(b) == 1 && b[0] == nfprotoIPv6 {
			return "ipv6"
		}
	case kindState:
		return flagNames(bigEndian(hostToNet(b)), stateNames)
	case kindStatus:
		return flagNames(bigEndian(hostToNet(b)), statusNames)
	case kindMark:
		return fmt.Sprintf("0x%08x", bigEndian(hostToNet(b)))
	case kindAddrType:
		return numberName(bigEndian(hostToNet(b)), addrTypeNames)
	case kindPktType:
		return numberName(bigEndian(b), pktTypeNames)
	}
	return "0x" + hex.EncodeToString(b)
}

func numberName(n uint64, names []string) string {
	if n < uint64(len(names)) {
		return names[n]
	}
	return strconv.FormatUint(n, 10)
}

func flagNames(n uint64, names []string) string {
	var out []string
	for i, name := range names {
		if n&(1<<i) != 0 && name != "" {
			out = append(out, name)
			n &^= 1 << i
		}
	}
	if n != 0 || len(out) == 0 {
		out = append(out, fmt.Sprintf("0x%x", n))
	}
	return strings.Join(out, ",")
}

// bigEndian reads up to 8 bytes.
func bigEndian(b []byte) uint64 {
	var n uint64
	for _, c := range b {
		n = n<<8 | uint64(c)
	}
	return n
}
