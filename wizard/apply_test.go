package wizard

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/sysctl"
)

func content(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return ""
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func put(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func TestApplyAndUndo(t *testing.T) {
	dir := t.TempDir()
	settings, other, link := filepath.Join(dir, "wsdoctor.yaml"), filepath.Join(dir, "it's a file.conf"), filepath.Join(dir, "link.conf")
	real := filepath.Join(dir, "real.conf")
	put(t, other, "old\n", 0o600)
	put(t, real, "behind the link\n", 0o644)
	if err := os.Symlink(real, link); err != nil {
		t.Fatal(err)
	}
	j := JournalFor(settings)
	var ran []string
	run := func(_ context.Context, line string) (string, error) { ran = append(ran, line); return "", nil }
	for _, f := range []File{{settings, []byte("new\n"), 0o640}, {other, []byte("changed\n"), 0o644}, {link, []byte("through\n"), 0o644}, {settings, []byte("new\n"), 0o644}} {
		if _, err := j.Write(f); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := j.Run(t.Context(), Command{Run: "do", Undo: "undo"}, run); err != nil {
		t.Fatal(err)
	}
	if content(t, settings) != "new\n" || content(t, other) != "changed\n" || content(t, real) != "through\n" {
		t.Error("not written")
	}
	if info, _ := os.Stat(other); info.Mode().Perm() != 0o600 {
		t.Errorf("the mode became %v", info.Mode())
	}
	if info, _ := os.Stat(settings); info.Mode().Perm() != 0o640 {
		t.Errorf("the new file's mode is %v", info.Mode())
	}
	if info, _ := os.Lstat(link); info.Mode()&os.ModeSymlink == 0 {
		t.Error("the link is one no more")
	}
	if _, err := j.Run(t.Context(), Command{Run: "reload", Again: true}, run); err != nil {
		t.Fatal(err)
	}
	entries, err := j.Entries()
	if err != nil || len(entries) != 5 {
		t.Fatalf("%v %v", entries, err)
	}
	err = j.Undo(t.Context(), run, func(Entry) bool { return true }, func(e Entry, _ string, err error) {
		if err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(ran, []string{"do", "reload", "undo", "reload"}) {
		t.Errorf("ran %q", ran)
	}
	if content(t, settings) != "" || content(t, other) != "old\n" || content(t, real) != "behind the link\n" {
		t.Error("not taken back")
	}
	left, _ := os.ReadDir(dir)
	if len(left) != 3 {
		t.Errorf("left behind: %v", left)
	}
}

func TestTheUndoLinesAreForAShell(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "it's; $(a) file")
	put(t, path, "old", 0o600)
	j := JournalFor(filepath.Join(dir, "wsdoctor.yaml"))
	e, err := j.Write(File{path, []byte("new"), 0o600})
	if err != nil {
		t.Fatal(err)
	}
	if out, err := Shell(t.Context(), e.Undo); err != nil || content(t, path) != "old" {
		t.Errorf("%v %s: %q", err, out, content(t, path))
	}
}

func TestUndoLeavesWhatOthersChanged(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	put(t, a, "old", 0o600)
	j := JournalFor(filepath.Join(dir, "wsdoctor.yaml"))
	for _, path := range []string{a, b} {
		if _, err := j.Write(File{path, []byte("new"), 0o600}); err != nil {
			t.Fatal(err)
		}
	}
	put(t, a, "theirs", 0o600)
	var said []error
	err := j.Undo(t.Context(), nil, func(Entry) bool { return true }, func(_ Entry, _ string, err error) { said = append(said, err) })
	if err == nil || len(said) != 2 || said[0] != nil || said[1] == nil || !strings.Contains(said[1].Error(), "mv -f") {
		t.Errorf("%v %v", err, said)
	}
	if content(t, a) != "theirs" || content(t, b) != "" {
		t.Error("it was not left alone")
	}
	if entries, err := j.Entries(); err != nil || len(entries) != 1 || entries[0].File != a {
		t.Errorf("%v %v", entries, err)
	}
}

// A run that was cut short between its note and its change has nothing to take back there.
func TestUndoOfARunThatWasCutShort(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	put(t, path, "old", 0o600)
	j := JournalFor(filepath.Join(dir, "wsdoctor.yaml"))
	bak := path + ".bak"
	put(t, bak, "old", 0o600)
	for _, e := range []Entry{{File: path, Backup: bak, Sum: sum([]byte("new"))}, {File: filepath.Join(dir, "never"), Sum: sum([]byte("new"))}} {
		if err := j.add(e); err != nil {
			t.Fatal(err)
		}
	}
	f, _ := os.OpenFile(j.Path(), os.O_APPEND|os.O_WRONLY, 0)
	f.WriteString(`{"at":"20`)
	f.Close()
	if err := j.Undo(t.Context(), nil, func(Entry) bool { return true }, func(_ Entry, _ string, err error) {
		if err != nil {
			t.Error(err)
		}
	}); err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 || content(t, path) != "old" {
		t.Errorf("%v", left)
	}
}

func TestDiffOfSettings(t *testing.T) {
	path := filepath.Join(t.TempDir(), "wsdoctor.yaml")
	f, err := SettingsFile(path, cluster.Default(cluster.FineBI))
	if err != nil {
		t.Fatal(err)
	}
	if d, err := f.Diff(); err != nil || !strings.Contains(d, "+product: finebi") {
		t.Errorf("%v\n%s", err, d)
	}
	put(t, path, string(f.Content), 0o644)
	if d, err := f.Diff(); err != nil || d != "" {
		t.Errorf("%v\n%s", err, d)
	}
}

func TestFixCommands(t *testing.T) {
	got := FixCommands([]probes.Finding{
		{Fix: sysctl.Set("net.core.somaxconn", "4096", "128")},
		{Fix: []probes.Text{probes.T("# by hand"), probes.Verbatim("rm -rf /")}},
	})
	if len(got) != 2 || got[0].Run != "sysctl -w net.core.somaxconn=4096" || got[0].Undo != "sysctl -w net.core.somaxconn=128" || !strings.HasPrefix(got[1].Undo, "rm /etc/sysctl.d/") {
		t.Errorf("%+v", got)
	}
}
