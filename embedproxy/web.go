package embedproxy

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"example.com/wsdoctor/embedproxy/head"
)

// webIdle is how long a kept-alive HTTP connection may be silent; nginx's keepalive_timeout.
const webIdle = 75 * time.Second

// web serves what does not go through a loop, with net/http.
type web struct {
	p      *Proxy
	server *http.Server
	conns  chan net.Conn // to the server
	done   chan struct{} // closed when nothing more is taken
	once   sync.Once
	busy   sync.WaitGroup // goroutines that serve a connection before or beside the server
	ctx    context.Context
	cancel context.CancelFunc
}

func newWeb(p *Proxy) *web {
	w := &web{p: p, conns: make(chan net.Conn), done: make(chan struct{})}
	w.ctx, w.cancel = context.WithCancel(context.WithoutCancel(p.ctx))
	w.server = &http.Server{
		Handler:           http.HandlerFunc(w.handle),
		ReadHeaderTimeout: p.version.Load().cfg.Timeouts.Handshake,
		IdleTimeout:       webIdle,
		MaxHeaderBytes:    64 << 10, // the screen has its own, lower limit; this one is for HTTP/2
		ErrorLog:          log.New(io.Discard, "", 0),
		BaseContext:       func(net.Listener) context.Context { return w.ctx },
		ConnContext:       func(ctx context.Context, c net.Conn) context.Context { return context.WithValue(ctx, connKey{}, c) },
	}
	return w
}

type connKey struct{}

// Accept, Close and Addr make web the listener of its own server.
func (w *web) Accept() (net.Conn, error) {
	select {
	case c := <-w.conns:
		return c, nil
	case <-w.done:
		return nil, net.ErrClosed
	}
}

// Close makes Accept return an error.
func (w *web) Close() error { w.once.Do(func() { close(w.done) }); return nil }

// Addr is asked for by net/http and means nothing here.
func (w *web) Addr() net.Addr { return &net.TCPAddr{} }

func (w *web) push(c net.Conn) {
	select {
	case w.conns <- c:
	case <-w.done:
		c.Close()
	}
}

// take serves a connection on which a loop found a request that is no handshake.
func (w *web) take(c net.Conn, in []byte, peer netip.AddrPort) {
	w.busy.Go(func() { w.push(w.screened(c, in, peer)) })
}

// screenedConn is a connection whose requests have passed the strict reader.
type screenedConn struct {
	net.Conn
	screen *head.Screen
	peer   net.Addr
	tls    bool
}

// screened puts the screen before a connection. A head that has begun has to be complete in timeouts.handshake: to
// net/http it seems not to have begun, because it sees whole heads only.
func (w *web) screened(c net.Conn, in []byte, peer netip.AddrPort) *screenedConn {
	_, isTLS := c.(*tls.Conn)
	s := head.NewScreen(in, c, head.Limits{})
	s.Partial = func(since time.Time) {
		if d := w.p.version.Load().cfg.Timeouts.Handshake; d > 0 {
			c.SetReadDeadline(since.Add(d)) //nolint:errcheck // a broken connection shows when it is read
		}
	}
	return &screenedConn{c, s, net.TCPAddrFromAddrPort(peer), isTLS}
}

func (c *screenedConn) Read(b []byte) (int, error) { return c.screen.Read(b) }
func (c *screenedConn) RemoteAddr() net.Addr       { return c.peer }
func (c *screenedConn) CloseWrite() error          { return closeWrite(c.Conn) }

func closeWrite(c net.Conn) error {
	if h, ok := c.(interface{ CloseWrite() error }); ok {
		return h.CloseWrite()
	}
	return c.Close()
}

// announcedConn is a connection whose PROXY protocol header has been read.
type announcedConn struct {
	net.Conn
	in   []byte // read behind the header
	peer net.Addr
}

func (c *announcedConn) RemoteAddr() net.Addr { return c.peer }
func (c *announcedConn) CloseWrite() error    { return closeWrite(c.Conn) }
func (c *announcedConn) Read(b []byte) (int, error) {
	if len(c.in) > 0 {
		n := copy(b, c.in)
		c.in = c.in[n:]
		return n, nil
	}
	return c.Conn.Read(b)
}

// accept serves a listener that no loop serves: TLS, or another system.
func (w *web) accept(l net.Listener, config *atomic.Pointer[tls.Config]) {
	for {
		c, err := l.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			// Out of descriptors, most likely: they come back when tunnels end.
			select {
			case <-w.done:
				return
			case <-time.After(acceptPause):
			}
			continue
		}
		w.busy.Go(func() { w.greet(c, config.Load()) })
	}
}

// acceptPause is how long accepting rests after an error; without it the error would repeat as fast as it can.
const acceptPause = 50 * time.Millisecond

// greet reads what comes before HTTP: the PROXY protocol header and the TLS handshake.
func (w *web) greet(c net.Conn, config *tls.Config) {
	v := w.p.version.Load()
	if d := v.cfg.Timeouts.Handshake; d > 0 {
		c.SetDeadline(time.Now().Add(d))
	}
	peer := c.RemoteAddr().(*net.TCPAddr).AddrPort()
	if v.cfg.ProxyProtocol == "accept" {
		ac, src, err := w.readAnnouncement(c, v, peer)
		if err != nil {
			w.p.stats.status(400)
			c.Close()
			return
		}
		c, peer = ac, src
	}
	if config == nil {
		c.SetDeadline(time.Time{})
		w.push(w.screened(c, nil, peer))
		return
	}
	t := tls.Server(c, config)
	if err := t.HandshakeContext(w.ctx); err != nil {
		c.Close()
		return
	}
	c.SetDeadline(time.Time{})
	if t.ConnectionState().NegotiatedProtocol == "h2" {
		w.push(t) // net/http speaks HTTP/2 on a *tls.Conn alone; its framing leaves nothing to screen
		return
	}
	w.push(w.screened(t, nil, peer))
}

func (w *web) readAnnouncement(c net.Conn, v *version, peer netip.AddrPort) (net.Conn, netip.AddrPort, error) {
	var in []byte
	for {
		b := make([]byte, 512)
		n, err := c.Read(b)
		in = append(in, b[:n]...)
		if used, src, perr := announced(v, peer, in); perr != nil {
			return nil, peer, perr
		} else if used > 0 {
			return &announcedConn{c, in[used:], net.TCPAddrFromAddrPort(src)}, src, nil
		}
		if err != nil {
			return nil, peer, err
		}
	}
}

// hopOf describes the connection that a request came on.
func (w *web) hopOf(v *version, r *http.Request) head.Hop {
	ap, _ := netip.ParseAddrPort(r.RemoteAddr)
	peer := ap.Addr().Unmap()
	isTLS := r.TLS != nil
	if c, ok := r.Context().Value(connKey{}).(*screenedConn); ok {
		isTLS = c.tls
	}
	return head.Hop{Peer: peer, TLS: isTLS, Trusted: v.trusts(peer)}
}

func (w *web) handle(rw http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method == head.RefusedMethod:
		status, _ := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/"))
		if status < 400 || status > 599 {
			status = 400
		}
		rw.Header().Set("Connection", "close")
		w.fail(rw, r, status, "the request is ambiguous or too large")
	case r.Method == http.MethodConnect && r.ProtoMajor == 2 && r.Header.Get(":protocol") == "websocket":
		w.extended(rw, r)
	case r.Method == http.MethodConnect:
		w.fail(rw, r, 405, "CONNECT is not served")
	case r.ProtoMajor == 1 && isUpgrade(r):
		w.upgrade(rw, r)
	default:
		w.plain(rw, r)
	}
}

// fail answers a request itself.
func (w *web) fail(rw http.ResponseWriter, r *http.Request, status int, reason string) {
	w.p.stats.status(status)
	addr, _ := netip.ParseAddrPort(r.RemoteAddr)
	w.p.note(logged{kind: "refuse", client: addr.Addr(), status: status, reason: reason})
	if wantsRetryAfter(status) {
		rw.Header().Set("Retry-After", strconv.Itoa(retryAfter))
	}
	http.Error(rw, reason, status)
}

// answer passes on a backend's reply to a handshake that is no 101, and hangs up both connections. release is called
// at the end.
func (w *web) answer(client, backend net.Conn, in []byte, release func(), s *stats) {
	w.busy.Go(func() {
		defer release()
		defer client.Close()
		defer backend.Close()
		deadline := time.Now().Add(answerTime)
		client.SetDeadline(deadline)
		backend.SetDeadline(deadline)
		resp, err := http.ReadResponse(bufio.NewReader(io.MultiReader(bytes.NewReader(in), backend)), &http.Request{Method: "GET"})
		if err != nil {
			s.status(502)
			client.Write(appendAnswer(nil, 502, "the backend's reply cannot be read")) //nolint:errcheck // it is being closed
			return
		}
		defer resp.Body.Close()
		s.status(resp.StatusCode)
		dropHopByHop(resp.Header)
		resp.Close = true
		if resp.Write(client) == nil && closeWrite(client) == nil {
			io.Copy(io.Discard, client) //nolint:errcheck // unread bytes would turn the close into a reset
		}
	})
}

// answerTime bounds the passing on of a refusal; it is an error page, not a download.
const answerTime = 10 * time.Second

// dropHopByHop removes what belongs to one connection (RFC 9110 section 7.6.1).
func dropHopByHop(h http.Header) {
	for _, list := range h["Connection"] {
		for _, name := range strings.Split(list, ",") {
			h.Del(strings.TrimSpace(name))
		}
	}
	for _, name := range []string{"Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Upgrade", "Proxy-Authenticate"} {
		h.Del(name)
	}
}

// shutdown waits until nothing is served any more, or ends it when ctx does.
func (w *web) shutdown(ctx context.Context) {
	w.Close()
	if w.server.Shutdown(ctx) != nil {
		w.server.Close()
	}
	w.cancel()
	w.busy.Wait()
}
