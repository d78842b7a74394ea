package embedproxy

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	_ "example.com/wsdoctor/embedproxy/h2connect" // RFC 8441
	"example.com/wsdoctor/embedproxy/head"
)

// isUpgrade tells whether the strict reader has called a request a handshake: it has passed the screen.
func isUpgrade(r *http.Request) bool {
	return hasToken(r.Header["Connection"], "upgrade") && hasToken(r.Header["Upgrade"], "websocket") && r.ProtoMinor == 1
}

func hasToken(lists []string, token string) bool {
	for _, list := range lists {
		for t := range strings.SplitSeq(list, ",") {
			if strings.EqualFold(strings.TrimSpace(t), token) {
				return true
			}
		}
	}
	return false
}

// opening is a handshake on the goroutine path.
type opening struct {
	rec     record
	v       *version
	backend net.Conn
	rest    []byte // read behind the reply's head
	reply   head.Response
	raw     []byte // the reply as it came, where it is no 101
	cookie  string
}

// open admits a handshake, connects it and reads the reply. status is 0, or what the client is refused with.
func (w *web) open(r *http.Request) (o *opening, status int, reason string) {
	o = &opening{rec: record{p: w.p}, v: w.p.version.Load()}
	var req head.Request
	if err := req.Parse(wire(r), head.Limits{}); err != nil {
		he := err.(*head.Error)
		return o, he.Status, he.Reason
	}
	hop := w.hopOf(o.v, r)
	prior := req.Prior()
	client := prior.Client(hop.Peer, o.v.trusts)
	if status, reason = o.rec.enter(o.v, client, time.Now()); status != 0 {
		return o, status, reason
	}
	q := w.question(r, client)
	for range mostTries {
		to, ok := o.rec.choose(o.v, &q)
		if !ok {
			break
		}
		began := time.Now()
		d := net.Dialer{Timeout: o.v.cfg.Timeouts.Connect}
		c, err := d.DialContext(r.Context(), "tcp", to.String())
		if err == nil {
			o.backend = c
			w.p.stats.connect.Observe(time.Since(began).Seconds())
			o.cookie = w.cookieFor(o.v, o.rec.node, q.Cookie, hop.TLS)
			status, reason = o.ask(req.AppendUpgrade(nil, hop, prior, client))
			return o, status, reason
		}
		o.rec.refused(o.v, time.Now())
		q.Tried = append(q.Tried, o.rec.node)
		o.rec.node.Release()
		o.rec.node = nil
	}
	if len(q.Tried) > 0 {
		return o, 502, "no backend takes the connection"
	}
	return o, 503, "no backend is available"
}

// wire writes a request's head as it would stand on the wire, so that the one strict reader and rewriter serves all
// ways. A handshake over HTTP/2 (RFC 8441 section 5) becomes the one of RFC 6455 here, with a key of our own.
func wire(r *http.Request) []byte {
	var b bytes.Buffer
	b.WriteString("GET " + r.URL.RequestURI() + " HTTP/1.1\r\nHost: " + r.Host + "\r\n")
	for name, values := range r.Header {
		if strings.HasPrefix(name, ":") {
			continue
		}
		for _, v := range values {
			b.WriteString(name + ": " + v + "\r\n")
		}
	}
	if r.ProtoMajor == 2 {
		var key [16]byte
		rand.Read(key[:])
		b.WriteString("Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: " + base64.StdEncoding.EncodeToString(key[:]) + "\r\n")
	}
	b.WriteString("\r\n")
	return b.Bytes()
}

// ask sends the request and reads the head of the reply.
func (o *opening) ask(request []byte) (status int, reason string) {
	if d := o.v.cfg.Timeouts.Handshake; d > 0 {
		o.backend.SetDeadline(time.Now().Add(d))
	}
	_, err := o.backend.Write(request)
	var in []byte
	end, next := 0, 0
	for b := make([]byte, 4<<10); err == nil && end == 0; {
		var n int
		n, err = o.backend.Read(b)
		if in = append(in, b[:n]...); n > 0 {
			var ferr error
			if end, next, ferr = head.Find(in, next, head.Limits{}); ferr != nil {
				return 502, ferr.(*head.Error).Reason
			}
		}
	}
	if end == 0 {
		o.rec.refused(o.v, time.Now())
		if ne, ok := err.(net.Error); ok && ne.Timeout() {
			return 504, "the backend did not answer in time"
		}
		return 502, "the backend hung up instead of answering"
	}
	o.rec.node.Answered()
	if err := o.reply.Parse(in[:end], head.Limits{}); err != nil {
		return 502, err.(*head.Error).Reason
	}
	o.backend.SetDeadline(time.Time{})
	o.rest = in[end:]
	if !o.reply.Switching {
		o.raw = in
	}
	return 0, ""
}

// drop ends a handshake that came to nothing.
func (o *opening) drop() {
	if o.backend != nil {
		o.backend.Close()
	}
	o.rec.drop()
}

// upgrade serves a handshake over HTTP/1.1.
func (w *web) upgrade(rw http.ResponseWriter, r *http.Request) {
	o, status, reason := w.open(r)
	if status != 0 {
		o.drop()
		rw.Header().Set("Connection", "close") // what follows on this connection was not screened
		w.fail(rw, r, status, reason)
		return
	}
	c, brw, err := http.NewResponseController(rw).Hijack()
	if err != nil {
		o.drop()
		w.fail(rw, r, 500, "the connection cannot be taken over")
		return
	}
	c.SetDeadline(time.Time{})
	early, _ := brw.Reader.Peek(brw.Reader.Buffered())
	if !o.reply.Switching {
		w.answer(c, o.backend, o.raw, o.rec.drop, w.p.stats)
		return
	}
	var extra []byte
	if o.cookie != "" {
		extra = []byte("Set-Cookie: " + o.cookie + "\r\n")
	}
	if _, err := c.Write(o.reply.AppendSwitching(nil, extra)); err != nil {
		o.drop()
		c.Close()
		return
	}
	w.run(o, c.(tunnelConn), early)
}

// tunnelConn is what a tunnel needs of a connection.
type tunnelConn interface {
	io.ReadWriteCloser
	CloseWrite() error
}

// run moves the bytes of a tunnel that stands.
func (w *web) run(o *opening, c tunnelConn, early []byte) {
	rec := o.rec
	rec.opened()
	w.p.pairs.Run(&rec, c, o.backend.(*net.TCPConn), early, o.rest, &rec.target.traffic)
}

// extended serves a handshake over HTTP/2 (RFC 8441).
func (w *web) extended(rw http.ResponseWriter, r *http.Request) {
	o, status, reason := w.open(r)
	if status != 0 {
		o.drop()
		w.fail(rw, r, status, reason)
		return
	}
	h := rw.Header()
	if !o.reply.Switching {
		defer o.drop()
		w.extendedRefusal(rw, o)
		return
	}
	for _, f := range o.reply.Fields {
		h.Add(string(f.Name), string(f.Value))
	}
	dropHopByHop(h)
	h.Del("Sec-Websocket-Accept") // RFC 8441 section 5: it has no meaning over HTTP/2
	h.Del("Content-Length")
	if o.cookie != "" {
		h.Add("Set-Cookie", o.cookie)
	}
	rc := http.NewResponseController(rw)
	rw.WriteHeader(http.StatusOK)
	if rc.Flush() != nil {
		o.drop()
		return
	}
	w.run(o, &h2Stream{body: r.Body, w: rw, rc: rc}, nil)
}

// extendedRefusal passes on a backend's reply that is no 101.
func (w *web) extendedRefusal(rw http.ResponseWriter, o *opening) {
	o.backend.SetDeadline(time.Now().Add(answerTime))
	resp, err := http.ReadResponse(bufio.NewReader(io.MultiReader(bytes.NewReader(o.raw), o.backend)), &http.Request{Method: "GET"})
	if err != nil {
		http.Error(rw, "the backend's reply cannot be read", http.StatusBadGateway)
		return
	}
	defer resp.Body.Close()
	w.p.stats.status(resp.StatusCode)
	dropHopByHop(resp.Header)
	for name, values := range resp.Header {
		rw.Header()[name] = values
	}
	rw.WriteHeader(resp.StatusCode)
	io.Copy(rw, resp.Body) //nolint:errcheck // an error page that breaks off
}

// h2Stream is the client's side of a tunnel over HTTP/2.
type h2Stream struct {
	body io.ReadCloser
	w    http.ResponseWriter
	rc   *http.ResponseController
	said atomic.Bool // all that was to be said to the client is said
}

func (s *h2Stream) Read(b []byte) (int, error) { return s.body.Read(b) }

func (s *h2Stream) Write(b []byte) (int, error) {
	n, err := s.w.Write(b)
	if err == nil {
		err = s.rc.Flush()
	}
	return n, err
}

// CloseWrite cannot end one direction while the handler runs. The end of the handler does it, so the reading ends.
func (s *h2Stream) CloseWrite() error {
	s.said.Store(true)
	return s.rc.SetReadDeadline(time.Unix(1, 0))
}

// Close makes blocked calls return. Where something was left to say the stream is reset.
func (s *h2Stream) Close() error {
	if !s.said.Load() {
		s.rc.SetWriteDeadline(time.Unix(1, 0)) //nolint:errcheck // the stream may be gone already
	}
	return s.rc.SetReadDeadline(time.Unix(1, 0))
}
