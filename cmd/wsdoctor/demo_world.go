package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/standin"
)

// demoNodes is how many nodes the demo has: enough that one may fall out.
const demoNodes = 3

// demoWorld is what the demo runs: nodes, and a door before the proxy that can take headers away as a badly configured
// balancer does.
type demoWorld struct {
	cfg   cluster.Config
	nodes [demoNodes]struct {
		address string
		server  *standin.Server // nil: it was killed
	}
	door  net.Listener
	proxy string // where the door leads
	strip atomic.Bool

	squatter *http.Server // holds the first node's port; nil: nobody does
	passing  sync.WaitGroup
	mu       sync.Mutex
	open     map[net.Conn]bool // of the door
}

// demoFault is one thing that can be wrong.
type demoFault struct {
	title  string
	on     func() bool
	toggle func(context.Context) error
}

func newDemoWorld(ctx context.Context) (w *demoWorld, err error) {
	w = &demoWorld{cfg: cluster.Default(cluster.Generic), open: map[net.Conn]bool{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.close())
		}
	}()
	w.cfg.Nodes = nil
	w.cfg.WebSocket.Ports, w.cfg.WebSocket.ForwardingPorts = nil, nil
	for i := range w.nodes {
		s, err := standin.Listen(ctx, "127.0.0.1:0", standin.Options{Name: fmt.Sprintf("node%d", i+1)})
		if err != nil {
			return w, err
		}
		w.nodes[i].server, w.nodes[i].address = s, s.Addr().String()
		w.cfg.WebSocket.Ports = append(w.cfg.WebSocket.Ports, s.Addr().(*net.TCPAddr).Port)
		w.cfg.Nodes = append(w.cfg.Nodes, cluster.Node{Name: fmt.Sprintf("node%d", i+1), Host: "127.0.0.1"})
		w.cfg.Proxy.Backends = append(w.cfg.Proxy.Backends, cluster.Backend{Address: s.Addr().String(), Weight: 1})
	}
	// The proxy's own port is found by taking one and giving it back; on loopback that is good enough for a demo.
	l, err := freeListener(ctx)
	if err != nil {
		return w, err
	}
	w.proxy = l.Addr().String()
	l.Close()
	if w.door, err = freeListener(ctx); err != nil {
		return w, err
	}
	w.cfg.WebSocket.ForwardingPorts = []int{w.door.Addr().(*net.TCPAddr).Port}
	w.cfg.Balancer = cluster.Balancer{Kind: cluster.Embedded, URL: "ws://" + w.door.Addr().String() + "/", SharesHost: true}
	w.cfg.Proxy.Listen, w.cfg.Proxy.Admin, w.cfg.Clients = []string{w.proxy}, "", 100
	w.cfg.Proxy.ActiveHealth.Interval = time.Second
	w.passing.Go(w.serveDoor)
	return w, nil
}

func (w *demoWorld) addresses() []string {
	var out []string
	for _, n := range w.nodes {
		out = append(out, n.address)
	}
	return out
}

func (w *demoWorld) close() error {
	var errs []error
	for i := range w.nodes {
		if s := w.nodes[i].server; s != nil {
			errs = append(errs, s.Close())
		}
	}
	if w.squatter != nil {
		errs = append(errs, w.squatter.Close())
	}
	if w.door != nil {
		errs = append(errs, w.door.Close())
	}
	w.mu.Lock()
	for c := range w.open {
		c.Close()
	}
	w.mu.Unlock()
	w.passing.Wait()
	return errors.Join(errs...)
}

// faults lists what can be wrong.
func (w *demoWorld) faults() []demoFault {
	return []demoFault{
		{"the first node is killed", func() bool { return w.nodes[0].server == nil && w.squatter == nil }, w.toggleNode},
		{"another program holds the first node's port", func() bool { return w.squatter != nil }, w.toggleSquatter},
		{"the way to the proxy takes the Upgrade header away", w.strip.Load, func(context.Context) error { w.strip.Store(!w.strip.Load()); return nil }},
	}
}

// toggleNode kills the first node with a client on it, so that its port is left in TIME_WAIT, or starts it again.
func (w *demoWorld) toggleNode(ctx context.Context) error {
	n := &w.nodes[0]
	if n.server == nil {
		var err error
		if w.squatter != nil {
			if err = w.squatter.Close(); err != nil {
				return err
			}
			w.squatter = nil
		}
		n.server, err = standin.Listen(ctx, n.address, standin.Options{Name: "node1"})
		return err
	}
	client, err := net.DialTimeout("tcp", n.address, time.Second)
	if err == nil {
		defer client.Close()
	}
	s := n.server
	n.server = nil
	return s.Close()
}

// toggleSquatter puts a server that knows no WebSocket in the place of the first node.
func (w *demoWorld) toggleSquatter(ctx context.Context) error {
	if w.squatter != nil {
		return w.toggleNode(ctx)
	}
	if w.nodes[0].server != nil {
		if err := w.toggleNode(ctx); err != nil {
			return err
		}
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", w.nodes[0].address)
	if err != nil {
		return err
	}
	squatter := &http.Server{Handler: http.NotFoundHandler(), ReadHeaderTimeout: time.Second}
	w.squatter = squatter
	w.passing.Go(func() { _ = squatter.Serve(l) }) // it ends with Close
	return nil
}

// serveDoor passes clients on to the proxy.
func (w *demoWorld) serveDoor() {
	for {
		c, err := w.door.Accept()
		if err != nil {
			return // closed
		}
		w.passing.Go(func() { w.pass(c) })
	}
}

// pass moves the bytes of one client; with the fault on, its request loses what asks for the upgrade.
func (w *demoWorld) pass(client net.Conn) {
	defer client.Close()
	proxy, err := net.DialTimeout("tcp", w.proxy, time.Second)
	if err != nil {
		return
	}
	defer proxy.Close()
	w.mu.Lock()
	w.open[client], w.open[proxy] = true, true
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		delete(w.open, client)
		delete(w.open, proxy)
		w.mu.Unlock()
	}()
	from := bufio.NewReader(client)
	if w.strip.Load() {
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
