// Package tunnel moves bytes between clients and backends once they speak WebSocket, and keeps the list of who is
// connected. It has two ways of doing so behind one Registry:
//
//   - Loops (Linux, plain TCP): an epoll loop per core takes a connection from accept to its end. All tunnels of a
//     loop share one buffer; an idle tunnel has no goroutine and no buffer, under 1 KiB of memory and two descriptors.
//   - Pairs (TLS, HTTP/2, other systems): a goroutine per direction, which holds a small buffer while it waits.
//
// It knows frames only by their headers, so that a Close or Ping of the proxy's own goes between two of them. It does
// not know HTTP, policies or settings: a Session answers for those.
package tunnel

import (
	"net"
	"net/netip"
	"sync/atomic"
	"time"
)

// BufferSize is how many bytes are moved at once: 4 KiB cost 2.5 times the CPU in bulk, more than 32 KiB gained
// nothing and fell out of the core's cache.
const BufferSize = 32 << 10

// closeGrace is how long the other side has to answer a Close frame and hang up. RFC 6455 section 7.1.1 leaves it
// open; browsers wait 2 s for their own.
const closeGrace = 3 * time.Second

// halfCloseIdle ends a tunnel of which one side has hung up and the other sends nothing any more. WebSocket has no use
// for a half-open connection but to deliver what is under way.
const halfCloseIdle = 30 * time.Second

// never is a time that does not come, in ns.
const never = 1<<63 - 1

// Settings of tunnels; a change reaches those that are open too. 0 means none, except where it says otherwise.
type Settings struct {
	Handshake time.Duration // for the request head to be complete, and again for the backend's reply
	Connect   time.Duration // for one backend to accept the connection
	Idle      time.Duration // without a byte in either direction
	Lifetime  time.Duration // of a tunnel that is opened from now on
	Ping      time.Duration // a Ping to the client of a tunnel that has been idle that long
}

// Cause says why a tunnel ended.
type Cause uint8

// The causes, in the words of metrics and the access log.
const (
	ByClient     Cause = iota // the client hung up
	ByBackend                 // the backend hung up
	ClientError               // the client's connection broke
	BackendError              // the backend's connection broke
	ByIdle
	ByLifetime
	ByDrain
	ByOperator
	ByShutdown // it was still open when the proxy ended
)

var causes = [...]string{"client", "backend", "client-error", "backend-error", "idle", "lifetime", "drain", "operator", "shutdown"}

func (c Cause) String() string { return causes[c] }

// Causes lists every cause.
func Causes() []Cause {
	out := make([]Cause, len(causes))
	for i := range out {
		out[i] = Cause(i)
	}
	return out
}

// Side says which side the cause lies on: "client", "backend" or "proxy".
func (c Cause) Side() string {
	switch c {
	case ByClient, ClientError:
		return "client"
	case ByBackend, BackendError:
		return "backend"
	}
	return "proxy"
}

// Summary is what is known of a tunnel at its end.
type Summary struct {
	Cause    Cause
	Code     uint16 // of the Close frame that went to the client; 0: unknown, or there was none
	Lifetime time.Duration
	Up, Down uint64 // bytes from the client, from the backend
}

// Status is what is known of an open tunnel.
type Status struct {
	Lifetime, Idle time.Duration
	Up, Down       uint64
}

// Traffic counts bytes while they pass, over all tunnels that share it.
type Traffic struct{ Up, Down atomic.Uint64 }

// Owner is who a tunnel belongs to.
type Owner interface {
	Closed(Summary) // called once, when the tunnel has ended; must not block
}

// End says how tunnels are to be ended.
type End struct {
	Cause  Cause
	Code   uint16        // of the Close frame
	Reason string        // in the Close frame; at most 123 bytes (RFC 6455 section 5.5)
	Over   time.Duration // each at a random moment within; 0: now. One that has its moment already keeps it
}

// Registry is the list of open tunnels. Its methods may be called concurrently, but not from within the functions
// that they are given.
type Registry interface {
	// Each calls f with every open tunnel.
	Each(f func(Owner, Status))
	// End ends the tunnels that match accepts: a Close frame at the next frame boundary, then closeGrace for the
	// client to answer. It returns at once.
	End(e End, match func(Owner) bool)
	// Live returns the number of open tunnels and handshakes.
	Live() int
	// Close ends everything at once and waits until it is gone.
	Close()
}

// Director opens a session for each connection of one loop. It is used by that loop alone.
type Director interface {
	Open(peer netip.AddrPort) Session
}

// Session decides about one connection. Its methods are called by the loop, so they must not block.
type Session interface {
	Owner
	// Request is given all bytes that have come from the client so far.
	Request(in []byte) Verdict
	// Reply is given all bytes that have come from the backend so far.
	Reply(in []byte) Verdict
	// Failed is told that there will be no tunnel this way: the backend refused (ErrConnect and its cause), it or the
	// client took too long. After ErrConnect the verdict may be another Connect, whose Bytes are those of before.
	Failed(err error) Verdict
	// Serve takes over a connection on which no WebSocket handshake came, with what was read of it.
	Serve(client net.Conn, in []byte)
	// Answer takes over both connections after a reply that is no 101, with what was read of it.
	Answer(client, backend net.Conn, in []byte)
	// Connected is told that a backend has taken the connection and the request.
	Connected()
	// Left is told that the handshake is over and that there will be no tunnel: the client went away, or was refused.
	Left()
}

// Action is what a loop is to do next.
type Action uint8

// The actions. Those that a method of Session may return stand beside each.
const (
	More     Action = iota // wait for more bytes (Request, Reply)
	Refuse                 // send Bytes and hang up (all)
	HandOver               // call Serve with Rest (Request)
	Connect                // connect to To and send Bytes; Rest goes there after the 101 (Request, Failed)
	Switch                 // send Bytes to the client: from now on it is a tunnel; Rest is its first data (Reply)
	Answer                 // call Answer with Rest (Reply)
)

// Verdict is a Session's decision. Its slices need to be valid only until the next call of the same Director's
// sessions.
type Verdict struct {
	Action      Action
	To          netip.AddrPort
	Bytes, Rest []byte
	Traffic     *Traffic // with Switch: where the bytes are counted; not nil
}
