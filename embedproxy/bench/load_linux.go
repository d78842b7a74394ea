package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// load is one run of the generator.
type load struct {
	mode     string // echo | rate | stream | handshakes | idle
	address  string
	conns    int
	size     int
	rate     int // messages a second in all
	each     time.Duration
	file     string // idle: written when all are open; the run ends when it is gone
	p        *poller[caller]
	sa       *unix.SockaddrInet4
	frame    []byte
	want     int // bytes of an echo
	buf      []byte
	open     int
	measured bool
	sources  int
	start    time.Time
	result   Result
	waits    []int64 // ns
	err      error
}

// Result is what a run prints.
type Result struct {
	Done    int     // messages, or handshakes
	Bytes   int64   // received
	Seconds float64 // measured
	P50     float64 // µs
	P99     float64 // µs
	CPU     float64 // s of the watched processes in that time
}

type caller struct {
	state int // 0 connecting, 1 awaiting the 101, 2 open, 3 hanging up
	head  []byte
	got   int
	sent  []time.Time // when each message under way was due
	out   []byte
}

const request = "GET %s HTTP/1.1\r\nHost: bench.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
	"Sec-WebSocket-Version: 13\r\nOrigin: http://bench.example\r\nUser-Agent: bench\r\n\r\n"

// settle is how long a load runs before it is measured.
const settle = 500 * time.Millisecond

func loadMain(args []string) error {
	l := &load{buf: make([]byte, 256<<10)}
	var pids string
	f := flag.NewFlagSet("load", flag.ExitOnError)
	f.StringVar(&l.mode, "mode", "echo", "")
	f.StringVar(&l.address, "a", "", "")
	f.IntVar(&l.conns, "c", 64, "")
	f.IntVar(&l.size, "size", 128, "")
	f.IntVar(&l.rate, "rate", 0, "")
	f.DurationVar(&l.each, "d", time.Second, "")
	f.StringVar(&l.file, "file", "", "")
	f.StringVar(&pids, "pids", "", "processes whose CPU time is counted")
	f.Parse(args)
	runtime.LockOSThread()
	var err error
	if l.sa, err = sockaddr(l.address); err != nil {
		return err
	}
	if l.p, err = newPoller[caller](); err != nil {
		return err
	}
	l.frame = frame(2, true, make([]byte, l.size))
	l.want = len(l.frame) - 4
	return l.run(pids)
}

func (l *load) run(pids string) error {
	if l.mode != "handshakes" {
		for started := 0; l.open < l.conns && l.err == nil; {
			for ; started < l.conns && started-l.open < 64; started++ {
				l.dial()
			}
			l.p.wait(time.Second, l.event)
		}
	}
	if l.mode == "idle" {
		return l.idle()
	}
	var all []int
	for fd, c := range l.p.conns {
		if c != nil {
			all = append(all, fd)
		}
	}
	switch l.mode {
	case "echo":
		for _, fd := range all {
			l.say(fd, time.Now())
		}
	case "handshakes":
		for range l.conns {
			l.dial()
		}
	}
	next, turn := time.Now(), 0
	cpu, begin := 0.0, time.Now().Add(settle)
	for l.err == nil {
		now := time.Now()
		if !l.measured && now.After(begin) {
			l.measured, l.start = true, now
			cpu = cpuOf(pids)
		}
		if l.measured && now.Sub(l.start) > l.each {
			break
		}
		if l.rate > 0 {
			for ; !next.After(now); next = next.Add(time.Second / time.Duration(l.rate)) {
				l.say(all[turn%len(all)], next)
				turn++
			}
			l.p.wait(max(0, min(time.Until(next), time.Millisecond)), l.event)
			continue
		}
		l.p.wait(10*time.Millisecond, l.event)
	}
	if l.err != nil {
		return l.err
	}
	r := &l.result
	r.Seconds = time.Since(l.start).Seconds()
	r.CPU = cpuOf(pids) - cpu
	slices.Sort(l.waits)
	if n := len(l.waits); n > 0 {
		r.P50, r.P99 = float64(l.waits[n/2])/1e3, float64(l.waits[n*99/100])/1e3
	}
	return json.NewEncoder(os.Stdout).Encode(r)
}

// idle holds the connections after one echo each.
func (l *load) idle() error {
	for fd, c := range l.p.conns {
		if c != nil {
			l.say(fd, time.Now())
		}
	}
	l.measured = true
	for l.result.Done < l.conns && l.err == nil {
		l.p.wait(time.Second, l.event)
	}
	if l.err != nil {
		return l.err
	}
	if err := os.WriteFile(l.file, nil, 0o600); err != nil {
		return err
	}
	for {
		if _, err := os.Stat(l.file); err != nil {
			return nil
		}
		l.p.wait(100*time.Millisecond, l.event)
	}
}

func (l *load) dial() {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		l.err = err
		return
	}
	unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	// Several source addresses: one has only so many ports, and those in TIME_WAIT are not to be had.
	unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1)
	l.sources++
	unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, byte(1 + l.sources%8), 2}})
	if err := unix.Connect(fd, l.sa); err != nil && err != unix.EINPROGRESS {
		l.err = fmt.Errorf("connecting: %w", err)
	}
	l.p.add(fd, &caller{sent: []time.Time{time.Now()}}, unix.EPOLLOUT)
}

// say sends one message that was due at t.
func (l *load) say(fd int, t time.Time) {
	if c := l.p.conns[fd]; c != nil {
		c.sent = append(c.sent, t)
		l.write(fd, c, l.frame)
	}
}

func (l *load) write(fd int, c *caller, b []byte) {
	if len(c.out) > 0 {
		c.out = append(c.out, b...)
		return
	}
	n, err := unix.Write(fd, b)
	if err != nil && err != unix.EAGAIN {
		l.err = fmt.Errorf("writing: %w", err)
		return
	}
	if n = max(n, 0); n < len(b) {
		c.out = bytes.Clone(b[n:])
		l.p.change(fd, unix.EPOLLIN|unix.EPOLLOUT)
	}
}

func (l *load) event(fd int, c *caller, events uint32) {
	if c.state == 0 {
		c.state = 1
		l.p.change(fd, unix.EPOLLIN)
		path := "/ws"
		if l.mode == "stream" {
			path = "/stream"
		}
		l.write(fd, c, fmt.Appendf(nil, request, path))
		return
	}
	if events&unix.EPOLLOUT != 0 && len(c.out) > 0 {
		out := c.out
		c.out = nil
		l.p.change(fd, unix.EPOLLIN)
		l.write(fd, c, out)
	}
	if events&^unix.EPOLLOUT == 0 {
		return
	}
	n, err := unix.Read(fd, l.buf)
	switch {
	case err == unix.EAGAIN:
	case n <= 0 && c.state == 3:
		l.p.close(fd)
		l.dial()
	case n <= 0:
		l.err = fmt.Errorf("reading in state %d: %v", c.state, err)
	default:
		l.got(fd, c, l.buf[:n])
	}
}

func (l *load) got(fd int, c *caller, b []byte) {
	switch {
	case c.state == 1:
		c.head = append(c.head, b...)
		if end := bytes.Index(c.head, []byte("\r\n\r\n")); end >= 0 {
			if !bytes.HasPrefix(c.head, []byte("HTTP/1.1 101")) {
				l.err = fmt.Errorf("found %.40q, expected a 101", c.head)
				return
			}
			c.head, c.state = nil, 2
			l.open++
			if l.mode == "handshakes" {
				l.done(c)
				c.state = 3
				l.write(fd, c, frame(8, true, []byte{3, 0xe8}))
			}
			c.sent = c.sent[:0]
		}
	case l.mode == "stream":
		if l.measured {
			l.result.Bytes += int64(len(b))
		}
	case c.state == 2:
		for c.got += len(b); c.got >= l.want; c.got -= l.want {
			l.done(c)
			if l.mode == "echo" {
				l.say(fd, time.Now())
			}
		}
	}
}

func (l *load) done(c *caller) {
	if len(c.sent) == 0 {
		return
	}
	if l.measured {
		l.result.Done++
		l.waits = append(l.waits, int64(time.Since(c.sent[0])))
	}
	c.sent = c.sent[1:]
}
