package procfs

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"example.com/wsdoctor/probes"
)

func TestParse(t *testing.T) {
	boot := time.Unix(1_700_000_000, 0)
	parent, ticks, err := parseStat([]byte("13 (nginx: (odd) name) S 10 13 13 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 12345 1 2 3"))
	if err != nil || parent != 10 || ticks != 12345 {
		t.Errorf("found parent %d, ticks %d, %v", parent, ticks, err)
	}
	for _, bad := range []string{"", "13 nginx S", "13 (nginx) S 1", "13 (nginx) S x 13 13 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 12345"} {
		if _, _, err := parseStat([]byte(bad)); err == nil {
			t.Errorf("%q is read", bad)
		}
	}
	if got := bootTime([]byte("cpu 1 2\nbtime 1700000000\nprocesses 3\n")); !got.Equal(boot) {
		t.Errorf("found %v", got)
	}
	if got := bootTime([]byte("cpu 1 2\n")); !got.IsZero() {
		t.Errorf("found %v", got)
	}
}

// TestFindSelf finds the test's own process.
func TestFindSelf(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("no /proc")
	}
	found, err := Find(probes.Target{}, func(p Process) bool { return p.PID == os.Getpid() })
	if err != nil || len(found) != 1 {
		t.Fatalf("found %v, %v", found, err)
	}
	p := found[0]
	if p.Parent != os.Getppid() || p.Args[0] != os.Args[0] || p.Name == "" || time.Since(p.Started) < -Precision || time.Since(p.Started) > time.Hour {
		t.Errorf("found %+v", p)
	}
}

func TestMadeUp(t *testing.T) {
	root := t.TempDir()
	for name, text := range map[string]string{
		"stat": "btime 1700000000\n", "7/comm": "a\n", "7/cmdline": "a\x00-x\x00", "7/stat": "7 (a) S 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 500 0",
		"8/comm": "kthread\n", "8/cmdline": "", "9/comm": "a\n", "9/cmdline": "title of a   \x00\x00", "x/comm": "a\n",
	} {
		file := filepath.Join(root, "proc", name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	found, err := Find(probes.Target{Root: root}, func(p Process) bool { return p.Name == "a" })
	if err != nil || len(found) != 2 {
		t.Fatalf("found %v, %v", found, err)
	}
	if p := found[0]; p.PID != 7 || p.Title() != "a -x" || !p.Started.Equal(time.Unix(1_700_000_005, 0)) {
		t.Errorf("found %+v", p)
	}
	if p := found[1]; p.PID != 9 || p.Title() != "title of a" || !p.Started.IsZero() {
		t.Errorf("found %+v", p)
	}
	if found, err := Find(probes.Target{Root: filepath.Join(root, "none")}, func(Process) bool { return true }); err != nil || found != nil {
		t.Errorf("without /proc: %v, %v", found, err)
	}
}
