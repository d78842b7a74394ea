package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"example.com/wsdoctor/embedproxy"
	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
	"github.com/spf13/cobra"
)

func demoCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "three stand-in nodes behind the embedded proxy on loopback, with faults on request",
		Long: `Demo starts three stand-in nodes and the embedded proxy on free ports of 127.0.0.1, and puts one fault after another
into them on request, each time with what the checks then say. Its settings are in a file of its own, so that every
other command can look at it from another terminal. Nothing outside is touched, and nothing is left behind.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.demo(cmd.Context()) },
	}
}

// demo runs until the operator leaves.
func (a *app) demo(ctx context.Context) (err error) {
	dir, err := os.MkdirTemp("", "wsdoctor-demo-")
	if err != nil {
		return fmt.Errorf("starting the demo: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	w, err := newDemoWorld(ctx)
	if err != nil {
		return fmt.Errorf("starting the demo: %w", err)
	}
	defer func() { err = errors.Join(err, w.close()) }()
	file := filepath.Join(dir, "wsdoctor.yaml")
	if err := cluster.Save(file, w.cfg); err != nil {
		return err
	}
	inner := *a
	inner.config = file
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	proxyEnded := make(chan error, 1)
	serving := make(chan struct{})
	go func() {
		// Not serveProxy: signals are for the demo, which ends its proxy itself.
		p, err := embedproxy.New(ctx, w.cfg, embedproxy.Options{})
		if err != nil {
			proxyEnded <- err
			return
		}
		go func() { <-p.Serving(); close(serving) }()
		go func() { <-ctx.Done(); p.Kill() }()
		proxyEnded <- p.Run(context.WithoutCancel(ctx))
	}()
	select {
	case <-serving:
	case err := <-proxyEnded:
		return err
	}
	defer func() { cancel(); <-proxyEnded }()
	return inner.demoDialogue(ctx, w, file)
}

// demoDialogue puts faults in and takes them out as the operator names them.
func (a *app) demoDialogue(ctx context.Context, w *demoWorld, file string) error {
	g := &guide{a: a, in: readLines(a.stdin)}
	defer g.in.stop()
	g.say(probes.T("three nodes (%s) behind the embedded proxy at %s", strings.Join(w.addresses(), ", "), w.cfg.Balancer.URL))
	g.say(probes.T("look at it from another terminal, as long as this runs:"))
	for _, command := range []string{"", "--check ", "probe " + w.cfg.Balancer.URL + " ", "ports "} {
		g.say(probes.T("  wsdoctor %s--config %s", command, file))
	}
	for {
		g.say(probes.Text{})
		for i, f := range w.faults() {
			state := "off"
			if f.on() {
				state = "ON"
			}
			g.say(probes.T("  %d  %-3s  %s", i+1, state, f.title))
		}
		text, err := g.read(ctx, "a number puts the fault in or takes it out, enter checks, q leaves: ")
		if errors.Is(err, errInputEnded) {
			return nil
		}
		if err != nil {
			return err
		}
		switch text = strings.TrimSpace(text); text {
		case "q", "quit", ":quit":
			return nil
		case "":
		default:
			n, err := strconv.Atoi(text)
			if err != nil || n < 1 || n > len(w.faults()) {
				g.say(probes.T("found %q, expected a number from 1 to %d, nothing, or q", text, len(w.faults())))
				continue
			}
			if err := w.faults()[n-1].toggle(ctx); err != nil {
				g.say(probes.Verbatim(err.Error()))
			}
		}
		if err := a.check(ctx, &checkFlags{format: "text", failOn: "error", short: true}); err != nil {
			var exit exitError
			if !errors.As(err, &exit) || exit == probes.ExitInterrupted {
				return err
			}
		}
	}
}

// freeListener takes a free port of loopback.
func freeListener(ctx context.Context) (net.Listener, error) {
	return (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
}
