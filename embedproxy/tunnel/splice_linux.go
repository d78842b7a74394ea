package tunnel

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// A tunnel in full flow is moved with splice(2): the kernel hands pages from one socket to the other through a pipe and
// copies nothing to this process and back, which is most of what bulk traffic costs. Pipes belong to the loop, not to
// tunnels: one is lent while bytes are in it, and goes back when they have left.

const (
	// bulkAfter is how many more reads fill the buffer than do not in a tunnel that counts as being in full flow. Else
	// copying is cheaper: splice asks once more whether there is anything.
	bulkAfter = 4
	// pipeSize is how much is handed on at once; /proc/sys/fs/pipe-max-size lets everybody have 1 MiB.
	pipeSize = 256 << 10
	// maxPipes bounds the pipes of a loop, lent and spare. When all are lent to tunnels whose receivers are slow, others
	// are copied.
	maxPipes = 16
)

// pipe is a pair of descriptors. Outside pending.held it is empty.
type pipe struct{ r, w int32 }

// streams tells how many bytes may be handed on from one side without looking at them; 0: they are to be copied. What
// the backend sends is looked at but for the payload of a frame that has begun.
func (l *loop) streams(s *slot, from int) uint64 {
	if s.full[from] < bulkAfter || l.noSplice || s.ending || s.told || s.flags[1-from]&shut != 0 {
		return 0
	}
	if from == client || s.scan.lost {
		return pipeSize
	}
	if s.scan.left < BufferSize {
		return 0
	}
	return min(s.scan.left, pipeSize)
}

// splice hands on up to most bytes from one side. n is as of recv; !alive: the slot is gone.
func (l *loop) splice(id uint32, s *slot, from int, most uint64) (n int, alive bool) {
	p := l.borrow()
	if p == nil {
		s.full[from] = 0 // for a while
		return eintr, true
	}
	n = splice(s.fd[from], p.w, int(most))
	if n <= 0 {
		l.giveBack(p)
		if n == -int(unix.EINVAL) || n == -int(unix.ENOSYS) {
			l.noSplice = true // a seccomp filter, or a kernel that cannot
			n = eintr
		}
		return n, true
	}
	s.flow(from, n)
	s.active = l.now
	s.bytes[from] += uint64(n)
	to := 1 - from
	if from == client {
		s.traffic.Up.Add(uint64(n))
	} else {
		s.traffic.Down.Add(uint64(n))
		if !s.scan.lost {
			s.scan.left -= uint64(n)
		}
	}
	s.pending[to] = l.keep(nil)
	s.pending[to].pipe, s.pending[to].held = p, n
	return n, l.flush(id, s, to)
}

// borrow returns an empty pipe; nil: there is none.
func (l *loop) borrow() *pipe {
	if n := len(l.pipes); n > 0 {
		p := l.pipes[n-1]
		l.pipes = l.pipes[:n-1]
		return p
	}
	if l.lent == maxPipes {
		return nil
	}
	var fds [2]int
	if unix.Pipe2(fds[:], unix.O_NONBLOCK|unix.O_CLOEXEC) != nil {
		return nil
	}
	unix.FcntlInt(uintptr(fds[1]), unix.F_SETPIPE_SZ, pipeSize) //nolint:errcheck // a smaller one works too
	l.lent++
	return &pipe{int32(fds[0]), int32(fds[1])}
}

func (l *loop) giveBack(p *pipe) { l.pipes = append(l.pipes, p) }

// forget throws away what is still to be sent to a side.
func (l *loop) forget(s *slot, side int) {
	if p := s.pending[side]; p != nil && p.pipe != nil {
		l.closePipe(p.pipe) // its bytes are nobody's any more
		p.pipe, p.held = nil, 0
	}
	s.pending[side] = nil
}

// closeSpares gives the pipes back to the system. Those that are lent remain.
func (l *loop) closeSpares() {
	for _, p := range l.pipes {
		l.closePipe(p)
	}
	l.pipes = l.pipes[:0]
}

func (l *loop) closePipe(p *pipe) {
	closeFD(p.r)
	closeFD(p.w)
	l.lent--
}

// splice moves up to most bytes between a socket and a pipe. It returns the bytes moved, or -errno. Go's handler of
// SIGPIPE takes the signal of a broken peer and does nothing.
func splice(from, to int32, most int) int {
	n, _, e := syscall.RawSyscall6(unix.SYS_SPLICE, uintptr(from), 0, uintptr(to), 0, uintptr(most), unix.SPLICE_F_MOVE|unix.SPLICE_F_NONBLOCK)
	if e != 0 {
		return -int(e)
	}
	return int(n)
}
