package nginx

import (
	"os"
	"path/filepath"
	"slices"
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
	if got := builtIn(t.Context(), "/proc/"+strconv.Itoa(r.PID)+"/exe"); got == "" {
		t.Error("nginx does not say which file it reads without -c")
	}
	// The area sees that this one does not run with the settings' file.
	cfg := settings()
	cfg.Balancer.URL, cfg.Balancer.Config = "ws://127.0.0.1:"+port+"/", filepath.Join(t.TempDir(), "other.conf")
	if err := os.WriteFile(cfg.Balancer.Config, []byte(healthy), 0o644); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]probes.Status{cfg.Balancer.Config: probes.Warned, s.main: probes.OK} {
		cfg.Balancer.Config = file
		rep := probes.Run(t.Context(), probes.Target{Config: cfg}, []probes.Probe{Probe()}, probes.Options{}, nil)
		i := slices.IndexFunc(rep.Results, func(r probes.Result) bool { return r.ID == "nginx/running-file" })
		if got := rep.Results[i]; got.Status != want || want == probes.Warned && !strings.Contains(got.Findings[0].Title.String(), s.main) {
			t.Errorf("with %s in the settings: %s %v %v, expected %s", file, got.Status, got.Reason, got.Findings, want)
		}
	}
}
