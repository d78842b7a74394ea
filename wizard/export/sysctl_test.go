package export

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/probetest"
	kernel "example.com/wsdoctor/probes/sysctl"
)

// The file and its undo line are run for real, in a namespace of the test's own: those parameters belong to one.
func TestSysctlRuns(t *testing.T) {
	if !probetest.InNetns(t) {
		return
	}
	probetest.Need(t, "sysctl")
	path := filepath.Join(t.TempDir(), "wsdoctor.conf")
	host := probes.Target{}
	now := func() map[string]string {
		out := map[string]string{}
		for _, key := range SysctlKeys {
			if v, err := kernel.Read(host, key); err == nil {
				out[key] = v
			}
		}
		return out
	}
	for name, cfg := range cases(t) {
		if name == "tls" {
			cfg.Clients = 100000 // more than one address has ports for
		}
		before := now()
		f := files(t, "sysctl", cfg, Options{Sysctl: before})[0]
		if err := os.WriteFile(path, f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
		run := func(line string) {
			t.Helper()
			if out, err := exec.Command("sh", "-c", strings.ReplaceAll(line, sysctlFile, path)).CombinedOutput(); err != nil {
				t.Errorf("%s: %s: %v\n%s", name, line, err, out)
			}
		}
		run(f.Steps[0].Do)
		after := now()
		for _, p := range cfg.WebSocket.Ports {
			if ports, err := kernel.ParsePorts(after[kernel.LocalReserved]); err != nil || !ports.Contains(p) {
				t.Errorf("%s: reserved are %q, expected %d among them", name, after[kernel.LocalReserved], p)
			}
		}
		run(f.Steps[0].Undo)
		for key, old := range before {
			if v := now()[key]; v != old {
				t.Errorf("%s: %s is %q, expected %q back", name, key, v, old)
			}
		}
	}
}

func TestSysctlHostileValue(t *testing.T) {
	for _, v := range []string{"1; touch /tmp/x", "$(id)", "1\n; id"} {
		if fs, err := sysctl.Render(cases(t)["single"], Options{Sysctl: map[string]string{"net.core.somaxconn": v}}); err == nil {
			t.Errorf("%q: %+v", v, fs)
		}
	}
}
