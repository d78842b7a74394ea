package nginx

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/procfs"
)

// masterTitle and workerTitle are what nginx calls its processes (ngx_setproctitle).
const (
	masterTitle   = "nginx: master process "
	workerTitle   = "nginx: worker process"
	shuttingTitle = "nginx: worker process is shutting down"
)

// findMasters looks for every nginx that runs on the network of this process.
func findMasters(t probes.Target) ([]*Running, error) {
	all, err := procfs.Find(t, func(p procfs.Process) bool { return strings.HasPrefix(p.Args[0], "nginx: ") })
	if err != nil {
		return nil, err
	}
	return masters(all, func(pid int) int {
		limits, err := os.ReadFile(t.Path(fmt.Sprintf("/proc/%d/limits", pid)))
		if err != nil {
			return 0 // another user's may not be readable
		}
		return openFilesOf(string(limits))
	}), nil
}

// masters makes a Running of each master among the processes of a host. The file was last read when the workers of the
// present generation were started: those that are not shutting down.
func masters(all []procfs.Process, openFiles func(pid int) int) []*Running {
	var out []*Running
	for _, p := range all {
		command, ok := strings.CutPrefix(p.Title(), masterTitle)
		if !ok {
			continue
		}
		r := &Running{PID: p.PID, Config: configOf(command), Loaded: p.Started, OpenFiles: openFiles(p.PID)}
		first := true
		for _, w := range all {
			if w.Parent != p.PID || !strings.HasPrefix(w.Title(), workerTitle) || strings.HasPrefix(w.Title(), shuttingTitle) {
				continue
			}
			r.Workers = append(r.Workers, w.PID)
			// A worker that died was started again without reading the file: the oldest one tells.
			if first || w.Started.Before(r.Loaded) {
				r.Loaded, first = w.Started, false
			}
			if n := openFiles(w.PID); n > 0 {
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
