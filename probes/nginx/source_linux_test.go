package nginx

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"example.com/wsdoctor/probes"
)

// TestFindMasters looks for a real nginx. Only its own processes are shown, below a root made of links into /proc,
// because other ones may run on the host.
func TestFindMasters(t *testing.T) {
	port := freePort(t)
	s := newSite(t, "server { listen 127.0.0.1:"+port+"; }\n")
	started := time.Now()
	defer s.run(t, port)()
	pid, err := os.ReadFile(filepath.Join(s.dir, "nginx.pid"))
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "proc"), 0o755); err != nil {
		t.Fatal(err)
	}
	children, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	master := strings.TrimSpace(string(pid))
	for _, dir := range append(children, "/proc/stat") {
		stat, err := os.ReadFile(filepath.Join(dir, "stat"))
		if err == nil {
			parent, _, err := parseStat(stat)
			if err != nil || filepath.Base(dir) != master && strconv.Itoa(parent) != master {
				continue
			}
		} else if dir != "/proc/stat" {
			continue
		}
		if err := os.Symlink(dir, filepath.Join(root, "proc", filepath.Base(dir))); err != nil {
			t.Fatal(err)
		}
	}
	all, err := findMasters(probes.Target{Root: root})
	if err != nil || len(all) != 1 {
		t.Fatalf("found %v, %v", all, err)
	}
	r := all[0]
	if strconv.Itoa(r.PID) != master || r.Config != s.main || r.OpenFiles <= 0 {
		t.Errorf("found %+v, expected process %s with %s", r, master, s.main)
	}
	if d := r.Loaded.Sub(started).Abs(); d > patience {
		t.Errorf("read at %v, started at %v", r.Loaded, started)
	}
}
