package demo

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// door stands before the proxy and passes clients on; it can take headers away as a badly configured balancer does.
type door struct {
	ln    net.Listener
	to    string
	strip atomic.Bool

	passing sync.WaitGroup
	mu      sync.Mutex
	closed  bool
	open    map[net.Conn]bool
}

func openDoor(ctx context.Context, address, to string) (*door, error) {
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	d := &door{ln: ln, to: to, open: map[net.Conn]bool{}}
	d.passing.Go(d.serve)
	return d, nil
}

func (d *door) serve() {
	for {
		c, err := d.ln.Accept()
		if err != nil {
			return // closed
		}
		d.passing.Go(func() { d.pass(c) })
	}
}

// enter notes connections that close is to end; false: it has closed.
func (d *door) enter(conns ...net.Conn) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range conns {
		if !d.closed {
			d.open[c] = true
		}
	}
	return !d.closed
}

func (d *door) leave(conns ...net.Conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range conns {
		delete(d.open, c)
	}
}

// pass moves the bytes of one client; with the fault in, its request loses what asks for the upgrade.
func (d *door) pass(client net.Conn) {
	defer client.Close()
	dialer := net.Dialer{Timeout: time.Second}
	if a, ok := client.RemoteAddr().(*net.TCPAddr); ok {
		dialer.LocalAddr = &net.TCPAddr{IP: a.IP} // so that the proxy sees who it is
	}
	proxy, err := dialer.Dial("tcp", d.to)
	if err != nil {
		return
	}
	defer proxy.Close()
	if !d.enter(client, proxy) {
		return
	}
	defer d.leave(client, proxy)
	from := bufio.NewReader(client)
	if d.strip.Load() {
		r, err := http.ReadRequest(from)
		if err != nil {
			return
		}
		r.Header.Del("Upgrade")
		r.Header.Set("Connection", "close")
		if r.Write(proxy) != nil {
			return
		}
	}
	var both sync.WaitGroup
	both.Go(func() { _, _ = io.Copy(proxy, from); proxy.(*net.TCPConn).CloseWrite() })
	_, _ = io.Copy(client, proxy)
	client.(*net.TCPConn).CloseWrite()
	client.SetReadDeadline(time.Now().Add(time.Second))
	both.Wait()
}

// close ends every connection and waits for that.
func (d *door) close() error {
	err := d.ln.Close()
	d.mu.Lock()
	d.closed = true
	for c := range d.open {
		c.Close()
	}
	d.mu.Unlock()
	d.passing.Wait()
	return err
}
