package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"example.com/wsdoctor/embedproxy"
	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/wizard"
)

// anotherPort asks on the terminal for ports that the proxy can have, and runs it on those. All else stays as the
// settings and the flags have it.
func (a *app) anotherPort(ctx context.Context, cfg cluster.Config, o proxyOptions) error {
	path, there, err := a.setupPath()
	if err != nil {
		return fmt.Errorf("finding the folder for the settings: %w", err)
	}
	g := &guide{a: a, path: path, journal: wizard.JournalFor(path), in: readLines(a.stdin)}
	defer g.in.stop()
	g.say(probes.Text{})
	if !there {
		g.say(probes.T("there are no settings yet; `wsdoctor setup` asks for all of them"))
	}
	found := wizard.Here(cfg, path)
	if b := &found.Config.Balancer; b.Kind != cluster.Embedded || b.URL == "" {
		port := cfg.WebSocket.Ports[0]
		if list := cfg.WebSocket.ForwardingPorts; len(list) > 0 {
			port = list[0]
		}
		b.Kind, b.URL = cluster.Embedded, "ws://"+net.JoinHostPort(found.Address(), strconv.Itoa(port))+"/"
	}
	if g.s, err = wizard.New(found, nil); err != nil {
		return err
	}
	if err := g.s.Prefill(); err != nil {
		return err
	}
	for {
		if _, err := g.s.Goto("forwarding"); err != nil {
			return err
		}
		if err := g.ask(ctx); err != nil {
			return g.leave(err)
		}
		chosen := g.s.Config()
		cfg.WebSocket.ForwardingPorts, cfg.Proxy.Listen, cfg.Balancer.URL = chosen.WebSocket.ForwardingPorts, chosen.Proxy.Listen, chosen.Balancer.URL
		if len(cfg.Proxy.Listen) == 0 { // without a list it would try the service's ports too, which are held
			for _, p := range cfg.WebSocket.ForwardingPorts {
				cfg.Proxy.Listen = append(cfg.Proxy.Listen, strconv.Itoa(p))
			}
		}
		if err := g.keepPorts(ctx, cfg); err != nil {
			return g.leave(err)
		}
		o.listen = cfg.Proxy.Listen // so that a reload keeps to them, written or not
		err := a.serveProxy(ctx, cfg, path, o, func(_ context.Context, p *embedproxy.Proxy) {
			g.say(probes.T("the proxy listens on %s and serves until Ctrl-C", strings.Join(p.Addresses(), ", ")))
		})
		var bind *embedproxy.BindError
		if !errors.As(err, &bind) {
			return err
		}
		for _, t := range bind.Tried {
			g.say(probes.Verbatim(t.Err.Error()))
		}
	}
}

// keepPorts writes the settings with the chosen ports, if the operator wants that.
func (g *guide) keepPorts(ctx context.Context, cfg cluster.Config) error {
	f, err := wizard.SettingsFile(g.path, cfg)
	if err != nil {
		return err
	}
	diff, err := f.Diff()
	if err != nil || diff == "" {
		return err
	}
	g.paste(strings.TrimRight(diff, "\n"))
	ok, err := g.confirm(ctx, probes.T("write it, so that the next start takes these ports?"))
	if err != nil || !ok {
		return err
	}
	if err := g.s.Apply(g.journal); err != nil {
		return err
	}
	e, err := g.journal.Write(f)
	if err == nil && e.File != "" {
		g.say(probes.T("wrote %s; to take it back: wsdoctor setup --undo%s", e.File, configFlag(g.a.config)))
	}
	return err
}
