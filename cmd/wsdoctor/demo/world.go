// Package demo is a small world to try the program in: three nodes as processes of their own, a balancer on loopback
// (the embedded proxy behind a door that can be badly configured), clients that talk all the time, and faults that are
// put in and taken back. What it does is real: signals, sockets, settings; no result of a check is made up. It prints
// nothing and asks nobody.
package demo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"example.com/wsdoctor/embedproxy"
	"example.com/wsdoctor/probes/cluster"
)

// nodeCount is how many nodes there are: enough that one may fall out.
const nodeCount = 3

// Heartbeat is what the clients keep: short, so that the test of the idle limit, which is silent for as long, is too.
const Heartbeat = 2 * time.Second

// wideLoopback tells that all of 127/8 is this host, so that each node and each client can have an address of its own.
const wideLoopback = runtime.GOOS == "linux"

// Options of Start.
type Options struct {
	Dir    string       // where the settings file is written
	Node   []string     // the command that is a node (see Node); its address, name and way to bind are appended
	Logger *slog.Logger // of the proxy; nil: nothing is logged
}

// World is what runs.
type World struct {
	opts  Options
	base  cluster.Config // without a fault
	nodes [nodeCount]*node
	door  *door
	proxy *embedproxy.Proxy
	ended chan error // of the proxy

	ctx   context.Context // done when it is being closed
	stop  context.CancelFunc
	work  sync.WaitGroup
	mu    sync.Mutex
	state state
}

// state is which faults are in.
type state struct {
	killed, frozen, waiting, strip, idle, unsticky bool
}

// Start starts everything and returns when clients are served.
func Start(ctx context.Context, o Options) (w *World, err error) {
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	w = &World{opts: o, ctx: ctx, stop: stop}
	defer func() {
		if err != nil {
			err = fmt.Errorf("starting the demo: %w", errors.Join(err, w.Close()))
		}
	}()
	list, err := freePorts(ctx, nodeCount+2)
	if err != nil {
		return w, err
	}
	w.base = settings(list)
	if err := cluster.Save(w.File(), w.base); err != nil {
		return w, err
	}
	for i := range w.nodes {
		w.nodes[i] = &node{command: o.Node, address: w.base.Proxy.Backends[i].Address, name: w.base.Nodes[i].Name}
	}
	var starting sync.WaitGroup
	failed := make([]error, nodeCount)
	for i, n := range w.nodes {
		starting.Go(func() { failed[i] = n.start(ctx, true) })
	}
	starting.Wait()
	if err := errors.Join(failed...); err != nil {
		return w, err
	}
	if w.proxy, err = embedproxy.New(ctx, w.base, embedproxy.Options{Logger: o.Logger}); err != nil {
		return w, err
	}
	w.ended = make(chan error, 1)
	// Not with ctx: a demo that ends has no use for a drain, it kills.
	go func() { w.ended <- w.proxy.Run(context.WithoutCancel(ctx)) }()
	select {
	case <-w.proxy.Serving():
	case <-w.proxy.Done():
		return w, errors.New("the proxy ended")
	}
	if w.door, err = openDoor(ctx, fmt.Sprintf("127.0.0.1:%d", w.base.WebSocket.ForwardingPorts[0]), w.base.Proxy.Listen[0]); err != nil {
		return w, err
	}
	for i := range clientCount {
		w.work.Go(func() { talk(ctx, i, w.base.Balancer.URL) })
	}
	return w, nil
}

// settings are those of a world on these ports: the nodes', the door's, the proxy's.
func settings(list []int) cluster.Config {
	cfg := cluster.Default(cluster.SocketIO) // an application whose sessions live on one node
	cfg.Nodes, cfg.WebSocket.Ports = nil, nil
	for i := range nodeCount {
		host := "127.0.0.1"
		if wideLoopback {
			host = fmt.Sprintf("127.0.0.%d", i+1)
		}
		cfg.Nodes = append(cfg.Nodes, cluster.Node{Name: fmt.Sprintf("node%d", i+1), Host: host})
		cfg.WebSocket.Ports = append(cfg.WebSocket.Ports, list[i])
		cfg.Proxy.Backends = append(cfg.Proxy.Backends, cluster.Backend{Address: fmt.Sprintf("%s:%d", host, list[i]), Weight: 1})
	}
	door, proxy := list[nodeCount], list[nodeCount+1]
	cfg.WebSocket.ForwardingPorts, cfg.WebSocket.Path = []int{door}, "/"
	cfg.Balancer = cluster.Balancer{Kind: cluster.Embedded, URL: fmt.Sprintf("ws://127.0.0.1:%d/", door), SharesHost: true}
	cfg.Heartbeat, cfg.Clients = Heartbeat, 100
	cfg.Proxy.Listen, cfg.Proxy.Admin = []string{fmt.Sprintf("127.0.0.1:%d", proxy)}, ""
	cfg.Proxy.ActiveHealth.Interval = time.Second
	cfg.Proxy.Timeouts.Drain = 5 * time.Second
	return cfg
}

// freePorts finds ports beside each other that are free, below those that systems give to outgoing connections: from
// 32768 on (Linux) they would be held against the settings.
func freePorts(ctx context.Context, n int) ([]int, error) {
	for base := 18880; base < 32000; base += 100 {
		var list []int
		for i := 1; i <= n; i++ {
			l, err := new(net.ListenConfig).Listen(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", base+i))
			if err != nil {
				break
			}
			list = append(list, base+i)
			l.Close()
		}
		if len(list) == n {
			return list, nil
		}
	}
	return nil, errors.New("finding free ports: found none on 127.0.0.1 between 18881 and 32000")
}

// File is the settings file; it follows the faults.
func (w *World) File() string { return filepath.Join(w.opts.Dir, "wsdoctor.yaml") }

// Proxy is the embedded proxy.
func (w *World) Proxy() *embedproxy.Proxy { return w.proxy }

// Config is the settings as they are with the faults that are in.
func (w *World) Config() cluster.Config {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.config()
}

func (w *World) config() cluster.Config {
	cfg := w.base
	if w.state.idle {
		cfg.Proxy.Timeouts.Idle = Heartbeat / 2
	}
	if w.state.unsticky {
		cfg.Proxy.Policy = "round-robin"
	}
	return cfg
}

// Deep tells whether a fault is in that only an active test can see.
func (w *World) Deep() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.state.idle || w.state.unsticky
}

// Close ends everything and waits for it.
func (w *World) Close() error {
	w.stop()
	var errs []error
	if w.door != nil {
		errs = append(errs, w.door.close())
	}
	if w.ended != nil {
		w.proxy.Kill()
		errs = append(errs, <-w.ended)
	}
	w.work.Wait() // a node that tries to come back does not any more
	for _, n := range w.nodes {
		if n != nil {
			n.end()
		}
	}
	return errors.Join(errs...)
}
