package export

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/wsdoctor/probes/probetest"
)

// File names with blanks and other odd characters that are taken reach the real programs as they are.
func TestOddFileNames(t *testing.T) {
	cfg := loadable(t, cases(t)["tls"])
	dir := filepath.Join(t.TempDir(), "my certs, ü=~@+:-_")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	cert, key := probetest.WritePEM(t, probetest.NewCA(t).Issue(t, now.Add(-time.Hour), now.Add(24*time.Hour), "ws.example"))
	for from, to := range map[string]*string{cert: &cfg.Proxy.TLS.Cert, key: &cfg.Proxy.TLS.Key} {
		*to = filepath.Join(dir, filepath.Base(from))
		if err := os.Rename(from, *to); err != nil {
			t.Fatal(err)
		}
	}
	nginxTest(t, "odd", files(t, "nginx", cfg, Options{})[0], cfg)
	caddyTest(t, "odd", files(t, "caddy", cfg, Options{})[0])
	haproxyTest(t, "odd", cfg)
	program := filepath.Join(dir, "my program")
	if err := os.Symlink("/bin/true", program); err != nil {
		t.Fatal(err)
	}
	systemdTest(t, "odd", files(t, "systemd", cfg, Options{Program: program, Settings: dir + "/a b.yaml"}))
	if text := string(files(t, "traefik", cfg, Options{})[1].Data); !strings.Contains(text, cfg.Proxy.TLS.Cert) {
		t.Errorf("traefik: %s", text)
	}
}
