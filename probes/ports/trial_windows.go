package ports

import (
	"errors"
	"net/netip"
	"os"
	"sync"

	"golang.org/x/sys/windows"
)

// reuseAddrMeansReuse: on Windows SO_REUSEADDR takes a port away from the program that listens on it ("Using
// SO_REUSEADDR and SO_EXCLUSIVEADDRUSE"), and a plain bind already overlooks TIME_WAIT.
const reuseAddrMeansReuse = false

// startSockets is what every program must call before its first socket; Go's own net package does so for itself only.
var startSockets = sync.OnceValue(func() error {
	const version2 = 0x0202
	var data windows.WSAData
	return windows.WSAStartup(version2, &data)
})

// bindOnce binds port on addr and closes the socket at once, without listening. An IPv6 wildcard is dual-stack.
func bindOnce(addr netip.Addr, port int, _ bool) error {
	if err := startSockets(); err != nil {
		return os.NewSyscallError("wsastartup", err)
	}
	family := windows.AF_INET6
	var sa windows.Sockaddr
	if addr.Is4() {
		family = windows.AF_INET
		sa = &windows.SockaddrInet4{Port: port, Addr: addr.As4()}
	} else {
		sa = &windows.SockaddrInet6{Port: port, Addr: addr.As16()}
	}
	fd, err := windows.Socket(family, windows.SOCK_STREAM, windows.IPPROTO_TCP)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	defer windows.Closesocket(fd)
	if addr.Is6() {
		if err := windows.SetsockoptInt(fd, windows.IPPROTO_IPV6, windows.IPV6_V6ONLY, 0); err != nil {
			return os.NewSyscallError("setsockopt IPV6_V6ONLY", err)
		}
	}
	return os.NewSyscallError("bind", windows.Bind(fd, sa))
}

func outcomeOf(err error) Outcome {
	switch {
	case errors.Is(err, windows.WSAEADDRINUSE):
		return InUse
	case errors.Is(err, windows.WSAEACCES):
		// Windows answers this to a bind of a port that another program holds exclusively.
		return InUse
	case errors.Is(err, windows.WSAEAFNOSUPPORT), errors.Is(err, windows.WSAEADDRNOTAVAIL):
		return NoFamily
	}
	return Impossible
}
