package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/wsdoctor/probes"
)

// runLint runs one command line in a folder of its own and returns exit code, stdout and stderr.
func runLint(t *testing.T, stdin string, args ...string) (int, string, string) {
	t.Helper()
	var out, errs bytes.Buffer
	a := &app{stdin: strings.NewReader(stdin), stdout: &out, stderr: &errs, env: func(string) string { return "" }}
	code := a.main(t.Context(), append([]string{"lint"}, args...))
	return code, out.String(), errs.String()
}

const plainProxy = "server {\n    listen 80;\n    location /ws {\n        proxy_pass http://10.0.0.1;\n    }\n}\n"

func TestLintExitCodes(t *testing.T) {
	t.Chdir(t.TempDir())
	good := filepath.Join(t.TempDir(), "good.conf")
	if err := os.WriteFile(good, []byte("server { listen 80; location / { root /x; } }\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	settings := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(settings, []byte("version: 7\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		stdin string
		args  []string
		want  int
	}{
		{"good", "", []string{good}, probes.ExitOK},
		{"errors", plainProxy, []string{"-"}, probes.ExitFindings},
		{"warnings only", plainProxy, []string{"--path", "/other", good}, probes.ExitFindings},
		{"no file", "", nil, probes.ExitUsage},
		{"no such file", "", []string{"/nowhere/nginx.conf"}, probes.ExitUsage},
		{"no such flag", "", []string{"--nope", "-"}, probes.ExitUsage},
		{"no such format", "", []string{"-f", "xml", "-"}, probes.ExitUsage},
		{"no such severity", "", []string{"--fail-on", "fatal", "-"}, probes.ExitUsage},
		{"no version", "", []string{"--nginx-version", "new", "-"}, probes.ExitUsage},
		{"a path without a slash", "", []string{"--path", "ws", "-"}, probes.ExitUsage},
		{"apply without fix", "", []string{"--apply", "-"}, probes.ExitUsage},
		{"apply to stdin", plainProxy, []string{"--fix", "--apply", "-"}, probes.ExitUsage},
		{"bad settings", plainProxy, []string{"--config", settings, "-"}, probes.ExitUsage},
	} {
		t.Run(c.name, func(t *testing.T) {
			if code, out, errs := runLint(t, c.stdin, c.args...); code != c.want {
				t.Errorf("exit code %d, expected %d\n%s%s", code, c.want, out, errs)
			}
		})
	}
}

func TestLintOutputs(t *testing.T) {
	t.Chdir(t.TempDir())
	_, out, _ := runLint(t, plainProxy, "-f", "json", "--trace", "-")
	var doc map[string]any
	if err := json.Unmarshal([]byte(out), &doc); err != nil || doc["schema"] != "wsdoctor/lint/v1" || doc["walks"] == nil {
		t.Errorf("the JSON is %v: %s", err, out)
	}
	_, out, _ = runLint(t, plainProxy, "--trace", "--path", "/ws/chat?x=1", "-")
	for _, want := range []string{"/ws/chat?x=1 in server :80", "location /ws is the longest prefix", "= proxied to http://10.0.0.1 in HTTP/1.0, asked for /ws/chat?x=1", "Connection: close"} {
		if !strings.Contains(out, want) {
			t.Errorf("the walk lacks %q:\n%s", want, out)
		}
	}
	code, out, errs := runLint(t, plainProxy, "--fix", "-")
	if code != probes.ExitFindings || errs != "" || !strings.HasPrefix(out, "--- <stdin>\n+++ <stdin>\n@@ ") {
		t.Errorf("--fix: exit code %d\n%s%s", code, out, errs)
	}
	if _, out, _ = runLint(t, plainProxy, "--nginx-version", "1.29.7", "-"); strings.Contains(out, "nginx/http-version") {
		t.Errorf("nginx 1.29.7 speaks HTTP/1.1 by itself:\n%s", out)
	}
}

func TestLintFolder(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for name, text := range map[string]string{"site.conf": "server { listen 80; location /ws { proxy_pass http://10.0.0.1; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade; } }\n",
		"map.conf": "map $http_upgrade $connection_upgrade { default upgrade; '' close; }\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	code, out, errs := runLint(t, "", dir)
	if code != probes.ExitOK || strings.Contains(out, "undefined-variable") {
		t.Errorf("exit code %d\n%s%s", code, out, errs)
	}
}

func TestLintSettings(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if err := os.WriteFile("wsdoctor.yaml", []byte("version: 1\nproduct: generic\nbalancer: {kind: nginx}\nheartbeat: 90s\nwebsocket: {path: /ws}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, out, errs := runLint(t, plainProxy, "-")
	if !strings.Contains(out, "sooner than the heartbeat of 90s") {
		t.Errorf("the heartbeat of the settings is not looked at:\n%s%s", out, errs)
	}
}
