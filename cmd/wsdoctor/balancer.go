package main

import (
	"context"
	"errors"
	"fmt"
	neturl "net/url"
	"strings"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/balancer"
	"example.com/wsdoctor/probes/balancer/capacity"
	"example.com/wsdoctor/probes/cluster"
	"github.com/spf13/cobra"
)

// What --rehearse is bounded by.
const (
	// usualWatch is longer than most restarts take.
	usualWatch = 30 * time.Second
	// mostRehearsal bounds --rehearse, which is no load test.
	mostRehearsal = 1000
)

// balancerFlags are the flags of `wsdoctor balancer`.
type balancerFlags struct {
	tests   balancer.Tests
	all     bool
	mine    bool
	yes     bool
	format  string
	probe   probeFlags // of the request
	command []string   // to be rehearsed
}

func balancerCommand(a *app) *cobra.Command {
	var f balancerFlags
	cmd := &cobra.Command{
		Use:   "balancer [URL] [-- CMD...]",
		Short: "test the path through the balancer: stickiness, distribution, idle limit, capacity, restarts",
		Long: `Balancer makes connections through the balancer and says what it does with them: whether a client comes back to its
node and by what policy, how clients are spread, after how long a silent tunnel is ended and by which hop, how many
tunnels are held at once and what limits them; and, where the URL is one of Socket.IO, whether polling and the upgrade
come through. Without a URL it tests balancer.url of the settings; without a test, stickiness and distribution.

The backends are told apart by the name of a stand-in (wsdoctor standin), by a header such as X-Backend, by the
balancer's cookie or by a first message that differs.

--rehearse holds tunnels while something is restarted, and says how many were dropped, when and how, when their clients
were back, and where. CMD is what restarts it: it is printed first, and run after a yes, or with --yes; wsdoctor does not
take back what it does. Without CMD you reload or stop something yourself while --rehearse-for lasts.

--capacity is a load test. It takes balancer.url of the settings and addresses of this host; for any other target it
wants --yes-this-is-mine.`,
		Example: `  wsdoctor balancer --all
  wsdoctor balancer ws://192.168.6.181:38889/ --stickiness 12
  wsdoctor balancer wss://ws.example.com/ --idle 90s
  wsdoctor balancer --capacity 2000
  wsdoctor balancer --rehearse 20 -- nginx -s reload`,
		Args: func(cmd *cobra.Command, args []string) error {
			if dash := cmd.ArgsLenAtDash(); dash >= 0 {
				args, f.command = args[:dash], args[dash:]
			}
			if len(args) > 1 {
				return usagef("balancer: found %d arguments, expected one URL at most", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			url := ""
			if len(args) > len(f.command) {
				url = args[0]
			}
			return a.balancer(cmd.Context(), &f, url)
		},
	}
	flags := cmd.Flags()
	flags.IntVar(&f.tests.Stickiness, "stickiness", 0, "reconnect this `number` of times in each of several ways, and see where that leads")
	flags.IntVar(&f.tests.Distribution, "distribution", 0, "open this `number` of clients from several addresses, and count where they are")
	flags.DurationVar(&f.tests.Idle, "idle", 0, "find the idle limit, up to this `duration`, in one run")
	flags.IntVar(&f.tests.Capacity, "capacity", 0, "hold connections up to this `number`, and find what refuses first")
	flags.StringVar(&f.tests.Event, "event", "", "Socket.IO: send the event of this `name`, which the application has to acknowledge")
	flags.IntVar(&f.tests.Rehearsal, "rehearse", 0, "hold this `number` of tunnels through a restart")
	flags.DurationVar(&f.tests.Watch, "rehearse-for", usualWatch, "watch them for this `duration`, at most, from the restart on")
	flags.BoolVarP(&f.yes, "yes", "y", false, "run the command of --rehearse without asking")
	flags.BoolVar(&f.all, "all", false, fmt.Sprintf("all tests: --stickiness %d --distribution %d --idle %s --capacity of the settings' clients", balancer.UsualStickiness, balancer.UsualDistribution, balancer.UsualIdle))
	flags.BoolVar(&f.mine, "yes-this-is-mine", false, "load a target that is neither this host nor balancer.url of the settings")
	flags.StringVarP(&f.format, "format", "f", "text", "text or json")
	flags.StringArrayVarP(&f.probe.headers, "header", "H", nil, "send this header, `'K: V'` (repeatable)")
	flags.StringVarP(&f.probe.origin, "origin", "o", "", "`origin` of the page, as a browser would send it")
	flags.StringVar(&f.probe.host, "host", "", "`name` for the Host header and for TLS, instead of the URL's")
	flags.BoolVarP(&f.probe.insecure, "no-check", "n", false, "go on though the certificate has a fault")
	flags.StringVar(&f.probe.ca, "ca", "", "trust the authorities of this PEM `file` instead of this host's")
	return cmd
}

// balancer runs one call of `wsdoctor balancer`.
func (a *app) balancer(ctx context.Context, f *balancerFlags, url string) error {
	cfg, _, err := a.settings()
	if err != nil {
		return err
	}
	target := probes.Target{Config: cfg}
	if url == "" {
		if url = cfg.BalancerURL(); url == "" {
			return usagef("the settings name no balancer.url, expected a URL: wsdoctor balancer ws://192.168.6.181:38889/")
		}
	}
	f.probe.format = f.format
	req, err := a.probeRequest(&f.probe, url)
	if err != nil {
		return err
	}
	f.tests.Request = req
	if err := f.choose(cfg.Clients, req.URL); err != nil {
		return err
	}
	if f.tests.Act, err = a.rehearsed(ctx, f); err != nil {
		return err
	}
	if f.tests.Capacity > 0 && !f.mine && !capacity.Own(req.URL, cfg, target.Place(ctx)) {
		return usagef("--capacity: %s is neither this host nor balancer.url of the settings; a ramp of connections is a load test, so say --yes-this-is-mine if it is", capacity.Authority(req.URL))
	}
	if !samePlace(req.URL, cfg.BalancerURL()) {
		// What the settings say of nodes and heartbeats is not about this URL.
		target.Config = cluster.Default(cluster.Generic)
		target.Config.Nodes, target.Config.Balancer.Kind = nil, cluster.Other
	}
	if a.stderrTTY {
		f.tests.Progress = func(t probes.Text) { fmt.Fprintf(a.stderr, "\r\x1b[K%s", a.voice().text(t)) }
	}
	seen, err := balancer.Test(ctx, target, req.URL, f.tests)
	a.clearLine()
	var no balancer.ErrNoUpgrade
	switch {
	case errors.As(err, &no):
		a.tell("no connection: %s", no.Trace.Cause.Text)
		a.tell("`wsdoctor check --only handshake,balancer` tells whose fault it is")
		return exitError(probes.ExitFindings)
	case err != nil:
		return err
	}
	found := balancer.Explain(seen)
	if f.format == "json" {
		err = writeBalancerJSON(a.stdout, seen, found)
	} else {
		err = writeBalancer(a.stdout, seen, found, a.ascii(), a.voice())
	}
	if err != nil {
		return err
	}
	if r := seen.Active.Rehearsal; r != nil && r.Observed.Failure != "" {
		return exitError(probes.ExitFindings)
	}
	for _, x := range found {
		if x.Severity == probes.Error {
			return exitError(probes.ExitFindings)
		}
	}
	return nil
}

// samePlace tells whether two URLs lead to the same host and port.
func samePlace(a, b string) bool {
	x, err := neturl.Parse(a)
	y, err2 := neturl.Parse(b)
	return err == nil && err2 == nil && x.Scheme == y.Scheme && x.Host == y.Host
}

// choose makes the flags a list of tests.
func (f *balancerFlags) choose(clients int, url string) error {
	t := &f.tests
	for _, n := range []struct {
		flag  string
		value int
		most  int
	}{{"--stickiness", t.Stickiness, balancer.MostStickiness}, {"--distribution", t.Distribution, balancer.MostDistribution}, {"--capacity", t.Capacity, balancer.MostCapacity}, {"--rehearse", t.Rehearsal, mostRehearsal}} {
		if n.value < 0 || n.value > n.most {
			return usagef("%s: found %d, expected 1 to %d", n.flag, n.value, n.most)
		}
	}
	if t.Idle < 0 || t.Idle > 0 && t.Idle < time.Second {
		return usagef("--idle: found %s, expected 1s or more", t.Idle)
	}
	switch {
	case len(f.command) > 0 && t.Rehearsal == 0:
		return usagef("found a command behind -- without --rehearse, expected `--rehearse 20 -- %s`", strings.Join(f.command, " "))
	case t.Watch < time.Second:
		return usagef("--rehearse-for: found %s, expected 1s or more", t.Watch)
	}
	usual := func(n *int, value int) {
		if *n == 0 {
			*n = value
		}
	}
	t.SocketIO = t.Event != ""
	none := !t.SocketIO && t.Stickiness == 0 && t.Distribution == 0 && t.Idle == 0 && t.Capacity == 0 && t.Rehearsal == 0
	if f.all || none {
		usual(&t.Stickiness, balancer.UsualStickiness)
		usual(&t.Distribution, balancer.UsualDistribution)
	}
	if f.all {
		usual(&t.Capacity, min(max(clients, 1), balancer.MostCapacity))
		if t.Idle == 0 {
			t.Idle = balancer.UsualIdle
		}
	}
	t.SocketIO = t.SocketIO || (f.all || none) && balancer.IsEngine(url)
	return nil
}
