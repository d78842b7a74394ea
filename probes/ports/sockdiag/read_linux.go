package sockdiag

import (
	"context"
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// receiveTimeout bounds the wait for one datagram: the kernel answers a dump while it is asked for it, so a silence
	// means that the answer was lost.
	receiveTimeout = 2 // seconds
	// attempts bounds how often an interrupted dump is begun again.
	attempts = 4
)

// Read visits each socket that q asks for and returns what visit made of them, beginning with the zero T; a dump that
// the kernel interrupts is begun again from there. visit must not keep its *Socket. The walk is not atomic: a socket
// that changes its state meanwhile may be seen twice or not at all.
//
// The error is ErrUnsupported where the kernel has no inet_diag.
func Read[T any](ctx context.Context, q Query, visit func(*T, *Socket)) (T, error) {
	var zero T
	// One walk for both families is the fastest; kernels that lack it are asked for each family by itself.
	walks := [][]byte{request(tcpDiagGetSock, 0, q)}
	for try := 0; ; try++ {
		var seen T
		err := dumps(ctx, walks, func(s *Socket) {
			if len(q.Ports) <= maxPortFilter || q.wants(s.State, s.Local.Port()) {
				visit(&seen, s)
			}
		})
		var no unix.Errno
		switch {
		case err == nil:
			return seen, nil
		case ctx.Err() != nil:
			return zero, ctx.Err()
		case errors.Is(err, errInterrupted) && try < attempts:
		case errors.As(err, &no) && len(walks) == 1:
			walks = [][]byte{request(sockDiagByFamily, familyIPv4, q), request(sockDiagByFamily, familyIPv6, q)}
		case errors.As(err, &no):
			return zero, fmt.Errorf("%w: %w", ErrUnsupported, no)
		default:
			return zero, fmt.Errorf("reading sockets over netlink: %w", err)
		}
	}
}

func dumps(ctx context.Context, requests [][]byte, fn func(*Socket)) error {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: receiveTimeout}); err != nil {
		return err
	}
	buf := make([]byte, bufferLen)
	for _, r := range requests {
		if err := unix.Sendto(fd, r, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
			return err
		}
		if err := receive(ctx, fd, buf, fn); err != nil {
			return err
		}
	}
	return nil
}

func receive(ctx context.Context, fd int, buf []byte, fn func(*Socket)) error {
	var s Socket
	spoilt := false
	for {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		n, err := receiveOne(fd, buf)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return err
		}
		done, interrupted, err := messages(buf[:n], &s, fn)
		spoilt = spoilt || interrupted
		switch {
		case err != nil:
			return err
		case done && spoilt:
			return errInterrupted
		case done:
			return nil
		}
	}
}

// receiveOne reads one datagram. The kernel makes it during the call (netlink_recvmsg calls netlink_dump), so the call
// works for a tenth of a millisecond and waits for nothing. Told not to block, it may go past the scheduler, which would
// hand the processor to another thread at each of the hundreds of calls: with 100,000 sockets that was 6 to 9 % of all
// CPU time.
func receiveOne(fd int, buf []byte) (int, error) {
	n, _, errno := unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(&buf[0])), uintptr(len(buf)), unix.MSG_DONTWAIT, 0, 0)
	switch errno {
	case 0:
		return int(n), nil
	case unix.EAGAIN:
		n, _, err := unix.Recvfrom(fd, buf, 0)
		return n, err
	}
	return 0, errno
}
