package head

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync/atomic"
	"time"
)

// poison is what a Screen puts in the place of a faulty line of a body in chunked coding. It is neither a size nor the
// end of a chunk's data nor a trailer field to any reader.
const poison = "\x00\x00\r\n\r\n"

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
	began time.Time // when the first part of a head came that is not complete
	err   error     // what Read returns once ready is 0
	fault atomic.Pointer[Error]

	// Partial, where it is not nil, is called before each read that waits for more of a head, with the time at which its
	// first part came.
	Partial func(since time.Time)
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
	return &Screen{src: src, lim: lim, buf: slices.Clip(prefix)}
}

// Fault returns what is wrong with a body that was let through up to its fault; nil: nothing is. It may be called
// while Read is.
func (s *Screen) Fault() *Error { return s.fault.Load() }

// Read gives on what has been checked. Where a body is at fault something follows that no server takes for one: an error
// instead would look as if the client had left, also to the requests before it that are still being answered.
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
		if s.Partial != nil && s.state == screenHead && len(s.buf) > 0 {
			if s.began.IsZero() {
				s.began = time.Now()
			}
			s.Partial(s.began)
		}
		if len(s.buf) == cap(s.buf) {
			s.buf = slices.Grow(s.buf, screenRead)
		}
		n, err := s.src.Read(s.buf[len(s.buf):cap(s.buf)])
		s.buf = s.buf[:len(s.buf)+n]
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
			s.ready += n
			if err != nil {
				s.fault.Store(err.(*Error))
				s.replace(poison)
			}
			if done {
				s.state = screenHead
			} else if n < len(b) {
				return // part of a line
			}
		case screenHead:
			end, next, err := Find(b, s.seen, s.lim)
			if err == nil && end == 0 {
				s.seen = next
				return
			}
			s.seen, s.began = 0, time.Time{}
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
	s.replace(fmt.Sprintf("%s /%d HTTP/1.1\r\nHost: refused\r\nConnection: close\r\n\r\n", RefusedMethod, e.Status))
}

// replace puts text in the place of all that is not ready, and of all that still comes.
func (s *Screen) replace(text string) {
	s.buf = append(s.buf[:s.ready:s.ready], text...)
	s.ready, s.state = len(s.buf), screenRefused
}
