package tunnel

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// Loops is a group of event loops that share their listening sockets. It is the Registry of their tunnels.
type Loops struct {
	loops    []*loop
	settings atomic.Pointer[Settings]
	buffer   int
	done     sync.WaitGroup

	mu       sync.Mutex
	listened int           // how many listening sockets were given numbers
	empty    chan struct{} // closed when the last tunnel goes; nil while nobody waits
}

// LoopOptions says how many loops there are and what they may use.
type LoopOptions struct {
	Loops    int // 0: one for each processor that Go uses; one less lets them keep theirs while they wait
	Buffer   int // bytes of SO_SNDBUF and SO_RCVBUF of sockets to backends; 0: DefaultSocketBuffer
	Settings Settings
	Director func() Director // called once for each loop
}

// DefaultSocketBuffer bounds what the kernel keeps for a peer that does not read: left alone it grows to several
// megabytes a socket, whatever the proxy does. The kernel doubles the number for its own bookkeeping.
const DefaultSocketBuffer = 256 << 10

// loop is one epoll descriptor and the goroutine that serves it. Nothing of it is touched by other goroutines but
// inbox and live.
type loop struct {
	group     *Loops
	director  Director
	settings  *Settings
	ep, wake  int
	buf       []byte
	chunks    [][]slot
	unused    []uint32
	queue     []uint32 // slots whose share of one visit was used up
	spare     []uint32
	spares    []*pending
	pipes     []*pipe // spare ones
	lent      int     // pipes, spare ones included
	noSplice  bool    // the kernel does not let us
	timers    timers
	listeners []int32 // by number; -1: closed
	base      time.Time
	now       int64 // ns since base, at the beginning of the batch
	stop      bool

	live  atomic.Int64
	mu    sync.Mutex
	inbox []func()
	dead  bool // the goroutine has ended: inbox is not read any more
}

// batch is how many events are taken at once.
const batch = 256

// NewLoops starts loops without any listening socket.
func NewLoops(o LoopOptions) (*Loops, error) {
	g := &Loops{buffer: o.Buffer}
	if g.buffer == 0 {
		g.buffer = DefaultSocketBuffer
	}
	g.settings.Store(&o.Settings)
	n := o.Loops
	if n <= 0 {
		n = runtime.GOMAXPROCS(0)
	}
	for range n {
		l := &loop{group: g, director: o.Director(), settings: &o.Settings, buf: make([]byte, BufferSize+maxControl), base: time.Now(), ep: -1, wake: -1}
		g.loops = append(g.loops, l)
		if err := l.open(); err != nil {
			for _, l := range g.loops {
				l.closeOwn()
			}
			return nil, err
		}
	}
	for _, l := range g.loops {
		g.done.Go(l.run)
	}
	return g, nil
}

func (l *loop) open() (err error) {
	if l.ep, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return fmt.Errorf("creating an epoll descriptor: %w", err)
	}
	if l.wake, err = unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC); err != nil {
		return fmt.Errorf("creating an eventfd: %w", err)
	}
	ev := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLET&0xffffffff, Fd: wakeEvent}
	if err = unix.EpollCtl(l.ep, unix.EPOLL_CTL_ADD, l.wake, &ev); err != nil {
		return fmt.Errorf("watching an eventfd: %w", err)
	}
	return nil
}

func (l *loop) closeOwn() {
	for _, fd := range []int{l.ep, l.wake} {
		if fd >= 0 {
			unix.Close(fd)
		}
	}
	l.closeSpares()
}

// Events that belong to no slot have negative numbers: the wake-up, then the listening sockets.
const wakeEvent = -1

func listenerEvent(i int) int32 { return -2 - int32(i) }

// hold is how many milliseconds a loop waits with its processor in hand. To give it back for every short wait costs
// two wake-ups of the scheduler's own threads, three times what a message costs otherwise; to keep it for long would
// have the scheduler send signals to a loop that only sleeps.
const hold = 4

func (l *loop) run() {
	evs := make([]unix.EpollEvent, batch)
	// Others need a processor while this loop keeps its own.
	keep := runtime.GOMAXPROCS(0) > len(l.group.loops)
	wait, quiet := false, false
	for turn := uint(0); !l.stop; turn++ {
		var n int
		switch {
		case len(l.queue) > 0:
			n = epollHold(l.ep, evs, 0)
		case keep && !quiet:
			n = epollHold(l.ep, evs, l.patience(hold))
			quiet = n == 0
		case keep || wait:
			n = epollWait(l.ep, evs, l.patience(-1))
			quiet = false
		default:
			n = epollHold(l.ep, evs, 0)
		}
		l.now = int64(time.Since(l.base))
		// After a batch of several events more have often come meanwhile, and asking without waiting spares the
		// scheduler's bookkeeping; after a lone one it would only be a second system call.
		wait = n < 2
		for i := range max(n, 0) {
			l.event(&evs[i])
		}
		if len(l.queue) > 0 {
			l.visitQueue()
		}
		l.expire()
		if len(l.chunks) > 1 && len(l.queue) == 0 && l.live.Load() == 0 {
			l.trim()
		}
		if !keep && turn%64 == 63 {
			runtime.Gosched() // a loop that never waits would starve everybody else on a single core
		}
	}
	for i := range l.listeners {
		l.unlisten(i)
	}
	l.mu.Lock()
	l.dead = true
	in := l.inbox
	l.mu.Unlock()
	for _, f := range in {
		f()
	}
	l.closeOwn()
}

// patience is how many milliseconds may be waited before a timer is due, at most so many; -1: for ever.
func (l *loop) patience(most int) int {
	_, due, ok := l.timers.next()
	if !ok {
		return most
	}
	now := int64(time.Since(l.base))
	if due <= now {
		return 0
	}
	ms := int(min(due-now, int64(time.Hour))/int64(time.Millisecond)) + 1
	if most >= 0 {
		return min(ms, most)
	}
	return ms
}

func (l *loop) event(ev *unix.EpollEvent) {
	if ev.Fd < 0 {
		if ev.Fd == wakeEvent {
			l.runInbox()
		} else {
			l.accept(int(-2 - ev.Fd))
		}
		return
	}
	id, side := uint32(ev.Fd)>>1, int(ev.Fd&1)
	s := l.slot(id)
	if s.phase == free || s.gen != uint32(ev.Pad) {
		return // of an earlier occupant, closed in this very batch
	}
	if hang := ev.Events & (unix.EPOLLRDHUP | unix.EPOLLHUP | unix.EPOLLERR); hang != 0 {
		s.flags[side] |= hungUp | readable
		if hang == unix.EPOLLRDHUP {
			s.flags[side] |= parted
		} else {
			s.flags[side] &^= parted
		}
	}
	if ev.Events&unix.EPOLLIN != 0 {
		s.flags[side] |= readable
	}
	room := ev.Events&(unix.EPOLLOUT|unix.EPOLLERR|unix.EPOLLHUP) != 0
	switch s.phase {
	case tunneling:
		if room && s.flags[side]&blocked != 0 {
			s.flags[side] &^= blocked
			if !l.pump(id, s, 1-side) {
				return
			}
		}
		if s.flags[side]&readable != 0 {
			l.pump(id, s, side)
		}
	case lingering:
		if room {
			s.flags[side] &^= blocked
		}
		l.linger(id, s)
	default:
		l.handshake(id, s, side, room)
	}
}

func (l *loop) visitQueue() {
	q := l.queue
	l.queue = l.spare[:0]
	l.spare = q
	for _, id := range q {
		s := l.slot(id)
		if !s.queued {
			continue
		}
		s.queued = false
		if s.phase == tunneling && l.pump(id, s, client) {
			l.pump(id, s, backend)
		}
	}
}

func (l *loop) expire() {
	for {
		id, due, ok := l.timers.next()
		if !ok || due > l.now {
			return
		}
		l.timers.clear(id)
		l.timeout(id, l.slot(id))
	}
}

// do runs f on the loop; false: the loop has ended and f is not run.
func (l *loop) do(f func()) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.dead {
		return false
	}
	l.inbox = append(l.inbox, f)
	var one [8]byte
	binary.NativeEndian.PutUint64(one[:], 1)
	unix.Write(l.wake, one[:]) //nolint:errcheck // a full counter wakes as well
	return true
}

func (l *loop) runInbox() {
	var b [8]byte
	unix.Read(l.wake, b[:]) //nolint:errcheck // it only takes the edge back
	l.mu.Lock()
	in := l.inbox
	l.inbox = nil
	l.mu.Unlock()
	for _, f := range in {
		f()
	}
}
