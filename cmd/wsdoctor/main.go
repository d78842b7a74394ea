// Command wsdoctor finds out why a WebSocket service does not connect through its balancer. This package holds the
// flags, the terminal and the exit codes: it is the only code that prints, exits or reads the environment.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/tui"
	"golang.org/x/term"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	a := &app{
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, env: os.Getenv,
		stdinTTY:  term.IsTerminal(int(os.Stdin.Fd())),
		stdoutTTY: term.IsTerminal(int(os.Stdout.Fd())), stderrTTY: term.IsTerminal(int(os.Stderr.Fd())),
	}
	code := a.main(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

// main runs one command line and returns the exit code.
func (a *app) main(ctx context.Context, args []string) (code int) {
	defer func() {
		if r := recover(); r != nil {
			fmt.Fprintf(a.stderr, "wsdoctor: a fault of wsdoctor itself: %v\n", r)
			code = probes.ExitFault
		}
	}()
	root := rootCommand(a)
	root.SetArgs(args)
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	err := root.ExecuteContext(ctx)
	var exit exitError
	var usage usageError
	switch {
	case err == nil:
		return probes.ExitOK
	case errors.As(err, &exit):
		return int(exit)
	case errors.Is(err, context.Canceled):
		return probes.ExitInterrupted
	}
	fmt.Fprintln(a.stderr, "wsdoctor:", err)
	switch {
	case errors.As(err, &usage):
		return probes.ExitUsage
	case errors.Is(err, tui.ErrFault):
		return probes.ExitFault
	}
	return probes.ExitFindings
}
