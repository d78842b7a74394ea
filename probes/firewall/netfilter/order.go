package netfilter

import (
	"encoding/binary"
	"slices"
)

// step returns the number in b, in network order, plus 1 or minus 1; it wraps.
func step(b []byte, by int) []byte {
	out := slices.Clone(b)
	for i := len(out) - 1; i >= 0; i-- {
		was := out[i]
		out[i] += byte(by)
		if by > 0 && was != 0xff || by < 0 && was != 0 {
			break
		}
	}
	return out
}

// hostIsLittle tells the machine's byte order.
var hostIsLittle = binary.NativeEndian.Uint16([]byte{1, 0}) == 1

// hostToNet turns the machine's order into network order.
func hostToNet(b []byte) []byte {
	out := slices.Clone(b)
	if hostIsLittle {
		slices.Reverse(out)
	}
	return out
}

// HostBytes returns the bytes of a number in the machine's order: as /proc prints IPv4 addresses.
func HostBytes(n uint32) [4]byte {
	var b [4]byte
	binary.NativeEndian.PutUint32(b[:], n)
	return b
}
