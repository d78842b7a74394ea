package nginx

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/nginx/conf"
)

// askTimeout bounds "nginx -V", which prints a few lines and ends; a disk that sleeps costs more than that.
const askTimeout = 3 * time.Second

// newHost is this machine, its files read below the target's root.
func newHost(t probes.Target) host {
	root := t.Path("/")
	return host{
		readFile: func(name string) ([]byte, error) { return conf.ReadFile(t.Path(name)) },
		stat:     func(name string) (os.FileInfo, error) { return os.Stat(t.Path(name)) },
		glob: func(pattern string) ([]string, error) {
			found, err := filepath.Glob(t.Path(pattern))
			for i, f := range found {
				found[i] = filepath.Join("/", strings.TrimPrefix(f, strings.TrimSuffix(root, "/")))
			}
			return found, err
		},
		running: func() ([]*Running, error) { return findMasters(t) },
		version: func(ctx context.Context) conf.Version {
			out, err := Nginx(ctx, "-v")
			if err != nil {
				return conf.Version{}
			}
			v, _ := conf.ParseVersion(string(out)) // what cannot be read is unknown
			return v
		},
		builtIn: func(ctx context.Context, pid int) string {
			if root != "/" {
				return "" // below another root nothing is run
			}
			return builtIn(ctx, fmt.Sprintf("/proc/%d/exe", pid))
		},
		real: func(name string) string {
			if abs, err := filepath.EvalSymlinks(t.Path(name)); err == nil {
				return abs
			}
			return filepath.Clean(t.Path(name))
		},
		cpus: runtime.NumCPU(),
	}
}

// builtIn asks a program of nginx which file it reads without -c; "" where it does not say.
func builtIn(ctx context.Context, program string) string {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	out, err := exec.CommandContext(ctx, program, "-V").CombinedOutput()
	if err != nil {
		return ""
	}
	for _, option := range strings.Fields(string(out)) {
		if file, ok := strings.CutPrefix(option, "--conf-path="); ok && filepath.IsAbs(file) {
			return file
		}
	}
	return ""
}
