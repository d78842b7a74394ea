package tunnel

import (
	"time"

	"golang.org/x/sys/unix"
)

const (
	client = iota // sides of a slot
	backend
)

// phase is how far a connection has come.
type phase uint8

const (
	free      phase = iota
	reading         // the client's request head
	dialing         // the backend
	replying        // the backend's reply head is awaited
	tunneling       // bytes pass both ways
	lingering       // all is said to the client; what it still sends is thrown away until it hangs up
	pausing         // no connection: a listening socket that rests
)

// flag is what is known of one side's descriptor.
type flag uint8

const (
	readable flag = 1 << iota // an edge was seen and not yet drained
	hungUp                    // RDHUP, HUP or ERR was seen: a short read does not mean that it is drained
	ended                     // a read returned 0
	blocked                   // a write met EAGAIN: EPOLLOUT is awaited
	shut                      // its write side is shut down
	watching                  // EPOLLOUT is among its events
	parted                    // its FIN was seen and no error: after a short read nothing but the end of file is left
)

// slot is one connection from accept to its end. Slots are used again: gen tells their occupants apart.
type slot struct {
	fd     [2]int32
	flags  [2]flag
	phase  phase
	queued bool     // it stands in the loop's run queue
	ending bool     // a Close frame is to be sent at the next boundary
	told   bool     // a Close frame of ours was sent; what the backend still says is dropped
	judged bool     // cause is known
	fitted bool     // the backend's socket has its keepalive and buffer sizes
	bye    bool     // what the client sent last was a Close frame
	full   [2]uint8 // how many more reads from a side filled the buffer than did not; 2*bulkAfter at most
	cause  Cause    // why it ends, once it does
	code   uint16
	gen    uint32

	session Session
	early   *early      // only during the handshake, and only when something must be kept
	pending [2]*pending // bytes on their way to that side
	traffic *Traffic
	active  int64 // loop's clock: the last byte in either direction
	started int64 // loop's clock: accept, then the 101
	pinged  int64 // loop's clock: the last Ping of ours
	endAt   int64 // loop's clock: when the phase, or the tunnel, is to be over; 0: never
	end     *End  // how; nil: at the end of its lifetime
	bytes   [2]uint64
	scan    Scanner // of what the backend sends
}

// early is what a handshake that does not come in one piece must keep.
type early struct {
	in   []byte // head so far
	out  []byte // request for the backend
	rest []byte // what the client sent behind its head
}

// pending is what a side did not take at once: first what a pipe holds, then b from off. It is bounded by pipeSize and
// BufferSize: nothing is read for a side that has any.
type pending struct {
	pipe *pipe // nil: none
	held int   // bytes in it
	off  int
	b    []byte
}

func (l *loop) slot(id uint32) *slot { return &l.chunks[id>>chunkBits][id&(1<<chunkBits-1)] }

// alloc returns an unused slot. Slots lie in chunks, so that they never move while the list grows.
func (l *loop) alloc() (uint32, *slot) {
	if len(l.unused) == 0 {
		l.chunks = append(l.chunks, make([]slot, 1<<chunkBits))
		l.offer(len(l.chunks) - 1)
	}
	id := l.unused[len(l.unused)-1]
	l.unused = l.unused[:len(l.unused)-1]
	s := l.slot(id)
	gen := s.gen
	*s = slot{fd: [2]int32{-1, -1}, gen: gen, active: l.now, started: l.now}
	l.live.Add(1)
	return id, s
}

// offer puts the slots of a chunk among the unused ones, the first on top.
func (l *loop) offer(chunk int) {
	for i := 1<<chunkBits - 1; i >= 0; i-- {
		l.unused = append(l.unused, uint32(chunk<<chunkBits|i))
	}
}

// trim leaves the slots to the garbage collector but for the first chunk, once a loop that had many tunnels has none.
// Between two batches no event speaks of a slot that is free, so that their numbers can begin anew.
func (l *loop) trim() {
	l.chunks = [][]slot{l.chunks[0]}
	l.unused = nil
	l.offer(0)
	l.timers = timers{}
	l.queue, l.spare = nil, nil
}

// release gives back a slot whose descriptors are closed or taken over.
func (l *loop) release(id uint32, s *slot) {
	gen := s.gen + 1
	*s = slot{fd: [2]int32{-1, -1}, gen: gen}
	l.timers.clear(id)
	l.unused = append(l.unused, id)
	if l.live.Add(-1) == 0 {
		l.closeSpares()
		l.group.signalEmpty()
	}
}

// drop closes what is open of a slot and releases it. The session must have been told.
func (l *loop) drop(id uint32, s *slot) {
	for _, fd := range s.fd {
		if fd >= 0 {
			closeFD(fd)
		}
	}
	l.forget(s, client)
	l.forget(s, backend)
	l.release(id, s)
}

func (l *loop) watch(id uint32, s *slot, side int, events uint32) bool {
	if events&unix.EPOLLOUT != 0 {
		s.flags[side] |= watching
	}
	return epollControl(l.ep, unix.EPOLL_CTL_ADD, s.fd[side], events, id, side, s.gen)
}

// block waits for room to write to side. EPOLLOUT is asked for the first time it is needed, because most tunnels
// never need it and every registration with it reports once for nothing.
func (l *loop) block(id uint32, s *slot, side int) {
	if s.fd[backend] >= 0 {
		l.fit(s)
	}
	s.flags[side] |= blocked
	if s.flags[side]&watching == 0 {
		s.flags[side] |= watching
		epollControl(l.ep, unix.EPOLL_CTL_MOD, s.fd[side], readEvents|unix.EPOLLOUT, id, side, s.gen)
	}
}

// fitAfter and fitBytes say when the backend's socket gets the options that only a lasting or busy connection needs:
// keepalive, and the bound of its buffers. Four system calls are much for one that is closed again at once. Until then
// the kernel's own first sizes hold, which grow with what has passed. A socket that blocks is fitted there and then.
const (
	fitAfter = keepaliveIdle * time.Second / 2
	fitBytes = BufferSize
)

// fit sets on the backend's socket what a client's has from the listening socket.
func (l *loop) fit(s *slot) {
	if s.fitted {
		return
	}
	s.fitted = true
	fd := s.fd[backend]
	setInt(fd, unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1)
	setInt(fd, unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, keepaliveIdle)
	setInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, l.group.buffer)
	setInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, l.group.buffer)
}

const readEvents = unix.EPOLLIN | unix.EPOLLRDHUP | unix.EPOLLET&0xffffffff

// setTimer makes sure that the slot is looked at by then.
func (l *loop) setTimer(id uint32, due int64) {
	if old := l.timers.due(id); old == 0 || due < old {
		l.timers.set(id, due)
	}
}

// after returns the loop's clock d from now, never where d is 0.
func (l *loop) after(from int64, d time.Duration) int64 {
	if d <= 0 {
		return never
	}
	return from + int64(d)
}
