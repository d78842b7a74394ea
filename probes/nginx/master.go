package nginx

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// process is one entry of /proc, as far as it is needed.
type process struct {
	pid, parent int
	title       string // /proc/PID/cmdline; nginx writes its role and its command line there
	started     time.Time
	limits      string // /proc/PID/limits
}

// masterTitle and workerTitle are what nginx calls its processes (ngx_setproctitle).
const (
	masterTitle   = "nginx: master process "
	workerTitle   = "nginx: worker process"
	shuttingTitle = "nginx: worker process is shutting down"
)

// masters makes a Running of each master among the processes of a host. The file was last read when the workers of the
// present generation were started: those that are not shutting down.
func masters(all []process) []*Running {
	var out []*Running
	for _, p := range all {
		command, ok := strings.CutPrefix(p.title, masterTitle)
		if !ok {
			continue
		}
		r := &Running{PID: p.pid, Config: configOf(command), Loaded: p.started, OpenFiles: openFilesOf(p.limits)}
		first := true
		for _, w := range all {
			if w.parent != p.pid || !strings.HasPrefix(w.title, workerTitle) || strings.HasPrefix(w.title, shuttingTitle) {
				continue
			}
			// A worker that died was started again without reading the file: the oldest one tells.
			if first || w.started.Before(r.Loaded) {
				r.Loaded, first = w.started, false
			}
			if n := openFilesOf(w.limits); n > 0 {
				r.OpenFiles = n
			}
		}
		out = append(out, r)
	}
	return out
}

// configOf returns the file of -c in a master's command line; "" where nginx's default is used.
func configOf(command string) string {
	words := strings.Fields(command)
	prefix, file := "", ""
	for i, w := range words {
		switch {
		case w == "-c" && i+1 < len(words):
			file = words[i+1]
		case strings.HasPrefix(w, "-c/"):
			file = w[2:]
		case w == "-p" && i+1 < len(words):
			prefix = words[i+1]
		}
	}
	if file != "" && !filepath.IsAbs(file) && prefix != "" {
		file = filepath.Join(prefix, file)
	}
	return file
}

// openFilesOf reads the soft limit out of /proc/PID/limits; 0 where it is not there.
func openFilesOf(limits string) int {
	for line := range strings.Lines(limits) {
		rest, ok := strings.CutPrefix(line, "Max open files")
		if !ok {
			continue
		}
		if f := strings.Fields(rest); len(f) > 0 {
			n, err := strconv.Atoi(f[0])
			if err == nil {
				return n
			}
		}
	}
	return 0
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
