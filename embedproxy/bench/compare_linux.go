package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"time"
)

type options struct {
	binary  string
	rounds  int
	each    time.Duration
	tunnels int
	only    string
	write   string // file whose figures are replaced; "": none
}

// workload is one kind of load and the figures that are taken from it.
type workload struct {
	name    string
	args    []string
	figures []figure
}

// figure is one number of a result. bar is what ours may be at most (least, where more is better) of nginx's.
type figure struct {
	name string
	of   func(Result) float64
	more bool
	bar  float64
}

var (
	perMillion   = func(r Result) float64 { return r.CPU / float64(r.Done) * 1e6 }
	perSecond    = func(r Result) float64 { return float64(r.Done) / r.Seconds }
	perGB        = func(r Result) float64 { return r.CPU / float64(r.Bytes) * 1e9 }
	p50          = func(r Result) float64 { return r.P50 }
	p99          = func(r Result) float64 { return r.P99 }
	perHandshake = func(r Result) float64 { return r.CPU / float64(r.Done) * 1e6 }
)

var workloads = []workload{
	{"128 B echo, 64 connections", []string{"-mode", "echo", "-size", "128"}, []figure{
		{"CPU s per 1M messages", perMillion, false, 1.0}, {"messages/s", perSecond, true, 1.0}}},
	{"16 KiB echo, 64 connections", []string{"-mode", "echo", "-size", "16384"}, []figure{{"CPU s per 1M messages", perMillion, false, .95}}},
	{"stream of 1 MiB frames, 8 connections", []string{"-mode", "stream", "-c", "8"}, []figure{{"CPU s per GB", perGB, false, .9}}},
	{"10,000 messages/s of 128 B", []string{"-mode", "rate", "-rate", "10000", "-size", "128"}, []figure{
		{"p99 µs", p99, false, 1.0}, {"CPU s per 1M messages", perMillion, false, 0}}},
	{"handshakes, 64 at a time", []string{"-mode", "handshakes"}, []figure{
		{"handshakes/s", perSecond, true, 1.0}, {"CPU µs per handshake", perHandshake, false, 1.0}}},
}

// compare runs everything and prints the tables.
func compare(o options) error {
	if o.only != "" && o.write != "" {
		return errors.New("reading the flags: -write replaces every figure, -only measures some")
	}
	var out strings.Builder
	if err := measure(o, io.MultiWriter(&out, os.Stdout)); err != nil {
		return err
	}
	if o.write == "" {
		return nil
	}
	return replaceFigures(o.write, out.String())
}

func measure(o options, out io.Writer) error {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	self, err := os.Executable()
	if err != nil {
		return err
	}
	list, err := contenders(dir, o.binary)
	if err != nil {
		return err
	}
	back := pinned(1, self, "backend", backendAddress)
	defer stop(back)
	if err := back.Start(); err != nil {
		return err
	}
	if err := reachable(backendAddress); err != nil {
		return err
	}
	for _, c := range list {
		defer stop(c.cmd)
		if err := c.start(); err != nil {
			return err
		}
	}
	results := map[string]map[string][]Result{} // by workload and contender, in the order of the rounds
	for round := range o.rounds {
		for _, w := range workloads {
			if !strings.Contains(w.name, o.only) {
				continue
			}
			if results[w.name] == nil {
				results[w.name] = map[string][]Result{}
			}
			for _, i := range rand.Perm(len(list)) {
				c := list[i]
				r, err := run(self, c, append(w.args, "-d", o.each.String())...)
				if err != nil {
					return fmt.Errorf("%s, %s: %w", w.name, c.name, err)
				}
				results[w.name][c.name] = append(results[w.name][c.name], r)
			}
			fmt.Fprintf(os.Stderr, "round %d of %d: %s\n", round+1, o.rounds, w.name)
		}
	}
	fmt.Fprintf(out, "%s\n\n", conditions(o))
	missed := printWorkloads(out, list, results)
	if strings.Contains("idle tunnels", o.only) {
		if err := idle(out, self, dir, list, o); err != nil {
			return err
		}
	}
	if o.only == "" {
		fmt.Fprintf(out, "\n%s\n", verdict(missed))
	}
	return nil
}

func run(self string, c *contender, args ...string) (r Result, err error) {
	cmd := pinned(1, self, append([]string{"load", "-a", c.address, "-pids", c.processes()}, args...)...)
	out, err := cmd.Output()
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal(out, &r)
}
