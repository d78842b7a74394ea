// Package procfs finds running programs in /proc, with their command lines and when they were started. It reads no
// sockets, and on a system without /proc it finds nothing.
package procfs

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/wsdoctor/probes"
)

// Precision is how far Process.Started may be off: the kernel tells the time of boot in whole seconds.
const Precision = 2 * time.Second

// Process is a running program.
type Process struct {
	PID, Parent int
	Name        string    // /proc/PID/comm
	Args        []string  // /proc/PID/cmdline; of a program that writes a title there, the title
	Started     time.Time // zero: not known
}

// Title is the command line in one piece.
func (p Process) Title() string { return strings.TrimRight(strings.Join(p.Args, " "), " ") }

// Find returns the processes on the network of this one that are wanted, by their pids; wanted sees Name and Args. A
// process may end at any moment: what cannot be read is left out.
func Find(t probes.Target, wanted func(Process) bool) ([]Process, error) {
	entries, err := os.ReadDir(t.Path("/proc"))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("listing processes: %w", err)
	}
	var boot time.Time
	if raw, err := os.ReadFile(t.Path("/proc/stat")); err == nil {
		boot = bootTime(raw)
	}
	var out []Process
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		p := Process{PID: pid}
		dir := t.Path("/proc/" + e.Name())
		comm, err := os.ReadFile(filepath.Join(dir, "comm"))
		if err != nil {
			continue
		}
		cmdline, err := os.ReadFile(filepath.Join(dir, "cmdline"))
		if err != nil || len(cmdline) == 0 { // a thread of the kernel
			continue
		}
		p.Name = strings.TrimSpace(string(comm))
		p.Args = strings.Split(strings.TrimRight(string(cmdline), "\x00"), "\x00")
		if !wanted(p) || !t.SharesNetwork(pid) {
			continue
		}
		if raw, err := os.ReadFile(filepath.Join(dir, "stat")); err == nil {
			parent, ticks, err := parseStat(raw)
			if err == nil && !boot.IsZero() {
				p.Started = boot.Add(time.Duration(ticks) * time.Second / ticksPerSecond)
			}
			p.Parent = parent
		}
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b Process) int { return cmp.Compare(a.PID, b.PID) })
	return out, nil
}

// ticksPerSecond is USER_HZ, in which /proc/PID/stat counts; it is 100 on every architecture that Go runs on.
const ticksPerSecond = 100

// parseStat reads parent and start, in ticks since boot, out of /proc/PID/stat; the name in parentheses may hold
// anything.
func parseStat(stat []byte) (parent int, ticks int64, err error) {
	i := bytes.LastIndexByte(stat, ')')
	if i < 0 {
		return 0, 0, fmt.Errorf("reading a process: found %q, expected a name in parentheses", stat)
	}
	f := strings.Fields(string(stat[i+1:]))
	if len(f) < 20 {
		return 0, 0, fmt.Errorf("reading a process: found %d fields, expected 20 or more", len(f))
	}
	parent, err = strconv.Atoi(f[1])
	if err == nil {
		ticks, err = strconv.ParseInt(f[19], 10, 64)
	}
	return parent, ticks, err
}

// bootTime reads btime out of /proc/stat; the zero time where it is not there.
func bootTime(stat []byte) time.Time {
	for line := range bytes.Lines(stat) {
		if rest, ok := bytes.CutPrefix(line, []byte("btime ")); ok {
			if n, err := strconv.ParseInt(string(bytes.TrimSpace(rest)), 10, 64); err == nil {
				return time.Unix(n, 0)
			}
		}
	}
	return time.Time{}
}
