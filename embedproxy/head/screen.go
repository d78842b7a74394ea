package head

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// RefusedMethod is the method of the request that a Screen puts in the place of one it refuses; its target is
// "/STATUS". The server behind then answers in turn, after the requests that came before. Clients cannot send it.
const RefusedMethod = "X-REFUSED"

// Screen is a reader that lets only unambiguous requests through to an HTTP server that is more tolerant. It follows
// heads and bodies over the whole life of a connection; after a WebSocket handshake everything passes.
type Screen struct {
	src   io.Reader
	lim   Limits
	buf   []byte // read, not yet given on
	ready int    // bytes of buf that may be given on
	seen  int    // bytes of buf[ready:] that Find has looked at
	state screenState
	left  int64
	chunk Chunks
	req   Request
	err   error // what Read returns once ready is 0
}

type screenState uint8

const (
	screenHead screenState = iota
	screenLength
	screenChunked
	screenOpen
	screenRefused // what still comes is thrown away; an end of file now would look as if the client had left
)

// screenRead is how much is read at once while heads are awaited; bodies in full flow bypass the buffer.
const screenRead = 4 << 10

// NewScreen returns a reader over prefix and then src.
func NewScreen(prefix []byte, src io.Reader, lim Limits) *Screen {
	return &Screen{src: src, lim: lim, buf: prefix}
}

// Read gives on what has been checked. A fault in a body is returned as an *Error.
func (s *Screen) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for {
		if s.ready > 0 {
			n := copy(p, s.buf[:s.ready])
			s.ready -= n
			if s.buf = s.buf[n:]; len(s.buf) == 0 {
				s.buf = nil // an idle connection holds no buffer
			}
			return n, nil
		}
		if s.err != nil {
			return 0, s.err
		}
		if s.state == screenRefused {
			if _, err := s.src.Read(p); err != nil {
				return 0, err
			}
			continue
		}
		if s.advance(); s.ready > 0 || s.err != nil {
			continue
		}
		if len(s.buf) == 0 && s.state != screenHead && s.state != screenChunked {
			return s.direct(p)
		}
		b := make([]byte, len(s.buf), len(s.buf)+screenRead)
		copy(b, s.buf)
		n, err := s.src.Read(b[len(b):cap(b)])
		s.buf = b[:len(b)+n]
		if len(s.buf) == 0 {
			s.buf = nil
		}
		if n == 0 && errors.Is(err, os.ErrDeadlineExceeded) {
			return 0, err // net/http interrupts its own reads that way and reads on later
		}
		if n == 0 || err != nil {
			// What is left of an incomplete head is of no use to anyone.
			s.advance()
			if s.state != screenRefused {
				s.err = orEOF(err)
			}
		}
	}
}

func orEOF(err error) error {
	if err == nil {
		return io.ErrNoProgress
	}
	return err
}

// direct reads a body of known length, or a tunnel, without copying.
func (s *Screen) direct(p []byte) (int, error) {
	if s.state == screenLength && int64(len(p)) > s.left {
		p = p[:s.left]
	}
	n, err := s.src.Read(p)
	if s.state == screenLength {
		if s.left -= int64(n); s.left == 0 {
			s.state = screenHead
		}
	}
	return n, err
}

// advance marks as much of buf as ready as has been checked.
func (s *Screen) advance() {
	for s.err == nil && s.ready < len(s.buf) && s.state != screenRefused {
		b := s.buf[s.ready:]
		switch s.state {
		case screenOpen:
			s.ready = len(s.buf)
		case screenLength:
			n := min(s.left, int64(len(b)))
			s.ready += int(n)
			if s.left -= n; s.left == 0 {
				s.state = screenHead
			}
		case screenChunked:
			n, done, err := s.chunk.Scan(b)
			if err != nil {
				s.ready += n - 1 // up to the byte at fault
				s.buf, s.err = s.buf[:s.ready], err
				return
			}
			s.ready += n
			if done {
				s.state = screenHead
			}
		case screenHead:
			end, next, err := Find(b, s.seen, s.lim)
			if err == nil && end == 0 {
				s.seen = next
				return
			}
			s.seen = 0
			if err == nil {
				err = s.req.Parse(b[:end], s.lim)
			}
			if err == nil && string(s.req.Method) == RefusedMethod {
				err = &Error{400, "a method that is not served"}
			}
			if err != nil {
				s.refuse(err.(*Error))
				return
			}
			s.ready += end
			s.enter()
		}
	}
}

func (s *Screen) enter() {
	switch {
	case s.req.WebSocket:
		s.state = screenOpen
	case s.req.Chunked:
		s.state, s.chunk = screenChunked, Chunks{}
	case s.req.ContentLength > 0:
		s.state, s.left = screenLength, s.req.ContentLength
	}
}

func (s *Screen) refuse(e *Error) {
	s.buf = fmt.Appendf(s.buf[:s.ready:s.ready], "%s /%d HTTP/1.1\r\nHost: refused\r\nConnection: close\r\n\r\n", RefusedMethod, e.Status)
	s.ready, s.state = len(s.buf), screenRefused
}
