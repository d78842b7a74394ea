package sockdiag

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// userHz is the unit of the timers in /proc/net/tcp: hundredths of a second, whatever HZ the kernel runs at
// (jiffies_delta_to_clock_t in net/ipv4/tcp_ipv4.c).
const userHz = 10 * time.Millisecond

// maxLine bounds a line of /proc/net/tcp; the kernel pads IPv4 lines to 150 bytes and IPv6 lines are a bit longer.
const maxLine = 4 << 10

// ParseProcNet visits each socket of a text as /proc/net/tcp and /proc/net/tcp6 have it that q asks for. The text has
// no listen backlog, no V6Only and no bound sockets. visit must not keep its *Socket.
func ParseProcNet(text io.Reader, q Query, visit func(*Socket)) error {
	lines := bufio.NewScanner(text)
	lines.Buffer(make([]byte, 0, maxLine), maxLine)
	for n := 1; lines.Scan(); n++ {
		if n == 1 { // the header
			continue
		}
		s, err := parseProcLine(lines.Text())
		if err != nil {
			return fmt.Errorf("reading line %d: %w", n, err)
		}
		if q.wants(s.State, s.Local.Port()) {
			visit(&s)
		}
	}
	return lines.Err()
}

// parseProcLine reads "sl: local remote st tx:rx tr:when retrnsmt uid timeout inode …".
func parseProcLine(line string) (Socket, error) {
	var s Socket
	f := strings.Fields(line)
	if len(f) < 10 {
		return s, fmt.Errorf("found %d columns, expected 10 or more", len(f))
	}
	var errs [7]error
	s.Local, s.IPv6, errs[0] = parseProcAddr(f[1])
	s.Remote, _, errs[1] = parseProcAddr(f[2])
	state, err := strconv.ParseUint(f[3], 16, 8)
	s.State, errs[2] = State(state), err
	if s.State > BoundInactive {
		return s, fmt.Errorf("found state %q, expected a TCP state", f[3])
	}
	_, rx, err := hexPair(f[4])
	errs[3] = err
	if s.State == Listen {
		s.Queue = rx
	}
	timer, when, err := hexPair(f[5])
	errs[4] = err
	if timer == timerTimeWait {
		s.Timed = true
		s.Expires = time.Duration(when) * userHz
	}
	uid, err := strconv.ParseUint(f[7], 10, 32)
	s.UID, errs[5] = uint32(uid), err
	inode, err := strconv.ParseUint(f[9], 10, 32)
	s.Inode, errs[6] = uint32(inode), err
	return s, errors.Join(errs[:]...)
}

// parseProcAddr reads "0100007F:1F90": each 32-bit word is printed as a number in the host's byte order, so that on a
// little-endian host 127.0.0.1 stands reversed; the port is a plain number.
func parseProcAddr(text string) (addr netip.AddrPort, ipv6 bool, err error) {
	host, port, ok := strings.Cut(text, ":")
	if !ok || len(host) != 8 && len(host) != 32 {
		return addr, false, fmt.Errorf("found %q, expected a hexadecimal address and port", text)
	}
	p, err := strconv.ParseUint(port, 16, 16)
	if err != nil {
		return addr, false, err
	}
	var raw []byte
	for ; host != ""; host = host[8:] {
		word, err := strconv.ParseUint(host[:8], 16, 32)
		if err != nil {
			return addr, false, err
		}
		raw = binary.NativeEndian.AppendUint32(raw, uint32(word))
	}
	a, _ := netip.AddrFromSlice(raw)
	return netip.AddrPortFrom(a.Unmap(), uint16(p)), len(raw) == 16, nil
}

func hexPair(text string) (a, b uint32, err error) {
	left, right, ok := strings.Cut(text, ":")
	if !ok {
		return 0, 0, fmt.Errorf("found %q, expected two hexadecimal numbers", text)
	}
	x, err := strconv.ParseUint(left, 16, 32)
	if err != nil {
		return 0, 0, err
	}
	y, err := strconv.ParseUint(right, 16, 32)
	return uint32(x), uint32(y), err
}
