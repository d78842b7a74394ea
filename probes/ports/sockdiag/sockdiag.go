// Package sockdiag reads the kernel's table of TCP sockets, TIME_WAIT and its timers included: on Linux over
// NETLINK_SOCK_DIAG with the filters inside the kernel (net/ipv4/inet_diag.c), and from the text of /proc/net/tcp
// where that is not to be had. It needs no privilege. It does not know processes, and it judges nothing.
package sockdiag

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"
)

// State is a TCP state as the kernel numbers it (include/net/tcp_states.h).
type State uint8

// The states.
const (
	Established   State = 1
	SynSent       State = 2
	SynRecv       State = 3
	FinWait1      State = 4
	FinWait2      State = 5
	TimeWait      State = 6
	Close         State = 7
	CloseWait     State = 8
	LastAck       State = 9
	Listen        State = 10
	Closing       State = 11
	NewSynRecv    State = 12
	BoundInactive State = 13 // bound, neither listening nor connected; listed by Linux 6.8 and later
)

// String returns the name that ss prints.
func (s State) String() string {
	names := [...]string{"UNKNOWN", "ESTAB", "SYN-SENT", "SYN-RECV", "FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT", "UNCONN",
		"CLOSE-WAIT", "LAST-ACK", "LISTEN", "CLOSING", "SYN-RECV", "BOUND"}
	if int(s) < len(names) {
		return names[s]
	}
	return fmt.Sprintf("STATE-%d", uint8(s))
}

// Connected lists every state of a socket that has, or had, a peer.
var Connected = []State{Established, SynSent, SynRecv, FinWait1, FinWait2, TimeWait, CloseWait, LastAck, Closing, NewSynRecv}

// timerTimeWait is idiag_timer of TIME_WAIT, and of a FIN_WAIT2 that the kernel has handed to the same timer
// (net/ipv4/inet_diag.c, inet_twsk_diag_fill).
const timerTimeWait = 3

// Socket is one TCP socket.
type Socket struct {
	State   State
	IPv6    bool           // of the socket; its addresses may still be IPv4, unmapped
	V6Only  bool           // of an IPv6 listener or bound socket; false where the source does not tell
	Local   netip.AddrPort // an IPv4-mapped address is unmapped
	Remote  netip.AddrPort
	Timed   bool          // the kernel removes the socket by itself, in Expires: TIME_WAIT, some FIN_WAIT2
	Expires time.Duration // 0 where Timed is false; the timer wheel may take up to 5 s longer
	Queue   uint32        // of a listener: connections that wait for accept
	Backlog uint32        // of a listener: the most that may wait; 0 where the source does not tell
	UID     uint32        // 0 in TIME_WAIT, whoever had it
	Inode   uint32        // 0: no process owns it (TIME_WAIT, an orphan)
}

// Query says which sockets are wanted.
type Query struct {
	States []State  // nil means all
	Ports  []uint16 // local ports; nil means all
}

// ErrUnsupported is returned by Read on a system, or a kernel, without NETLINK_SOCK_DIAG.
var ErrUnsupported = errors.New("reading sockets over netlink: not supported by this system")

// mask returns the states as the kernel wants them: bit n for state n.
func (q Query) mask() uint32 {
	if len(q.States) == 0 {
		return 1<<(BoundInactive+1) - 1
	}
	var m uint32
	for _, s := range q.States {
		m |= 1 << s
	}
	return m
}

// wants tells whether a socket answers the query, for sources that cannot filter.
func (q Query) wants(s State, port uint16) bool {
	return q.mask()&(1<<s) != 0 && (len(q.Ports) == 0 || slices.Contains(q.Ports, port))
}
