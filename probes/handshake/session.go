package handshake

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"time"

	"example.com/wsdoctor/probes"
)

// maxFrames bounds how many frames of a chatty server are read past before the pong has to come.
const maxFrames = 1000

// session is a WebSocket after its handshake.
type session struct {
	ctx    context.Context
	conn   net.Conn
	r      *bufio.Reader
	a      *Attempt
	secure bool
	began  time.Time // of the 101
}

// ping sends one ping and waits for its pong (RFC 6455 5.5.2, 5.5.3); data that comes first is kept.
func (s session) ping(limit time.Duration) Cause {
	is := func(k Kind, format string, args ...any) Cause { return cause(k, Pinging, format, args...) }
	var payload [8]byte
	rand.Read(payload[:])
	setDeadline(s.ctx, s.conn, limit)
	start := time.Now()
	_, werr := s.conn.Write(appendFrame(nil, opPing, payload[:]))
	c, err := s.lateAnswer()
	if c.Kind != None {
		return c
	}
	wrong := 0
	for range maxFrames {
		var f frame
		if err == nil {
			f, err = s.next()
		}
		var bad errFrame
		switch {
		case s.ctx.Err() == context.Canceled:
			return interrupted(Pinging)
		case errors.As(err, &bad):
			return is(BadFrame, "%s breaks the protocol after its 101: it sends %s", s.a.Address, bad.what)
		case isTimeout(err) && wrong > 0:
			return is(WrongPong, "%s answers a ping with other data than the ping's, against RFC 6455 5.5.3", s.a.Address)
		case isTimeout(err):
			return is(NoPong, "%s upgrades, but does not answer a ping within %s", s.a.Address, probes.Seconds(limit))
		case err != nil:
			if werr != nil && !isEOF(err) {
				err = werr
			}
			s.a.Close = &Close{Code: closeAbnormal, By: "server", Words: CloseWords(closeAbnormal)}
			if isReset(err) {
				return is(ClosedAfter, "%s upgrades, then resets the connection at once (1006, %s)", s.a.Address, CloseWords(closeAbnormal))
			}
			return is(ClosedAfter, "%s upgrades, then ends the connection at once (1006, %s)", s.a.Address, CloseWords(closeAbnormal))
		case f.op == opClose:
			return is(ClosedAfter, "%s upgrades, then closes the connection at once: %d, %s", s.a.Address, s.a.Close.Code, s.a.Close.Words)
		case f.op == opPong && bytes.Equal(f.payload, payload[:]):
			s.a.Ping = probes.Seconds(time.Since(start))
			return Cause{}
		case f.op == opPong && len(f.payload) > 0:
			wrong++ // an unsolicited pong is allowed; the right one may still come
		}
	}
	return is(NoPong, "%s upgrades and sends %d frames, but no answer to a ping", s.a.Address, maxFrames)
}

// lateAnswer explains an HTTP response behind the 101: Engine.IO servers upgrade first, and only then refuse the
// protocol version (engine.io, lib/server.ts, abortUpgrade).
func (s session) lateAnswer() (Cause, error) {
	first, err := s.r.Peek(1)
	// 'H' would be a fragment with a reserved bit, which no server may send here.
	if err != nil || first[0] != 'H' {
		return Cause{}, err
	}
	resp, head, err := readResponse(s.r)
	if err != nil {
		return cause(BadFrame, Pinging, "%s breaks the protocol after its 101: it sends \"%s\"", s.a.Address, Escape(head, 100)), nil
	}
	late := newResponse(resp, head)
	late.RawBody, _ = io.ReadAll(io.LimitReader(resp.Body, maxKept)) // what came is evidence enough
	s.a.Response.RawBody, s.a.Response.Body = late.RawBody, late.StatusLine+" "+Escape(late.RawBody, maxBody)
	return statusCause(s.a.Address, s.secure, late), nil
}

// greeting waits for a first message; none is fine.
func (s session) greeting(wait time.Duration) {
	if wait == 0 || s.a.Message != nil {
		return
	}
	setDeadline(s.ctx, s.conn, wait)
	for range maxFrames {
		if f, err := s.next(); err != nil || f.op == opClose || s.a.Message != nil {
			return
		}
	}
}

// next reads one frame, answers pings, and keeps the first message and a Close.
func (s session) next() (frame, error) {
	f, err := readFrame(s.r, maxKept)
	if err != nil {
		return f, err
	}
	switch f.op {
	case opText, opBinary:
		if s.a.Message == nil {
			s.a.FirstMessage = probes.Seconds(time.Since(s.began))
			s.a.Message = &Message{Binary: f.op == opBinary, Size: f.size, Text: Escape(f.payload, maxBody), Raw: f.payload}
		}
	case opPing:
		_, err = s.conn.Write(appendFrame(nil, opPong, f.payload))
	case opClose:
		if s.a.Close == nil {
			s.a.Close = closeOf(f.payload)
			s.a.Close.By = "server"
			s.conn.Write(appendFrame(nil, opClose, f.payload[:min(2, len(f.payload))])) // RFC 6455 5.5.1; too late to matter if it fails
		}
	}
	return f, err
}

func closeOf(payload []byte) *Close {
	code, reason := CloseCode(payload)
	return &Close{Code: code, Reason: reason, Words: CloseWords(code)}
}

// close says goodbye with a Close frame of code 1000, waits briefly for the answer, and tells whether it came.
func (s session) close() (answered bool) {
	if s.a.Close != nil {
		return true
	}
	s.a.Close = &Close{Code: closeNormal, By: "client", Words: CloseWords(closeNormal)}
	setDeadline(s.ctx, s.conn, closeTimeout)
	if _, err := s.conn.Write(appendFrame(nil, opClose, closePayload(closeNormal))); err != nil {
		return false
	}
	for range maxFrames {
		if f, err := s.next(); err != nil || f.op == opClose {
			return err == nil
		}
	}
	return false
}
