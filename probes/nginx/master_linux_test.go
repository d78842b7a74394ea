package nginx

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/probetest"
)

// TestFindMasters looks for a real nginx, in a namespace where no other runs.
func TestFindMasters(t *testing.T) {
	if !probetest.InNetns(t) {
		return
	}
	port := freePort(t)
	s := newSite(t, "server { listen 127.0.0.1:"+port+"; }\n")
	started := time.Now()
	defer s.run(t, port)()
	pid, err := os.ReadFile(filepath.Join(s.dir, "nginx.pid"))
	if err != nil {
		t.Fatal(err)
	}
	all, err := findMasters(probes.Target{})
	if err != nil || len(all) != 1 {
		t.Fatalf("found %v, %v", all, err)
	}
	r := all[0]
	if strconv.Itoa(r.PID) != strings.TrimSpace(string(pid)) || r.Config != s.main || r.OpenFiles <= 0 || len(r.Workers) != 1 {
		t.Errorf("found %+v, expected process %s with %s", r, pid, s.main)
	}
	if d := r.Loaded.Sub(started).Abs(); d > patience {
		t.Errorf("read at %v, started at %v", r.Loaded, started)
	}
}
