package embedproxy

import (
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"example.com/wsdoctor/embedproxy/tunnel"
)

// logQueue is how many lines may wait for a slow disk before lines are dropped (and counted): the loops must never
// wait for a log.
const logQueue = 4096

// logged is one line of the access log on its way from a loop to the goroutine that writes it.
type logged struct {
	kind     string // open | close | refuse | out
	id       uint64
	client   netip.Addr
	backend  string
	cause    tunnel.Cause
	code     uint16
	status   int
	reason   string
	lifetime time.Duration
	up, down uint64
}

// logGather is how long the writer lets lines come together: to wake a goroutine for every line costs a busy proxy
// more than the line.
const logGather = 20 * time.Millisecond

// accessLog takes lines from everywhere and has one goroutine write them.
type accessLog struct {
	mu    sync.Mutex
	lines []logged
	wake  chan struct{} // holds a token while there are lines
}

// note logs a line without waiting.
func (p *Proxy) note(l logged) {
	if !p.access && l.kind != "out" {
		return
	}
	a := &p.lines
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.lines) == logQueue {
		p.stats.lost.Add(1)
		return
	}
	if a.lines = append(a.lines, l); len(a.lines) == 1 {
		select {
		case a.wake <- struct{}{}:
		default:
		}
	}
}

func (a *accessLog) take() []logged {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := a.lines
	a.lines = nil
	return out
}

// writeLog writes lines until done is closed, and then what is left.
func (p *Proxy) writeLog(done <-chan struct{}) {
	for {
		select {
		case <-done:
			p.write(p.lines.take())
			return
		case <-p.lines.wake:
		}
		select {
		case <-done:
		case <-time.After(logGather):
		}
		p.write(p.lines.take())
	}
}

func (p *Proxy) write(lines []logged) {
	for _, l := range lines {
		switch l.kind {
		case "open":
			p.log.Info("tunnel opened", slog.Uint64("id", l.id), slog.String("client", l.client.String()), slog.String("backend", l.backend))
		case "close":
			p.log.Info("tunnel closed", slog.Uint64("id", l.id), slog.String("client", l.client.String()), slog.String("backend", l.backend),
				slog.String("cause", l.cause.String()), slog.String("side", l.cause.Side()), slog.Int("code", int(l.code)),
				slog.Float64("seconds", l.lifetime.Seconds()), slog.Uint64("bytes_up", l.up), slog.Uint64("bytes_down", l.down))
		case "refuse":
			p.log.Info("handshake refused", slog.String("client", l.client.String()), slog.Int("status", l.status), slog.String("reason", l.reason))
		case "out":
			p.log.Warn("backend taken out after failed connects", slog.String("backend", l.backend), slog.Float64("seconds", l.lifetime.Seconds()))
		}
	}
}
