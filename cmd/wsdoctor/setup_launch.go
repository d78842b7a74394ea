package main

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"example.com/wsdoctor/embedproxy"
	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/handshake"
	"example.com/wsdoctor/probes/standin"
	"example.com/wsdoctor/wizard"
)

// launch starts what the operator chose and proves it.
func (g *guide) launch(ctx context.Context, d wizard.Draft) (done bool, err error) {
	switch {
	case d.Launch == wizard.LaunchForeground:
		return g.foreground(ctx, d)
	case d.Embedded() && d.Launch != wizard.LaunchService:
		g.say(probes.T("on the host of the balancer it is started by: wsdoctor proxy%s", configFlag(g.a.config)))
		return true, g.goodbye()
	}
	if step := g.prove(ctx, d); step != "" {
		return g.asked(ctx, step)
	}
	return true, g.goodbye()
}

// foreground runs the embedded proxy until Ctrl-C, once a handshake has come through it. Where an operator is at a
// terminal, it ends with that too: a proxy without its terminal would be one that nobody sees and nobody ends. Where
// that terminal can be drawn on, it has its screen.
func (g *guide) foreground(ctx context.Context, d wizard.Draft) (done bool, err error) {
	giveBack, err := g.lend(ctx, d)
	if err != nil {
		return false, err
	}
	defer func() { giveBack() }()
	s, o := serving{g: g, gone: ctx}, proxyOptions{quiet: true}
	if g.in != nil && g.a.stdinTTY {
		var stop context.CancelFunc
		s.gone, stop = g.a.hangUp(ctx)
		defer stop()
		o.endsAtHangUp = true
	}
	if g.draw {
		s.log = newScreenLog(g.a.proxyLog(o))
		o.log = s.log
	}
	step, said := "", error(nil)
	err = g.a.serveProxy(ctx, d.Config, g.path, o, func(run context.Context, p *embedproxy.Proxy) {
		context.AfterFunc(s.gone, func() { p.Drain(embedproxy.End{}) }) // nothing where it drains or has ended
		g.say(probes.T("the proxy listens on %s", strings.Join(p.Addresses(), ", ")))
		if step = g.reachable(p, d); step == "" {
			step = g.prove(run, d)
		}
		lent := giveBack()
		if step != "" {
			p.Kill()
			return
		}
		if len(lent) > 0 {
			g.say(probes.T("the stand-ins have gone again: clients come through once the service listens on %s", strings.Join(lent, ", ")))
		}
		said = g.goodbye()
		g.say(probes.T("the proxy serves until Ctrl-C"))
		if s.log != nil {
			said = errors.Join(said, s.screens(run, p, d))
		}
	})
	var bind *embedproxy.BindError
	if errors.As(err, &bind) {
		for _, t := range bind.Tried {
			g.say(probes.Verbatim(t.Err.Error()))
		}
		g.say(probes.T("no port could be had"))
		return g.asked(ctx, "forwarding")
	}
	if err = errors.Join(err, said); err != nil || step == "" {
		return true, err
	}
	if ctx.Err() != nil { // Ctrl-C in the middle of the proof
		return false, ctx.Err()
	}
	return g.asked(ctx, step)
}

// reachable compares where the proxy listens with where clients connect: of several ports the first that could be had
// was taken.
func (g *guide) reachable(p *embedproxy.Proxy, d wizard.Draft) (step string) {
	want := d.Config.Balancer.Port()
	if slices.ContainsFunc(p.Addresses(), func(a string) bool {
		ap, err := netip.ParseAddrPort(a)
		return err != nil || int(ap.Port()) == want
	}) {
		return ""
	}
	g.say(probes.T("clients connect to port %d, which something else holds", want))
	return "forwarding"
}

// lend starts a stand-in in the place of each service of this host that does not run yet, so that the way to it can be
// proven; giveBack ends them, returns where they were, and may be called twice.
func (g *guide) lend(ctx context.Context, d wizard.Draft) (giveBack func() []string, err error) {
	var lent []*standin.Server
	giveBack = func() (where []string) {
		for _, s := range lent {
			where = append(where, s.Addr().String())
			_ = s.Close() // it listened; there is nothing to lose
		}
		lent = nil
		return where
	}
	for _, b := range d.Config.Backends() {
		host, _, _ := net.SplitHostPort(b.Address)
		if !d.IsLocal(host) {
			continue
		}
		tr := handshake.Dial(ctx, handshake.Request{URL: d.Config.BackendURL(b.Address), NoPing: true})
		if tr.Cause.Kind != handshake.Refused {
			continue
		}
		g.say(probes.T("nothing answers on %s yet, where the service is to listen", b.Address))
		ok, err := g.confirm(ctx, probes.T("let a stand-in take its place for the proof?"))
		if err != nil || !ok {
			return giveBack, err
		}
		s, err := standin.Listen(ctx, b.Address, standin.Options{Name: "wsdoctor for " + b.Address})
		if err != nil {
			g.say(probes.Verbatim(err.Error()))
			continue
		}
		lent = append(lent, s)
	}
	return giveBack, nil
}

// proofTime bounds the handshakes of the proof, those with the backends included.
const proofTime = 30 * time.Second

// settleTime is how long a balancer may take until it serves by what it was told to read, settleEvery how often it is asked
// meanwhile, and settled how many handshakes in a row say that it does: a reload returns before the new workers take
// clients, and for a moment old and new ones take them side by side.
const (
	settleTime  = 5 * time.Second
	settleEvery = 200 * time.Millisecond
	settled     = 3
)

// prove opens a WebSocket the way clients do, and shows each phase. It returns "" where the upgrade came through, else
// the step that can mend it.
func (g *guide) prove(ctx context.Context, d wizard.Draft) (step string) {
	ctx, cancel := context.WithTimeout(ctx, proofTime)
	defer cancel()
	url := d.Config.BalancerURL()
	if url == "" && len(d.Config.Backends()) > 0 {
		url = d.Config.BackendURL(d.Config.Backends()[0].Address)
	}
	g.say(probes.Text{})
	g.say(probes.Verbatim(url))
	out := &textOutput{notes: g.a.stdout, messages: g.a.stdout, terminal: g.a.stdoutTTY, ascii: g.a.ascii(), voice: g.a.voice(), now: time.Now}
	tr := handshake.Dial(ctx, handshake.Request{URL: url})
	if !d.Embedded() || d.Launch == wizard.LaunchService { // what was told to reload or start takes a moment
		row := 0
		for soon := time.Now().Add(settleTime); time.Now().Before(soon) && ctx.Err() == nil; {
			if row++; !tr.Upgraded() {
				row = 0
			} else if row == settled {
				break
			}
			select {
			case <-ctx.Done():
			case <-time.After(settleEvery):
				tr = handshake.Dial(ctx, handshake.Request{URL: url})
			}
		}
	}
	out.opened(tr)
	if tr.Upgraded() {
		g.say(probes.T("proven: a WebSocket came through"))
		return ""
	}
	var behind []handshake.Trace
	for _, b := range d.Config.Backends() {
		behind = append(behind, handshake.Dial(ctx, handshake.Request{URL: d.Config.BackendURL(b.Address)}))
	}
	step, why := wizard.Mend(tr, behind)
	g.say(why)
	return step
}
