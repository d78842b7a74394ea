package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strconv"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/ports"
	"github.com/spf13/cobra"
)

func waitCommand(a *app) *cobra.Command {
	var reuse bool
	cmd := &cobra.Command{
		Use:   "wait PORT... [-- CMD...]",
		Short: "wait until ports can be bound, then start a command",
		Long: `Wait returns at the moment at which every PORT can be bound on all addresses, and then runs CMD in its own place.
It replaces "wait two minutes after stopping the service": the kernel says how long a TIME_WAIT still lasts.
Unless told otherwise it waits until a server without SO_REUSEADDR can bind, which suits every server.`,
		Example: "  wsdoctor wait 38888 38889 --timeout 2m -- ./start.sh",
		RunE: func(cmd *cobra.Command, args []string) error {
			command := []string(nil)
			if dash := cmd.ArgsLenAtDash(); dash >= 0 {
				args, command = args[:dash], args[dash:]
			}
			if len(args) == 0 {
				return usagef("wait: found no port, expected one or more, such as `wsdoctor wait 38888`")
			}
			list, err := parsePorts(args)
			if err != nil {
				return err
			}
			path := ""
			if len(command) > 0 {
				// Looked up before the wait, so that a typing mistake shows now and not in a minute.
				if path, err = exec.LookPath(command[0]); err != nil {
					return usagef("wait: finding the command %q: %w", command[0], errors.Unwrap(err))
				}
			}
			if err := a.wait(cmd.Context(), ports.Wait{Ports: list, ReuseAddr: reuse}); err != nil || path == "" {
				return err
			}
			return runInPlace(path, command)
		},
	}
	cmd.Flags().BoolVar(&reuse, "reuse", false, "be content when a server with SO_REUSEADDR can bind (Go, nginx, Node.js, Java on Unix)")
	return cmd
}

func (a *app) wait(ctx context.Context, w ports.Wait) error {
	limited := ctx
	if a.timeout > 0 {
		var cancel context.CancelFunc
		limited, cancel = context.WithTimeout(ctx, a.timeout)
		defer cancel()
	}
	said := map[string]bool{}
	w.Report = func(list []ports.Port) {
		for _, p := range list {
			if p.State == ports.Waiting || p.May.In > 0 {
				continue
			}
			// What goes by no timer is named once.
			line := a.voice().say("waiting for port %d: %s", p.Port, p.Blocker())
			if !said[line] {
				said[line] = true
				a.clearLine()
				fmt.Fprintln(a.stderr, "wsdoctor:", line)
			}
		}
		if a.stderrTTY {
			fmt.Fprintf(a.stderr, "\r\x1b[K%s", a.voice().text(countdown(list)))
		}
	}
	left, err := w.Until(limited)
	a.clearLine()
	if !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	for _, p := range left {
		if p.May.In > 0 {
			a.tell("port %d cannot be bound after %s: %s, %s left", p.Port, a.timeout, p.Blocker(), p.May.In)
			continue
		}
		a.tell("port %d cannot be bound after %s: %s", p.Port, a.timeout, p.Blocker())
	}
	return exitError(probes.ExitFindings)
}

func (a *app) clearLine() {
	if a.stderrTTY {
		fmt.Fprint(a.stderr, "\r\x1b[K")
	}
}

// countdown is the one line that a terminal shows meanwhile.
func countdown(list []ports.Port) probes.Text {
	var all probes.Text
	for i, p := range list {
		var one probes.Text
		switch {
		case p.May.In > 0:
			one = probes.T("%d in %.0f s", p.Port, p.May.In.Duration().Seconds())
		case p.State == ports.Waiting:
			one = probes.T("%d in a moment", p.Port)
		default:
			one = probes.T("%d %s", p.Port, probes.Phrase(p.State))
		}
		if all = probes.T("%s, %s", all, one); i == 0 {
			all = one
		}
	}
	return all
}

// parsePorts reads ports from the command line, each once.
func parsePorts(args []string) ([]int, error) {
	var out []int
	for _, arg := range args {
		n, err := strconv.Atoi(arg)
		if err != nil || n < 1 || n > 65535 {
			return nil, usagef("found %q, expected a port from 1 to 65535", arg)
		}
		if !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out, nil
}
