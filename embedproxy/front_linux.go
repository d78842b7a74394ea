package embedproxy

import (
	"errors"
	"net"
	"net/netip"
	"time"

	"example.com/wsdoctor/embedproxy/balance"
	"example.com/wsdoctor/embedproxy/head"
	"example.com/wsdoctor/embedproxy/tunnel"
)

// director is the Director of one loop. What it holds is used by one session at a time.
type director struct {
	p        *Proxy
	req      head.Request
	reply    head.Response
	out      []byte
	cookie   []byte
	question balance.Request
}

// session decides about one connection of a loop. It lives as long as the tunnel, so it is kept small.
type session struct {
	record
	d         *director
	peer      netip.AddrPort
	tried     []*balance.Node
	began     int64 // Unix ns: the connect to the present backend
	skip      int32 // bytes of a PROXY protocol header before the request
	seen      int32 // bytes of the head that were looked at
	announced bool  // the PROXY protocol header has come
	setCookie bool
}

func (d *director) Open(peer netip.AddrPort) tunnel.Session {
	return &session{record: record{p: d.p}, d: d, peer: peer}
}

func (s *session) refuse(status int, reason string) tunnel.Verdict {
	s.p.stats.status(status)
	s.p.note(logged{kind: "refuse", client: s.peer.Addr(), status: status, reason: reason})
	s.d.out = appendAnswer(s.d.out[:0], status, reason)
	return tunnel.Verdict{Action: tunnel.Refuse, Bytes: s.d.out}
}

func (s *session) Request(in []byte) tunnel.Verdict {
	v := s.p.version.Load()
	if v.cfg.ProxyProtocol == "accept" && !s.announced {
		n, src, err := announced(v, s.peer, in)
		switch {
		case err != nil:
			return s.refuse(400, err.Error())
		case n == 0:
			return tunnel.Verdict{Action: tunnel.More}
		}
		s.announced, s.skip, s.peer = true, int32(n), src
	}
	in = in[s.skip:]
	end, next, err := head.Find(in, int(s.seen), head.Limits{})
	if err == nil && end == 0 {
		s.seen = int32(next)
		return tunnel.Verdict{Action: tunnel.More}
	}
	r := &s.d.req
	if err == nil {
		err = r.Parse(in[:end], head.Limits{})
	}
	if err != nil {
		he := err.(*head.Error)
		return s.refuse(he.Status, he.Reason)
	}
	if !r.WebSocket {
		return tunnel.Verdict{Action: tunnel.HandOver, Rest: in}
	}
	return s.open(v, r, in[end:])
}

// open admits the handshake in r and begins to connect it.
func (s *session) open(v *version, r *head.Request, rest []byte) tunnel.Verdict {
	now := time.Now()
	prior := r.Prior()
	peer := s.peer.Addr()
	hop := head.Hop{Peer: peer, Trusted: v.trusts(peer)}
	client := prior.Client(peer, v.trusts)
	if status, reason := s.enter(v, client, now); status != 0 {
		return s.refuse(status, reason)
	}
	q := &s.d.question
	*q = balance.Request{Client: client, Cookie: r.Cookie(s.p.opts.StickyCookie), Header: r.Get(s.p.stickyHeader), Now: now}
	to, ok := s.choose(v, q)
	if !ok {
		return s.refuse(503, "no backend is available")
	}
	if v.set.WantsCookie() {
		s.d.cookie = balance.AppendCookie(s.d.cookie[:0], s.node)
		s.setCookie = string(s.d.cookie) != string(q.Cookie)
	}
	s.began = now.UnixNano()
	s.d.out = r.AppendUpgrade(s.d.out[:0], hop, prior, client)
	return tunnel.Verdict{Action: tunnel.Connect, To: to, Bytes: s.d.out, Rest: rest}
}

func (s *session) Connected() {
	s.p.stats.connect.Observe(float64(time.Now().UnixNano()-s.began) / 1e9)
}

func (s *session) Reply(in []byte) tunnel.Verdict {
	end, _, err := head.Find(in, 0, head.Limits{})
	if err == nil && end == 0 {
		return tunnel.Verdict{Action: tunnel.More}
	}
	s.node.Answered()
	r := &s.d.reply
	if err == nil {
		err = r.Parse(in[:end], head.Limits{})
	}
	if err != nil {
		return s.refuse(502, err.(*head.Error).Reason)
	}
	if !r.Switching {
		return tunnel.Verdict{Action: tunnel.Answer, Rest: in}
	}
	var extra []byte
	if s.setCookie {
		s.d.cookie = appendSetCookie(s.d.cookie[:0], s.p.opts.StickyCookie, s.node, false)
		extra = s.d.cookie
	}
	s.d.out = r.AppendSwitching(s.d.out[:0], extra)
	s.tried = nil
	s.opened()
	return tunnel.Verdict{Action: tunnel.Switch, Bytes: s.d.out, Rest: in[end:], Traffic: &s.target.traffic}
}

func (s *session) Failed(err error) tunnel.Verdict {
	now := time.Now()
	v := s.p.version.Load()
	switch {
	case errors.Is(err, tunnel.ErrHeadTimeout):
		return s.refuse(408, "the request head took too long")
	case errors.Is(err, tunnel.ErrReplyTimeout):
		s.refused(v, now)
		return s.refuse(504, "the backend did not answer in time")
	case !errors.Is(err, tunnel.ErrConnect):
		s.refused(v, now)
		return s.refuse(502, "the backend hung up instead of answering")
	}
	s.refused(v, now)
	s.tried = append(s.tried, s.node)
	s.node.Release()
	s.node = nil
	if len(s.tried) < mostTries {
		// The cookie named the backend that has just refused; the header is not kept for the few that come here.
		q := &s.d.question
		*q = balance.Request{Client: s.client, Now: now, Tried: s.tried}
		if to, ok := s.choose(v, q); ok {
			s.began = now.UnixNano()
			s.setCookie = v.set.WantsCookie()
			return tunnel.Verdict{Action: tunnel.Connect, To: to}
		}
	}
	return s.refuse(502, "no backend takes the connection")
}

func (s *session) Left() { s.drop() }

func (s *session) Serve(c net.Conn, in []byte) { s.p.web.take(c, in, s.peer) }

func (s *session) Answer(c, b net.Conn, in []byte) {
	rec := s.record
	s.p.web.answer(c, b, in, rec.drop, s.p.stats)
}

// newFront starts the loops.
func (p *Proxy) newFront() (front, error) {
	l, err := tunnel.NewLoops(tunnel.LoopOptions{
		Loops: p.opts.Loops, Buffer: p.opts.SocketBuffer, Settings: p.version.Load().tunnels(),
		Director: func() tunnel.Director { return &director{p: p} },
	})
	if err != nil {
		return nil, err
	}
	return l, nil
}
