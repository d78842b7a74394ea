package tunnel

import (
	"time"

	"golang.org/x/sys/unix"
)

// share is how many buffers one tunnel moves in one direction before others get their turn.
const share = 8

// The ends that the loop decides on itself.
var (
	endIdle     = End{Cause: ByIdle, Code: CloseGoingAway, Reason: "idle for too long"}
	endLifetime = End{Cause: ByLifetime, Code: CloseGoingAway, Reason: "open for too long"}
	endBackend  = End{Code: CloseBackendLost, Reason: "the backend hung up"}
)

// pump moves what has come from one side to the other. false: the slot is gone.
func (l *loop) pump(id uint32, s *slot, from int) bool {
	to := 1 - from
	if s.pending[to] != nil && !l.flush(id, s, to) {
		return false
	}
	for turn := 0; s.flags[from]&(readable|ended) == readable && s.pending[to] == nil; turn++ {
		if turn >= share {
			if !s.queued {
				s.queued = true
				l.queue = append(l.queue, id)
			}
			return true
		}
		var n int
		if most := l.streams(s, from); most > 0 {
			alive := true
			if n, alive = l.splice(id, s, from, most); !alive {
				return false
			} else if n > 0 {
				turn += n / BufferSize
				continue
			}
		} else {
			n = recv(s.fd[from], l.buf[:BufferSize])
		}
		if n > 0 {
			l.drained(s, from, n)
			s.flow(from, n)
			if n < BufferSize && s.flags[from]&parted != 0 {
				s.hasEnded(from)
			}
			if !l.forward(id, s, from, l.buf[:n]) {
				return false
			}
			continue
		}
		switch n {
		case 0:
			s.hasEnded(from)
		case eagain:
			s.flags[from] &^= readable
		case eintr:
		default:
			return l.broken(id, s, from)
		}
	}
	if s.flags[from]&ended != 0 && s.pending[to] == nil {
		return l.hangUp(id, s, from)
	}
	return true
}

// hasEnded notes that a side has sent its last byte.
func (s *slot) hasEnded(side int) {
	s.flags[side] |= ended
	if !s.judged {
		s.judged, s.cause = true, ByClient
		if side == backend {
			s.cause = ByBackend
		}
	}
}

// flow notes whether a read filled the buffer.
func (s *slot) flow(from, n int) {
	switch full := &s.full[from]; {
	case n >= BufferSize && *full < 2*bulkAfter:
		*full++
	case n < BufferSize && *full > 0:
		*full--
	}
}

// forward passes on b, which came from one side. false: the slot is gone.
func (l *loop) forward(id uint32, s *slot, from int, b []byte) bool {
	s.active = l.now
	s.bytes[from] += uint64(len(b))
	if !s.fitted && s.bytes[from] > fitBytes {
		l.fit(s)
	}
	if from == client {
		s.traffic.Up.Add(uint64(len(b)))
		s.bye = isClose(b)
		return l.write(id, s, backend, b)
	}
	s.traffic.Down.Add(uint64(len(b)))
	if s.told {
		return true
	}
	if !s.ending {
		s.scan.Scan(b)
		return l.write(id, s, client, b)
	}
	n := s.scan.UntilBoundary(b)
	if !s.scan.Boundary() {
		s.scan.Scan(b[n:]) // a Close frame of the backend's own, or no frames at all
		return l.write(id, s, client, b)
	}
	s.told = true
	s.code = s.end.Code
	return l.write(id, s, client, appendClose(b[:n:n], s.end.Code, s.end.Reason))
}

// write sends b to a side, and keeps what it does not take. false: the slot is gone.
func (l *loop) write(id uint32, s *slot, to int, b []byte) bool {
	if s.flags[to]&shut != 0 {
		return true
	}
	if p := s.pending[to]; p != nil {
		p.b = append(p.b, b...)
		return true
	}
	flags := 0
	if s.flags[1-to]&ended != 0 {
		flags = unix.MSG_MORE // hangUp comes next: its FIN shall travel with these bytes
	}
	n := send(s.fd[to], b, flags)
	if n == len(b) {
		return true
	}
	if n < 0 {
		if n != eagain && n != eintr {
			return l.deaf(id, s, to)
		}
		n = 0
	}
	s.pending[to] = l.keep(b[n:])
	l.block(id, s, to)
	return true
}

// spares is how many buffers for pending bytes a loop keeps. A tunnel in full flow blocks again and again and would
// leave garbage each time; when more stall than that, each takes just what it needs.
const spares = 16

func (l *loop) keep(b []byte) *pending {
	if n := len(l.spares); n > 0 {
		p := l.spares[n-1]
		l.spares = l.spares[:n-1]
		p.b, p.off = append(p.b[:0], b...), 0
		return p
	}
	return &pending{b: append([]byte(nil), b...)}
}

// done takes back a buffer whose bytes have been sent.
func (l *loop) done(p *pending) {
	if len(l.spares) == spares {
		return
	}
	if cap(p.b) < BufferSize {
		p.b = make([]byte, 0, BufferSize+maxControl)
	}
	l.spares = append(l.spares, p)
}

// flush sends what a side did not take before. false: the slot is gone.
func (l *loop) flush(id uint32, s *slot, to int) bool {
	if s.flags[to]&blocked != 0 {
		return true
	}
	p := s.pending[to]
	switch n := l.empty(s.fd[to], p); n {
	case eagain, eintr:
		l.block(id, s, to)
	case 0:
		s.pending[to] = nil
		l.done(p)
	default:
		return l.deaf(id, s, to)
	}
	return true
}

// empty sends p to a descriptor. It returns 0 when all was taken, or -errno.
func (l *loop) empty(fd int32, p *pending) int {
	for p.held > 0 {
		n := splice(p.pipe.r, fd, p.held)
		switch {
		case n < 0:
			return n
		case n == 0:
			return -int(unix.EPIPE) // the pipe is empty and held says otherwise: asking again would never end
		}
		p.held -= n
	}
	if p.pipe != nil {
		l.giveBack(p.pipe)
		p.pipe = nil
	}
	if p.off == len(p.b) {
		return 0
	}
	n := send(fd, p.b[p.off:], 0)
	if n < 0 {
		return n
	}
	if p.off += n; p.off < len(p.b) {
		return eagain
	}
	return 0
}

// deaf goes on when a side takes nothing more. A backend may have said why before it hung up, so that is read first.
func (l *loop) deaf(id uint32, s *slot, side int) bool {
	if side == client {
		return l.broken(id, s, client)
	}
	s.flags[backend] |= shut | hungUp | readable
	s.flags[backend] &^= blocked
	l.forget(s, backend)
	return l.pump(id, s, backend)
}

// hangUp goes on after a side has sent its last byte. false: the slot is gone.
func (l *loop) hangUp(id uint32, s *slot, from int) bool {
	to := 1 - from
	if from == backend && !s.told && s.flags[client]&ended == 0 && s.scan.Boundary() {
		s.told, s.code = true, endBackend.Code
		s.endAt = l.now + int64(closeGrace)
		if !l.write(id, s, client, appendClose(l.buf[:0], endBackend.Code, endBackend.Reason)) {
			return false
		}
	}
	if s.pending[to] != nil {
		return true
	}
	// After both Close frames the client has nothing more to say, and the server's side closes (RFC 6455 section 7.1.1).
	parting := from == backend && s.bye && (s.told || s.scan.closed) && s.flags[client]&readable == 0
	if s.flags[to]&ended != 0 || parting {
		l.finish(id, s)
		return false
	}
	if s.flags[to]&shut == 0 {
		s.flags[to] |= shut
		shutdownWrite(s.fd[to])
	}
	l.setTimer(id, l.tunnelDue(s))
	return true
}

// broken goes on after a connection has failed. It returns false: the slot is gone, or lingers without a tunnel.
func (l *loop) broken(id uint32, s *slot, side int) bool {
	if !s.judged {
		s.judged, s.cause = true, ClientError
		if side == backend {
			s.cause = BackendError
		}
	}
	if side == client || s.flags[client]&(shut|ended) != 0 && s.pending[client] == nil {
		l.finish(id, s)
		return false
	}
	var last []byte
	if !s.told && s.scan.Boundary() {
		s.told, s.code = true, endBackend.Code
		last = appendClose(l.buf[:0], endBackend.Code, endBackend.Reason)
	}
	l.closed(s)
	l.lingerWith(id, s, last)
	return false
}

// closed tells the session that its tunnel is no more.
func (l *loop) closed(s *slot) {
	code := s.code
	if theirs, ok := s.scan.Closed(); ok {
		code = theirs
	}
	session := s.session
	s.session = nil
	session.Closed(Summary{Cause: s.cause, Code: code, Lifetime: time.Duration(l.now - s.started), Up: s.bytes[client], Down: s.bytes[backend]})
}

func (l *loop) finish(id uint32, s *slot) {
	l.closed(s)
	l.drop(id, s)
}

// endTunnel ends a tunnel politely. The client's answering Close passes on to the backend like anything it sends,
// so the backend sees an orderly end as well.
func (l *loop) endTunnel(id uint32, s *slot, e *End) bool {
	s.ending, s.end = true, e
	if !s.judged {
		s.judged, s.cause = true, e.Cause
	}
	s.endAt = l.now + int64(closeGrace)
	l.setTimer(id, s.endAt)
	if s.scan.Lost() {
		l.finish(id, s)
		return false
	}
	if !s.scan.Boundary() || s.told {
		return true
	}
	s.told, s.code = true, e.Code
	return l.write(id, s, client, appendClose(l.buf[:0], e.Code, e.Reason))
}

// tunnelDue is when the tunnel must be looked at next.
func (l *loop) tunnelDue(s *slot) int64 {
	due := int64(never)
	if s.endAt > 0 {
		due = s.endAt
	}
	due = min(due, l.after(s.active, l.settings.Idle), l.after(max(s.active, s.pinged), l.settings.Ping))
	if (s.flags[client]|s.flags[backend])&ended != 0 {
		due = min(due, s.active+int64(halfCloseIdle))
	}
	if !s.fitted {
		due = min(due, s.started+int64(fitAfter))
	}
	return due
}

func (l *loop) tunnelTimeout(id uint32, s *slot) {
	if !s.fitted && l.now >= s.started+int64(fitAfter) {
		l.fit(s)
	}
	half := (s.flags[client]|s.flags[backend])&ended != 0
	switch {
	case s.endAt > 0 && l.now >= s.endAt:
		if s.ending || s.told {
			l.finish(id, s) // closeGrace is over
			return
		}
		e := s.end
		if e == nil {
			e = &endLifetime
		}
		if !l.endTunnel(id, s, e) {
			return
		}
	case half && l.now >= s.active+int64(halfCloseIdle):
		l.finish(id, s)
		return
	case !s.ending && !s.told && l.now >= l.after(s.active, l.settings.Idle):
		if !l.endTunnel(id, s, &endIdle) {
			return
		}
	case l.now >= l.after(max(s.active, s.pinged), l.settings.Ping):
		s.pinged = l.now
		if s.scan.Boundary() && !s.told && s.pending[client] == nil && !l.write(id, s, client, pingFrame) {
			return
		}
	}
	due := l.tunnelDue(s)
	if s.ending || s.told {
		due = s.endAt
	}
	if due != never {
		l.setTimer(id, due)
	}
}

// shutdown ends whatever the slot holds, at once.
func (l *loop) shutdown(id uint32, s *slot) {
	switch s.phase {
	case tunneling:
		if !s.judged {
			s.judged, s.cause = true, ByShutdown
		}
		if !s.told && s.scan.Boundary() && s.pending[client] == nil {
			s.code = CloseGoingAway
			send(s.fd[client], appendClose(l.buf[:0], CloseGoingAway, "the proxy ends"), 0)
		}
		l.finish(id, s)
	case lingering, pausing:
		l.drop(id, s)
	default:
		l.leave(id, s)
	}
}
