package widgets

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/charmbracelet/lipgloss"
)

func TestFit(t *testing.T) {
	cases := []struct {
		in    string
		width int
		want  string
	}{
		{"port", 6, "port  "},
		{"port", 4, "port"},
		{"ports", 4, "por…"},
		{"端口占用", 8, "端口占用"},
		{"端口占用", 7, "端口占…"},
		{"端口占用", 6, "端口… "}, // half a wide character is not drawn
		{"x", 0, ""},
		{"x", -1, ""},
	}
	for _, c := range cases {
		if got := Fit(c.in, c.width, "…"); got != c.want {
			t.Errorf("%q in %d: got %q, want %q", c.in, c.width, got, c.want)
		}
	}
	if got := Fit("\x1b[1mports\x1b[0m", 4, "…"); Width(got) != 4 || !strings.HasSuffix(got, "\x1b[0m") {
		t.Errorf("got %q: a style has to end where the text does", got)
	}
}

func TestEnds(t *testing.T) {
	cases := []struct {
		left, right string
		width       int
		want        string
	}{
		{"left", "right", 12, "left   right"},
		{"left", "", 12, "left"},
		{"left", "right", 8, "l… right"},
		{"left", "right", 5, "right"},
		{"left", "right", 4, "rig…"},
	}
	for _, c := range cases {
		if got := Ends(c.left, c.right, c.width, "…"); got != c.want {
			t.Errorf("%q, %q in %d: got %q, want %q", c.left, c.right, c.width, got, c.want)
		}
	}
}

func TestWrap(t *testing.T) {
	cases := []struct {
		in     string
		width  int
		indent string
		want   []string
	}{
		{"one two", 7, "", []string{"one two"}},
		{"one two", 5, "", []string{"one", "two"}},
		{"proxy_set_header Upgrade", 20, "  ", []string{"proxy_set_header", "  Upgrade"}},
		{"abcdefgh", 3, "", []string{"abc", "def", "gh"}},
		{"端口占用", 4, "", []string{"端口", "占用"}},
		{"", 5, "", []string{""}},
		{"    four blanks", 8, "", []string{"    four", "blanks"}},
		{"38888-38889,39888", 10, "", []string{"38888-3888", "9,39888"}},
		{"--policy ip-hash", 10, "  ", []string{"--policy", "  ip-hash"}},
		{"abc", 1, "  ", []string{"a", "b", "c"}},
	}
	for _, c := range cases {
		if got := Wrap(c.in, c.width, c.indent); !slices.Equal(got, c.want) {
			t.Errorf("%q in %d: got %q, want %q", c.in, c.width, got, c.want)
		}
	}
}

func FuzzWrap(f *testing.F) {
	f.Add("one two three", 5)
	f.Add("端口占用 abc", 3)
	f.Add("-----a-b", 2)
	f.Fuzz(func(t *testing.T, s string, width int) {
		if width < 2 || width > 300 || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > 0x24f && r < 0x4e00 || r > 0x9fff }) {
			t.Skip("not what theme.Clean lets through, or no width")
		}
		for _, line := range Wrap(s, width, "") {
			if Width(line) > width {
				t.Errorf("%q in %d: %q is %d cells wide", s, width, line, Width(line))
			}
		}
	})
}

func TestTopAndWindow(t *testing.T) {
	for _, c := range []struct{ at, total, height, want int }{{0, 10, 4, 0}, {1, 10, 4, 0}, {5, 10, 4, 3}, {9, 10, 4, 6}, {3, 4, 10, 0}} {
		if got := Top(c.at, c.total, c.height); got != c.want {
			t.Errorf("%+v: got %d", c, got)
		}
	}
	if got := Window([]string{"a", "b", "c"}, 1, 4); !slices.Equal(got, []string{"b", "c", "", ""}) {
		t.Errorf("got %q", got)
	}
	if got := Window(nil, -1, -1); len(got) != 0 {
		t.Errorf("got %q", got)
	}
}

func TestBeside(t *testing.T) {
	got := Beside([]string{"a", "bcd"}, 2, "|", []string{"1", "2", "345"}, 2, "~")
	if want := []string{"a |1", "b~|2", "  |3~"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTable(t *testing.T) {
	cols := []Column{{Title: "port", Min: 5, Right: true}, {Title: "held by", Min: 7, Shrink: true}, {Title: "role", Min: 4, Shrink: true}}
	style := lipgloss.NewStyle()
	rows := [][]Cell{{{"38888", style}, {"java (812) tomcat.service", style}, {"websocket", style}}, {{"80", style}, {"", style}, {"", style}}}
	for _, c := range []struct {
		width int
		want  []string
	}{
		{60, []string{" port  held by                    role     ", "38888  java (812) tomcat.service  websocket", "   80                                       "}},
		{30, []string{" port  held by       role     ", "38888  java (812) …  websocket", ""}},
		{16, []string{" port  held by  ", "38888  java (…  ", ""}},
	} {
		got := Table(cols, style, rows, c.width, "…")
		for i := range c.want {
			if c.want[i] != "" && strings.TrimRight(got[i], " ") != strings.TrimRight(c.want[i], " ") {
				t.Errorf("in %d: got %q, want %q", c.width, got[i], c.want[i])
			}
			if Width(got[i]) > c.width {
				t.Errorf("in %d: %q is too wide", c.width, got[i])
			}
		}
	}
}

func TestCharts(t *testing.T) {
	if got := Bar(5, 10, 8, false); got != "████" {
		t.Errorf("got %q", got)
	}
	if got := Bar(0.01, 10, 8, true); got != "#" {
		t.Errorf("got %q", got)
	}
	if got := Bar(0, 10, 8, true) + Bar(3, 0, 8, true) + Bar(3, 4, -1, true); got != "" {
		t.Errorf("got %q", got)
	}
	if got := Sparkline([]float64{9, 0, 1, math.NaN(), 4, 8}, 5, false); got != "▁▂ ▅█" {
		t.Errorf("got %q", got)
	}
	if got := Sparkline([]float64{0, 0}, 5, true); got != ".." {
		t.Errorf("got %q", got)
	}
	for _, c := range []struct {
		values        []float64
		width, height int
		want          string
	}{
		{[]float64{1, 2, 3, 4}, 4, 2, "  ▅█\n▅███"},
		{[]float64{1, 2}, 6, 1, "▅▅▅███"},
		{[]float64{4, 3, 2, 1, 0, 4}, 3, 1, "█▅█"},
		{nil, 3, 1, ""},
	} {
		if got := strings.Join(Columns(c.values, 0, c.width, c.height, false), "\n"); got != c.want {
			t.Errorf("%v in %dx%d: got\n%s", c.values, c.width, c.height, got)
		}
	}
}
