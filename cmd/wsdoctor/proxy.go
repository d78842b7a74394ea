package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"time"

	"example.com/wsdoctor/embedproxy"
	"example.com/wsdoctor/probes/cluster"
	"github.com/spf13/cobra"
)

func proxyCommand(a *app) *cobra.Command {
	var o proxyOptions
	cmd := &cobra.Command{
		Use:   "proxy",
		Short: "run the embedded proxy in the foreground",
		Long: `Run the embedded proxy in the foreground, with the proxy part of the settings.

Where no port can be had and it runs on a terminal, the wizard asks for others, and they are what it listens on.

The access log goes to standard error as JSON lines.
SIGTERM and SIGINT drain: every client gets a Close frame within timeouts.drain; a second signal ends at once.
SIGHUP, or a change of the settings file, reloads. SIGUSR2 starts the program anew on the same sockets and drains this one.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.proxy(cmd.Context(), o) },
	}
	f := cmd.Flags()
	f.StringArrayVar(&o.listen, "listen", nil, "port or `address:port` to listen on, instead of the settings' (repeatable)")
	f.StringArrayVar(&o.backends, "backend", nil, "`host:port` of a backend, instead of the settings' (repeatable)")
	f.BoolVar(&o.quiet, "quiet", false, "log warnings only, no line per tunnel")
	f.DurationVar(&o.slowStart, "slow-start", 0, "`duration` until a backend that came back has its full share")
	f.StringVar(&o.stickyCookie, "sticky-cookie", "", "`name` of the cookie of the policy cookie (default wsdoctor-node)")
	f.StringVar(&o.stickyHeader, "sticky-header", "", "`name` of the header of the policy header (default X-Session-Id)")
	return cmd
}

type proxyOptions struct {
	listen, backends           []string
	quiet                      bool
	slowStart                  time.Duration
	stickyCookie, stickyHeader string

	log          slog.Handler // nil: JSON lines on standard error
	endsAtHangUp bool         // SIGHUP is the end of its terminal, of which somebody else tells it: nothing is reloaded
}

// proxyLog writes JSON lines to standard error.
func (a *app) proxyLog(o proxyOptions) slog.Handler {
	level := slog.LevelInfo
	if o.quiet {
		level = slog.LevelWarn
	}
	return slog.NewJSONHandler(a.stderr, &slog.HandlerOptions{Level: level})
}

// proxySettings loads the settings and puts the flags over them.
func (a *app) proxySettings(o proxyOptions) (cluster.Config, string, error) {
	cfg, path, err := a.settings()
	if err != nil {
		return cfg, path, err
	}
	if len(o.listen) > 0 {
		cfg.Proxy.Listen = o.listen
	}
	if len(o.backends) > 0 {
		cfg.Proxy.Backends = nil
		for _, address := range o.backends {
			cfg.Proxy.Backends = append(cfg.Proxy.Backends, cluster.Backend{Address: address, Weight: 1})
		}
	}
	if probs := cfg.Validate(); len(probs) > 0 {
		return cfg, path, usagef("%s: %s", probs[0].Key, probs[0].Msg)
	}
	return cfg, path, nil
}

func (a *app) proxy(ctx context.Context, o proxyOptions) error {
	cfg, path, err := a.proxySettings(o)
	if err != nil {
		return err
	}
	err = a.serveProxy(ctx, cfg, path, o, nil)
	var bind *embedproxy.BindError
	if errors.As(err, &bind) {
		no := noPort(ctx, cfg, bind)
		if !a.stdinTTY || !a.stdoutTTY {
			return no
		}
		fmt.Fprintln(a.stderr, "wsdoctor:", no)
		return a.anotherPort(ctx, cfg, o)
	}
	return err
}

// serveProxy runs the embedded proxy until it is told to end. serving, if not nil, is called beside it once clients are
// served, and waited for; its context ends with the proxy. The error is an *embedproxy.BindError where no port could be
// had.
func (a *app) serveProxy(ctx context.Context, cfg cluster.Config, path string, o proxyOptions, serving func(context.Context, *embedproxy.Proxy)) error {
	if o.log == nil {
		o.log = a.proxyLog(o)
	}
	log := slog.New(o.log)
	inherited, err := inheritedListeners()
	if err != nil {
		return err
	}
	// A loop keeps its processor while it waits (see tunnel.Loops); one more is for everything else.
	loops := runtime.GOMAXPROCS(0)
	runtime.GOMAXPROCS(loops + 1)
	defer runtime.GOMAXPROCS(loops)
	p, err := embedproxy.New(ctx, cfg, embedproxy.Options{
		Loops: loops, Logger: log, Listeners: inherited, SlowStart: o.slowStart, StickyCookie: o.stickyCookie, StickyHeader: o.stickyHeader,
	})
	if err != nil {
		return err
	}
	// Signals reach the proxy here and not through ctx alone: it drains, and a second one ends it.
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var helpers sync.WaitGroup
	s := &supervisor{app: a, proxy: p, log: log, path: path, options: o}
	helpers.Go(func() { s.signals(ctx) })
	helpers.Go(func() { s.watchSettings(run) })
	helpers.Go(func() { s.notifySystemd(run) })
	if serving != nil {
		helpers.Go(func() {
			select {
			case <-p.Serving():
				serving(run, p)
			case <-run.Done():
			}
		})
	}
	err = p.Run(run)
	stop()
	helpers.Wait()
	return err
}

// supervisor turns what happens to the process into calls of the proxy.
type supervisor struct {
	app     *app
	proxy   *embedproxy.Proxy
	log     *slog.Logger
	path    string // of the settings file; "" where there is none
	options proxyOptions
}

// settingsLook is how often the settings file is looked at.
const settingsLook = 2 * time.Second

// watchSettings reloads when the settings file has changed.
func (s *supervisor) watchSettings(ctx context.Context) {
	if s.path != "" {
		embedproxy.WatchFiles(ctx, settingsLook, func() []string { return []string{s.path} }, s.reload)
	}
}

// reload takes over the settings file; what does not load changes nothing.
func (s *supervisor) reload() {
	tellReloading()
	defer tellReady()
	cfg, _, err := s.app.proxySettings(s.options)
	if err == nil {
		err = s.proxy.Reload(cfg)
	}
	if err != nil {
		s.log.Error("the settings stay as they were", "error", err)
	}
}
