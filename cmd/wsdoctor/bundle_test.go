package main

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// unpack reads a bundle: its files by their names below its one folder.
func unpack(t *testing.T, file string) map[string]string {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	zip, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for in := tar.NewReader(zip); ; {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		_, name, _ := strings.Cut(h.Name, "/")
		out[name] = string(b)
	}
}

// TestBundle: what support asks for is in it, and no secret.
func TestBundle(t *testing.T) {
	dir := t.TempDir()
	log := filepath.Join(dir, "error.log")
	nginx := filepath.Join(dir, "nginx.conf")
	settings := filepath.Join(dir, "wsdoctor.yaml")
	for file, text := range map[string]string{
		log:   strings.Repeat("an old line\n", 20000) + "GET /ws?token=hunter2 upstream timed out\n",
		nginx: fmt.Sprintf("error_log %s;\nevents {}\nhttp { server { listen 127.0.0.1:1; location / { proxy_pass http://127.0.0.1:2; proxy_set_header Authorization \"Basic hunter2\"; } } }\n", log),
		settings: fmt.Sprintf("version: 1\nproduct: generic\nwebsocket: {ports: [38123]}\nbalancer: {kind: nginx, url: 'ws://admin:hunter2@127.0.0.1:1/', config: %q}\n",
			nginx),
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out := filepath.Join(dir, "out.tar.gz")
	code, stdout, stderr := command(t.Context(), "bundle", "--config", settings, "--output", out, "--yes")
	if code != 0 {
		t.Fatalf("exit code %d: %s%s", code, stdout, stderr)
	}
	if info, err := os.Stat(out); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	got := unpack(t, out)
	for name, has := range map[string]string{
		"version.txt":            "wsdoctor",
		"report.txt":             "portconfig",
		"report.json":            `"wsdoctor/report/v1"`,
		"settings/wsdoctor.yaml": "ws://<redacted>@127.0.0.1:1/",
		"ports.txt":              "38123",
		"files" + nginx:          "proxy_set_header Authorization <redacted>;",
		"files" + log:            "token=<redacted> upstream timed out",
		"contents.txt":           "1 secret taken out",
	} {
		if !strings.Contains(got[name], has) {
			t.Errorf("%s: expected %q in it, found\n%.500s", name, has, got[name])
		}
	}
	if n := len(got["files"+log]); n > logEnd+100 {
		t.Errorf("%d bytes of the log", n)
	}
	if !json.Valid([]byte(got["report.json"])) {
		t.Error("the report is no JSON")
	}
	for name, text := range got {
		if strings.Contains(text, "hunter2") {
			t.Errorf("%s holds a secret", name)
		}
		if name != "contents.txt" && !strings.Contains(stdout, name) {
			t.Errorf("%s is in it, and was not told", name)
		}
	}

	if code, _, stderr := command(t.Context(), "bundle", "--config", settings, "--output", out, "--yes"); code != 2 || !strings.Contains(stderr, "exists") {
		t.Errorf("over an existing file: exit code %d, %s", code, stderr)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	other := filepath.Join(dir, "other.tar.gz")
	if code, _, _ := command(ctx, "bundle", "--config", settings, "--output", other, "--yes"); code != 130 {
		t.Errorf("interrupted: exit code %d", code)
	}
	if _, err := os.Stat(other); err == nil {
		t.Error("an interrupted bundle was written")
	}
}
