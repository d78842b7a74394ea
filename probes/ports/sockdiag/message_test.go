package sockdiag

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// message makes a netlink message of the given type around body.
func message(kind, flags uint16, body []byte) []byte {
	b := make([]byte, headerLen, headerLen+len(body))
	binary.NativeEndian.PutUint32(b, uint32(headerLen+len(body)))
	binary.NativeEndian.PutUint16(b[4:], kind)
	binary.NativeEndian.PutUint16(b[6:], flags)
	return append(b, body...)
}

// diag makes a struct inet_diag_msg.
func diag(family uint8, state State, timer uint8, local, remote netip.AddrPort, expires uint32) []byte {
	b := make([]byte, messageLen)
	b[0], b[1], b[2] = family, uint8(state), timer
	binary.BigEndian.PutUint16(b[4:], local.Port())
	binary.BigEndian.PutUint16(b[6:], remote.Port())
	copy(b[8:], local.Addr().AsSlice())
	copy(b[24:], remote.Addr().AsSlice())
	binary.NativeEndian.PutUint32(b[52:], expires)
	binary.NativeEndian.PutUint32(b[56:], 3)
	binary.NativeEndian.PutUint32(b[60:], 128)
	binary.NativeEndian.PutUint32(b[64:], 33)
	binary.NativeEndian.PutUint32(b[68:], 4711)
	return b
}

var (
	here  = netip.MustParseAddrPort("192.0.2.1:38888")
	there = netip.MustParseAddrPort("192.0.2.9:50000")
)

func collect(datagram []byte) (list []Socket, done, interrupted bool, err error) {
	var s Socket
	done, interrupted, err = messages(datagram, &s, func(s *Socket) { list = append(list, *s) })
	return list, done, interrupted, err
}

func TestMessages(t *testing.T) {
	mapped := netip.AddrPortFrom(netip.AddrFrom16(here.Addr().As16()), here.Port())
	v6only := []byte{5, 0, 0, 0, 1, 0, 0, 0}
	binary.NativeEndian.PutUint16(v6only, 5)
	binary.NativeEndian.PutUint16(v6only[2:], attrSKV6Only)
	any6 := netip.MustParseAddrPort("[::]:38889")
	datagram := slices.Concat(
		message(tcpDiagGetSock, 0, diag(familyIPv4, TimeWait, timerTimeWait, here, there, 41250)),
		message(sockDiagByFamily, 0, diag(familyIPv6, Established, 2, mapped, mapped, 7000)),
		message(sockDiagByFamily, 0, append(diag(familyIPv6, Listen, 0, any6, any6, 0), v6only...)),
		message(msgDone, 0, []byte{0, 0, 0, 0}),
	)
	list, done, interrupted, err := collect(datagram)
	if err != nil || !done || interrupted || len(list) != 3 {
		t.Fatalf("got %d sockets, done %v, interrupted %v, error %v", len(list), done, interrupted, err)
	}
	want := Socket{State: TimeWait, Local: here, Remote: there, Timed: true, Expires: 41250 * time.Millisecond, UID: 33, Inode: 4711}
	if list[0] != want {
		t.Errorf("TIME_WAIT: got %+v, want %+v", list[0], want)
	}
	if s := list[1]; s.Local != here || !s.IPv6 || s.Timed || s.Expires != 0 || s.Queue != 0 {
		t.Errorf("a mapped address and a keepalive timer: got %+v", s)
	}
	if s := list[2]; !s.V6Only || s.Queue != 3 || s.Backlog != 128 {
		t.Errorf("an IPv6-only listener: got %+v", s)
	}
}

func TestMessagesFaults(t *testing.T) {
	one := message(sockDiagByFamily, 0, diag(familyIPv4, TimeWait, timerTimeWait, here, there, 1))
	refused := make([]byte, 20)
	code := -int32(syscall.ENOENT)
	binary.NativeEndian.PutUint32(refused, uint32(code))
	if _, _, _, err := collect(message(msgError, 0, refused)); !errors.Is(err, syscall.ENOENT) {
		t.Errorf("an error message: got %v, want ENOENT", err)
	}
	if _, _, _, err := collect(message(msgError, 0, make([]byte, 20))); err != nil {
		t.Errorf("an acknowledgement: got error %v", err)
	}
	if _, _, interrupted, _ := collect(message(msgDone, flagDumpIntr, nil)); !interrupted {
		t.Error("NLM_F_DUMP_INTR went unnoticed")
	}
	for name, datagram := range map[string][]byte{
		"half a message":   one[:60],
		"a short body":     message(sockDiagByFamily, 0, make([]byte, 40)),
		"no error code":    message(msgError, 0, nil),
		"a length of zero": make([]byte, 32),
	} {
		if _, _, _, err := collect(datagram); !errors.Is(err, errTruncated) {
			t.Errorf("%s: got error %v, want %v", name, err, errTruncated)
		}
	}
}

func TestRequestFiltersInTheKernel(t *testing.T) {
	few := request(tcpDiagGetSock, 0, Query{States: []State{TimeWait}, Ports: []uint16{1, 2, 3}})
	if got, want := len(few), headerLen+60+attrLen+3*12-4; got != want {
		t.Errorf("a request with three ports has %d bytes, want %d", got, want)
	}
	if got := binary.NativeEndian.Uint32(few[headerLen+52:]); got != 1<<TimeWait {
		t.Errorf("states are %b, want TIME_WAIT alone", got)
	}
	many := request(sockDiagByFamily, familyIPv6, Query{Ports: make([]uint16, maxPortFilter+1)})
	if got, want := len(many), headerLen+56; got != want {
		t.Errorf("a request with too many ports has %d bytes, want %d", got, want)
	}
}

func TestStateString(t *testing.T) {
	for s := range State(16) {
		if strings.TrimSpace(s.String()) == "" {
			t.Errorf("state %d has no name", s)
		}
	}
}

func FuzzMessages(f *testing.F) {
	f.Add(message(sockDiagByFamily, 0, diag(familyIPv4, TimeWait, timerTimeWait, here, there, 41250)))
	f.Add(message(tcpDiagGetSock, flagDumpIntr, append(diag(familyIPv6, Listen, 0, here, there, 0), 5, 0, attrSKV6Only, 0, 1)))
	f.Add(message(msgDone, 0, []byte{0, 0, 0, 0}))
	f.Add(message(msgError, 0, []byte{0xfe, 0xff, 0xff, 0xff}))
	recorded, err := os.ReadFile("testdata/dump.bin")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(recorded)
	f.Fuzz(func(t *testing.T, datagram []byte) {
		var s Socket
		n := 0
		_, _, _ = messages(datagram, &s, func(s *Socket) {
			n++
			if !s.Local.Addr().IsValid() || s.Expires < 0 {
				t.Errorf("made %+v", *s)
			}
		})
		if n > len(datagram)/(headerLen+messageLen) {
			t.Errorf("made %d sockets of %d bytes", n, len(datagram))
		}
	})
}

func FuzzPortFilter(f *testing.F) {
	f.Add([]byte{0, 1})
	f.Add([]byte{0, 1, 0x97, 0xe8, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, raw []byte) {
		var list []uint16
		for ; len(raw) >= 2 && len(list) < maxPortFilter; raw = raw[2:] {
			list = append(list, binary.BigEndian.Uint16(raw))
		}
		if len(list) == 0 {
			return
		}
		code := portFilter(list)
		for _, p := range []uint16{0, 1, 38888, list[0], list[len(list)-1]} {
			if got, want := run(t, code, p), slices.Contains(list, p); got != want {
				t.Errorf("the filter for %v says %v for %d", list, got, p)
			}
		}
	})
}

// run interprets the filter as inet_diag_bc_run in net/ipv4/inet_diag.c does.
func run(t *testing.T, code []byte, port uint16) bool {
	t.Helper()
	left := len(code)
	for left > 0 {
		op := code[len(code)-left:]
		yes := true
		switch op[0] {
		case 1:
			yes = false
		case 11:
			yes = port == binary.NativeEndian.Uint16(op[6:])
		default:
			t.Fatalf("found operation %d", op[0])
		}
		if yes {
			left -= int(op[1])
		} else {
			left -= int(binary.NativeEndian.Uint16(op[2:]))
		}
	}
	return left == 0
}
