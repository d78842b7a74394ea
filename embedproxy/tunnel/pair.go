package tunnel

import (
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// Stream is one side of a tunnel that goroutines serve: a TLS connection, an HTTP/2 stream, a TCP connection.
type Stream interface {
	io.ReadWriter
	CloseWrite() error // tells the other side that nothing more comes
	Close() error      // ends both directions; blocked calls return
}

// smallBuffer is what a direction holds while it waits for data; a message that does not fit goes on with a buffer
// from the pool.
const smallBuffer = 1 << 10

var bigBuffers = sync.Pool{New: func() any { b := make([]byte, BufferSize); return &b }}

// pair is one tunnel. mu guards what timers and End touch; writing guards the client's write side together with scan,
// because a Close frame of ours may come from another goroutine than the backend's bytes.
type pair struct {
	group           *Pairs
	owner           Owner
	client, backend Stream
	traffic         *Traffic
	started         time.Time
	active          atomic.Int64 // ns after started
	up, down        atomic.Uint64

	writing sync.Mutex
	scan    Scanner

	mu        sync.Mutex
	timer     *time.Timer
	endAt     time.Time
	end       *End
	pinged    time.Duration
	ending    bool
	told      bool
	judged    bool
	cause     Cause
	code      uint16
	half      bool
	scheduled bool // an End has set endAt
	over      bool
}

// Run moves bytes between both until the tunnel has ended, then closes them and tells the owner. fromClient and
// fromBackend are bytes that were read with the handshake.
func (g *Pairs) Run(o Owner, client, backend Stream, fromClient, fromBackend []byte, t *Traffic) {
	p := &pair{group: g, owner: o, client: client, backend: backend, traffic: t, started: time.Now()}
	g.mu.Lock()
	if g.closed {
		g.mu.Unlock()
		client.Close()
		backend.Close()
		o.Closed(Summary{Cause: ByShutdown})
		return
	}
	g.open[p] = struct{}{}
	g.mu.Unlock()

	p.mu.Lock()
	if l := g.settings.Load().Lifetime; l > 0 {
		p.endAt, p.end = p.started.Add(l), &End{Cause: ByLifetime, Code: CloseGoingAway, Reason: "open for too long"}
	}
	p.timer = time.AfterFunc(p.wait(time.Now()), p.onTimer)
	p.mu.Unlock()

	var wg sync.WaitGroup
	wg.Go(func() { p.copy(p.backend, p.client, fromClient, p.passUp, ByClient, ClientError) })
	p.copy(p.client, p.backend, fromBackend, p.passDown, ByBackend, BackendError)
	wg.Wait()

	p.mu.Lock()
	p.over = true
	p.timer.Stop()
	cause, code := p.cause, p.code
	p.mu.Unlock()
	client.Close()
	backend.Close()
	if theirs, ok := p.scan.Closed(); ok {
		code = theirs
	}
	o.Closed(Summary{Cause: cause, Code: code, Lifetime: time.Since(p.started), Up: p.up.Load(), Down: p.down.Load()})
	g.mu.Lock()
	delete(g.open, p)
	if len(g.open) == 0 {
		g.idle.Broadcast()
	}
	g.mu.Unlock()
}

// copy moves one direction until its end, then passes the end on.
func (p *pair) copy(dst, src Stream, first []byte, pass func([]byte) error, ended, broke Cause) {
	err := error(nil)
	if len(first) > 0 {
		err = pass(first)
	}
	small := make([]byte, smallBuffer)
	for err == nil {
		var n int
		if n, err = src.Read(small); n > 0 {
			if werr := pass(small[:n]); werr != nil {
				err = werr
			}
		}
		if n == len(small) && err == nil {
			err = p.copyMore(src, pass)
		}
	}
	cause := broke
	if errors.Is(err, io.EOF) {
		cause = ended
	}
	p.judge(cause)
	if ended == ByBackend {
		p.backendGone()
	}
	if errors.Is(err, io.EOF) && dst.CloseWrite() == nil {
		p.halfClosed()
		return
	}
	if ended == ByClient {
		p.backend.Close()
		p.client.Close()
		return
	}
	p.halfClosed() // the client is still to read the Close frame, and has closeGrace to hang up
	p.client.CloseWrite()
	p.backend.Close()
}

// copyMore goes on with a large buffer for as long as the data fills it.
func (p *pair) copyMore(src Stream, pass func([]byte) error) error {
	buf := bigBuffers.Get().(*[]byte)
	defer bigBuffers.Put(buf)
	for {
		n, err := src.Read(*buf)
		if n > 0 {
			if werr := pass((*buf)[:n]); werr != nil {
				return werr
			}
		}
		if err != nil || n < len(*buf) {
			return err
		}
	}
}

var errWrite = errors.New("writing to the other side")

func (p *pair) passUp(b []byte) error {
	p.count(&p.up, &p.traffic.Up, len(b))
	if _, err := p.backend.Write(b); err != nil {
		p.judge(BackendError)
		p.discardClient()
		return errWrite
	}
	return nil
}

// discardClient reads what the client still sends after its backend has gone: closing a connection with unread bytes
// resets it, which can overtake the Close frame.
func (p *pair) discardClient() {
	b := make([]byte, smallBuffer)
	for {
		if _, err := p.client.Read(b); err != nil {
			return
		}
	}
}

func (p *pair) passDown(b []byte) error {
	p.count(&p.down, &p.traffic.Down, len(b))
	p.writing.Lock()
	err := p.writeDown(b)
	p.writing.Unlock()
	p.tell()
	if err != nil {
		p.judge(ClientError)
		return errWrite
	}
	return nil
}

func (p *pair) writeDown(b []byte) error {
	p.mu.Lock()
	ending, told, end := p.ending, p.told, p.end
	p.mu.Unlock()
	if told {
		return nil
	}
	if !ending {
		p.scan.Scan(b)
		_, err := p.client.Write(b)
		return err
	}
	n := p.scan.UntilBoundary(b)
	if !p.scan.Boundary() {
		p.scan.Scan(b[n:])
		_, err := p.client.Write(b)
		return err
	}
	p.setTold(end.Code)
	_, err := p.client.Write(appendClose(b[:n:n], end.Code, end.Reason))
	return err
}

func (p *pair) setTold(code uint16) {
	p.mu.Lock()
	p.told, p.code = true, code
	p.mu.Unlock()
}

// tell sends the Close frame of a tunnel that is ending, where that can be done now. Whoever holds the write side
// calls it again afterwards.
func (p *pair) tell() {
	p.mu.Lock()
	pending, end := p.ending && !p.told, p.end
	p.mu.Unlock()
	if !pending || !p.writing.TryLock() {
		return
	}
	defer p.writing.Unlock()
	if p.scan.Boundary() {
		p.setTold(end.Code)
		p.client.Write(appendClose(nil, end.Code, end.Reason)) //nolint:errcheck // a broken client shows when it is read
	}
}

// backendGone tells the client that its backend hung up without a Close frame.
func (p *pair) backendGone() {
	p.mu.Lock()
	if p.cause.Side() == "client" { // it has gone itself, and its backend followed
		p.mu.Unlock()
		return
	}
	p.ending = true
	p.end = &End{Code: CloseBackendLost, Reason: "the backend hung up"}
	p.endAt = time.Now().Add(closeGrace)
	p.mu.Unlock()
	p.tell()
}

func (p *pair) judge(c Cause) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.judged {
		p.judged, p.cause = true, c
	}
}

func (p *pair) halfClosed() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.half = true
	p.arm()
}

func (p *pair) count(own, all *atomic.Uint64, n int) {
	own.Add(uint64(n))
	all.Add(uint64(n))
	p.active.Store(int64(time.Since(p.started)))
}

// wait is how long the timer may sleep. mu is held.
func (p *pair) wait(now time.Time) time.Duration {
	s := p.group.settings.Load()
	d := time.Duration(never)
	if !p.endAt.IsZero() {
		d = p.endAt.Sub(now)
	}
	age := now.Sub(p.started)
	active := time.Duration(p.active.Load())
	if s.Idle > 0 && !p.ending {
		d = min(d, active+s.Idle-age)
	}
	if p.half {
		d = min(d, active+halfCloseIdle-age)
	}
	if s.Ping > 0 && !p.ending {
		d = min(d, max(active, p.pinged)+s.Ping-age)
	}
	return max(d, 0)
}

// arm sets the timer anew. mu is held.
func (p *pair) arm() {
	if !p.over {
		p.timer.Reset(p.wait(time.Now()))
	}
}

func (p *pair) onTimer() {
	s := p.group.settings.Load()
	p.mu.Lock()
	if p.over {
		p.mu.Unlock()
		return
	}
	now := time.Now()
	age, active := now.Sub(p.started), time.Duration(p.active.Load())
	due := !p.endAt.IsZero() && !now.Before(p.endAt)
	ping := false
	switch {
	case due && p.ending, p.half && age >= active+halfCloseIdle:
		p.mu.Unlock()
		p.client.Close()
		p.backend.Close()
		return
	case due:
		p.beginEnd(p.end)
	case s.Idle > 0 && !p.ending && age >= active+s.Idle:
		p.beginEnd(&End{Cause: ByIdle, Code: CloseGoingAway, Reason: "idle for too long"})
	case s.Ping > 0 && !p.ending && age >= max(active, p.pinged)+s.Ping:
		p.pinged, ping = age, true
	}
	p.arm()
	p.mu.Unlock()
	if ping && p.writing.TryLock() {
		if p.scan.Boundary() {
			p.client.Write(pingFrame) //nolint:errcheck // a broken client shows when it is read
		}
		p.writing.Unlock()
	}
	p.tell()
}

// beginEnd starts the polite end. mu is held.
func (p *pair) beginEnd(e *End) {
	p.ending, p.end = true, e
	p.endAt = time.Now().Add(closeGrace)
	if !p.judged {
		p.judged, p.cause = true, e.Cause
	}
}
