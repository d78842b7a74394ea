package export

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"example.com/wsdoctor/probes/probetest"
)

// Caddy loads what is exported, without a warning.
func TestCaddyLoads(t *testing.T) {
	for name, cfg := range cases(t) {
		f := files(t, "caddy", loadable(t, cfg), Options{})[0]
		caddyTest(t, name, f)
	}
}

func caddyTest(t *testing.T, name string, f File) {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, f.Name)
	if err := os.WriteFile(path, f.Data, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(probetest.Need(t, "caddy"), "validate", "--config", path, "--adapter", "caddyfile")
	cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir)
	out, err := cmd.CombinedOutput()
	if err != nil || strings.Contains(string(out), "not formatted") {
		t.Errorf("%s: caddy validate: %v\n%s\n%s", name, err, out, f.Data)
	}
}
