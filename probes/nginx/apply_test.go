package nginx

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/wsdoctor/probes/nginx/conf"
	"example.com/wsdoctor/probes/probetest"
)

func TestApply(t *testing.T) {
	file := filepath.Join(t.TempDir(), "site.conf")
	before := []byte("old\n")
	if err := os.WriteFile(file, before, 0o640); err != nil {
		t.Fatal(err)
	}
	fixed := []Fixed{{&conf.File{Name: file, Src: before}, []byte("new\n")}}
	read := func(name string) string {
		raw, err := os.ReadFile(name)
		if err != nil {
			return err.Error()
		}
		return string(raw)
	}
	var asked [][]string
	answer := func(fail string) Command {
		return func(_ context.Context, args ...string) ([]byte, error) {
			asked = append(asked, args)
			if args[0] == fail {
				return []byte("nginx: [emerg] no"), errors.New("exit status 1")
			}
			return nil, nil
		}
	}
	if _, err := Apply(t.Context(), fixed, file, answer("-v")); err == nil || read(file) != "old\n" {
		t.Errorf("without an nginx: %v, the file is %q", err, read(file))
	}
	if _, err := Apply(t.Context(), fixed, file, answer("-t")); err == nil || !strings.Contains(err.Error(), "[emerg] no") || read(file) != "old\n" {
		t.Errorf("where nginx refuses: %v, the file is %q", err, read(file))
	}
	done, err := Apply(t.Context(), fixed, file, answer(""))
	if err != nil || read(file) != "new\n" || read(done.Backups[0]) != "old\n" {
		t.Errorf("%v, the file is %q", err, read(file))
	}
	for _, args := range asked {
		if args[0] == "-s" {
			t.Error("nginx was reloaded")
		}
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("the mode is %v, %v", info.Mode(), err)
	}
}

// TestApplyForReal mends a whole configuration and lets the installed nginx test it; then it breaks one.
func TestApplyForReal(t *testing.T) {
	probetest.Need(t, "nginx")
	text := preamble + "pid " + filepath.Join(t.TempDir(), "x.pid") + ";\nevents {}\nhttp {\n    server {\n        listen 127.0.0.1:" + freePort(t) + ";\n        location /ws {\n            proxy_pass http://127.0.0.1:1;\n        }\n    }\n}\n"
	text = strings.Replace(text, " pid nginx.pid;", "", 1)
	file := filepath.Join(t.TempDir(), "nginx.conf")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	c, err := conf.Load(file, conf.Options{})
	if err != nil {
		t.Fatal(err)
	}
	in := NewInput(c, Input{Paths: []string{"/ws"}})
	done, err := Apply(t.Context(), Fix(Lint(in)), file, Nginx)
	if err != nil || !strings.Contains(done.Output, "test is successful") {
		t.Fatalf("%v: %s", err, done.Output)
	}
	mended, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	broken := []Fixed{{&conf.File{Name: file, Src: mended}, append(mended, "}\n"...)}}
	if _, err := Apply(t.Context(), broken, file, Nginx); err == nil || !strings.Contains(err.Error(), `unexpected "}"`) {
		t.Errorf("nginx took a brace too much: %v", err)
	}
	if after, err := os.ReadFile(file); err != nil || string(after) != string(mended) {
		t.Errorf("the file was not put back: %v", err)
	}
}
