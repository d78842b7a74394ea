package embedproxy

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
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
	certs     *certificates // nil without TLS
	tls       *tls.Config
	listeners []net.Listener
	admin     *admin
	health    watchers
	lines     accessLog

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
	Listen(*os.File) error
	Unlisten()
	Empty() <-chan struct{}
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
		if p.certs, err = loadCertificates(cfg.Proxy.TLS); err != nil {
			return nil, err
		}
		p.tls = p.certs.config(cfg.Proxy.TLS.MinVersion)
	}
	p.listeners = p.opts.Listeners
	if len(p.listeners) == 0 {
		if p.listeners, err = bind(ctx, ListenAddresses(cfg), cfg.Proxy.Bind == "all"); err != nil {
			return nil, err
		}
	}
	if p.admin, err = newAdmin(ctx, p, cfg.Proxy.Admin); err != nil {
		p.closeListeners()
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

// Addresses lists where the proxy listens.
func (p *Proxy) Addresses() []string {
	out := make([]string, len(p.listeners))
	for i, l := range p.listeners {
		out[i] = l.Addr().String()
	}
	return out
}

// Files returns duplicates of the listening sockets, for a successor. The caller closes them.
func (p *Proxy) Files() ([]*os.File, error) {
	var out []*os.File
	for _, l := range p.listeners {
		f, err := l.(*net.TCPListener).File()
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

func (p *Proxy) closeListeners() {
	for _, l := range p.listeners {
		l.Close()
	}
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
	var work, logging sync.WaitGroup
	logged := make(chan struct{})
	logging.Go(func() { p.writeLog(logged) })
	defer logging.Wait()
	defer close(logged)

	p.resolveNow(p.ctx) // before the first client asks for a backend
	work.Go(func() { p.resolveAll(p.ctx) })
	if p.certs != nil {
		work.Go(func() { p.certs.watch(p.ctx, p.log) })
	}
	p.health.start(p)
	p.admin.start(&work)
	work.Go(func() { p.web.server.Serve(p.web) }) //nolint:errcheck // it returns when web is closed
	err := p.listen(&work)
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
		p.closeListeners()
	}
	p.finish()
	work.Wait()
	return err
}

// listen hands the listening sockets to whoever serves them.
func (p *Proxy) listen(work *sync.WaitGroup) error {
	var err error
	if p.tls == nil {
		if p.front, err = p.newFront(); err != nil {
			return err
		}
	}
	if p.front == nil {
		for _, l := range p.listeners {
			work.Go(func() { p.web.accept(l, p.tls) })
		}
		return nil
	}
	for _, l := range p.listeners {
		f, err := l.(*net.TCPListener).File()
		if err != nil {
			return fmt.Errorf("duplicating a listening socket: %w", err)
		}
		err = p.front.Listen(f)
		f.Close()
		if err != nil {
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
func (p *Proxy) ReleaseAdmin() { p.admin.stop() }

// Kill ends everything at once; Run returns.
func (p *Proxy) Kill() { p.killOnce.Do(func() { close(p.killed) }) }

// drainLook is how often a drain looks for tunnels whose handshake was under way when it began.
const drainLook = 250 * time.Millisecond

func (p *Proxy) drain(e End) {
	p.state.Store(draining)
	if p.front != nil {
		p.front.Unlisten()
	}
	p.closeListeners()
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
	p.admin.stop()
	p.cancel()
}

// webShutdown is how long plain requests that are under way may take when all tunnels are gone already.
const webShutdown = 2 * time.Second

// Reload takes over new settings. What cannot be taken over changes nothing and is returned as an error. Tunnels stay
// where they are; the ports and the admin listener stay bound as they were at the start.
func (p *Proxy) Reload(cfg cluster.Config) error {
	old := p.version.Load()
	v, err := newVersion(cfg, p.opts, old)
	if err != nil {
		return err
	}
	if p.certs != nil {
		if err := p.certs.reload(); err != nil {
			return err
		}
	}
	p.version.Store(v)
	p.resolveNow(p.ctx)
	if p.front != nil {
		p.front.Set(v.tunnels())
	}
	p.pairs.Set(v.tunnels())
	p.health.stop()
	p.health.start(p)
	p.log.Info("settings reloaded", "backends", len(v.targets), "policy", v.cfg.Policy)
	return nil
}
