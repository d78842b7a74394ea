package handshake

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"net"
	"time"
)

// An Op says what a frame is (RFC 6455 5.2). Fragments do not show: Conn.Read puts them together.
type Op byte

// The kinds of frames.
const (
	OpText   Op = opText
	OpBinary Op = opBinary
	OpClose  Op = opClose
	OpPing   Op = opPing
	OpPong   Op = opPong
)

// Frame is a message or a control frame of the server.
type Frame struct {
	Op      Op
	Size    int    // of the whole message
	Payload []byte // its first bytes, as many as Read was told to keep
}

// writeTimeout gives up on a peer that takes nothing more: its window and this host's send buffer are full.
const writeTimeout = 10 * time.Second

// Conn is a WebSocket that Open left open. One goroutine may read while another writes; two may not do the same.
type Conn struct {
	conn net.Conn     // TLS, or the same as tcp
	tcp  *net.TCPConn // below it
	r    *bufio.Reader

	stream *stream // between conn and tcp, over HTTP/2 only

	op   byte // of the message whose fragments come; 0: none
	size int
	kept []byte
}

// Open opens a WebSocket and leaves it open. The addresses behind the name are tried one after the other until one
// upgrades; the trace tells of each. Without a connection the Conn is nil and the trace's Cause says why.
func Open(ctx context.Context, req Request) (*Conn, Trace) {
	tr := Trace{URL: req.URL}
	t, err := req.target()
	if err != nil {
		tr.Cause = badRequest(req.URL, err)
		return nil, tr
	}
	tr.Secure = t.secure
	for _, address := range resolve(ctx, t, &tr) {
		tr.Addresses = append(tr.Addresses, address)
		var a Attempt
		c := open(ctx, t, address, &a)
		tr.Attempts = append(tr.Attempts, a)
		if c != nil {
			c.conn.SetDeadline(time.Time{})
			return c, tr
		}
		if ctx.Err() != nil {
			break
		}
	}
	if best := tr.Best(); best != nil {
		tr.Cause = best.Cause
	}
	return nil, tr
}

// Read returns the next message or control frame with at most keep bytes of its payload. It answers nothing. The
// error is that of the connection (see EndOf).
func (c *Conn) Read(keep int) (Frame, error) {
	for {
		f, err := readFrame(c.r, keep)
		if err != nil {
			return Frame{}, err
		}
		switch {
		case f.op >= opClose:
			return Frame{Op: Op(f.op), Size: f.size, Payload: f.payload}, nil
		case f.op == opContinuation && c.op == 0:
			return Frame{}, errFrame{"a continuation of no message"}
		case f.op != opContinuation && c.op != 0:
			return Frame{}, errFrame{"a new message before the last fragment of another"}
		case f.op != opContinuation:
			c.op, c.size, c.kept = f.op, 0, nil
		}
		c.size += f.size
		c.kept = append(c.kept, f.payload[:min(len(f.payload), keep-len(c.kept))]...)
		if f.fin {
			out := Frame{Op: Op(c.op), Size: c.size, Payload: c.kept}
			c.op, c.kept = 0, nil
			return out, nil
		}
	}
}

// Write sends one frame. Control frames hold at most 125 bytes (RFC 6455 5.5).
func (c *Conn) Write(op Op, payload []byte) error {
	c.conn.SetWriteDeadline(time.Now().Add(writeTimeout))
	_, err := c.conn.Write(appendFrame(nil, byte(op), payload))
	return err
}

// WriteClose sends a Close frame (RFC 6455 5.5.1); code 0 sends one without a code.
func (c *Conn) WriteClose(code int, reason string) error {
	if code == 0 {
		return c.Write(OpClose, nil)
	}
	return c.Write(OpClose, append(closePayload(code), reason...))
}

// SetReadDeadline bounds the reads that follow and one that waits; the zero time means no bound.
func (c *Conn) SetReadDeadline(t time.Time) { c.conn.SetReadDeadline(t) }

// LocalAddr returns the address that the connection was made from.
func (c *Conn) LocalAddr() net.Addr { return c.tcp.LocalAddr() }

// Close ends the TCP connection. finished tells that both sides have said their goodbyes, or that the peer is not to
// be waited for: then the connection is reset and leaves no TIME_WAIT behind.
func (c *Conn) Close(finished bool) { c.end(finished) }

func (c *Conn) end(finished bool) {
	if finished && c.stream != nil {
		_ = c.stream.CloseWrite() // the peer may be gone already
	}
	if finished {
		c.tcp.SetLinger(0)
	}
	c.tcp.Close()
	if c.stream != nil {
		<-c.stream.done
	}
}

// interruptible has every wait on c end when ctx ends, until the function that it returns is called.
func (c *Conn) interruptible(ctx context.Context) (stop func() bool) {
	return context.AfterFunc(ctx, func() { c.tcp.SetDeadline(time.Unix(1, 0)) })
}

// How says by what a connection ended.
type How string

// The ways in which a connection ends.
const (
	ByCloseFrame How = "close_frame"
	ByFIN        How = "fin"     // the end of the stream without a Close frame
	ByReset      How = "reset"   // an RST
	BySilence    How = "silence" // nothing came in time
	ByBadFrame   How = "bad_frame"
	ByError      How = "error" // anything else that the system says
)

// EndOf tells how a connection ended by the error of a Read or Write; what is the bad frame,
// the frame of HTTP/2 or the system's words.
func EndOf(err error) (how How, what string) {
	var bad errFrame
	var reset errStreamReset
	var end errStreamEnd
	switch {
	case errors.As(err, &bad):
		return ByBadFrame, bad.what
	case isTimeout(err):
		return BySilence, ""
	case isReset(err):
		errors.As(err, &reset)
		return ByReset, reset.what
	case errors.As(err, &end):
		return ByFIN, end.Error()
	case isEOF(err):
		return ByFIN, ""
	}
	return ByError, Escape([]byte(leaf(err).Error()), 200)
}

// CloseCode reads the payload of a Close frame: 1005 where it has no code (RFC 6455 7.1.5). The reason is safe to
// print.
func CloseCode(payload []byte) (code int, reason string) {
	if len(payload) < 2 {
		return closeNoStatus, ""
	}
	return int(binary.BigEndian.Uint16(payload)), Escape(payload[2:], 123)
}

// Goodbye sends a Close frame with code 1000, reads until the peer ends the connection or wait is over, and closes. A
// peer that has ended it has let go of it, and so has every hop before it. Nobody else may be reading.
func (c *Conn) Goodbye(wait time.Duration) {
	answered := false
	if c.WriteClose(closeNormal, "") == nil {
		c.SetReadDeadline(time.Now().Add(wait))
		for {
			f, err := c.Read(0)
			if err != nil {
				break
			}
			answered = answered || f.Op == OpClose
		}
	}
	c.end(answered)
}
