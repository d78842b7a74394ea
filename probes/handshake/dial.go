package handshake

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"example.com/wsdoctor/probes"
)

// maxAddresses bounds how many addresses of one name are tried; clients do not try more either.
const maxAddresses = 8

// readBuffer is small because thousands of connections may be held at once; longer reads pass it by.
const readBuffer = 1 << 10

// Dial opens a WebSocket to every address behind req.URL, side by side, sends one ping on each, closes it again, and
// returns what it saw. It never returns an error: what goes wrong is the Cause of the trace.
func Dial(ctx context.Context, req Request) Trace {
	tr := Trace{URL: req.URL}
	t, err := req.target()
	if err != nil {
		tr.Cause = badRequest(req.URL, err)
		return tr
	}
	tr.Secure = t.secure
	addrs := resolve(ctx, t, &tr)
	tr.Attempts = make([]Attempt, len(addrs))
	var wg sync.WaitGroup
	for i, a := range addrs {
		tr.Addresses = append(tr.Addresses, a)
		wg.Go(func() { tr.Attempts[i] = attempt(ctx, t, a) })
	}
	wg.Wait()
	if best := tr.Best(); best != nil {
		tr.Cause = best.Cause
	}
	return tr
}

func badRequest(url string, err error) Cause {
	return cause(BadRequest, Resolving, "the URL \"%s\": %s", Escape([]byte(url), 255), Escape([]byte(err.Error()), 200))
}

// Upgrades tells whether a WebSocket upgrade of url is answered within a second. It is meant for services on this
// host, where a second is long.
func Upgrades(ctx context.Context, url string) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	tr := Dial(ctx, Request{URL: url, NoPing: true})
	return tr.Upgraded()
}

// resolve returns host:port of each address, or sets the cause.
func resolve(ctx context.Context, t target, tr *Trace) []string {
	var addrs []netip.Addr
	if t.Proxy != nil {
		return []string{net.JoinHostPort(t.host, t.port)} // the proxy's to resolve
	}
	if a, err := netip.ParseAddr(t.host); err == nil {
		addrs = []netip.Addr{a}
	} else {
		ctx, cancel := context.WithTimeout(ctx, t.Limits.Resolve)
		defer cancel()
		start := time.Now()
		addrs, err = t.Lookup(ctx, t.host)
		tr.DNS = probes.Seconds(time.Since(start))
		switch {
		case err != nil:
			tr.Cause = resolveCause(t.host, err, t.Limits)
			return nil
		case len(addrs) == 0:
			tr.Cause = cause(NameNotFound, Resolving, "the name %q has no address", Escape([]byte(t.host), 255))
			return nil
		}
	}
	var out []string
	for _, a := range addrs[:min(len(addrs), maxAddresses)] {
		out = append(out, net.JoinHostPort(a.Unmap().String(), t.port))
	}
	return out
}

// attempt goes through the phases for one address.
func attempt(ctx context.Context, t target, address string) (a Attempt) {
	c := open(ctx, t, address, &a)
	if c == nil {
		return a
	}
	done := false
	// Both sides have said all they have to say: leave no TIME_WAIT behind, which on the service's port would keep a
	// server without SO_REUSEADDR from starting for a minute.
	defer func() { c.end(done) }()
	defer c.interruptible(ctx)()
	s := session{ctx: ctx, conn: c.conn, r: c.r, a: &a, secure: t.secure, began: time.Now()}
	if !t.NoPing {
		a.Reached = Pinging
		a.Cause = s.ping(t.Limits.Ping)
		if a.Cause.Kind == None {
			s.greeting(t.FirstMessage)
		}
	}
	done = s.close()
	return a
}

// open goes through the phases for one address up to the accept key. nil: the attempt's Cause says why.
func open(ctx context.Context, t target, address string, a *Attempt) *Conn {
	a.Address, a.Reached = address, Connecting
	dialer := new(net.Dialer)
	if t.From.IsValid() {
		dialer.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(t.From, 0))
	}
	via := address
	if t.Proxy != nil {
		via = proxyAddress(t.Proxy)
	}
	start := time.Now()
	dctx, cancel := context.WithTimeout(ctx, t.Limits.Connect)
	conn, err := dialer.DialContext(dctx, "tcp", via)
	cancel()
	if err != nil {
		if ctx.Err() == context.Canceled {
			err = ctx.Err()
		}
		a.Cause = connectCause(via, err, t.Limits)
		return nil
	}
	a.TCP = probes.Seconds(time.Since(start))
	a.From = conn.LocalAddr().String()
	c := &Conn{conn: conn, tcp: conn.(*net.TCPConn)}
	done := false
	defer func() {
		if a.Cause.Kind != None {
			c.end(done)
		}
	}()
	defer c.interruptible(ctx)()

	if t.Proxy != nil {
		a.Reached = Proxying
		start = time.Now()
		if c.conn, a.Cause = throughProxy(ctx, c.conn, t, address); a.Cause.Kind != None {
			return nil
		}
		a.Proxy = probes.Seconds(time.Since(start))
	}
	if t.secure {
		a.Reached = Securing
		start = time.Now()
		tc, err := secure(ctx, c.conn, t)
		if err != nil {
			a.Cause = tlsCause(address, orCanceled(ctx, err), t.Limits)
			return nil
		}
		a.TLSTime = probes.Seconds(time.Since(start))
		a.TLS = describe(tc.ConnectionState(), t)
		c.conn = tc
		if cert := a.TLS.Certificate; t.Verify && cert != nil && len(cert.Problems) > 0 {
			a.Cause = cause(CertificateFault, Securing, "the certificate of %s does not hold: %s", address, cert.Problems[0].Text)
			return nil
		}
	}
	a.Reached = Upgrading
	if t.HTTP2 {
		a.Cause = c.extend(ctx, t, a)
		c.r = bufio.NewReaderSize(c.conn, readBuffer)
	} else {
		c.r, a.Cause = upgrade(ctx, t, c.conn, a)
	}
	if a.Cause.Kind != None {
		done = a.Response != nil
		return nil
	}
	return c
}

// orCanceled prefers the cancellation of the run over what it did to a connection.
func orCanceled(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// upgrade sends the request and judges the answer. The reader stands behind the response head.
func upgrade(ctx context.Context, t target, conn net.Conn, a *Attempt) (*bufio.Reader, Cause) {
	key, want := newKey()
	a.AcceptWant = want
	lines := t.head(key)
	for _, l := range lines {
		a.Request = append(a.Request, shown(l))
	}
	start := time.Now()
	setDeadline(ctx, conn, t.Limits.Upgrade)
	r := bufio.NewReaderSize(conn, readBuffer)
	// A write error is not final: a server that refuses may have answered before it closed.
	_, werr := conn.Write([]byte(strings.Join(lines, "\r\n") + "\r\n\r\n"))
	resp, head, err := readResponse(r)
	if err != nil {
		if werr != nil && len(head) == 0 {
			err = werr
		}
		return nil, upgradeCause(a.Address, t.secure, head, orCanceled(ctx, err), t.Limits)
	}
	a.Upgrade = probes.Seconds(time.Since(start))
	a.Response = newResponse(resp, head)
	if resp.StatusCode != 101 {
		setDeadline(ctx, conn, bodyTimeout)
		a.Response.RawBody, _ = io.ReadAll(io.LimitReader(resp.Body, maxKept)) // what came is evidence enough
		a.Response.Body = Escape(a.Response.RawBody, maxBody)
		return nil, statusCause(a.Address, t.secure, a.Response)
	}
	a.Subprotocol, a.Extensions = a.Response.Get("Sec-WebSocket-Protocol"), a.Response.Get("Sec-WebSocket-Extensions")
	a.AcceptGot = a.Response.Get("Sec-WebSocket-Accept")
	if c := switchCause(a.Address, t, a.Response); c.Kind != None {
		return nil, c
	}
	a.Reached = Accepting
	return r, acceptCause(a.Address, want, a.Response)
}

// setDeadline bounds what follows on conn by d and by ctx.
func setDeadline(ctx context.Context, conn net.Conn, d time.Duration) {
	at := time.Now().Add(d)
	if limit, ok := ctx.Deadline(); ok && limit.Before(at) {
		at = limit
	}
	conn.SetDeadline(at)
	if ctx.Err() != nil { // the AfterFunc may have run before this call
		conn.SetDeadline(time.Unix(1, 0))
	}
}
