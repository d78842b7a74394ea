package ports

import (
	"net/netip"
	"slices"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/ports/sockdiag"
)

// socket is one socket and, where the source tells it, the process that holds it.
type socket struct {
	sockdiag.Socket
	pid int // 0: to be found by the inode
}

// table is what stands on this host's TCP ports, as one source tells it.
type table struct {
	source    string
	timers    bool // it tells how long a TIME_WAIT lasts
	v6only    bool // it tells whether an IPv6 wildcard takes IPv4 too
	listeners []socket
	on        map[int]*standing // by local port
	missing   []probes.Text     // what the source cannot show

	byPort map[uint16][]socket // the listeners; made by add, which is called for each of a hundred thousand sockets
	port   int                 // that of the socket before, as a rule that of the next
	last   *standing           // on port
	at     []socket            // the listeners on port
}

// standing is what one port carries besides its listeners.
type standing struct {
	timeWait  int           // connections in TIME_WAIT that a listener of now accounts for
	left      time.Duration // until the last of them is gone
	closeWait int
	closers   []socket // some of those in CLOSE_WAIT
	loose     []socket // connections that no listener accounts for
	bound     []socket // bound, neither listening nor connected
}

// maxClosers bounds how many sockets in CLOSE_WAIT are kept to find the process that forgets them: one is enough, a
// few show whether there are several.
const maxClosers = 16

// add files one socket that does not listen. Listeners have to be complete: a connection on a port with a listener
// for its address was accepted by it, because Linux gives no outgoing connection the port of a bound socket.
func (t *table) add(s *socket) {
	if port := int(s.Local.Port()); port != t.port || t.last == nil {
		t.turnTo(port)
	}
	at := t.last
	switch {
	case s.State == sockdiag.BoundInactive, s.State == sockdiag.Close:
		at.bound = append(at.bound, *s)
	case !slices.ContainsFunc(t.at, func(l socket) bool { return covers(l, s.Local) }):
		at.loose = append(at.loose, *s)
	case s.State == sockdiag.TimeWait:
		at.timeWait++
		at.left = max(at.left, s.Expires)
	case s.State == sockdiag.CloseWait:
		at.closeWait++
		if len(at.closers) < maxClosers {
			at.closers = append(at.closers, *s)
		}
	}
}

// turnTo makes port the one that add files sockets on.
func (t *table) turnTo(port int) {
	if t.byPort == nil {
		t.byPort = map[uint16][]socket{}
		for _, l := range t.listeners {
			t.byPort[l.Local.Port()] = append(t.byPort[l.Local.Port()], l)
		}
	}
	if t.on[port] == nil {
		t.on[port] = &standing{}
	}
	t.port, t.last, t.at = port, t.on[port], t.byPort[uint16(port)]
}

// covers tells whether listener l takes connections to addr.
func covers(l socket, addr netip.AddrPort) bool {
	if l.Local.Port() != addr.Port() {
		return false
	}
	at := l.Local.Addr()
	switch {
	case !at.IsUnspecified():
		return at == addr.Addr()
	case l.IPv6:
		return addr.Addr().Is6() || !l.V6Only
	}
	return addr.Addr().Is4()
}

// listensAt returns a function that tells whether an address is a listener of this host, which has addrs.
func (t *table) listensAt(addrs []netip.Addr) func(netip.AddrPort) bool {
	return func(a netip.AddrPort) bool {
		mine := a.Addr().IsLoopback() || slices.Contains(addrs, a.Addr())
		return mine && slices.ContainsFunc(t.listeners, func(l socket) bool { return covers(l, a) })
	}
}

// inodes returns those of every socket whose process is wanted.
func (t *table) inodes() map[uint32]bool {
	out := map[uint32]bool{}
	for _, l := range t.listeners {
		out[l.Inode] = true
	}
	for _, at := range t.on {
		for _, list := range [][]socket{at.closers, at.loose, at.bound} {
			for _, s := range list {
				out[s.Inode] = true
			}
		}
	}
	return out
}
