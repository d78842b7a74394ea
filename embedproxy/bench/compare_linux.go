package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

type options struct {
	binary  string
	rounds  int
	each    time.Duration
	tunnels int
	only    string
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

// compare runs everything and prints the table.
func compare(o options) error {
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
	print(list, results)
	if strings.Contains("idle tunnels", o.only) {
		return idle(self, dir, list, o)
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

func print(list []*contender, results map[string]map[string][]Result) {
	fmt.Print("| workload | figure |")
	for _, c := range list {
		fmt.Printf(" %s |", c.name)
	}
	fmt.Println(" ours to nginx | bar | ours to haproxy |\n| --- | --- |" + strings.Repeat(" --- |", len(list)+3))
	for _, w := range workloads {
		got := results[w.name]
		if got == nil {
			continue
		}
		for _, f := range w.figures {
			fmt.Printf("| %s | %s |", w.name, f.name)
			for _, c := range list {
				fmt.Printf(" %s |", spread(values(got[c.name], f), 1))
			}
			bar := "–"
			if f.bar > 0 {
				bar = fmt.Sprintf("≤ %.2f", f.bar)
				if f.more {
					bar = fmt.Sprintf("≥ %.2f", f.bar)
				}
			}
			fmt.Printf(" %s | %s | %s |\n", ratios(got, f, "nginx"), bar, ratios(got, f, "haproxy"))
		}
	}
}

func values(rs []Result, f figure) []float64 {
	out := make([]float64, len(rs))
	for i, r := range rs {
		out[i] = f.of(r)
	}
	return out
}

// ratios is ours to another within each round: what the machine did meanwhile then falls out.
func ratios(got map[string][]Result, f figure, other string) string {
	a, b := values(got["ours"], f), values(got[other], f)
	if len(b) == 0 {
		return "–"
	}
	for i := range a {
		a[i] /= b[i]
	}
	return spread(a, 2)
}

// spread is the median, least and most.
func spread(v []float64, digits int) string {
	v = slices.Clone(v)
	slices.Sort(v)
	if v[len(v)/2] >= 1000 {
		digits = 0
	}
	return fmt.Sprintf("%.*f (%.*f–%.*f)", digits, v[len(v)/2], digits, v[0], digits, v[len(v)-1])
}

// idleLook is how long idle proxies are watched for CPU time.
const idleLook = 5 * time.Second

// idle opens many tunnels and looks at what they cost while they do nothing.
func idle(self, dir string, list []*contender, o options) error {
	fmt.Printf("\n| %d idle tunnels | KiB a tunnel | CPU ms a second | p99 µs of 100 busy ones | KiB a tunnel kept after they closed |\n| --- | --- | --- | --- | --- |\n", o.tunnels)
	for _, c := range list {
		stop(c.cmd) // memory is measured from a fresh start
		c.cmd = exec.Command(c.cmd.Args[0], c.cmd.Args[1:]...)
		c.cmd.SysProcAttr = pinned(0, "").SysProcAttr
		c.cmd.Stderr = os.Stderr
		if err := c.start(); err != nil {
			return err
		}
		pids := c.processes()
		if _, err := run(self, c, "-mode", "echo", "-d", "300ms"); err != nil { // what every proxy needs once
			return err
		}
		before := memoryOf(pids)
		file := filepath.Join(dir, "open")
		l := pinned(1, self, "load", "-a", c.address, "-mode", "idle", "-c", fmt.Sprint(o.tunnels), "-file", file)
		var out bytes.Buffer
		l.Stdout = &out
		if err := l.Start(); err != nil {
			return err
		}
		for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
			if _, err := os.Stat(file); err == nil {
				break
			}
			if time.Now().After(end) {
				stop(l)
				return fmt.Errorf("%s: the tunnels did not open: %s", c.name, out.String())
			}
		}
		time.Sleep(time.Second)
		kib := (memoryOf(pids) - before) / float64(o.tunnels)
		cpu := cpuOf(pids)
		time.Sleep(idleLook)
		cpu = (cpuOf(pids) - cpu) / idleLook.Seconds() * 1000
		busy, err := run(self, c, "-mode", "rate", "-rate", "5000", "-c", "100", "-d", "2s")
		if err != nil {
			return err
		}
		os.Remove(file)
		l.Wait()
		time.Sleep(2 * time.Second)
		fmt.Printf("| %s | %.2f | %.1f | %.0f | %.2f |\n", c.name, kib, cpu, busy.P99, (memoryOf(pids)-before)/float64(o.tunnels))
	}
	return nil
}
