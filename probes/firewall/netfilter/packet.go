package netfilter

import (
	"encoding/binary"
	"net/netip"
)

// Packet is the first packet (SYN) of a new TCP connection from elsewhere.
type Packet struct {
	Src  netip.Addr // the zero Addr: any; what hangs on it is then Unknown
	Dst  netip.Addr // of this host
	Port uint16     // the destination's
	In   Link       // where it comes in
}

// clientPort stands for the port that the other side connects from: one of the range from which every system of
// today takes it (IANA's 49152 to 65535).
const clientPort = 55555

// The numbers of linux/in.h, linux/if_ether.h, linux/rtnetlink.h and nf_conntrack_common.h that packets carry.
const (
	protoTCP       = 6
	nfprotoIPv4    = 2
	nfprotoIPv6    = 10
	etherIPv4      = 0x0800
	etherIPv6      = 0x86dd
	tcpSYN         = 0x02
	typeUnicast    = 1
	typeLocal      = 2
	stateInvalid   = 1 << 0
	stateNew       = 1 << 3
	stateUntracked = 1 << 6
	statusDstNAT   = 1 << 5
	// statusSettled are the bits of a connection's status that are known on its first packet: not expected, no reply
	// seen, not assured, not confirmed, and whether it was sent elsewhere. The rest tells how far NAT has come.
	statusSettled = 0xf | statusDstNAT
)

// content is what a register holds, and which of its bits are known.
type content struct{ data, known []byte }

func known(b ...byte) content {
	k := make([]byte, len(b))
	for i := range k {
		k[i] = 0xff
	}
	return content{b, k}
}

// registerRoom is what all registers of nf_tables hold together, in bytes; no value is longer.
const registerRoom = 64

func unknown(n int) content {
	n = min(max(n, 0), registerRoom)
	return content{make([]byte, n), make([]byte, n)}
}

func host32(v uint32) content { return known(binary.NativeEndian.AppendUint32(nil, v)...) }
func net16(v uint16) content  { return known(binary.BigEndian.AppendUint16(nil, v)...) }

func address(a netip.Addr, n int) content {
	if !a.IsValid() || a.BitLen()/8 != n {
		return unknown(n)
	}
	return known(a.AsSlice()...)
}

func (b content) slice(off, n int) (content, bool) {
	if off < 0 || n < 0 || off+n > len(b.data) {
		return content{}, false
	}
	return content{b.data[off : off+n], b.known[off : off+n]}, true
}

func (b content) certain() bool {
	for _, k := range b.known {
		if k != 0xff {
			return false
		}
	}
	return true
}

// state is the packet on its way: what NAT and marks have made of it.
type state struct {
	Packet
	dst, orig netip.Addr
	port      uint16
	out       string // the interface it leaves by, once it is forwarded
	mark      content
	ctmark    content
	untracked bool
	tracked   bool // connection tracking has seen it: after priority -200 of prerouting
	dnat      bool
	nh, th    *content // the headers, once built; nil after a translation
}

func newState(p Packet) *state {
	return &state{Packet: p, dst: p.Dst, orig: p.Dst, port: p.Port, mark: host32(0), ctmark: host32(0)}
}

func (s *state) v6() bool { return s.Dst.Is6() }

// addrLen is the length of the family's addresses in bytes.
func (s *state) addrLen() int { return s.Dst.BitLen() / 8 }

// srcOffset is where the source address stands in the network header (RFC 791, section 3.1; RFC 8200, section 3).
func (s *state) srcOffset() int {
	if s.v6() {
		return 8
	}
	return 12
}

// headers returns the IP and the TCP header as they are now.
func (s *state) headers() (nh, th content) {
	if s.nh == nil {
		n, t := s.network(), s.transport()
		s.nh, s.th = &n, &t
	}
	return *s.nh, *s.th
}

// network builds the IP header. What senders choose as they like (length, id, TTL, checksum, flow label) is unknown.
func (s *state) network() content {
	if s.v6() {
		h := unknown(40)
		h.set(0, 0x60)
		h.known[0] = 0xf0
		h.set(6, protoTCP)
		h.put(8, address(s.Src, 16))
		h.put(24, address(s.dst, 16))
		return h
	}
	h := unknown(20)
	h.set(0, 0x45, 0)
	h.set(6, 0x40, 0) // don't fragment, offset 0: what TCP with path MTU discovery sends
	h.set(9, protoTCP)
	h.put(12, address(s.Src, 4))
	h.put(16, address(s.dst, 4))
	return h
}

// transport builds the TCP header (RFC 9293, section 3.1): ports and flags; the rest is the sender's choice.
func (s *state) transport() content {
	h := unknown(20)
	h.put(0, net16(clientPort))
	h.put(2, net16(s.port))
	h.set(8, 0, 0, 0, 0) // no acknowledgement yet
	h.set(13, tcpSYN)
	h.set(18, 0, 0) // no urgent data
	return h
}

func (b content) set(off int, data ...byte) { b.put(off, known(data...)) }

func (b content) put(off int, v content) {
	copy(b.data[off:], v.data)
	copy(b.known[off:], v.known)
}
