package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/wsdoctor/probes"
)

// TestBadInput wants exit code 2, nothing on stdout, and one line that names what is wrong and what was expected.
func TestBadInput(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	ok := file("ok.yaml", "version: 1\nproduct: generic\n")
	cases := []struct {
		name string
		args []string
		says string
	}{
		{"no such settings", []string{"--check", "--config", dir + "/none.yaml"}, "reading " + dir + "/none.yaml: no such file or directory"},
		{"a folder", []string{"--check", "--config", dir}, "is a folder, expected a settings file"},
		{"empty", []string{"--check", "--config", file("empty.yaml", "")}, `is empty, expected settings that begin with "version: 1"`},
		{"binary", []string{"--check", "--config", file("binary.yaml", "\x7fELF\x00\x01")}, "is not a text file"},
		{"later version", []string{"--check", "--config", file("later.yaml", "version: 2\nnew: 1\n")}, "later.yaml:1:10: version: found 2, expected 1"},
		{"unknown key", []string{"--check", "--config", file("key.yaml", "version: 1\nnode: []\n")}, "key.yaml:2:1: node: unknown key, expected one of"},
		{"wrong type", []string{"--check", "--config", file("type.yaml", "version: 1\nwebsocket:\n  ports: [a]\n")}, `type.yaml:3:11: websocket.ports[0]: found "a", expected a whole number`},
		{"out of range", []string{"--check", "--config", file("range.yaml", "version: 1\nwebsocket:\n  ports: [70000]\n")}, "websocket.ports[0]: found 70000, expected a port from 1 to 65535"},
		{"no YAML", []string{"--check", "--config", file("no.yaml", "version: 1\n a: [\n")}, "no.yaml:"},
		{"unknown check", []string{"--check", "--config", ok, "--only", "ports/bindabel"}, `--only: found "ports/bindabel", expected an area or the id of a check; did you mean "ports/bindable"?`},
		{"unknown area", []string{"--check", "--config", ok, "--skip", "port"}, `--skip: found "port"`},
		{"unknown format", []string{"--check", "--config", ok, "--format", "yaml"}, `--format: found "yaml", expected one of text, json`},
		{"unknown severity", []string{"--check", "--config", ok, "--fail-on", "info"}, `--fail-on: found "info", expected error or warning`},
		{"unknown flag", []string{"--check", "--frmat", "json"}, "unknown flag: --frmat"},
		{"unknown command", []string{"prots"}, `unknown command "prots"; did you mean "ports"?`},
		{"unknown product", []string{"--check", "--product", "finereprot"}, `--product: found "finereprot", expected one of finereport`},
		{"no such rows", []string{"--check", "--config", ok, "--rows", dir + "/none.csv"}, "reading " + dir + "/none.csv: no such file or directory"},
		{"output into no folder", []string{"--check", "--config", ok, "--output", dir + "/none/report"}, "writing " + dir + "/none/report: no such file or directory"},
		{"negative wait", []string{"--check", "--config", ok, "--wait", "-1s"}, "--wait: found -1s"},
		{"watch too often", []string{"--check", "--config", ok, "--watch", "10ms"}, "--watch: found 10ms, expected 1s or more"},
		{"watch in another format", []string{"--check", "--config", ok, "--watch", "1m", "--format", "junit"}, `--format: found "junit", expected text or json with --watch`},
		{"watch and wait", []string{"--check", "--config", ok, "--watch", "1m", "--wait", "1m"}, "--wait repeats until everything passes, and --watch compares"},
		{"watch into a file", []string{"--check", "--config", ok, "--watch", "1m", "--output", dir + "/x"}, "--output takes one report"},
		{"no address", []string{"--check", "--config", ok, "--watch", "1m", "--metrics", "a:b:c"}, `--metrics: found "a:b:c"`},
		{"no such baseline", []string{"--check", "--config", ok, "--baseline", dir + "/none.json"}, "reading " + dir + "/none.json: no such file or directory"},
		{"a baseline that is none", []string{"--check", "--config", ok, "--baseline", file("b.json", "{\n \"schema\": 1}")}, "b.json:2:12: schema: found a JSON number, expected string"},
		{"a baseline of a check that is none", []string{"--check", "--config", ok, "--baseline", file("c.json", `{"schema": "wsdoctor/baseline/v1", "taken": "2026-01-02T03:04:05Z", "standing": [{"id": "a/b"}]}`)}, `c.json:1:83: standing[0]: id: found "a/b"`},
		{"arguments of check", []string{"check", "all"}, `unknown command "all" for "wsdoctor check"`},
		{"a port that is none", []string{"wait", "abc"}, `"abc"`},
		{"a port out of range", []string{"ports", "70000"}, "70000"},
		{"unknown id", []string{"explain", "ports/nothing"}, "ports/nothing"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			code, stdout, stderr := command(t.Context(), c.args...)
			if code != probes.ExitUsage || stdout != "" {
				t.Errorf("exit code %d, stdout %q; expected %d and nothing", code, stdout, probes.ExitUsage)
			}
			if !strings.Contains(stderr, c.says) || strings.Count(stderr, "\n") != 1 {
				t.Errorf("stderr %q, expected one line with %q", stderr, c.says)
			}
		})
	}
	if left, _ := filepath.Glob(dir + "/.*"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestNagiosBadInput wants UNKNOWN where nothing was checked: 2 would be CRITICAL to Nagios.
func TestNagiosBadInput(t *testing.T) {
	code, _, stderr := command(t.Context(), "--check", "--format", "nagios", "--config", "none.yaml")
	if code != 3 || !strings.Contains(stderr, "none.yaml") {
		t.Errorf("exit code %d, stderr %q; expected 3 and the file", code, stderr)
	}
}
