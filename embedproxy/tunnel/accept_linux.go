package tunnel

import (
	"fmt"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

// acceptBatch bounds how many connections one loop takes at a time, so that a storm of them spreads over the loops
// and does not hold up the tunnels.
const acceptBatch = 32

// acceptPause is how long a loop leaves a listening socket alone that could not be accepted from for want of
// descriptors or memory; without it the level-triggered event would spin.
const acceptPause = 50e6 // ns

// listen watches a duplicate of f by that number. EPOLLEXCLUSIVE wakes one loop for a connection and not all of them.
func (l *loop) listen(number int, f *os.File) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return fmt.Errorf("reading a listening socket: %w", err)
	}
	fd := -1
	cerr := raw.Control(func(orig uintptr) {
		if fd, err = unix.FcntlInt(orig, unix.F_DUPFD_CLOEXEC, 0); err != nil {
			return
		}
		// Sockets that are accepted inherit these from here, which spares the calls for each of them.
		setInt(int32(fd), unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
		setInt(int32(fd), unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1)
		setInt(int32(fd), unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, keepaliveIdle)
		setInt(int32(fd), unix.SOL_SOCKET, unix.SO_SNDBUF, l.group.buffer)
		setInt(int32(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, l.group.buffer)
		err = unix.SetNonblock(fd, true)
	})
	if err == nil {
		err = cerr
	}
	if err == nil {
		for len(l.listeners) <= number {
			l.listeners = append(l.listeners, -1)
		}
		l.listeners[number] = int32(fd)
		if err = l.watchListener(number); err != nil {
			l.listeners[number] = -1
		}
	}
	if err != nil {
		if fd >= 0 {
			unix.Close(fd)
		}
		return fmt.Errorf("watching a listening socket: %w", err)
	}
	return nil
}

func (l *loop) watchListener(i int) error {
	ev := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLEXCLUSIVE, Fd: listenerEvent(i)}
	return unix.EpollCtl(l.ep, unix.EPOLL_CTL_ADD, int(l.listeners[i]), &ev)
}

// unlisten closes a listening socket. Closing alone would not do: a successor holds the same socket, and while any
// process does, epoll goes on waking this one for connections that it no longer takes.
func (l *loop) unlisten(i int) {
	if i < len(l.listeners) && l.listeners[i] >= 0 {
		unix.EpollCtl(l.ep, unix.EPOLL_CTL_DEL, int(l.listeners[i]), nil) //nolint:errcheck // it may be resting
		closeFD(l.listeners[i])
		l.listeners[i] = -1
	}
}

func (l *loop) accept(i int) {
	for range acceptBatch {
		if l.listeners[i] < 0 {
			return
		}
		fd, peer := accept(l.listeners[i])
		switch {
		case fd >= 0:
			l.place(fd, peer)
		case int(fd) == eagain:
			return
		case int(fd) == -int(unix.EMFILE), int(fd) == -int(unix.ENFILE), int(fd) == -int(unix.ENOBUFS), int(fd) == -int(unix.ENOMEM):
			l.pauseListener(i)
			return
		}
		// Whatever else went wrong belongs to that one connection, which is gone (accept(2), "Error handling").
	}
}

// place gives a new connection to this loop, or to one that has clearly fewer: whichever loop is asleep in epoll_wait
// longest gets the wake-up, and that evens nothing out.
func (l *loop) place(fd int32, peer netip.AddrPort) {
	least := l
	for _, o := range l.group.loops {
		if o.live.Load() < least.live.Load() {
			least = o
		}
	}
	if mine := l.live.Load(); least != l && mine > least.live.Load()*5/4+16 {
		if !least.do(func() { least.begin(fd, peer) }) {
			closeFD(fd)
		}
		return
	}
	l.begin(fd, peer)
}

// pauseListener takes a listening socket out of the loop for acceptPause. The timer's slot has no descriptor.
func (l *loop) pauseListener(i int) {
	if unix.EpollCtl(l.ep, unix.EPOLL_CTL_DEL, int(l.listeners[i]), nil) != nil {
		return
	}
	id, s := l.alloc()
	s.phase, s.bytes[0] = pausing, uint64(i)
	l.setTimer(id, l.now+acceptPause)
}

func (l *loop) resumeListener(id uint32, s *slot) {
	i := int(s.bytes[0])
	l.release(id, s)
	if l.listeners[i] >= 0 && l.watchListener(i) != nil {
		closeFD(l.listeners[i])
		l.listeners[i] = -1
	}
}

// begin starts a connection on this loop.
func (l *loop) begin(fd int32, peer netip.AddrPort) {
	if l.stop {
		closeFD(fd)
		return
	}
	id, s := l.alloc()
	s.fd[client] = fd
	s.phase = reading
	s.session = l.director.Open(peer)
	if !l.watch(id, s, client, readEvents) {
		s.session.Left()
		l.drop(id, s)
		return
	}
	if l.settings.Handshake > 0 {
		l.setTimer(id, l.now+int64(l.settings.Handshake))
	}
}
