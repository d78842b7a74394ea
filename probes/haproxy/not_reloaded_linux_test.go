package haproxy

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/probetest"
	"example.com/wsdoctor/probes/procfs"
)

// TestNotReloaded changes the file of a real HAProxy with a master and a worker, and reloads it.
func TestNotReloaded(t *testing.T) {
	if !probetest.InNetns(t) { // where no other test's HAProxy runs
		return
	}
	file := filepath.Join(t.TempDir(), "haproxy.cfg")
	if err := os.WriteFile(file, []byte(quick+"frontend f\n  bind 127.0.0.1:38889\n  default_backend b\nbackend b\n  server s 127.0.0.1:38888\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(probetest.Need(t, "haproxy"), "-W", "-db", "-f", file)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt) // ends the workers as well
		_ = cmd.Wait()
	})
	tg := target("")
	tg.Config.Balancer.Config = file
	// until runs the area until the rule has a status, and returns when the file was last read.
	until := func(what string, want probes.Status) time.Time {
		t.Helper()
		for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
			r := probes.Run(t.Context(), tg, []probes.Probe{Probe()}, probes.Options{}, nil)
			var got probes.Result
			for _, res := range r.Results {
				if res.ID == "haproxy/not-reloaded" {
					got = res
				}
			}
			seen, _ := probes.Observed[Observation](r)
			if got.Status == want && seen.Running != nil {
				if want == probes.Warned && (len(got.Findings) != 1 || len(got.Findings[0].Fix) == 0 || seen.Running.PID != cmd.Process.Pid) {
					t.Errorf("%s: %+v of pid %d, expected %d", what, got.Findings, seen.Running.PID, cmd.Process.Pid)
				}
				return seen.Running.Loaded
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s: is %s %v %v, expected %s", what, got.Status, got.Reason, got.Findings, want)
			}
		}
	}
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(file, old, old); err != nil {
		t.Fatal(err)
	}
	loaded := until("an old file", probes.OK)
	later := loaded.Add(2 * procfs.Precision)
	if err := os.Chtimes(file, later, later); err != nil {
		t.Fatal(err)
	}
	until("a file that was changed since", probes.Warned)
	time.Sleep(time.Until(later)) // the clock of a process is whole seconds; a reload before that is not told from the start
	if err := cmd.Process.Signal(syscall.SIGUSR2); err != nil {
		t.Fatal(err)
	}
	until("after the reload", probes.OK)
}

// TestCheckingIsNotRunning leaves out a "haproxy -c".
func TestCheckingIsNotRunning(t *testing.T) {
	tg := target(root(t, map[string]string{
		"proc/stat": "btime 1700000000\n", "proc/70/comm": "haproxy\n", "proc/70/cmdline": "haproxy\x00-c\x00-f\x00/opt/a.cfg\x00",
		"proc/71/comm": "haproxy\n", "proc/71/cmdline": "haproxy\x00-W\x00-f\x00/opt/b.cfg\x00", "proc/71/stat": "71 (haproxy) S 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 100 0",
		"proc/72/comm": "haproxy\n", "proc/72/cmdline": "haproxy\x00-W\x00-f\x00/opt/b.cfg\x00", "proc/72/stat": "72 (haproxy) S 71 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 900 0",
	}))
	got := runningProcesses(tg)
	if len(got) != 1 || got[0].pid != 71 || !got[0].loaded.Equal(time.Unix(1_700_000_009, 0)) {
		t.Errorf("found %+v", got)
	}
}
