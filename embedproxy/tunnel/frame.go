package tunnel

import "encoding/binary"

// Scanner follows the frames of one direction (RFC 6455 section 5.2) by their headers alone, so that a control frame
// of the proxy's own can go between two of them. It keeps no payload. The zero value stands at the first frame.
type Scanner struct {
	left   uint64   // payload bytes of the frame that are still to come
	header [14]byte // of the next frame, as far as it has come
	have   uint8
	lost   bool   // a header that cannot be: the boundaries are unknown from here on
	closed bool   // a Close frame has begun
	code   uint16 // of that Close frame; 0: none was given, or it has not come yet, or it is masked
}

// Boundary tells whether a frame of our own may be sent here.
func (s *Scanner) Boundary() bool { return s.left == 0 && s.have == 0 && !s.lost && !s.closed }

// Closed tells whether a Close frame has passed, and its code (0: unknown).
func (s *Scanner) Closed() (code uint16, ok bool) { return s.code, s.closed }

// Lost tells that what passes are no frames.
func (s *Scanner) Lost() bool { return s.lost }

// Scan follows b, which comes next in the direction.
func (s *Scanner) Scan(b []byte) {
	for len(b) > 0 && !s.lost {
		b = b[s.step(b):]
	}
}

// UntilBoundary returns how many bytes of b, which comes next, belong to the frame that has begun, and follows them.
// At a boundary that is 0.
func (s *Scanner) UntilBoundary(b []byte) int {
	n := 0
	for n < len(b) && !s.Boundary() && !s.lost && !s.closed {
		n += s.step(b[n:])
	}
	return n
}

// step follows b up to the end of its first header or payload and returns how much that was.
func (s *Scanner) step(b []byte) int {
	if s.left > 0 {
		n := min(s.left, uint64(len(b)))
		s.left -= n
		return int(n)
	}
	// The usual case first: the header is here as a whole.
	if s.have == 0 && len(b) >= 2 {
		if need := headerLen(b[1]); len(b) >= need {
			s.begin(b[:need], b[need:])
			return need
		}
	}
	n := 0
	for n < len(b) {
		s.header[s.have] = b[n]
		s.have++
		n++
		if s.have >= 2 && int(s.have) == headerLen(s.header[1]) {
			h := s.header[:s.have]
			s.have = 0
			s.begin(h, b[n:])
			break
		}
	}
	return n
}

// headerLen is the length of a header with that second byte.
func headerLen(second byte) int {
	n := 2
	switch second & 0x7f {
	case 126:
		n += 2
	case 127:
		n += 8
	}
	if second&0x80 != 0 {
		n += 4
	}
	return n
}

func (s *Scanner) begin(h, rest []byte) {
	switch n := uint64(h[1] & 0x7f); n {
	case 126:
		s.left = uint64(binary.BigEndian.Uint16(h[2:]))
	case 127:
		s.left = binary.BigEndian.Uint64(h[2:])
	default:
		s.left = n
	}
	if s.left>>63 != 0 {
		s.lost = true
		return
	}
	if h[0]&0xf == 8 {
		s.closed = true
		if h[1]&0x80 == 0 && s.left >= 2 && len(rest) >= 2 {
			s.code = binary.BigEndian.Uint16(rest)
		}
	}
}

// Close codes that the proxy sends (RFC 6455 section 7.4.1 and the IANA registry).
const (
	CloseGoingAway      = 1001 // the proxy stops, or the backend is taken out
	CloseServiceRestart = 1012 // another proxy takes over at once: come back
	// CloseBackendLost goes to a client whose backend hung up without a Close frame. 1014 (bad gateway) would say
	// it better, but Chromium takes only codes up to 1013 and reports a protocol error instead.
	CloseBackendLost = 1011
)

// maxControl is the longest control frame that a server sends (RFC 6455 section 5.5).
const maxControl = 2 + 125

// appendClose appends a Close frame as a server sends it, unmasked.
func appendClose(b []byte, code uint16, reason string) []byte {
	b = append(b, 0x88, byte(2+len(reason)))
	b = binary.BigEndian.AppendUint16(b, code)
	return append(b, reason...)
}

// isClose tells whether b looks like one whole Close frame of a client's.
func isClose(b []byte) bool {
	return len(b) >= 6 && len(b) <= 6+125 && b[0] == 0x88 && int(b[1]) == 0x80|(len(b)-6)
}

// pingFrame is a Ping without payload. The client's Pong passes on to the backend, where an unsolicited Pong means
// nothing (RFC 6455 section 5.5.3).
var pingFrame = []byte{0x89, 0}
