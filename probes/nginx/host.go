package nginx

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/nginx/conf"
)

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
		cpus: runtime.NumCPU(),
	}
}
