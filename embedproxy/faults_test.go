package embedproxy

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"example.com/wsdoctor/probes/cluster"
)

// mortal is a backend that can be killed like a process: its connections are reset.
type mortal struct {
	l     net.Listener
	s     *http.Server
	mu    sync.Mutex
	conns map[net.Conn]struct{}
}

func startMortal(t *testing.T, address string) *mortal {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	m := &mortal{l: l, conns: map[net.Conn]struct{}{}}
	m.s = &http.Server{
		ConnState: func(c net.Conn, s http.ConnState) {
			m.mu.Lock()
			defer m.mu.Unlock()
			m.conns[c] = struct{}{}
		},
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c, err := websocket.Accept(w, r, nil)
			if err != nil {
				return
			}
			ctx := context.WithoutCancel(r.Context())
			c.Write(ctx, websocket.MessageText, []byte(l.Addr().String()))
			for {
				typ, b, err := c.Read(ctx)
				if err != nil || c.Write(ctx, typ, b) != nil {
					return
				}
			}
		}),
	}
	go m.s.Serve(l)
	t.Cleanup(m.kill)
	return m
}

func (m *mortal) kill() {
	m.s.Close()
	m.mu.Lock()
	defer m.mu.Unlock()
	for c := range m.conns {
		c.(*net.TCPConn).SetLinger(0)
		c.Close()
	}
}

// talker sends numbered messages all the time and wants each of them back.
type talker struct {
	home  string
	sent  atomic.Int64
	got   atomic.Int64
	code  websocket.StatusCode // after done
	wrong error
	done  chan struct{}
}

func startTalker(t *testing.T, p *Proxy) *talker {
	c, home := ways[0].hello(t, p, nil)
	k := &talker{home: home, done: make(chan struct{})}
	ctx := context.Background()
	go func() {
		for i := 0; ; i++ {
			if c.Write(ctx, websocket.MessageText, fmt.Appendf(nil, "%s %d", home, i)) != nil {
				return
			}
			k.sent.Add(1)
			time.Sleep(5 * time.Millisecond)
		}
	}()
	go func() {
		defer close(k.done)
		defer c.CloseNow()
		for i := 0; ; i++ {
			_, b, err := c.Read(ctx)
			if err != nil {
				k.code = websocket.CloseStatus(err)
				return
			}
			if want := fmt.Sprintf("%s %d", home, i); string(b) != want {
				k.wrong = fmt.Errorf("got %q, expected %q", b, want)
				return
			}
			k.got.Add(1)
		}
	}()
	return k
}

// TestFaults has clients talk all the time while a backend is killed and comes back, the settings are reloaded 50
// times, and the proxy drains.
func TestFaults(t *testing.T) {
	const clients = 90
	nodes := []*mortal{startMortal(t, "127.0.0.1:0"), startMortal(t, "127.0.0.1:0"), startMortal(t, "127.0.0.1:0")}
	cfg := settings()
	cfg.Proxy.Policy = "least-conn"
	cfg.Proxy.Timeouts.Drain = 500 * time.Millisecond
	cfg.Proxy.PassiveHealth.FailTimeout = 50 * time.Millisecond
	for _, n := range nodes {
		cfg.Proxy.Backends = append(cfg.Proxy.Backends, cluster.Backend{Address: n.l.Addr().String(), Weight: 1})
	}
	p := start(t, cfg, Options{})
	var all []*talker
	for range clients {
		all = append(all, startTalker(t, p))
	}
	goOn := func(what string) {
		t.Helper()
		for _, k := range all {
			from := k.got.Load()
			eventually(t, what+": another message of a client on "+k.home, func() bool { return k.got.Load() > from+3 })
		}
	}
	goOn("before anything happens")

	dead := nodes[0].l.Addr().String()
	nodes[0].kill()
	var rest []*talker
	for _, k := range all {
		if k.home != dead {
			rest = append(rest, k)
			continue
		}
		<-k.done
		if k.wrong != nil || k.code != websocket.StatusInternalError {
			t.Errorf("a client of the killed backend: code %d, %v; expected %d", k.code, k.wrong, websocket.StatusInternalError)
		}
	}
	if len(rest) != clients*2/3 {
		t.Errorf("%d of %d clients were on the others, expected two thirds", len(rest), clients)
	}
	all = rest
	goOn("after the kill")
	for range 10 {
		k := startTalker(t, p)
		if k.home == dead {
			t.Error("a client landed on the killed backend")
		}
		all = append(all, k)
	}
	startMortal(t, dead)
	eventually(t, "a client on the backend that came back", func() bool {
		k := startTalker(t, p)
		all = append(all, k)
		return k.home == dead
	})

	for range 50 {
		if err := p.Reload(cfg); err != nil {
			t.Fatal(err)
		}
	}
	goOn("after 50 reloads")

	p.Drain(End{Restart: true})
	for _, k := range all {
		<-k.done
		if k.wrong != nil || k.code != websocket.StatusServiceRestart {
			t.Errorf("a client of %s at the drain: code %d, %v", k.home, k.code, k.wrong)
		}
	}
	<-p.Done()
}
