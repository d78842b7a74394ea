package sockdiag

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"syscall"
	"time"
)

// Types, flags and lengths of the kernel's ABI: include/uapi/linux/netlink.h, sock_diag.h, inet_diag.h. They stand
// here rather than in golang.org/x/sys/unix's Linux files so that this parser is tested on every system.
const (
	msgError = 2 // NLMSG_ERROR
	msgDone  = 3 // NLMSG_DONE

	flagRequest  = 0x001 // NLM_F_REQUEST
	flagDump     = 0x300 // NLM_F_DUMP
	flagDumpIntr = 0x010 // NLM_F_DUMP_INTR: the table changed in a way that spoils this dump

	tcpDiagGetSock   = 18 // both families in one walk, TCP only
	sockDiagByFamily = 20 // one family

	headerLen  = 16 // struct nlmsghdr
	messageLen = 72 // struct inet_diag_msg
	attrLen    = 4  // struct nlattr

	attrBytecode = 1  // INET_DIAG_REQ_BYTECODE
	attrSKV6Only = 11 // INET_DIAG_SKV6ONLY

	familyIPv4 = 2
	familyIPv6 = 10 // of Linux, whatever this program was compiled for
	protoTCP   = 6
)

// bufferLen is the most that the kernel puts into one datagram of a dump (max_recvmsg_len in net/netlink/af_netlink.c).
const bufferLen = 32 << 10

// maxPortFilter is how many ports are filtered in the kernel: each costs 12 bytes of a program that runs per socket,
// and beyond this many it is cheaper to copy the sockets out.
const maxPortFilter = 64

var (
	errTruncated   = errors.New("found a truncated netlink message")
	errInterrupted = errors.New("the table changed while it was read")
)

// request builds the dump request. family is ignored by tcpDiagGetSock.
func request(kind uint16, family uint8, q Query) []byte {
	ne := binary.NativeEndian
	b := make([]byte, headerLen, 256)
	states := q.mask()
	if kind == tcpDiagGetSock {
		b = append(b, make([]byte, 4+48)...) // struct inet_diag_req: family, lengths, ext, id
		b = ne.AppendUint32(b, states)
		b = ne.AppendUint32(b, 0) // dbs
	} else {
		b = append(b, family, protoTCP, 0, 0) // struct inet_diag_req_v2
		b = ne.AppendUint32(b, states)
		b = append(b, make([]byte, 48)...)
	}
	if n := len(q.Ports); n > 0 && n <= maxPortFilter {
		code := portFilter(q.Ports)
		b = ne.AppendUint16(b, uint16(attrLen+len(code)))
		b = ne.AppendUint16(b, attrBytecode)
		b = append(b, code...)
	}
	ne.PutUint32(b[0:], uint32(len(b)))
	ne.PutUint16(b[4:], kind)
	ne.PutUint16(b[6:], flagRequest|flagDump)
	ne.PutUint32(b[8:], 1)
	return b
}

// portFilter is a program for the kernel's socket filter: accept where the local port is one of ports. An operation
// is code, offset on yes, offset on no; the operand of a comparison follows as an operation whose "no" is the port.
// Landing on the end accepts, four beyond it rejects. Every "no" must lie on the chain of the "yes" offsets
// (valid_cc in net/ipv4/inet_diag.c), hence the jump behind each comparison but the last.
func portFilter(ports []uint16) []byte {
	const jump, sourceEquals = 1, 11 // INET_DIAG_BC_JMP, INET_DIAG_BC_S_EQ
	total := len(ports)*12 - 4
	b := make([]byte, 0, total)
	op := func(code, yes byte, no uint16) {
		b = append(b, code, yes)
		b = binary.NativeEndian.AppendUint16(b, no)
	}
	for i, p := range ports {
		op(sourceEquals, 8, 12)
		op(0, 0, p)
		if i < len(ports)-1 {
			op(jump, 4, uint16(total-len(b)))
		}
	}
	return b
}

// messages hands each socket of one received datagram to fn, which must not keep it. done says that the dump is
// complete; interrupted, that it was spoilt.
func messages(datagram []byte, s *Socket, fn func(*Socket)) (done, interrupted bool, err error) {
	ne := binary.NativeEndian
	for len(datagram) >= headerLen {
		n := int(ne.Uint32(datagram))
		if n < headerLen || n > len(datagram) {
			return false, interrupted, errTruncated
		}
		body := datagram[headerLen:n]
		interrupted = interrupted || ne.Uint16(datagram[6:])&flagDumpIntr != 0
		switch ne.Uint16(datagram[4:]) {
		case msgDone:
			return true, interrupted, nil
		case msgError:
			if len(body) < 4 {
				return false, interrupted, errTruncated
			}
			if code := -int32(ne.Uint32(body)); code != 0 {
				return false, interrupted, fmt.Errorf("the kernel answers %w", syscall.Errno(code))
			}
		default:
			if len(body) < messageLen {
				return false, interrupted, errTruncated
			}
			decode(body, s)
			fn(s)
		}
		datagram = datagram[min((n+3)&^3, len(datagram)):]
	}
	return false, interrupted, nil
}

// decode reads struct inet_diag_msg and the attributes behind it. b has at least messageLen bytes. It sets every field
// by itself: a dump has up to a hundred thousand sockets, and building and copying a Socket took half of its time.
func decode(b []byte, s *Socket) {
	_ = b[messageLen-1]
	ne := binary.NativeEndian
	s.State = State(b[1])
	s.IPv6 = b[0] == familyIPv6
	s.V6Only = false
	local, remote := address(b[0], b[8:24]), address(b[0], b[24:40])
	s.Local = netip.AddrPortFrom(local, binary.BigEndian.Uint16(b[4:]))
	s.Remote = netip.AddrPortFrom(remote, binary.BigEndian.Uint16(b[6:]))
	s.Timed, s.Expires = false, 0
	if b[2] == timerTimeWait {
		s.Timed = true
		s.Expires = time.Duration(ne.Uint32(b[52:])) * time.Millisecond
	}
	s.Queue, s.Backlog = 0, 0
	s.UID, s.Inode = ne.Uint32(b[64:]), ne.Uint32(b[68:])
	if s.State == Listen {
		s.Queue, s.Backlog = ne.Uint32(b[56:]), ne.Uint32(b[60:])
	}
	for a := b[messageLen:]; len(a) >= attrLen; {
		n := int(ne.Uint16(a))
		if n < attrLen || n > len(a) {
			return
		}
		if ne.Uint16(a[2:]) == attrSKV6Only && n > attrLen {
			s.V6Only = a[attrLen] != 0
		}
		a = a[min((n+3)&^3, len(a)):]
	}
}

func address(family uint8, b []byte) netip.Addr {
	if family == familyIPv6 {
		return netip.AddrFrom16([16]byte(b)).Unmap()
	}
	return netip.AddrFrom4([4]byte(b))
}
