// Package golden compares what is drawn with what was recorded, for the tests of the frame and of the screens. Only tests
// import it.
package golden

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/wsdoctor/tui/widgets"
)

var update = flag.Bool("update", false, "write testdata/*.golden anew")

// Compare compares what is drawn with what was recorded as testdata/NAME.golden. Blanks at the ends of lines do not
// count.
func Compare(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	lines := strings.Split(got, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	got = strings.Join(lines, "\n") + "\n"
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; go test -update records it", err)
	}
	if got != string(want) {
		t.Errorf("got\n%s\nwant (%s)\n%s", got, path, want)
	}
}

// Fits tells whether a view has exactly h lines of at most w cells.
func Fits(t *testing.T, what, view string, w, h int) {
	t.Helper()
	lines := strings.Split(view, "\n")
	if len(lines) != h {
		t.Errorf("%s: %d lines, want %d", what, len(lines), h)
	}
	for n, line := range lines {
		if got := widgets.Width(line); got > w {
			t.Errorf("%s: line %d is %d cells wide: %q", what, n+1, got, line)
		}
	}
}
