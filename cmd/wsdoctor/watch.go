package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/catalog"
	"example.com/wsdoctor/probes/changes"
	"example.com/wsdoctor/probes/report"
	"github.com/spf13/pflag"
)

const (
	// leastWatch bounds --watch from below: each run makes connections to a service in use.
	leastWatch = time.Second
	// watchPause is how long --watch waits at least between two runs, where one takes longer than the time between them.
	watchPause = time.Second
	// metricsAddress is where --watch serves unless told otherwise: this host alone may ask.
	metricsAddress = "127.0.0.1:9381"
)

// watchFlags are the check flags that compare a run with what stood before.
type watchFlags struct {
	every    time.Duration
	metrics  string
	baseline string
	save     string
}

func (f *watchFlags) register(flags *pflag.FlagSet) {
	flags.DurationVar(&f.every, "watch", 0, "run again every `duration` until interrupted, and print only what changed (text or json lines)")
	flags.StringVar(&f.metrics, "metrics", metricsAddress, "where --watch serves /metrics and /healthz: `address`:port, a port of loopback, or none")
	flags.StringVar(&f.baseline, "baseline", "", "compare with this `file` of --save-baseline: print, and fail for, only what is new since")
	flags.StringVar(&f.save, "save-baseline", "", "write what stands after the first run to this `file`")
}

// comparing tells whether changes are printed instead of a report.
func (f *watchFlags) comparing() bool { return f.every != 0 || f.baseline != "" }

// validate finds what is wrong with the flags, and with them together with others.
func (f *watchFlags) validate(c *checkFlags) error {
	if f.every != 0 && f.every < leastWatch {
		return usagef("--watch: found %s, expected %s or more", f.every, leastWatch)
	}
	if !f.comparing() {
		return nil
	}
	flag := "--watch"
	if f.every == 0 {
		flag = "--baseline"
	}
	switch {
	case c.format != "text" && c.format != "json":
		return usagef("--format: found %q, expected text or json with %s", c.format, flag)
	case c.wait != 0:
		return usagef("--wait repeats until everything passes, and %s compares: expected one of them", flag)
	case c.output != "":
		return usagef("--output takes one report, and %s prints changes as they come: expected one of them", flag)
	}
	_, err := f.address()
	return err
}

// address is where to serve; "" stands for nowhere. A port alone, or with an empty host, is one of loopback: whoever
// wants the world to see it has to say so.
func (f *watchFlags) address() (string, error) {
	switch {
	case f.metrics == "" || f.metrics == "none":
		return "", nil
	case !strings.Contains(f.metrics, ":"):
		return net.JoinHostPort("127.0.0.1", f.metrics), nil
	}
	host, port, err := net.SplitHostPort(f.metrics)
	if err != nil {
		return "", usagef("--metrics: found %q, expected address:port, a port, or none", f.metrics)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port), nil
}

// saveBaseline writes the baseline that was asked for. A run that was interrupted has not seen everything.
func (f *watchFlags) saveBaseline(r probes.Report) error {
	if f.save == "" || r.Interrupted {
		return nil
	}
	out, err := openReport(nil, f.save)
	if err != nil {
		return usageError{err}
	}
	defer out.discard()
	state, _ := changes.Next(nil, r)
	if err := changes.Write(out, state, r); err != nil {
		return usageError{fmt.Errorf("writing %s: %w", f.save, err)}
	}
	if err := out.commit(); err != nil {
		return usageError{err}
	}
	return nil
}

// watch runs the areas and prints what changed: once against a baseline, or again and again.
func (a *app) watch(ctx context.Context, p plan, f *checkFlags) error {
	var state changes.State
	if f.watch.baseline != "" {
		var err error
		if state, err = changes.Load(f.watch.baseline, isCheck); err != nil {
			return usageError{err}
		}
	}
	var board *watchBoard
	if address, _ := f.watch.address(); f.watch.every > 0 && address != "" {
		var err error
		if board, err = serveWatch(ctx, address, f.watch.every, p.failOn); err != nil {
			return usagef("--metrics: listening on %s: %w; give another address, or none with --metrics none", address, listenError(err))
		}
		defer board.close()
		fmt.Fprintf(a.stderr, "wsdoctor: http://%s/metrics and /healthz\n", board.address())
	}
	a.sayDefaults(p)
	write := a.writeChange
	if f.format == "json" {
		write = a.writeChangeJSON
	}
	for first := true; ; first = false {
		next := time.Now().Add(f.watch.every)
		rep := probes.Run(ctx, p.target, catalog.All(), p.options, nil)
		if rep.Interrupted {
			return exitError(probes.ExitInterrupted)
		}
		var changed []changes.Change
		state, changed = changes.Next(state, rep)
		for _, c := range changed {
			if err := write(c); err != nil {
				return fmt.Errorf("writing what changed: %w", err)
			}
		}
		board.show(rep, state, changed)
		if first {
			if err := f.watch.saveBaseline(rep); err != nil {
				return err
			}
		}
		if f.watch.every == 0 {
			return exitError(changesExit(changed, p.failOn, f.strict))
		}
		select {
		case <-ctx.Done():
			return exitError(probes.ExitInterrupted)
		case <-time.After(max(time.Until(next), watchPause)):
		}
	}
}

// changesExit is the exit code of one comparison: what the baseline holds was accepted.
func changesExit(changed []changes.Change, failOn probes.Severity, strict bool) int {
	if changes.Matters(changed, failOn) {
		return probes.ExitFindings
	}
	for _, c := range changed {
		if strict && c.Kind == changes.New && c.Level == changes.Unknown {
			return probes.ExitUnknown
		}
	}
	return probes.ExitOK
}

// writeChange writes a change for people.
func (a *app) writeChange(c changes.Change) error {
	n := report.Note{Status: c.Status()}
	v := a.voice()
	what := c.Kind.Words()
	switch {
	case c.Kind == changes.Gone:
		if !c.Since.IsZero() {
			what = probes.T("%s after %s", what, c.At.Sub(c.Since).Round(time.Second))
		}
		if !c.Why.IsZero() {
			what = probes.T("%s, not judged any more (%s)", what, c.Why)
		}
	case c.ExplainedBy != "" && c.ExplainedBy != c.ID:
		what = probes.T("%s, explained by %s", what, c.ExplainedBy)
	default:
		n.Fix = c.Fix
	}
	n.Text = v.say("%s %s: %s: %s", c.At.Local().Format(time.DateTime), what, c.ID, report.Headline(probes.Finding{Subject: c.Subject, Title: c.Title}, v))
	return report.WriteNote(a.stdout, n, report.Options{Color: a.color(a.stdoutTTY), ASCII: a.ascii(), Translate: a.translate()})
}

// changeLine is one line of --watch --format json.
type changeLine struct {
	Schema      string        `json:"schema"`
	Time        time.Time     `json:"time"`
	Change      changes.Kind  `json:"change"`
	ID          string        `json:"id"`
	Subject     string        `json:"subject"`
	Level       changes.Level `json:"level"`
	Was         changes.Level `json:"was,omitempty"` // its level before; none: it is new
	Title       probes.Text   `json:"title"`
	Since       time.Time     `json:"since"`
	ExplainedBy string        `json:"explained_by,omitempty"`
	Why         probes.Text   `json:"not_judged,omitzero"` // gone, but because the check does not apply any more
	Fix         []probes.Text `json:"fix"`
}

func (a *app) writeChangeJSON(c changes.Change) error {
	second := func(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }
	line := changeLine{"wsdoctor/change/v1", second(c.At), c.Kind, c.ID, c.Subject, c.Level, c.Was.Level, c.Title, second(c.Since), c.ExplainedBy, c.Why, c.Fix}
	if line.Fix == nil {
		line.Fix = []probes.Text{}
	}
	raw, err := report.Encode(line, "")
	if err != nil {
		return err
	}
	_, err = io.Writer(a.stdout).Write(raw)
	return err
}
