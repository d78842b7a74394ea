package embedproxy

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"example.com/wsdoctor/embedproxy/tunnel"
	"example.com/wsdoctor/probes/cluster"
)

// Proxy is one running proxy. New binds its ports, Run serves them.
type Proxy struct {
	opts         Options
	stickyHeader string // in lower case, as head.Request.Get wants it
	log          *slog.Logger
	access       bool // lines of level info are wanted
	version      atomic.Pointer[version]
	limits       limiter
	stats        *stats
	ids          atomic.Uint64

	ctx       context.Context // of Run's work; outlives the context that Run is given, because a drain follows its end
	cancel    context.CancelFunc
	front     front // nil where the system has no loops
	pairs     *tunnel.Pairs
	web       *web
	transport *http.Transport
	certs     *certificates              // nil without TLS
	tls       atomic.Pointer[tls.Config] // nil without TLS
	health    watchers
	lines     accessLog
	work      sync.WaitGroup // of Run

	reloading sync.Mutex // one Reload at a time, and none once a drain has begun
	wanted    []string   // ListenAddresses of the settings; guarded by reloading
	wantedAll bool       // proxy.bind is all; the same

	mu        sync.Mutex
	listeners []*bound
	admin     *admin

	stop     chan End // the first asks for a drain
	killed   chan struct{}
	up       chan struct{} // closed when it serves
	done     chan struct{} // closed when Run has returned
	killOnce sync.Once
	state    atomic.Int32
	started  time.Time
}

// front is the way of plain TCP connections: the loops.
type front interface {
	tunnel.Registry
	Set(tunnel.Settings)
	Listen(*os.File) (number int, err error)
	Unlisten(numbers ...int)
	Turn()
}

// End says how a drain is meant.
type End struct {
	Restart bool // another proxy takes over on the same ports: clients are told to come back (1012), else that it ends (1001)
}

const (
	serving int32 = iota
	draining
)

// New prepares a proxy and binds its ports. The error is a *BindError where no port could be had.
func New(ctx context.Context, cfg cluster.Config, o Options) (*Proxy, error) {
	p := &Proxy{opts: o.withDefaults(), stats: newStats(), stop: make(chan End, 1), killed: make(chan struct{}), up: make(chan struct{}), done: make(chan struct{}), started: time.Now()}
	p.stickyHeader = lower(p.opts.StickyHeader)
	p.log = p.opts.Logger
	p.access = p.log.Enabled(ctx, slog.LevelInfo)
	p.lines.wake = make(chan struct{}, 1)
	v, err := newVersion(cfg, p.opts, nil)
	if err != nil {
		return nil, err
	}
	p.version.Store(v)
	if cfg.Proxy.TLS.Cert != "" {
		p.certs = &certificates{}
		if err := p.certs.load(cfg.Proxy.TLS); err != nil {
			return nil, err
		}
		p.tls.Store(p.certs.config(cfg.Proxy.TLS.MinVersion))
	}
	p.wanted, p.wantedAll = ListenAddresses(cfg), cfg.Proxy.Bind == "all"
	p.listeners = given(p.opts.Listeners, p.wanted)
	if len(p.listeners) == 0 {
		if p.listeners, err = bind(ctx, p.wanted, p.wantedAll); err != nil {
			return nil, err
		}
	}
	if p.admin, err = newAdmin(ctx, p, cfg.Proxy.Admin); err != nil {
		closeAll(p.listeners)
		return nil, err
	}
	return p, nil
}

func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// sockets returns the listening sockets of now.
func (p *Proxy) sockets() []*bound {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.listeners)
}

// Addresses lists where the proxy listens.
func (p *Proxy) Addresses() []string {
	list := p.sockets()
	out := make([]string, len(list))
	for i, l := range list {
		out[i] = l.Addr().String()
	}
	return out
}

// Files returns duplicates of the listening sockets, for a successor. The caller closes them.
func (p *Proxy) Files() ([]*os.File, error) {
	var out []*os.File
	for _, l := range p.sockets() {
		f, err := l.Listener.(*net.TCPListener).File()
		if err != nil {
			for _, f := range out {
				f.Close()
			}
			return nil, fmt.Errorf("duplicating a listening socket: %w", err)
		}
		out = append(out, f)
	}
	return out, nil
}

// Run serves until ctx ends or Drain is called, then drains: it returns when the last tunnel is gone, or was ended
// because timeouts.drain was over. Kill ends it at once.
func (p *Proxy) Run(ctx context.Context) error {
	defer close(p.done)
	p.ctx, p.cancel = context.WithCancel(context.WithoutCancel(ctx))
	defer p.cancel()
	v := p.version.Load()
	p.transport = p.newTransport()
	defer p.transport.CloseIdleConnections()
	p.pairs = tunnel.NewPairs(v.tunnels())
	p.web = newWeb(p)
	var logging sync.WaitGroup
	logged := make(chan struct{})
	logging.Go(func() { p.writeLog(logged) })
	defer logging.Wait()
	defer close(logged)

	p.resolveNow(p.ctx) // before the first client asks for a backend
	p.work.Go(func() { p.resolveAll(p.ctx) })
	if p.certs != nil {
		p.work.Go(func() { p.certs.watch(p.ctx, p.log) })
	}
	p.health.start(p)
	p.admin.start(&p.work)
	p.work.Go(func() { p.web.server.Serve(p.web) }) //nolint:errcheck // it returns when web is closed
	err := p.listen()
	if err == nil {
		close(p.up)
		p.log.Info("serving", "addresses", p.Addresses(), "policy", v.cfg.Policy)
		var end End
		select {
		case <-ctx.Done():
		case end = <-p.stop:
		case <-p.killed:
		}
		p.drain(end)
	} else {
		closeAll(p.sockets())
	}
	p.finish()
	p.work.Wait()
	return err
}

// listen hands the listening sockets to whoever serves them.
func (p *Proxy) listen() (err error) {
	if p.tls.Load() == nil {
		if p.front, err = p.newFront(); err != nil {
			return err
		}
	}
	for _, l := range p.sockets() {
		if err := p.serve(l); err != nil {
			return err
		}
	}
	return nil
}

func (p *Proxy) registries() []tunnel.Registry {
	if p.front == nil {
		return []tunnel.Registry{p.pairs}
	}
	return []tunnel.Registry{p.front, p.pairs}
}

// Live returns the number of open tunnels and handshakes.
func (p *Proxy) Live() int {
	n := 0
	for _, r := range p.registries() {
		n += r.Live()
	}
	return n
}

// Drain stops accepting and ends every tunnel within timeouts.drain; Run returns afterwards. Only the first counts.
func (p *Proxy) Drain(e End) {
	select {
	case p.stop <- e:
	default:
	}
}

// Serving returns a channel that is closed once clients are served.
func (p *Proxy) Serving() <-chan struct{} { return p.up }

// Done returns a channel that is closed when Run has returned.
func (p *Proxy) Done() <-chan struct{} { return p.done }

// ReleaseAdmin closes the admin listener, for a successor that is to bind it.
func (p *Proxy) ReleaseAdmin() { p.adminNow().stop() }

// Turn returns when every event loop has come round once, so it hangs where a loop does: what a watchdog asks.
func (p *Proxy) Turn() {
	if p.front != nil {
		p.front.Turn()
	}
}

// Kill ends everything at once; Run returns.
func (p *Proxy) Kill() { p.killOnce.Do(func() { close(p.killed) }) }

// drainLook is how often a drain looks for tunnels whose handshake was under way when it began.
const drainLook = 250 * time.Millisecond

func (p *Proxy) drain(e End) {
	p.reloading.Lock()
	p.state.Store(draining)
	p.reloading.Unlock()
	p.unserve(p.sockets())
	over := p.version.Load().cfg.Timeouts.Drain
	how := tunnel.End{Cause: tunnel.ByDrain, Code: tunnel.CloseGoingAway, Reason: "the proxy ends"}
	if e.Restart {
		how.Code, how.Reason = tunnel.CloseServiceRestart, "the proxy restarts"
	}
	p.log.Info("draining", "tunnels", p.Live(), "seconds", over.Seconds(), "restart", e.Restart)
	deadline := time.Now().Add(over)
	// The clients that were told last have still to answer.
	last := time.NewTimer(over + drainGrace)
	defer last.Stop()
	tick := time.NewTicker(drainLook)
	defer tick.Stop()
	for p.Live() > 0 {
		how.Over = max(time.Until(deadline), 0)
		for _, r := range p.registries() {
			r.End(how, func(tunnel.Owner) bool { return true })
		}
		select {
		case <-tick.C:
		case <-last.C:
			p.log.Warn("ending tunnels that outlived the drain", "tunnels", p.Live())
			return
		case <-p.killed:
			return
		}
	}
}

// drainGrace is the time after timeouts.drain for the last clients to answer their Close frame.
const drainGrace = 5 * time.Second

// finish ends what is left and waits for it.
func (p *Proxy) finish() {
	p.health.stop()
	if p.front != nil {
		p.front.Close()
	}
	p.pairs.Close()
	ctx, cancel := context.WithTimeout(p.ctx, webShutdown)
	defer cancel()
	p.web.shutdown(ctx)
	p.adminNow().stop()
	p.cancel()
}

// webShutdown is how long plain requests that are under way may take when all tunnels are gone already.
const webShutdown = 2 * time.Second
