// Package wsclient is a WebSocket that an operator talks through: a Session tells of everything that happens on it as
// events, with the round trip of each ping and, at the end, who closed, how and after how long. Compare puts two
// handshakes side by side.
//
// It reads no terminal and prints nothing, it judges no settings, it offers no extension (compression among them), and
// it reconnects nowhere on its own account.
package wsclient

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"strings"
	"sync"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/handshake"
)

const (
	// maxMessage bounds what is kept of one message; more is counted, and not shown.
	maxMessage = 1 << 20
	// closeTimeout is how long the peer may take to answer a Close frame. Servers answer at once; what delays them
	// is data still on its way.
	closeTimeout = 2 * time.Second
	// maxControl is the longest payload of a control frame (RFC 6455 5.5).
	maxControl = 125
)

// Kind says what an Event tells of. The values are stable: scripts branch on them.
type Kind string

// The kinds of events of a Session.
const (
	Message      Kind = "message"
	PingReceived Kind = "ping" // it was answered
	PongReceived Kind = "pong"
	Ended        Kind = "end" // the last event
)

// Event is one thing that happened on a Session.
type Event struct {
	Kind   Kind           `json:"event"`
	At     time.Time      `json:"time"`
	After  probes.Seconds `json:"after_seconds"` // since the upgrade
	Binary bool           `json:"binary,omitempty"`
	Size   int            `json:"size"`           // of the whole message, in bytes
	Text   string         `json:"text,omitempty"` // as the peer sent it: escape it before a terminal sees it
	Hex    string         `json:"hex,omitempty"`  // of a binary message
	RTT    probes.Seconds `json:"rtt_seconds,omitempty"`
	End    *End           `json:"end,omitempty"`

	Data []byte `json:"-"` // of the message, at most 1 MiB
}

// End is how a connection ended.
type End struct {
	By     string         `json:"by"`  // who ended it: "server" (or a hop on the way) or "client"
	How    handshake.How  `json:"how"` // by what the server's side ended
	Code   int            `json:"code"`
	Reason string         `json:"reason,omitempty"` // safe to print
	Words  probes.Text    `json:"words"`            // of the code
	Detail string         `json:"detail,omitempty"` // of a bad frame or a system error; safe to print
	After  probes.Seconds `json:"after_seconds"`    // since the upgrade
	Idle   probes.Seconds `json:"idle_seconds"`     // since the last frame of either side
}

// Normal tells whether a connection ended as it should: by this side, or by a Close frame that tells of no fault.
func (e End) Normal() bool {
	switch {
	case e.How == handshake.ByBadFrame:
		return false
	case e.By == "client":
		return true
	}
	return e.How == handshake.ByCloseFrame && (e.Code == 1000 || e.Code == 1001 || e.Code == 1005)
}

// Session is an open WebSocket. Its methods may be called from several goroutines.
type Session struct {
	conn   *handshake.Conn
	opened time.Time
	events chan Event
	stop   chan struct{} // closed by Stop
	done   chan struct{} // closed when nothing reads any more

	mu      sync.Mutex
	pings   map[string]time.Time // by payload, when they were sent
	closing int                  // the code of this side's Close frame; -1: none was sent
	last    time.Time            // of the last frame of either side
	stopped bool
}

// Open opens a WebSocket. Without a connection the Session is nil, and the trace's Cause says why. Stop has to be
// called in the end.
func Open(ctx context.Context, req handshake.Request) (*Session, handshake.Trace) {
	conn, tr := handshake.Open(ctx, req)
	if conn == nil {
		return nil, tr
	}
	now := time.Now()
	s := &Session{
		conn: conn, opened: now, last: now, closing: -1,
		events: make(chan Event), stop: make(chan struct{}), done: make(chan struct{}), pings: map[string]time.Time{},
	}
	go s.run()
	return s, tr
}

// Events returns the channel of what happens. It is closed behind the Ended event.
func (s *Session) Events() <-chan Event { return s.events }

// Stop ends the connection without ado, if it has not ended, and waits until nothing of the Session runs any more.
func (s *Session) Stop() {
	s.mu.Lock()
	if !s.stopped {
		s.stopped = true
		close(s.stop)
	}
	s.mu.Unlock()
	s.conn.Close(false)
	<-s.done
}

// Send sends a message.
func (s *Session) Send(binary bool, data []byte) error {
	op := handshake.OpText
	if binary {
		op = handshake.OpBinary
	}
	return s.write(op, data)
}

// Ping sends a ping; the pong that answers it has the round trip. A nil payload is made up, so that the answer can be
// told from others.
func (s *Session) Ping(payload []byte) error {
	if payload == nil {
		payload = make([]byte, 8)
		rand.Read(payload)
	}
	payload = payload[:min(len(payload), maxControl)]
	s.mu.Lock()
	s.pings[string(payload)] = time.Now()
	s.mu.Unlock()
	return s.write(handshake.OpPing, payload)
}

// Pong sends a pong that answers nothing (RFC 6455 5.5.3 allows it as a one-way heartbeat).
func (s *Session) Pong(payload []byte) error {
	return s.write(handshake.OpPong, payload[:min(len(payload), maxControl)])
}

// Close sends a Close frame; the Ended event follows when the peer answers or does not in time. Code 0 sends none.
func (s *Session) Close(code int, reason string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing >= 0 {
		return nil
	}
	s.closing = code
	if code == 0 {
		s.closing = 1005
	}
	s.last = time.Now()
	// The reader may be waiting for data without a limit.
	s.conn.SetReadDeadline(s.last.Add(closeTimeout))
	return s.conn.WriteClose(code, reason[:min(len(reason), maxControl-2)])
}

func (s *Session) write(op handshake.Op, payload []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = time.Now()
	return s.conn.Write(op, payload)
}

// run reads until the end.
func (s *Session) run() {
	defer close(s.done)
	defer close(s.events)
	for {
		f, err := s.conn.Read(maxMessage)
		e := Event{At: time.Now()}
		e.After = probes.Seconds(e.At.Sub(s.opened))
		if err != nil {
			e.Kind, e.End = Ended, s.end(err, e)
			s.conn.Close(false)
			s.emit(e)
			return
		}
		switch f.Op {
		case handshake.OpClose:
			e.Kind, e.End = Ended, s.closed(f, e)
			s.conn.Close(true)
			s.emit(e)
			return
		case handshake.OpPing:
			e.Kind = PingReceived
			_ = s.write(handshake.OpPong, f.Payload) // a broken connection shows in the next Read
		case handshake.OpPong:
			e.Kind = PongReceived
			e.RTT = s.answered(f, e.At)
		default:
			e.Kind, e.Binary = Message, f.Op == handshake.OpBinary
		}
		e.Size, e.Data = f.Size, f.Payload
		if e.Binary {
			e.Hex = hex.EncodeToString(f.Payload)
		} else {
			e.Text = strings.ToValidUTF8(string(f.Payload), "\ufffd")
		}
		s.mu.Lock()
		s.last = e.At
		s.mu.Unlock()
		if !s.emit(e) {
			return
		}
	}
}

func (s *Session) emit(e Event) bool {
	select {
	case s.events <- e:
		return true
	case <-s.stop:
		return false
	}
}

// answered returns the round trip of the ping that a pong answers; 0: it answers none.
func (s *Session) answered(f handshake.Frame, at time.Time) probes.Seconds {
	s.mu.Lock()
	defer s.mu.Unlock()
	sent, ok := s.pings[string(f.Payload)]
	if !ok {
		return 0
	}
	delete(s.pings, string(f.Payload))
	return probes.Seconds(at.Sub(sent))
}

// closed answers the server's Close frame, or takes it as the answer to this side's.
func (s *Session) closed(f handshake.Frame, e Event) *End {
	s.mu.Lock()
	defer s.mu.Unlock()
	end := &End{By: "server", How: handshake.ByCloseFrame, After: e.After, Idle: probes.Seconds(e.At.Sub(s.last))}
	end.Code, end.Reason = handshake.CloseCode(f.Payload)
	if s.closing >= 0 {
		end.By, end.Code, end.Reason = "client", s.closing, ""
	} else {
		// RFC 6455 5.5.1: the same code goes back. That the peer is gone already would change nothing.
		_ = s.conn.Write(handshake.OpClose, f.Payload[:min(2, len(f.Payload))])
	}
	end.Words = handshake.CloseWords(end.Code)
	return end
}

// end tells of a connection that ended without a Close frame of the server.
func (s *Session) end(err error, e Event) *End {
	s.mu.Lock()
	defer s.mu.Unlock()
	end := &End{By: "server", Code: 1006, After: e.After, Idle: probes.Seconds(e.At.Sub(s.last))}
	end.How, end.Detail = handshake.EndOf(err)
	if s.closing >= 0 || s.stopped {
		end.By = "client"
	}
	if s.closing >= 0 {
		end.Code = s.closing
	}
	end.Words = handshake.CloseWords(end.Code)
	return end
}
