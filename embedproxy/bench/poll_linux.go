package main

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// poller is an epoll descriptor and the connections by descriptor.
type poller[C any] struct {
	ep    int
	conns []*C
	evs   [512]unix.EpollEvent
}

func newPoller[C any]() (*poller[C], error) {
	ep, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("creating an epoll descriptor: %w", err)
	}
	return &poller[C]{ep: ep}, nil
}

func (p *poller[C]) add(fd int, c *C, events uint32) {
	for fd >= len(p.conns) {
		p.conns = append(p.conns, make([]*C, 1024)...)
	}
	p.conns[fd] = c
	unix.EpollCtl(p.ep, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: events, Fd: int32(fd)})
}

func (p *poller[C]) change(fd int, events uint32) {
	unix.EpollCtl(p.ep, unix.EPOLL_CTL_MOD, fd, &unix.EpollEvent{Events: events, Fd: int32(fd)})
}

func (p *poller[C]) close(fd int) {
	p.conns[fd] = nil
	unix.Close(fd)
}

// forever is how long to wait where nothing but an event is to end it.
const forever time.Duration = -1

// wait calls f for what has happened, after at most d.
func (p *poller[C]) wait(d time.Duration, f func(fd int, c *C, events uint32)) {
	n, _ := unix.EpollWait(p.ep, p.evs[:], 0)
	if n <= 0 && d != 0 {
		ms := -1
		if d != forever {
			ms = int((d + time.Millisecond - 1) / time.Millisecond)
		}
		n, _ = unix.EpollWait(p.ep, p.evs[:], ms)
	}
	for i := range max(n, 0) {
		fd := int(p.evs[i].Fd)
		if c := p.conns[fd]; c != nil {
			f(fd, c, p.evs[i].Events)
		}
	}
}

func sockaddr(address string) (*unix.SockaddrInet4, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	a, err := netip.ParseAddr(host)
	if err != nil || !a.IsLoopback() || !a.Is4() {
		return nil, fmt.Errorf("found %q, expected an address in 127.0.0.0/8: the load goes nowhere else", address)
	}
	n, err := strconv.Atoi(port)
	return &unix.SockaddrInet4{Addr: a.As4(), Port: n}, err
}

// frame builds a binary frame. A client's is masked with the key 0, which every server must accept and which leaves
// the payload as it is.
func frame(op byte, masked bool, payload []byte) []byte {
	b := []byte{0x80 | op}
	m := byte(0)
	if masked {
		m = 0x80
	}
	switch n := len(payload); {
	case n < 126:
		b = append(b, m|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, m|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, m|127), uint64(n))
	}
	if masked {
		b = append(b, 0, 0, 0, 0)
	}
	return append(b, payload...)
}
