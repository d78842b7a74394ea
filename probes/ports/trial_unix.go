//go:build unix

package ports

import (
	"errors"
	"net/netip"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// reuseAddrMeansReuse: SO_REUSEADDR overlooks what earlier connections left, and never a live listener.
const reuseAddrMeansReuse = true

// bindOnce binds port on addr and closes the socket at once, without listening. An IPv6 wildcard is dual-stack.
func bindOnce(addr netip.Addr, port int, reuseAddr bool) error {
	family := unix.AF_INET6
	var sa unix.Sockaddr
	if addr.Is4() {
		family = unix.AF_INET
		sa = &unix.SockaddrInet4{Port: port, Addr: addr.As4()}
	} else {
		sa = &unix.SockaddrInet6{Port: port, Addr: addr.As16()}
	}
	syscall.ForkLock.RLock() // not every Unix has SOCK_CLOEXEC
	fd, err := unix.Socket(family, unix.SOCK_STREAM, unix.IPPROTO_TCP)
	if err == nil {
		unix.CloseOnExec(fd)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	defer unix.Close(fd)
	if addr.Is6() {
		if err := unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 0); err != nil {
			return os.NewSyscallError("setsockopt IPV6_V6ONLY", err)
		}
	}
	if reuseAddr {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
			return os.NewSyscallError("setsockopt SO_REUSEADDR", err)
		}
	}
	return os.NewSyscallError("bind", unix.Bind(fd, sa))
}

func outcomeOf(err error) Outcome {
	switch {
	case errors.Is(err, unix.EADDRINUSE):
		return InUse
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM):
		return Denied
	case errors.Is(err, unix.EAFNOSUPPORT), errors.Is(err, unix.EADDRNOTAVAIL):
		return NoFamily
	}
	return Impossible
}
