package export

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/probetest"
)

// ansible runs ansible-playbook on a target's files.
func ansibleRun(t *testing.T, fs []File, args ...string) (string, string, error) {
	t.Helper()
	dir := t.TempDir()
	for _, f := range fs {
		if err := os.WriteFile(filepath.Join(dir, f.Name), f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(probetest.Need(t, "ansible-playbook"), append([]string{"-i", fs[0].Name, fs[1].Name}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+dir, "ANSIBLE_HOME="+dir, "ANSIBLE_LOCAL_TEMP="+dir, "ANSIBLE_NOCOLOR=1", "LC_ALL=C.UTF-8", "ANSIBLE_INVENTORY_UNPARSED_FAILED=1")
	out, err := cmd.CombinedOutput()
	return dir, string(out), err
}

func TestAnsibleSyntax(t *testing.T) {
	for name, cfg := range cases(t) {
		_, out, err := ansibleRun(t, files(t, "ansible", cfg, Options{}), "--syntax-check")
		if err != nil || strings.Contains(out, "WARNING") {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}

// The playbook runs against this host with a program that finds something: the report is gathered, and the play says so.
func TestAnsibleGathers(t *testing.T) {
	program := filepath.Join(t.TempDir(), "wsdoctor")
	report := `{"status": "failed", "causes": [{"id": "nginx/upgrade-header", "title": "no Upgrade header"}]}`
	if err := os.WriteFile(program, []byte("#!/bin/sh\n[ \"$*\" = '--config /etc/wsdoctor/wsdoctor.yaml --check --format json' ] || exit 2\necho '"+report+"'\nexit 1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	cfg := cluster.Default(cluster.FineReport)
	cfg.Nodes[0].Name = "{{ 1 / 0 }} node"
	dir, out, err := ansibleRun(t, files(t, "ansible", cfg, Options{Program: program}), "-e", "ansible_become=false")
	if err == nil || !strings.Contains(out, "nginx/upgrade-header: no Upgrade header") {
		t.Errorf("%v\n%s", err, out)
	}
	got, err := filepath.Glob(filepath.Join(dir, "wsdoctor-reports", "*.json"))
	if err != nil || len(got) != 1 {
		t.Fatalf("gathered %v\n%s", got, out)
	}
	if raw, _ := os.ReadFile(got[0]); !strings.Contains(string(raw), `"nginx/upgrade-header"`) {
		t.Errorf("the report is %s", raw)
	}
}
