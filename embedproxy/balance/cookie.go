package balance

import "encoding/hex"

// cookie sends a client that has the stickiness cookie to the backend named in it; one without it, or whose backend
// cannot take it, goes by fallback and is given a new cookie.
type cookie struct{ fallback policy }

// cookieLen is the length of a cookie's value: 64 bits in hexadecimal. It is a hash, so that the addresses behind
// the proxy are not told to everybody.
const cookieLen = 16

func (p cookie) pick(c choice) int {
	if len(c.req.Cookie) == cookieLen {
		var raw [8]byte
		if _, err := hex.Decode(raw[:], c.req.Cookie); err == nil {
			for i := range c.entries {
				// A backup keeps the clients it was given, or they would move once more when the others are back.
				if nameOf(c.entries[i].node) == raw && (choice{c.Set, c.req, c.entries[i].Backup}).ok(i) {
					return i
				}
			}
		}
	}
	return p.fallback.pick(c)
}

func nameOf(n *Node) (out [8]byte) {
	for i := range out {
		out[i] = byte(n.hash >> (56 - 8*i))
	}
	return out
}

// WantsCookie tells whether the policy keeps clients by cookie.
func (s *Set) WantsCookie() bool { _, ok := s.policy.(cookie); return ok }

// AppendCookie appends the cookie value that leads a client back to n.
func AppendCookie(b []byte, n *Node) []byte {
	raw := nameOf(n)
	return hex.AppendEncode(b, raw[:])
}
