package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"example.com/wsdoctor/probes/probetest"
)

// TestMan: every command has its page, and groff has nothing against any.
func TestMan(t *testing.T) {
	groff := probetest.Need(t, "groff")
	dir := t.TempDir()
	t.Setenv("SOURCE_DATE_EPOCH", "0")
	if code, _, stderr := command(t.Context(), "man", dir); code != 0 {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	a := &app{env: os.Getenv}
	for _, c := range rootCommand(a).Commands() {
		page := filepath.Join(dir, "wsdoctor-"+c.Name()+".1")
		if _, err := os.Stat(page); (err == nil) == c.Hidden {
			t.Errorf("%s: hidden %v, page %v", c.Name(), c.Hidden, err)
		}
	}
	pages, _ := filepath.Glob(filepath.Join(dir, "*.1"))
	if len(pages) < 10 {
		t.Errorf("%d pages", len(pages))
	}
	for _, p := range pages {
		out, err := exec.CommandContext(t.Context(), groff, "-k", "-man", "-ww", "-z", "-Tutf8", "-Kutf8", p).CombinedOutput()
		if err != nil || len(strings.TrimSpace(string(out))) > 0 {
			t.Errorf("%s: %v\n%s", filepath.Base(p), err, out)
		}
	}
	if code, _, stderr := command(t.Context(), "man", filepath.Join(dir, "none")); code != 2 || !strings.Contains(stderr, "no folder") {
		t.Errorf("a missing folder: exit code %d, %s", code, stderr)
	}
}
