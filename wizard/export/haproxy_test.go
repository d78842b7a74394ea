package export

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"example.com/wsdoctor/probes/cluster"
	lint "example.com/wsdoctor/probes/haproxy"
	"example.com/wsdoctor/probes/probetest"
)

// HAProxy loads what is exported, and our own lint has nothing to say about it.
func TestHAProxyLoads(t *testing.T) {
	for name, cfg := range cases(t) {
		haproxyTest(t, name, loadable(t, cfg))
	}
}

func haproxyTest(t *testing.T, name string, cfg cluster.Config) {
	t.Helper()
	dir := t.TempDir()
	pem := filepath.Join(dir, "wsdoctor.pem")
	for _, fragment := range []bool{false, true} {
		f := files(t, "haproxy", cfg, Options{Fragment: fragment})[0]
		for _, s := range f.Steps {
			if strings.HasPrefix(s.Do, "(umask") { // the step that makes one file of certificate and key, elsewhere
				if out, err := exec.Command("sh", "-c", strings.ReplaceAll(s.Do, haproxyPEM, pem)).CombinedOutput(); err != nil {
					t.Fatalf("%s: %v\n%s", s.Do, err, out)
				}
			}
		}
		text := strings.ReplaceAll(string(f.Data), haproxyPEM, pem)
		path := filepath.Join(dir, f.Name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command(probetest.Need(t, "haproxy"), "-c", "-f", path).CombinedOutput()
		if err != nil || strings.Contains(string(out), "WARNING") {
			t.Errorf("%s: haproxy -c: %v\n%s\n%s", name, err, out, text)
		}
		for _, p := range lint.Lint(lint.Options{Version: lint.Version{Major: 2, Minor: 6, Patch: 12}}, lint.AimOf(cfg), lint.File{Name: f.Name, Text: string(f.Data)}) {
			t.Errorf("%s: %s: %s at %s", name, p.ID, p.Title, p.Written)
		}
	}
}
