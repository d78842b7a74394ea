package report

import (
	"slices"
	"strings"
	"testing"

	"example.com/wsdoctor/probes"
	"github.com/clipperhouse/displaywidth"
)

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		in    string
		width int
		want  []string
	}{
		{"", 10, []string{""}},
		{"short", 10, []string{"short"}},
		{"one two three", 7, []string{"one two", "three"}},
		{"two  spaces  stay", 12, []string{"two  spaces", "stay"}},
		{"a very-long-word-that-does-not-fit b", 8, []string{"a", "very-long-word-that-does-not-fit", "b"}},
		{"端口被占用", 4, []string{"端口", "被占", "用"}},
		{"端口，被占用", 4, []string{"端", "口，", "被占", "用"}}, // the comma does not begin a line
		{"port 端口 ab", 7, []string{"port 端", "口 ab"}},
		{" leading", 20, []string{" leading"}},
	} {
		if got := Wrap(c.in, c.width); !slices.Equal(got, c.want) {
			t.Errorf("Wrap(%q, %d) = %q, expected %q", c.in, c.width, got, c.want)
		}
	}
}

// Wrapping takes away nothing but spaces, and no line that could be broken is too wide.
func FuzzWrap(f *testing.F) {
	f.Add("one two three", 7)
	f.Add("端口，被占用 port", 4)
	f.Add("e\u0301 \u200d👩‍👩‍👧 x", 1)
	f.Fuzz(func(t *testing.T, s string, width int) {
		s = probes.Printable(s)
		width = 1 + (width&0xff)%100
		lines := Wrap(s, width)
		bare := func(s string) string { return strings.ReplaceAll(s, " ", "") }
		if got := bare(strings.Join(lines, "")); got != bare(s) {
			t.Errorf("Wrap(%q, %d) changed the text to %q", s, width, got)
		}
		for _, l := range lines {
			if displaywidth.String(l) > width && strings.Contains(strings.Trim(l, " "), " ") {
				t.Errorf("Wrap(%q, %d) left %q, wider than that", s, width, l)
			}
		}
	})
}
