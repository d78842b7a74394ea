package export

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"example.com/wsdoctor/probes/probetest"
)

// systemd-analyze has nothing to say about the units.
func TestSystemdVerifies(t *testing.T) {
	for name, cfg := range cases(t) {
		systemdTest(t, name, files(t, "systemd", cfg, Options{Program: "/bin/true"}))
		systemdTest(t, name, files(t, "systemd", cfg, Options{Program: "/bin/true", Settings: "/etc/with a blank/wsdoctor.yaml"}))
	}
}

func systemdTest(t *testing.T, name string, units []File) {
	t.Helper()
	dir := t.TempDir()
	args := []string{"verify", "--man=no"} // the page is not installed where the units are tested
	for _, f := range units {
		path := filepath.Join(dir, f.Name)
		if err := os.WriteFile(path, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
		args = append(args, path)
	}
	cmd := exec.Command(probetest.Need(t, "systemd-analyze"), args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C", "SYSTEMD_UNIT_PATH="+dir+":")
	out, err := cmd.CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("%s: systemd-analyze verify: %v\n%s\n%s", name, err, out, units[1].Data)
	}
}
