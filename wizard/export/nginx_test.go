package export

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
	lint "example.com/wsdoctor/probes/nginx"
	"example.com/wsdoctor/probes/nginx/conf"
	"example.com/wsdoctor/probes/probetest"
)

// nginx loads what is exported, and our own lint has nothing to say about it, whole and as a fragment.
func TestNginxLoads(t *testing.T) {
	for name, cfg := range cases(t) {
		for _, fragment := range []bool{false, true} {
			cfg := loadable(t, cfg)
			f := files(t, "nginx", cfg, Options{Fragment: fragment})[0]
			nginxTest(t, name, f, cfg)
		}
	}
}

func nginxTest(t *testing.T, name string, f File, cfg cluster.Config) {
	t.Helper()
	dir := t.TempDir()
	text := string(f.Data)
	if f.Name != "nginx.conf" {
		text = "events {}\nhttp {\n" + text + "}\n"
	}
	// nginx -t opens its logs and writes its pid: into the test's folder instead.
	text = strings.NewReplacer("/run/nginx.pid", dir+"/pid", "/var/log/nginx/error.log", dir+"/error.log").Replace(text)
	text = strings.Replace(text, "http {\n", "http {\naccess_log off;\n", 1)
	path := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(probetest.Need(t, "nginx"), "-t", "-p", dir, "-c", path, "-e", dir+"/error.log").CombinedOutput(); err != nil {
		t.Errorf("%s: nginx -t: %v\n%s\n%s", name, err, out, f.Data)
	}
	for _, finding := range lintNginx(t, f, cfg) {
		t.Errorf("%s: %s", name, finding)
	}
}

// lintNginx returns what our own lint holds against a file, one line each.
func lintNginx(t *testing.T, f File, cfg cluster.Config) []string {
	t.Helper()
	c, err := conf.Parse(f.Name, f.Data, conf.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, g := range lint.Lint(lint.NewInput(c, lint.Input{Cluster: &cfg, CPUs: 1, Version: conf.Version{Major: 1, Minor: 22, Patch: 1}})) {
		if g.Severity >= probes.Info {
			out = append(out, g.ID+": "+g.Title.String()+" at "+g.File.Line(g.Place().Line))
		}
	}
	return out
}
