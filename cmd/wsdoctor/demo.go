package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"strings"

	"example.com/wsdoctor/cmd/wsdoctor/demo"
	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/catalog"
	"example.com/wsdoctor/probes/diagnosis"
	"example.com/wsdoctor/tui"
	"example.com/wsdoctor/tui/screens"
	"github.com/spf13/cobra"
)

// demoNode is the hidden command that is one node of the demo.
const demoNode = "node"

func demoCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "three stand-in nodes behind the embedded proxy on loopback, with faults on request",
		Long: `Demo starts three stand-in nodes, the embedded proxy and clients that talk all the time on free ports of 127.0.0.1, and
opens the screens on them. The key b puts a fault in, or takes it back: a node killed or frozen, its port held in
TIME_WAIT, a header lost, an idle limit that is too short, stickiness lost. Each time the checks run again, and the
overview names the cause. Where the terminal cannot be drawn on (TERM=dumb, ACCESSIBLE=1, a pipe) the same is done by
lines.

Its settings are in a file of its own, so that every other command can look at it from another terminal. Nothing outside
is touched, and nothing is left behind.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.demo(cmd.Context()) },
	}
	cmd.AddCommand(&cobra.Command{
		Use: demoNode, Hidden: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			return demo.Node(cmd.Context(), a.stdin, a.stdout, args)
		},
	})
	return cmd
}

// draws tells whether there is an operator at a terminal that can be drawn on, and who wants that.
func (a *app) draws() bool {
	return a.stdinTTY && a.stdoutTTY && a.env("TERM") != "dumb" && a.env("ACCESSIBLE") == ""
}

// demo runs until the operator leaves.
func (a *app) demo(ctx context.Context) (err error) {
	dir, err := os.MkdirTemp("", "wsdoctor-demo-")
	if err != nil {
		return fmt.Errorf("starting the demo: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding this program: %w", err)
	}
	log := screens.NewLog()
	// A terminal that is closed sends SIGHUP; nothing of the demo is to be left then.
	ctx, stop := a.hangUp(ctx)
	defer stop()
	w, err := demo.Start(ctx, demo.Options{Dir: dir, Node: []string{self, "demo", demoNode}, Logger: slog.New(log.Handler())})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	inner := *a
	inner.config = w.File()
	if inner.draws() {
		return inner.demoScreens(ctx, w, log)
	}
	return inner.demoDialogue(ctx, w)
}

// demoAreas are those whose checks the demo's faults are about; what this host's kernel and firewall are like is not.
var demoAreas = []string{"portconfig", "ports", "handshake", "balancer"}

func demoSelected(id string) bool {
	for _, area := range demoAreas {
		if strings.HasPrefix(id, area+"/") {
			return true
		}
	}
	return false
}

// demoScreens opens the screens on the demo.
func (a *app) demoScreens(ctx context.Context, w *demo.World, log *screens.Log) error {
	target := func() probes.Target { return probes.Target{Config: w.Config(), Deep: w.Deep()} }
	o := a.tuiOptions(tuiRun{
		target: target(), probes: catalog.All(), settings: w.File(), save: a.saveReport,
		options: probes.Options{Version: version, Diagnose: diagnosis.Diagnose, Selected: demoSelected},
	})
	host, err := os.Hostname()
	if err == nil {
		o.RunOptions.Host = host
	}
	o.Note = probes.T("everything here is well; b breaks something")
	o.Attached = &screens.Attached{Proxy: w.Proxy(), Log: log}
	for _, f := range w.Faults() {
		o.Faults = append(o.Faults, tui.Fault{Title: f.Title, On: f.On, Toggle: func(ctx context.Context) (probes.Target, error) {
			err := f.Toggle(ctx)
			return target(), err
		}})
	}
	return tui.Run(ctx, o)
}

// demoDialogue puts faults in and takes them out as the operator names them.
func (a *app) demoDialogue(ctx context.Context, w *demo.World) error {
	g := &guide{a: a, in: readLines(a.stdin)}
	defer g.in.stop()
	cfg := w.Config()
	var nodes []string
	for _, b := range cfg.Proxy.Backends {
		nodes = append(nodes, b.Address)
	}
	g.say(probes.T("three nodes (%s) behind the embedded proxy at %s", strings.Join(nodes, ", "), cfg.Balancer.URL))
	g.say(probes.T("look at it from another terminal, as long as this runs:"))
	for _, command := range []string{"", "--check ", "probe " + cfg.Balancer.URL + " ", "ports "} {
		g.say(probes.T("  wsdoctor %s--config %s", command, w.File()))
	}
	faults := w.Faults()
	for {
		g.say(probes.Text{})
		for i, f := range faults {
			state := "off"
			if f.On() {
				state = "ON"
			}
			g.say(probes.T("  %d  %-3s  %s", i+1, state, f.Title))
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
			if err != nil || n < 1 || n > len(faults) {
				g.say(probes.T("found %q, expected a number from 1 to %d, nothing, or q", text, len(faults)))
				continue
			}
			if err := faults[n-1].Toggle(ctx); err != nil {
				g.say(probes.Verbatim(err.Error()))
			}
		}
		check := &checkFlags{format: "text", failOn: "error", short: true, only: demoAreas, deep: w.Deep()}
		if err := a.check(ctx, check); err != nil {
			var exit exitError
			if !errors.As(err, &exit) || exit == probes.ExitInterrupted {
				return err
			}
		}
	}
}
