package embedproxy

import (
	"bytes"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"net/textproto"
	"os"
	"sync"
	"time"

	"example.com/wsdoctor/embedproxy/balance"
	"example.com/wsdoctor/embedproxy/head"
)

// newTransport is how plain requests reach the backends.
func (p *Proxy) newTransport() *http.Transport {
	return &http.Transport{
		Proxy:               nil, // the backends are named; a proxy from the environment would see their traffic
		DialContext:         (&net.Dialer{Timeout: p.version.Load().cfg.Timeouts.Connect}).DialContext,
		MaxIdleConnsPerHost: 64,
		IdleConnTimeout:     30 * time.Second, // below the 60 s after which common servers hang up: a reused connection is alive
		DisableCompression:  true,             // bodies pass as they are
	}
}

// plain passes on a request that is no WebSocket handshake. Socket.IO polls this way, so the backend is chosen by the
// same policy and cookie as for the tunnels.
func (w *web) plain(rw http.ResponseWriter, r *http.Request) {
	v := w.p.version.Load()
	hop := w.hopOf(v, r)
	prior := priorOf(r.Header)
	client := prior.Client(hop.Peer, v.trusts)
	rc := http.NewResponseController(rw)
	if r.ProtoMajor == 1 {
		rc.EnableFullDuplex() //nolint:errcheck // net/http's own writer has it: an answer may begin before the body ends
	}
	body := &steadyBody{ReadCloser: r.Body, rc: rc, d: v.cfg.Timeouts.Handshake}
	r.Body = body
	pick := &pickingTransport{w: w, v: v, rec: record{p: w.p}, q: w.question(r, client)}
	defer pick.rec.drop()
	(&httputil.ReverseProxy{
		Transport:     pick,
		FlushInterval: -1, // streams and long polls wait for nobody
		ErrorLog:      log.New(io.Discard, "", 0),
		Rewrite: func(pr *httputil.ProxyRequest) {
			pr.Out.URL.Scheme = "http"
			pr.Out.URL.Host = "backend" // the transport puts the chosen one here
			pr.Out.Host = pr.In.Host
			// ReverseProxy puts back what asks for an upgrade, to whatever protocol; that to WebSocket does not come here.
			pr.Out.Header.Del("Upgrade")
			pr.Out.Header.Del("Connection")
			setForwarded(pr.Out.Header, hop, prior, client, pr.In.Host)
		},
		ModifyResponse: func(resp *http.Response) error {
			if c := pick.cookie(hop.TLS); c != "" {
				resp.Header.Add("Set-Cookie", c)
			}
			return nil
		},
		ErrorHandler: func(rw http.ResponseWriter, r *http.Request, err error) {
			fault := body.fault()
			if c, ok := r.Context().Value(connKey{}).(*screenedConn); ok && fault != nil {
				rw.Header().Set("Connection", "close") // where the body ends is not known
				if f := c.screen.Fault(); f != nil {
					fault = f // what net/http makes of it
				}
			}
			status, reason := judge(errors.Join(fault, err))
			w.fail(rw, r, status, reason)
		},
	}).ServeHTTP(&steadyWriter{rw, rc, w.p.opts.sendTime}, r)
	rc.SetWriteDeadline(time.Time{}) //nolint:errcheck // what follows on the connection sets its own
}

// judge says what a failed round trip is answered with.
func judge(err error) (status int, reason string) {
	var he *head.Error
	var ne net.Error
	switch {
	case errors.As(err, &he):
		return he.Status, he.Reason
	case errors.Is(err, errSlowBody):
		return 408, "the request's body took too long"
	case errors.Is(err, errNoBackend):
		return 503, "no backend is available"
	case errors.As(err, &ne) && ne.Timeout():
		return 504, "the backend took too long"
	}
	return 502, "the backend did not answer"
}

var errNoBackend = errors.New("no backend is available")

// pickingTransport chooses the backend, and another when the first takes no connection. After that nothing is tried
// again: the request may have had its effect.
type pickingTransport struct {
	w   *web
	v   *version
	rec record
	q   balance.Request
}

func (t *pickingTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		// The transport closes it when a dial fails, but the next backend wants to read it. The server closes it.
		r.Body = io.NopCloser(r.Body)
	}
	err := errNoBackend
	for range mostTries {
		to, ok := t.rec.choose(t.v, &t.q)
		if !ok {
			return nil, err
		}
		r.URL.Host = to.String()
		resp, rerr := t.w.p.transport.RoundTrip(r)
		var op *net.OpError
		if !errors.As(rerr, &op) || op.Op != "dial" {
			if rerr == nil {
				t.rec.node.Answered()
			}
			return resp, rerr
		}
		err = rerr
		t.rec.refused(t.v, time.Now())
		t.q.Tried = append(t.q.Tried, t.rec.node)
		t.rec.node.Release()
		t.rec.node = nil
	}
	return nil, err
}

// cookie is the Set-Cookie that keeps the client on the backend chosen; "" where none is needed.
func (t *pickingTransport) cookie(isTLS bool) string {
	return t.w.cookieFor(t.v, t.rec.node, t.q.Cookie, isTLS)
}

func (w *web) cookieFor(v *version, n *balance.Node, had []byte, isTLS bool) string {
	if n == nil || !v.set.WantsCookie() || bytes.Equal(balance.AppendCookie(nil, n), had) {
		return ""
	}
	line := appendSetCookie(nil, w.p.opts.StickyCookie, n, isTLS)
	return string(line[len("Set-Cookie: ") : len(line)-2])
}

// question asks for a backend for a request that net/http has read.
func (w *web) question(r *http.Request, client netip.Addr) balance.Request {
	q := balance.Request{Client: client, Header: []byte(r.Header.Get(w.p.opts.StickyHeader)), Now: time.Now()}
	if c, err := r.Cookie(w.p.opts.StickyCookie); err == nil {
		q.Cookie = []byte(c.Value)
	}
	return q
}

func priorOf(h http.Header) head.Prior {
	list := func(name string) []byte {
		var out []byte
		for i, v := range h[name] {
			if i > 0 {
				out = append(out, ", "...)
			}
			out = append(out, v...)
		}
		return out
	}
	return head.Prior{For: list("X-Forwarded-For"), Proto: []byte(h.Get("X-Forwarded-Proto")), Host: []byte(h.Get("X-Forwarded-Host")), Forwarded: list("Forwarded")}
}

// setForwarded puts what head.AppendForwarded says into a header of net/http, and drops what could be taken for it.
func setForwarded(h http.Header, hop head.Hop, prior head.Prior, client netip.Addr, host string) {
	for name := range h {
		if bytes.IndexByte([]byte(name), '_') >= 0 {
			delete(h, name)
		}
	}
	for line := range bytes.SplitSeq(head.AppendForwarded(nil, hop, prior, client, []byte(host)), []byte("\r\n")) {
		if name, value, ok := bytes.Cut(line, []byte(": ")); ok {
			h[textproto.CanonicalMIMEHeaderKey(string(name))] = []string{string(value)}
		}
	}
}

// steadyBody ends a request whose body stops coming: a deadline for each read, not for the whole, because uploads may
// take long. It remembers what went wrong, because the transport that reads it reports something else.
type steadyBody struct {
	io.ReadCloser
	rc  *http.ResponseController
	d   time.Duration // 0: no deadline
	mu  sync.Mutex
	err error
}

// steadyWriter ends an answer that the client does not take: a deadline for each write, not for the whole. Between them
// a long poll may be silent for as long as it likes.
type steadyWriter struct {
	http.ResponseWriter
	rc *http.ResponseController
	d  time.Duration
}

func (w *steadyWriter) Write(p []byte) (int, error) {
	if err := w.rc.SetWriteDeadline(time.Now().Add(w.d)); err != nil {
		return 0, err
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap lets a ResponseController flush what is below.
func (w *steadyWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

var errSlowBody = errors.New("the request's body took too long")

func (b *steadyBody) Read(p []byte) (int, error) {
	if b.d > 0 {
		if err := b.rc.SetReadDeadline(time.Now().Add(b.d)); err != nil {
			return 0, err
		}
	}
	n, err := b.ReadCloser.Read(p)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = errSlowBody
	}
	if err != nil && err != io.EOF {
		b.mu.Lock()
		b.err = err
		b.mu.Unlock()
	}
	return n, err
}

// fault is the error that a read has ended with, nil where all went well.
func (b *steadyBody) fault() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err
}
