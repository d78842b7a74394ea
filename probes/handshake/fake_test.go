package handshake

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"
)

// serve runs a raw TCP server for one test and returns its host:port. The connection is closed after handle.
func serve(t testing.TB, handle func(net.Conn)) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	var conns []net.Conn
	wg.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns = append(conns, c)
			mu.Unlock()
			wg.Go(func() {
				defer c.Close()
				handle(c)
			})
		}
	})
	t.Cleanup(func() {
		ln.Close()
		mu.Lock()
		for _, c := range conns {
			c.Close()
		}
		mu.Unlock()
		wg.Wait()
	})
	return ln.Addr().String()
}

// answer reads the request and sends text; {accept} in it becomes the right Sec-WebSocket-Accept.
func answer(text string) func(net.Conn) {
	return func(c net.Conn) {
		r := bufio.NewReader(c)
		req, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		c.Write([]byte(strings.ReplaceAll(text, "{accept}", acceptFor(req.Header.Get("Sec-WebSocket-Key")))))
	}
}

const switching = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"

// upgraded answers the handshake, then hands the connection over.
func upgraded(then func(net.Conn, *bufio.Reader)) func(net.Conn) {
	return func(c net.Conn) {
		r := bufio.NewReader(c)
		req, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		c.Write([]byte(strings.ReplaceAll(switching, "{accept}", acceptFor(req.Header.Get("Sec-WebSocket-Key")))))
		then(c, r)
	}
}

// hold keeps a connection open until the peer goes.
func hold(c net.Conn) {
	buf := make([]byte, 512)
	for {
		if _, err := c.Read(buf); err != nil {
			return
		}
	}
}

// reset ends a connection with an RST.
func reset(c net.Conn) {
	c.(*net.TCPConn).SetLinger(0)
	c.Close()
}

// patient gives every phase more time than a machine that stalls takes.
var patient = Limits{Resolve: 30 * time.Second, Connect: 30 * time.Second, TLS: 30 * time.Second, Upgrade: 30 * time.Second, Ping: 30 * time.Second}

// awaited makes the one wait short that is expected to be in vain: that it is waited for is tested, not for how long.
func awaited(kind Kind) func(*Request) {
	return func(r *Request) {
		switch kind {
		case NameTimeout:
			r.Limits.Resolve = time.Second
		case ConnectTimeout:
			r.Limits.Connect = time.Second
		case TLSTimeout:
			r.Limits.TLS = time.Second
		case UpgradeTimeout:
			r.Limits.Upgrade = time.Second
		case NoPong, WrongPong:
			r.Limits.Ping = time.Second
		}
	}
}

func dialFake(t testing.TB, url string, edit ...func(*Request)) Trace {
	req := Request{URL: url, Limits: patient}
	for _, e := range edit {
		e(&req)
	}
	return Dial(t.Context(), req)
}

func lookup(addrs ...string) func(context.Context, string) ([]netip.Addr, error) {
	return func(context.Context, string) ([]netip.Addr, error) {
		var out []netip.Addr
		for _, a := range addrs {
			out = append(out, netip.MustParseAddr(a))
		}
		return out, nil
	}
}
