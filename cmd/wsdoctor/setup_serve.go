package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/signal"
	"sync/atomic"
	"time"

	"example.com/wsdoctor/embedproxy"
	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/catalog"
	"example.com/wsdoctor/tui"
	"example.com/wsdoctor/tui/screens"
	"example.com/wsdoctor/wizard"
)

// serving is a proxy that set-up has launched on the terminal of an operator: it ends with that terminal.
type serving struct {
	g    *guide
	gone context.Context // ends with the terminal, and when the program is told to end
	log  *screenLog      // nil: nothing can be drawn, and the log goes to standard error alone
}

// proxyScreenTitle is the screen on which the screens begin.
const proxyScreenTitle = "Proxy"

// screens opens the screens on a proxy that serves, once the operator has read the proof: they draw over it. It returns
// when the proxy is to go on without them, or has ended.
func (s *serving) screens(run context.Context, p *embedproxy.Proxy, d wizard.Draft) error {
	ctx, cancel := context.WithCancel(s.gone)
	defer cancel()
	defer context.AfterFunc(run, cancel)()
	g := s.g
	switch _, err := g.read(ctx, g.words(probes.T("enter opens its screen: "))); {
	case errors.Is(err, errInputEnded):
		return nil // it serves on by lines
	case err == nil:
		err = s.draw(ctx, p, d)
		if err != nil && !errors.Is(err, context.Canceled) {
			p.Drain(embedproxy.End{})
			return err
		}
	}
	p.Drain(embedproxy.End{})
	g.drained(run, p)
	return nil
}

// draw shows the screens until the operator leaves them.
func (s *serving) draw(ctx context.Context, p *embedproxy.Proxy, d wizard.Draft) error {
	g := s.g
	g.in.stop()
	defer func() { g.in = readLines(g.a.stdin) }()
	s.log.drawn.Store(true)
	defer s.log.drawn.Store(false)
	o := g.a.tuiOptions(tuiRun{
		target: probes.Target{Config: d.Config}, probes: catalog.All(), options: g.a.runOptions(), settings: g.path, save: g.a.saveReport,
	})
	o.Begin = proxyScreenTitle
	o.Attached = &screens.Attached{Proxy: p, Log: s.log.lines, Drains: true}
	return tui.Run(ctx, o)
}

// drainTold is how often a drain is looked at, to tell how far it is.
const drainTold = time.Second

// drained tells how a drain goes on until the proxy has ended; Ctrl-C ends it at once. run ends with the proxy.
func (g *guide) drained(run context.Context, p *embedproxy.Proxy) {
	insist := make(chan os.Signal, 1)
	signal.Notify(insist, os.Interrupt)
	defer signal.Stop(insist)
	tick := time.NewTicker(drainTold)
	defer tick.Stop()
	for told := 0; ; {
		switch n := p.Live(); {
		case told == 0 && n > 0:
			g.say(probes.T("tunnels to drain: %d; Ctrl-C ends them at once", n))
			told = n
		case n > 0 && n != told:
			g.say(probes.T("tunnels left: %d", n))
			told = n
		}
		select {
		case <-run.Done():
			g.say(probes.T("the proxy has ended"))
			return
		case <-insist:
			p.Kill()
		case <-tick.C:
		}
	}
}

// screenLog is a log that goes to a screen, and to lines as well while nothing is drawn over them.
type screenLog struct {
	slog.Handler // of the lines
	screen       slog.Handler
	lines        *screens.Log // what the screen shows
	drawn        *atomic.Bool // the screens have the terminal
}

func newScreenLog(lines slog.Handler) *screenLog {
	log := screens.NewLog()
	return &screenLog{Handler: lines, screen: log.Handler(), lines: log, drawn: new(atomic.Bool)}
}

// Enabled takes what the screen takes, which is more than the lines do.
func (l *screenLog) Enabled(ctx context.Context, level slog.Level) bool {
	return l.screen.Enabled(ctx, level)
}

func (l *screenLog) Handle(ctx context.Context, r slog.Record) error {
	err := l.screen.Handle(ctx, r)
	if l.drawn.Load() || !l.Handler.Enabled(ctx, r.Level) {
		return err
	}
	return errors.Join(err, l.Handler.Handle(ctx, r))
}

func (l *screenLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &screenLog{l.Handler.WithAttrs(attrs), l.screen.WithAttrs(attrs), l.lines, l.drawn}
}

func (l *screenLog) WithGroup(name string) slog.Handler {
	return &screenLog{l.Handler.WithGroup(name), l.screen.WithGroup(name), l.lines, l.drawn}
}
