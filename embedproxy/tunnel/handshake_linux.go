package tunnel

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// What Session.Failed is told.
var (
	ErrConnect      = errors.New("connecting to the backend") // wrapped with the cause; the next backend may be tried
	ErrNoReply      = errors.New("waiting for the backend's reply: it hung up")
	ErrReplyTimeout = errors.New("waiting for the backend's reply: it took too long")
	ErrHeadTimeout  = errors.New("waiting for the request: the client took too long")
)

func connectError(errno error) error { return fmt.Errorf("%w: %w", ErrConnect, errno) }

// handshake goes on with a connection that is no tunnel yet.
func (l *loop) handshake(id uint32, s *slot, side int, room bool) {
	switch {
	case s.phase == reading:
		if s.flags[client]&readable != 0 {
			l.readHead(id, s)
		}
	case side == client:
		// What it sends early stays in the kernel until there is a tunnel. One that hangs up gets none.
		if s.flags[client]&hungUp != 0 {
			l.leave(id, s)
		}
	case s.phase == dialing:
		if room {
			l.dialed(id, s)
		}
	case s.flags[backend]&readable != 0:
		l.readReply(id, s)
	}
}

func (l *loop) leave(id uint32, s *slot) {
	s.session.Left()
	l.drop(id, s)
}

func (l *loop) readHead(id uint32, s *slot) {
	for s.flags[client]&readable != 0 {
		n := recv(s.fd[client], l.buf[:BufferSize])
		switch {
		case n == eagain:
			s.flags[client] &^= readable
			return
		case n == eintr:
			continue
		case n <= 0:
			l.leave(id, s)
			return
		}
		l.drained(s, client, n)
		in := s.joined(l.buf[:n])
		if v := s.session.Request(in); v.Action != More {
			l.act(id, s, v, in)
			return
		}
		s.keep().in = append(s.early.in[:0], in...)
	}
}

func (l *loop) readReply(id uint32, s *slot) {
	for s.flags[backend]&readable != 0 {
		n := recv(s.fd[backend], l.buf[:BufferSize])
		switch {
		case n == eagain:
			s.flags[backend] &^= readable
			return
		case n == eintr:
			continue
		case n <= 0:
			l.act(id, s, s.session.Failed(ErrNoReply), nil)
			return
		}
		l.drained(s, backend, n)
		in := s.joined(l.buf[:n])
		if v := s.session.Reply(in); v.Action != More {
			l.act(id, s, v, in)
			return
		}
		s.keep().in = append(s.early.in[:0], in...)
	}
}

// drained notes that a read which got less than it could have has emptied the socket. That holds only while no
// hang-up was seen: with one there is an end of file still to be read.
func (l *loop) drained(s *slot, side, n int) {
	if n < BufferSize && s.flags[side]&hungUp == 0 {
		s.flags[side] &^= readable
	}
}

func (s *slot) keep() *early {
	if s.early == nil {
		s.early = new(early)
	}
	return s.early
}

// joined returns what has come of a head so far, b last.
func (s *slot) joined(b []byte) []byte {
	if s.early == nil || len(s.early.in) == 0 {
		return b
	}
	s.early.in = append(s.early.in, b...)
	return s.early.in
}

func (l *loop) act(id uint32, s *slot, v Verdict, in []byte) {
	switch v.Action {
	case Refuse:
		l.refuse(id, s, v.Bytes)
	case HandOver:
		if c, err := l.detach(s, client); err != nil {
			l.leave(id, s)
		} else {
			session, rest := s.session, append([]byte(nil), v.Rest...)
			l.release(id, s)
			session.Serve(c, rest)
		}
	case Connect:
		l.connect(id, s, v)
	case Switch:
		l.switchOver(id, s, v)
	case Answer:
		l.answer(id, s, v)
	}
}

// connect dials and, where the connection stands at once, as on loopback, sends the request with the same breath.
func (l *loop) connect(id uint32, s *slot, v Verdict) {
	for v.Action == Connect {
		fd, done := dial(v.To)
		if fd < 0 {
			v = s.next(v, syscall.Errno(-fd))
			continue
		}
		s.fd[backend], s.flags[backend], s.fitted = fd, 0, false
		n := send(fd, v.Bytes, 0)
		if n == len(v.Bytes) {
			l.sent(id, s, v.Rest)
			if !l.watch(id, s, backend, readEvents) {
				l.act(id, s, s.session.Failed(ErrNoReply), nil)
			}
			return
		}
		if n == eagain && !done {
			e := s.keep()
			e.in, e.out, e.rest = nil, append([]byte(nil), v.Bytes...), append([]byte(nil), v.Rest...)
			s.phase, s.endAt = dialing, l.after(l.now, l.settings.Connect)
			l.setTimer(id, s.endAt)
			if l.watch(id, s, backend, readEvents|unix.EPOLLOUT) {
				return
			}
			n = -int(unix.ENOMEM)
		}
		closeFD(fd)
		s.fd[backend] = -1
		v = s.next(v, syscall.Errno(max(-n, 0)))
	}
	l.act(id, s, v, nil)
}

// next asks the session for another backend after one has refused; the request is the same.
func (s *slot) next(v Verdict, err error) Verdict {
	again := s.session.Failed(connectError(err))
	again.Rest = v.Rest
	if again.Action == Connect {
		again.Bytes = v.Bytes
	}
	return again
}

// dialed goes on when a connect has ended, well or not.
func (l *loop) dialed(id uint32, s *slot) {
	n := send(s.fd[backend], s.early.out, 0)
	if n == len(s.early.out) {
		l.sent(id, s, s.early.rest)
		return
	}
	if n == eagain && s.flags[backend]&hungUp == 0 {
		return
	}
	err := error(syscall.Errno(max(-n, 0)))
	if n == eagain {
		err = socketError(s.fd[backend])
	}
	l.redial(id, s, err)
}

// redial tries the next backend with what was kept for it.
func (l *loop) redial(id uint32, s *slot, err error) {
	closeFD(s.fd[backend])
	s.fd[backend] = -1
	l.connect(id, s, s.next(Verdict{Bytes: s.early.out, Rest: s.early.rest}, err))
}

// sent goes on after the request has gone out.
func (l *loop) sent(id uint32, s *slot, rest []byte) {
	s.session.Connected()
	if len(rest) > 0 {
		s.keep().rest = append([]byte(nil), rest...)
	}
	if s.early != nil {
		s.early.in, s.early.out = nil, nil
	}
	s.phase, s.endAt = replying, l.after(l.now, l.settings.Handshake)
	l.setTimer(id, s.endAt)
	if s.flags[client]&hungUp != 0 {
		// It hung up in the same batch; its edge will not come again. The reply is not worth waiting for.
		s.endAt = l.now
		l.timers.set(id, s.endAt)
	}
}

// refuse answers the client itself and sees that the answer arrives: to close a socket that has unread bytes sends
// a reset, which can overtake what was written.
func (l *loop) refuse(id uint32, s *slot, answer []byte) {
	s.session.Left()
	s.session = nil
	l.lingerWith(id, s, answer)
}

// lingerWith sends b to the client as the last it gets, and lets go of the backend.
func (l *loop) lingerWith(id uint32, s *slot, b []byte) {
	if s.fd[backend] >= 0 {
		closeFD(s.fd[backend])
		s.fd[backend] = -1
	}
	s.phase, s.early = lingering, nil
	s.endAt = l.now + int64(closeGrace)
	l.timers.set(id, s.endAt)
	if p := s.pending[client]; p != nil {
		p.b = append(p.b, b...)
	} else if len(b) > 0 {
		s.pending[client] = &pending{b: append([]byte(nil), b...)}
	}
	s.flags[client] |= readable // its edge may have been used up by the handshake
	l.linger(id, s)
}

// linger writes what is left for the client, hangs up, and reads until the client does too.
func (l *loop) linger(id uint32, s *slot) {
	if p := s.pending[client]; p != nil && s.flags[client]&blocked == 0 {
		switch n := l.empty(s.fd[client], p); n {
		case eagain, eintr:
			l.block(id, s, client)
		case 0:
			s.pending[client] = nil
		default:
			l.drop(id, s)
			return
		}
	}
	if s.pending[client] == nil && s.flags[client]&shut == 0 {
		s.flags[client] |= shut
		shutdownWrite(s.fd[client])
	}
	for turn := 0; s.flags[client]&readable != 0; turn++ {
		n := recv(s.fd[client], l.buf[:BufferSize])
		switch {
		case n == eagain:
			s.flags[client] &^= readable
		case n == eintr:
		case n <= 0 || turn == share:
			l.drop(id, s) // gone, or flooding: it was told
			return
		}
	}
}

// detach takes a descriptor out of the loop and makes a connection of it.
func (l *loop) detach(s *slot, side int) (net.Conn, error) {
	fd := s.fd[side]
	s.fd[side] = -1
	err := unix.EpollCtl(l.ep, unix.EPOLL_CTL_DEL, int(fd), nil)
	f := os.NewFile(uintptr(fd), "")
	defer f.Close() // FileConn works on a duplicate
	if err != nil {
		return nil, fmt.Errorf("taking a connection out of the loop: %w", err)
	}
	return net.FileConn(f)
}

func (l *loop) answer(id uint32, s *slot, v Verdict) {
	l.fit(s)
	b, err := l.detach(s, backend)
	if err != nil {
		l.act(id, s, s.session.Failed(ErrNoReply), nil)
		return
	}
	c, err := l.detach(s, client)
	if err != nil {
		b.Close()
		l.leave(id, s)
		return
	}
	session, rest := s.session, append([]byte(nil), v.Rest...)
	l.release(id, s)
	session.Answer(c, b, rest)
}

// switchOver makes a tunnel of a handshake.
func (l *loop) switchOver(id uint32, s *slot, v Verdict) {
	e := s.early
	s.early = nil
	s.phase, s.traffic = tunneling, v.Traffic
	s.started, s.active, s.pinged = l.now, l.now, l.now
	s.endAt = 0
	if l.settings.Lifetime > 0 {
		s.endAt = l.after(l.now, l.settings.Lifetime)
	}
	if due := l.tunnelDue(s); due == never {
		l.timers.clear(id)
	} else {
		l.timers.set(id, due)
	}
	rest := v.Rest // it may lie in the loop's buffer, which a pump would overwrite
	if !l.write(id, s, client, v.Bytes) || len(rest) > 0 && !l.forward(id, s, backend, rest) {
		return
	}
	if e != nil && len(e.rest) > 0 && !l.forward(id, s, client, e.rest) {
		return
	}
	if s.flags[backend]&readable != 0 && !l.pump(id, s, backend) {
		return
	}
	if s.flags[client]&readable != 0 {
		l.pump(id, s, client)
	}
}

// timeout is called when the slot's timer goes off; what it waits for may have moved on since.
func (l *loop) timeout(id uint32, s *slot) {
	if s.phase != tunneling && s.phase != pausing && s.endAt > l.now {
		if s.endAt != never {
			l.setTimer(id, s.endAt)
		}
		return
	}
	switch s.phase {
	case reading:
		l.act(id, s, s.session.Failed(ErrHeadTimeout), nil)
	case dialing:
		l.redial(id, s, unix.ETIMEDOUT)
	case replying:
		if s.flags[client]&hungUp != 0 {
			l.leave(id, s)
			return
		}
		l.act(id, s, s.session.Failed(ErrReplyTimeout), nil)
	case lingering:
		l.drop(id, s)
	case pausing:
		l.resumeListener(id, s)
	case tunneling:
		l.tunnelTimeout(id, s)
	}
}
