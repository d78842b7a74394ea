package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/catalog"
	"example.com/wsdoctor/probes/diagnosis"
	"example.com/wsdoctor/probes/report"
	"example.com/wsdoctor/wizard/finedb"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// checkWaitPause is how long --wait pauses between two runs: short enough for a deploy script, long enough to leave
// the service alone.
const checkWaitPause = time.Second

// checkFlags are the flags of `wsdoctor --check` and `wsdoctor check`.
type checkFlags struct {
	format, output string
	only, skip     []string
	failOn         string
	strict, short  bool
	deep           bool
	wait           time.Duration
	rows           rowsFlags
	watch          watchFlags
}

func (f *checkFlags) register(flags *pflag.FlagSet) {
	flags.StringVarP(&f.format, "format", "f", report.Formats[0].Name, "format of the report: "+formatNames())
	flags.StringVar(&f.output, "output", "", "write the report to this `file` instead of stdout")
	flags.StringSliceVar(&f.only, "only", nil, "run only these areas or checks (`area|id,…`)")
	flags.StringSliceVar(&f.skip, "skip", nil, "leave out these areas or checks (`area|id,…`)")
	flags.StringVar(&f.failOn, "fail-on", "error", "exit 1 from this severity on: error or warning")
	flags.BoolVar(&f.strict, "strict", false, "exit 3 if something could not be determined")
	flags.BoolVar(&f.short, "short", false, "show only what is not ok")
	flags.BoolVar(&f.deep, "deep", false, "add the active tests: connections through the balancer, a stand-in on free ports of this node")
	flags.DurationVar(&f.wait, "wait", 0, "repeat until everything passes, at most this long")
	f.rows.register(flags)
	f.watch.register(flags)
}

func formatNames() string {
	var names []string
	for _, x := range report.Formats {
		names = append(names, x.Name)
	}
	return strings.Join(names, ", ")
}

func checkCommand(a *app) *cobra.Command {
	var f checkFlags
	cmd := &cobra.Command{
		Use:   "check",
		Short: "run every check and print a report (the same as --check)",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return a.check(cmd.Context(), &f) },
	}
	f.register(cmd.Flags())
	a.completeChecks(cmd)
	return cmd
}

// completeChecks adds the shell completion of the check flags.
func (a *app) completeChecks(cmd *cobra.Command) {
	ids := func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return checkNames(), cobra.ShellCompDirectiveNoFileComp
	}
	for _, name := range []string{"only", "skip"} {
		_ = cmd.RegisterFlagCompletionFunc(name, ids) // errs only for a flag that does not exist
	}
	_ = cmd.RegisterFlagCompletionFunc("format", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		var out []string
		for _, x := range report.Formats {
			out = append(out, x.Name+"\t"+x.Title)
		}
		return out, cobra.ShellCompDirectiveNoFileComp
	})
}

// plan is a check run whose flags and files were found to be right.
type plan struct {
	target  probes.Target
	source  string // the settings file; "" for a product's defaults
	options probes.Options
	format  report.Format
	failOn  probes.Severity
}

// plan reads everything that a run needs; whatever is wrong with it is a usageError, and nothing is checked.
func (a *app) plan(ctx context.Context, f *checkFlags) (p plan, err error) {
	var ok bool
	if p.format, ok = report.Lookup(f.format); !ok {
		return p, usagef("--format: found %q, expected one of %s", f.format, formatNames())
	}
	switch f.failOn {
	case "error":
		p.failOn = probes.Error
	case "warning":
		p.failOn = probes.Warning
	default:
		return p, usagef("--fail-on: found %q, expected error or warning", f.failOn)
	}
	if f.wait < 0 {
		return p, usagef("--wait: found %s, expected a duration of 0s or more", f.wait)
	}
	if err := f.watch.validate(f); err != nil {
		return p, err
	}
	selected, err := selection(f.only, f.skip)
	if err != nil {
		return p, err
	}
	if p.target.Config, p.source, err = a.settings(); err != nil {
		return p, err
	}
	if p.target.Rows, err = a.readRows(ctx, f.rows); err != nil {
		return p, err
	}
	if p.target.Rows != nil && p.source == "" {
		p.target.Config = finedb.Draft(p.target.Config, *p.target.Rows) // they say what there is, and nothing else does
	}
	p.target.Deep = f.deep
	p.options = a.runOptions()
	p.options.Selected = selected
	return p, nil
}

// runOptions are the options that every run of the areas has, with or without a screen.
func (a *app) runOptions() probes.Options {
	host, _ := os.Hostname() // an unknown name is shown as none
	return probes.Options{
		Version:     version,
		Host:        host,
		AreaTimeout: a.timeout,
		Diagnose:    diagnosis.Diagnose,
	}
}

// check runs the checks, and lets the format have its own exit code for a call that is wrong: Nagios reads 2 as
// CRITICAL, and nothing was found to be.
func (a *app) check(ctx context.Context, f *checkFlags) error {
	err := a.runCheck(ctx, f)
	var usage usageError
	if format, _ := report.Lookup(f.format); format.Exit != nil && errors.As(err, &usage) {
		fmt.Fprintln(a.stderr, "wsdoctor:", err)
		return exitError(format.Exit(probes.Report{}))
	}
	return err
}

// runCheck runs the checks, writes the report and returns the exit code as an exitError.
func (a *app) runCheck(ctx context.Context, f *checkFlags) error {
	p, err := a.plan(ctx, f)
	if err != nil {
		return err
	}
	var faulty atomic.Bool
	p.options.Panicked = func(area, stack string) {
		faulty.Store(true)
		fmt.Fprintf(a.stderr, "wsdoctor: a fault of wsdoctor itself in the area %s\n", area)
		if a.env("WSDOCTOR_DEBUG") != "" {
			fmt.Fprintln(a.stderr, stack)
		}
	}
	if f.watch.comparing() {
		err = a.watch(ctx, p, f)
	} else {
		err = a.reportOnce(ctx, p, f)
	}
	if faulty.Load() && errors.As(err, new(exitError)) {
		return exitError(probes.ExitFault)
	}
	return err
}

// sayDefaults tells on stderr that no settings file was found.
func (a *app) sayDefaults(p plan) {
	if p.source == "" && a.config == "" {
		a.tell("no settings file (looked for %s): checking this host with the defaults of %s",
			strings.Join(a.settingsPlaces(), ", "), p.target.Config.Product)
	}
}

// reportOnce runs the areas, with --wait until they pass, and writes one report.
func (a *app) reportOnce(ctx context.Context, p plan, f *checkFlags) error {
	out, err := openReport(a.stdout, f.output)
	if err != nil {
		return usageError{err}
	}
	defer out.discard()
	a.sayDefaults(p)
	rep := a.repeat(ctx, p, f)
	opts := report.Options{Short: f.short, Color: f.output == "" && a.color(a.stdoutTTY), ASCII: a.ascii(), Translate: a.translate()}
	if err := p.format.Write(out, rep, opts); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	if err := out.commit(); err != nil {
		return usageError{err}
	}
	if err := f.watch.saveBaseline(rep); err != nil {
		return err
	}
	if p.format.Exit != nil {
		return exitError(p.format.Exit(rep))
	}
	return exitError(rep.Exit(p.failOn, f.strict))
}

// repeat runs the areas, again and again with --wait until nothing stands against them.
func (a *app) repeat(ctx context.Context, p plan, f *checkFlags) probes.Report {
	deadline := time.Now().Add(f.wait)
	for {
		watch := newProgress(a)
		rep := probes.Run(ctx, p.target, catalog.All(), p.options, watch.event)
		watch.clear()
		left := time.Until(deadline)
		if rep.Exit(p.failOn, f.strict) == probes.ExitOK || left <= 0 || ctx.Err() != nil {
			return rep
		}
		select {
		case <-ctx.Done():
		case <-time.After(min(checkWaitPause, left)):
		}
	}
}

// selection turns --only and --skip into a filter of ids.
func selection(only, skip []string) (func(string) bool, error) {
	for flag, names := range map[string][]string{"--only": only, "--skip": skip} {
		for _, n := range names {
			if !slices.Contains(checkNames(), n) {
				return nil, usagef("%s: found %q, expected an area or the id of a check%s", flag, n, didYouMean(n, checkNames()))
			}
		}
	}
	if len(only) == 0 && len(skip) == 0 {
		return nil, nil
	}
	has := func(names []string, id string) bool {
		area, _, _ := strings.Cut(id, "/")
		return slices.Contains(names, id) || slices.Contains(names, area)
	}
	return func(id string) bool { return (len(only) == 0 || has(only, id)) && !has(skip, id) }, nil
}

// checkNames lists every area, then every id.
func checkNames() []string {
	var areas, ids []string
	for _, p := range catalog.All() {
		areas = append(areas, p.Area)
		for _, r := range p.Rules {
			ids = append(ids, r.ID)
		}
	}
	return append(areas, ids...)
}

// reportFile is where a report goes: a stream, or a file that takes its name only when it is whole.
type reportFile struct {
	io.Writer
	tmp  *os.File // nil for a stream
	path string
}

func openReport(stdout io.Writer, path string) (*reportFile, error) {
	if path == "" || path == "-" {
		return &reportFile{Writer: stdout}, nil
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return nil, fmt.Errorf("writing %s: %w", path, errors.Unwrap(err))
	}
	return &reportFile{tmp, tmp, path}, nil
}

func (r *reportFile) commit() error {
	if r.tmp == nil {
		return nil
	}
	err := errors.Join(r.tmp.Chmod(0o644), r.tmp.Close())
	if err == nil {
		err = os.Rename(r.tmp.Name(), r.path)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", r.path, err)
	}
	r.tmp = nil
	return nil
}

// discard removes what was not committed.
func (r *reportFile) discard() {
	if r.tmp != nil {
		r.tmp.Close()
		os.Remove(r.tmp.Name())
	}
}
