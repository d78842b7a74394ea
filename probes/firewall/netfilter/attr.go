package netfilter

import (
	"bytes"
	"encoding/binary"
	"iter"
)

// attrTypeMask takes NLA_F_NESTED and NLA_F_NET_BYTEORDER off an attribute's type (linux/netlink.h).
const attrTypeMask = 0x3fff

// attrs walks netlink attributes: a length and a type of 2 bytes each in the machine's order, then the data, padded to
// 4 bytes. A length that makes no sense ends the walk.
func attrs(b []byte) iter.Seq2[uint16, []byte] {
	return func(yield func(uint16, []byte) bool) {
		for len(b) >= 4 {
			n := int(binary.NativeEndian.Uint16(b))
			if n < 4 || n > len(b) {
				return
			}
			if !yield(binary.NativeEndian.Uint16(b[2:])&attrTypeMask, b[4:n]) {
				return
			}
			b = b[min(padded(n), len(b)):]
		}
	}
}

// attributes are those of one message or nest, by type; nil: not there. No type that is read here is 16 or above.
type attributes [16][]byte

func parseAttrs(b []byte) (out attributes) {
	for typ, data := range attrs(b) {
		if int(typ) < len(out) {
			out[typ] = data
		}
	}
	return out
}

// cstring reads a string that ends at its first NUL.
func cstring(b []byte) string {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	return string(b)
}

// be32 reads a number of nf_tables, which is in network order; 0 where it is cut short.
func be32(b []byte) uint32 { return uint32(bigEndian(b[:min(len(b), 4)])) }

func be64(b []byte) uint64 { return bigEndian(b[:min(len(b), 8)]) }
