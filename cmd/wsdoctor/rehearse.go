package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"example.com/wsdoctor/probes"
)

// commandGrace is how long the command of --rehearse may take to end once it was told to.
const commandGrace = 3 * time.Second

// rehearsed returns what --rehearse does once its tunnels are held; nil where it was not asked for. A command is
// printed, and run only after a yes.
func (a *app) rehearsed(ctx context.Context, f *balancerFlags) (func(context.Context) error, error) {
	if f.tests.Rehearsal == 0 {
		return nil, nil
	}
	if len(f.command) == 0 {
		return func(context.Context) error {
			a.clearLine()
			a.tell("the tunnels are held; reload or stop something now, they are watched for %s", f.tests.Watch)
			return nil
		}, nil
	}
	path, err := exec.LookPath(f.command[0])
	if err != nil {
		return nil, usagef("--rehearse: finding the command %q: %w", f.command[0], errors.Unwrap(err))
	}
	words := probes.Printable(shellWords(f.command))
	a.tell("once the tunnels are held, this is run, and not taken back:\n  %s", words)
	if !f.yes {
		if !a.stdinTTY || !a.stderrTTY {
			return nil, usagef("--rehearse: nobody can be asked here whether to run it; say --yes if it may be run")
		}
		if err := a.confirm(ctx, probes.T("run it?")); err != nil {
			return nil, err
		}
	}
	return func(ctx context.Context) error {
		a.clearLine()
		a.tell("running %s", words)
		cmd := exec.CommandContext(ctx, path, f.command[1:]...)
		cmd.Stdout, cmd.Stderr = a.stderr, a.stderr // standard output is the report's
		cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
		cmd.WaitDelay = commandGrace
		if err := cmd.Run(); err != nil && !errors.Is(err, exec.ErrWaitDelay) {
			return fmt.Errorf("running %s: %w", f.command[0], err)
		}
		return nil
	}, nil
}

// errDeclined is how a call ends whose question was answered with no.
const errDeclined = exitError(probes.ExitUsage)

// confirm asks on the terminal. The error is errDeclined, or the cancellation of ctx.
func (a *app) confirm(ctx context.Context, question probes.Text) error {
	fmt.Fprintf(a.stderr, "%s [y/N] ", a.voice().text(question))
	input := readLines(a.stdin)
	defer input.stop()
	select {
	case <-ctx.Done():
		fmt.Fprintln(a.stderr)
		return ctx.Err()
	case line := <-input.lines:
		if line = strings.ToLower(strings.TrimSpace(line)); line == "y" || line == "yes" {
			return nil
		}
	}
	a.tell("nothing was done")
	return errDeclined
}

// shellWords shows a command as it can be pasted into a shell.
func shellWords(args []string) string {
	var out []string
	for _, w := range args {
		if w == "" || strings.ContainsAny(w, " \t\n'\"\\$`*?[](){}<>|&;#~!") {
			w = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
		out = append(out, w)
	}
	return strings.Join(out, " ")
}
