package haproxy

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/procfs"
)

// versionTimeout bounds "haproxy -v", which prints two lines and ends; a disk that sleeps costs more than that.
const versionTimeout = 3 * time.Second

// process is a running HAProxy.
type process struct {
	pid    int
	all    []int             // pids of it and of those that share its files
	files  []string          // absolute, in the order of its command line
	env    map[string]string // nil: not readable
	loaded time.Time         // when it last read its files; zero: not known
}

// running is the process as the rules see it.
func (p process) running() *Running {
	return &Running{PID: p.pid, All: p.all, Files: p.files, Loaded: p.loaded}
}

func (p process) String() string { return fmt.Sprintf("pid %d", p.pid) }

// runningProcesses finds each HAProxy on the network of this process that has files of its own: of a master and its
// workers, which share a command line, the one that was started first. The files were last read when the youngest of
// them was started: a reload starts a new worker, or a new process beside the old one, and one that fails starts none.
// None is to be seen on a system without /proc.
func runningProcesses(t probes.Target) []process {
	found, err := procfs.Find(t, func(p procfs.Process) bool {
		return p.Name == "haproxy" && !slices.Contains(p.Args, "-c") // that one checks a file and ends
	})
	if err != nil {
		return nil
	}
	var out []process
	for _, x := range found {
		p := process{pid: x.PID, all: []int{x.PID}, loaded: x.Started}
		cwd, _ := os.Readlink(t.Path(fmt.Sprintf("/proc/%d/cwd", x.PID))) // another user's is not readable: relative names are left out
		p.files = configFiles(x.Args[1:], cwd)
		if raw, err := os.ReadFile(t.Path(fmt.Sprintf("/proc/%d/environ", x.PID))); err == nil {
			p.env = parseEnviron(string(raw))
		}
		i := slices.IndexFunc(out, func(q process) bool { return slices.Equal(q.files, p.files) })
		if i < 0 {
			out = append(out, p)
			continue
		}
		out[i].all = append(out[i].all, x.PID)
		if p.loaded.After(out[i].loaded) {
			out[i].loaded = p.loaded
		}
	}
	return out
}

// configFiles takes the configuration files from a command line: each behind a -f, all behind --. -C changes the
// folder that relative names start from (management guide, section 3).
func configFiles(args []string, cwd string) []string {
	var out []string
	for i := 0; i < len(args); i++ {
		switch args[i] {
		case "-f":
			i++
			if i < len(args) {
				out = append(out, args[i])
			}
		case "-C":
			i++
			if i < len(args) {
				if filepath.IsAbs(args[i]) {
					cwd = args[i]
				} else if cwd != "" {
					cwd = filepath.Join(cwd, args[i])
				}
			}
		case "--":
			out = append(out, args[i+1:]...)
			i = len(args)
		}
	}
	var abs []string
	for _, name := range out {
		switch {
		case filepath.IsAbs(name):
			abs = append(abs, name)
		case cwd != "":
			abs = append(abs, filepath.Join(cwd, name))
		}
	}
	return abs
}

// parseEnviron reads the environment of a process. It may hold secrets: nothing of it goes into an observation but
// what a line of the configuration names.
func parseEnviron(raw string) map[string]string {
	out := map[string]string{}
	for _, entry := range strings.Split(raw, "\x00") {
		if name, value, ok := strings.Cut(entry, "="); ok {
			out[name] = value
		}
	}
	return out
}

// runVersion asks the program for its version: the one that runs, else the one in PATH. Below another root nothing is
// run. The zero Version means that it could not be told.
func runVersion(ctx context.Context, t probes.Target, p process) Version {
	if t.Root != "" && t.Root != "/" {
		return Version{}
	}
	if p.pid != 0 {
		return askPrograms(ctx, append([]string{fmt.Sprintf("/proc/%d/exe", p.pid)}, programs...))
	}
	return askPrograms(ctx, programs)
}

// programs is where HAProxy is to be found; an ordinary user's PATH lacks the folders of system programs.
var programs = []string{"haproxy", "/usr/sbin/haproxy", "/usr/local/sbin/haproxy"}

// Installed returns the version of this host's HAProxy; the zero Version where there is none.
func Installed(ctx context.Context) Version { return askPrograms(ctx, programs) }

func askPrograms(ctx context.Context, candidates []string) Version {
	ctx, cancel := context.WithTimeout(ctx, versionTimeout)
	defer cancel()
	for _, program := range candidates {
		if out, err := exec.CommandContext(ctx, program, "-v").Output(); err == nil {
			return ParseVersion(strings.TrimPrefix(string(out), "HA-Proxy"))
		}
	}
	return Version{}
}
