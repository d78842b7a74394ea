package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// idleLook is how long idle proxies are watched for CPU time.
const idleLook = 5 * time.Second

// busyFew is the load of the few tunnels that are busy beside the idle ones: 5,000 messages a second over 100.
var busyFew = []string{"-mode", "rate", "-rate", "5000", "-c", "100"}

// idle opens many tunnels and looks at what they cost while they do nothing, and what they cost a few busy ones: the
// same load runs before they open and beside them.
func idle(out io.Writer, self, dir string, list []*contender, o options) error {
	fmt.Fprintf(out, "\n| %d idle tunnels | KiB a tunnel | CPU ms a second | KiB a tunnel kept after they closed |\n| --- | --- | --- | --- |\n", o.tunnels)
	busy := &strings.Builder{}
	fmt.Fprintf(busy, "\n| 100 busy tunnels | figure | alone | beside %d idle ones | beside to alone |\n| --- | --- | --- | --- | --- |\n", o.tunnels)
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
		alone, err := repeated(self, c, o)
		if err != nil {
			return err
		}
		before := memoryOf(pids)
		closeThem, err := open(self, dir, c, o.tunnels)
		if err != nil {
			return err
		}
		time.Sleep(time.Second)
		kib := (memoryOf(pids) - before) / float64(o.tunnels)
		cpu := cpuOf(pids)
		time.Sleep(idleLook)
		cpu = (cpuOf(pids) - cpu) / idleLook.Seconds() * 1000
		beside, err := repeated(self, c, o)
		closeThem()
		if err != nil {
			return err
		}
		time.Sleep(2 * time.Second)
		fmt.Fprintf(out, "| %s | %.2f | %.1f | %.2f |\n", c.name, kib, cpu, (memoryOf(pids)-before)/float64(o.tunnels))
		for _, f := range []figure{{name: "p50 µs", of: p50}, {name: "p99 µs", of: p99}, {name: "CPU s per 1M messages", of: perMillion}} {
			a, b := values(alone, f), values(beside, f)
			fmt.Fprintf(busy, "| %s | %s | %s | %s | %.2f |\n", c.name, f.name, spread(a, 1), spread(b, 1), median(b)/median(a))
		}
	}
	_, err := io.WriteString(out, busy.String())
	return err
}

// repeated runs the load of the busy tunnels as often as there are rounds.
func repeated(self string, c *contender, o options) (rs []Result, err error) {
	for range o.rounds {
		r, err := run(self, c, append(busyFew, "-d", o.each.String())...)
		if err != nil {
			return nil, err
		}
		rs = append(rs, r)
	}
	return rs, nil
}

// open holds tunnels through c until closeThem is called.
func open(self, dir string, c *contender, tunnels int) (closeThem func(), err error) {
	file := filepath.Join(dir, "open")
	l := pinned(1, self, "load", "-a", c.address, "-mode", "idle", "-c", fmt.Sprint(tunnels), "-file", file)
	var out bytes.Buffer
	l.Stdout = &out
	if err := l.Start(); err != nil {
		return nil, err
	}
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if _, err := os.Stat(file); err == nil {
			return func() { os.Remove(file); l.Wait() }, nil
		}
		if time.Now().After(end) {
			stop(l)
			return nil, fmt.Errorf("%s: the tunnels did not open: %s", c.name, out.String())
		}
	}
}
