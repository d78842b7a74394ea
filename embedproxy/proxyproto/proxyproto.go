// Package proxyproto reads the header that a TCP balancer puts before a connection to say where it came from:
// versions 1 and 2 of HAProxy's PROXY protocol (https://www.haproxy.org/download/2.6/doc/proxy-protocol.txt).
// It writes none, and does not judge who may send one.
package proxyproto

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net/netip"
	"strconv"
	"strings"
)

const (
	maxV1 = 107 // bytes with CRLF; section 2.1
	// maxV2 bounds a header with all its TLVs; section 2.2 asks for 536 bytes at least.
	maxV2 = 4 << 10
)

var (
	sigV1 = []byte("PROXY ")
	sigV2 = []byte("\r\n\r\n\x00\r\nQUIT\n")

	errNone    = errors.New("reading the PROXY protocol header: the connection does not begin with one")
	errV1      = errors.New("reading the PROXY protocol header: a line of version 1 that is not as specified")
	errV2      = errors.New("reading the PROXY protocol header: a block of version 2 that is not as specified")
	errTooLong = errors.New("reading the PROXY protocol header: it is too long")
)

// Parse reads a header at the beginning of b. n is its length, 0 while it is incomplete. src is the client as the
// balancer saw it; it is not valid where the balancer speaks for itself (LOCAL, UNKNOWN), and then the connection's
// own peer stands.
func Parse(b []byte) (n int, src netip.AddrPort, err error) {
	switch {
	case hasPrefix(b, sigV1):
		return parseV1(b)
	case hasPrefix(b, sigV2):
		return parseV2(b)
	}
	return 0, src, errNone
}

// hasPrefix tells whether b begins with sig as far as both go.
func hasPrefix(b, sig []byte) bool {
	k := min(len(b), len(sig))
	return bytes.Equal(b[:k], sig[:k])
}

func parseV1(b []byte) (int, netip.AddrPort, error) {
	var none netip.AddrPort
	end := bytes.IndexByte(b[:min(len(b), maxV1)], '\n')
	if end < 0 {
		if len(b) >= maxV1 {
			return 0, none, errTooLong
		}
		return 0, none, nil
	}
	line, ok := bytes.CutSuffix(b[:end], []byte{'\r'})
	if !ok {
		return 0, none, errV1
	}
	f := strings.Split(string(line), " ")
	if len(f) >= 2 && f[1] == "UNKNOWN" {
		return end + 1, none, nil
	}
	if len(f) != 6 || f[1] != "TCP4" && f[1] != "TCP6" {
		return 0, none, errV1
	}
	src, err := netip.ParseAddr(f[2])
	dst, err2 := netip.ParseAddr(f[3])
	sport, err3 := parsePort(f[4])
	_, err4 := parsePort(f[5])
	v4 := f[1] == "TCP4"
	if err != nil || err2 != nil || err3 != nil || err4 != nil || src.Is4() != v4 || dst.Is4() != v4 || src.Zone() != "" {
		return 0, none, errV1
	}
	return end + 1, netip.AddrPortFrom(src, sport), nil
}

func parsePort(s string) (uint16, error) {
	n, err := strconv.ParseUint(s, 10, 16)
	if err == nil && s != strconv.FormatUint(n, 10) {
		err = errV1 // signs and leading zeros
	}
	return uint16(n), err
}

func parseV2(b []byte) (int, netip.AddrPort, error) {
	var none netip.AddrPort
	if len(b) < 16 {
		return 0, none, nil
	}
	n := 16 + int(binary.BigEndian.Uint16(b[14:]))
	command, family := b[12], b[13]
	switch {
	case command>>4 != 2 || command&0xf > 1:
		return 0, none, errV2
	case n > maxV2:
		return 0, none, errTooLong
	case len(b) < n:
		return 0, none, nil
	case command&0xf == 0: // LOCAL: a health check of the balancer itself
		return n, none, nil
	}
	body := b[16:n]
	switch family {
	case 0x11: // TCP over IPv4
		if len(body) < 12 {
			return 0, none, errV2
		}
		return n, netip.AddrPortFrom(netip.AddrFrom4([4]byte(body)), binary.BigEndian.Uint16(body[8:])), nil
	case 0x21: // TCP over IPv6
		if len(body) < 36 {
			return 0, none, errV2
		}
		return n, netip.AddrPortFrom(netip.AddrFrom16([16]byte(body)), binary.BigEndian.Uint16(body[32:])), nil
	}
	return n, none, nil // section 2.2: other families are accepted, their addresses not used
}
