package tunnel

import (
	"encoding/binary"
	"net/netip"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The loops use raw system calls: none of these can block on a non-blocking descriptor, and telling the scheduler
// about each costs more than some of them take.

// recv reads from a socket. It returns the bytes read, or -errno.
func recv(fd int32, p []byte) int {
	n, _, e := syscall.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), 0, 0, 0)
	if e != 0 {
		return -int(e)
	}
	return int(n)
}

// send writes to a socket. It returns the bytes written, or -errno. MSG_NOSIGNAL spares a SIGPIPE per broken peer.
func send(fd int32, p []byte, flags int) int {
	n, _, e := syscall.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), uintptr(unix.MSG_NOSIGNAL|flags), 0, 0)
	if e != 0 {
		return -int(e)
	}
	return int(n)
}

const (
	eagain = -int(unix.EAGAIN)
	eintr  = -int(unix.EINTR)
)

func closeFD(fd int32) { syscall.RawSyscall(unix.SYS_CLOSE, uintptr(fd), 0, 0) }

func shutdownWrite(fd int32) {
	syscall.RawSyscall(unix.SYS_SHUTDOWN, uintptr(fd), unix.SHUT_WR, 0)
}

func setInt(fd int32, level, option, value int) {
	v := int32(value)
	syscall.RawSyscall6(unix.SYS_SETSOCKOPT, uintptr(fd), uintptr(level), uintptr(option), uintptr(unsafe.Pointer(&v)), 4, 0)
}

// accept takes a connection from a listening socket. fd is -errno where there is none.
func accept(lfd int32) (fd int32, peer netip.AddrPort) {
	var sa unix.RawSockaddrAny
	size := uint32(unsafe.Sizeof(sa))
	n, _, e := syscall.RawSyscall6(unix.SYS_ACCEPT4, uintptr(lfd), uintptr(unsafe.Pointer(&sa)), uintptr(unsafe.Pointer(&size)), unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0, 0)
	if e != 0 {
		return -int32(e), peer
	}
	switch sa.Addr.Family {
	case unix.AF_INET:
		p := (*unix.RawSockaddrInet4)(unsafe.Pointer(&sa))
		peer = netip.AddrPortFrom(netip.AddrFrom4(p.Addr), networkPort(p.Port))
	case unix.AF_INET6:
		p := (*unix.RawSockaddrInet6)(unsafe.Pointer(&sa))
		peer = netip.AddrPortFrom(netip.AddrFrom16(p.Addr).Unmap(), networkPort(p.Port))
	}
	return int32(n), peer
}

// keepaliveIdle is how many seconds of silence pass before TCP asks whether the peer is still there. The kernel's
// two hours are longer than any firewall on the way remembers a connection.
const keepaliveIdle = 60

// networkPort reads a port that lies in memory in network byte order.
func networkPort(p uint16) uint16 {
	var b [2]byte
	binary.NativeEndian.PutUint16(b[:], p)
	return binary.BigEndian.Uint16(b[:])
}

// dial begins a connection. fd is -errno where not even that was possible; done tells that it stands already.
func dial(to netip.AddrPort) (fd int32, done bool) {
	family := unix.AF_INET
	if to.Addr().Is6() {
		family = unix.AF_INET6
	}
	n, _, e := syscall.RawSyscall(unix.SYS_SOCKET, uintptr(family), unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if e != 0 {
		return -int32(e), false
	}
	fd = int32(n)
	setInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	if family == unix.AF_INET {
		sa := unix.RawSockaddrInet4{Family: unix.AF_INET, Port: networkPort(to.Port()), Addr: to.Addr().As4()}
		_, _, e = syscall.RawSyscall(unix.SYS_CONNECT, uintptr(fd), uintptr(unsafe.Pointer(&sa)), unsafe.Sizeof(sa))
	} else {
		sa := unix.RawSockaddrInet6{Family: unix.AF_INET6, Port: networkPort(to.Port()), Addr: to.Addr().As16()}
		_, _, e = syscall.RawSyscall(unix.SYS_CONNECT, uintptr(fd), uintptr(unsafe.Pointer(&sa)), unsafe.Sizeof(sa))
	}
	if e != 0 && e != unix.EINPROGRESS {
		closeFD(fd)
		return -int32(e), false
	}
	return fd, e == 0
}

// socketError returns the error that a connect ended with.
func socketError(fd int32) error {
	var v int32
	size := uint32(4)
	_, _, e := syscall.RawSyscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_ERROR, uintptr(unsafe.Pointer(&v)), uintptr(unsafe.Pointer(&size)), 0)
	if e != 0 {
		return e
	}
	if v == 0 {
		return unix.ECONNRESET // the hang-up was seen, its reason has been read already
	}
	return syscall.Errno(v)
}

func epollControl(ep, op int, fd int32, events uint32, slot uint32, side int, gen uint32) bool {
	ev := unix.EpollEvent{Events: events, Fd: int32(slot<<1 | uint32(side)), Pad: int32(gen)}
	_, _, e := syscall.RawSyscall6(unix.SYS_EPOLL_CTL, uintptr(ep), uintptr(op), uintptr(fd), uintptr(unsafe.Pointer(&ev)), 0, 0)
	return e == 0
}

// epollHold waits up to ms milliseconds without telling the scheduler, so the processor (the scheduler's P) stays with
// the loop. The signal with which the runtime asks a goroutine to stop interrupts the call.
func epollHold(ep int, evs []unix.EpollEvent, ms int) int {
	n, _, e := syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(ep), uintptr(unsafe.Pointer(&evs[0])), uintptr(len(evs)), uintptr(ms), 0, 0)
	if e != 0 {
		return -int(e)
	}
	return int(n)
}

// epollWait waits up to ms milliseconds, for ever if negative. The scheduler is told, so that others get the core.
func epollWait(ep int, evs []unix.EpollEvent, ms int) int {
	n, _, e := syscall.Syscall6(unix.SYS_EPOLL_PWAIT, uintptr(ep), uintptr(unsafe.Pointer(&evs[0])), uintptr(len(evs)), uintptr(ms), 0, 0)
	if e != 0 {
		return -int(e)
	}
	return int(n)
}
