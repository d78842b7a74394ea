package theme

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"example.com/wsdoctor/probes"
)

func TestClean(t *testing.T) {
	cases := []struct{ in, want, ascii string }{
		{"plain text", "plain text", "plain text"},
		{"a\tb", "a    b", "a    b"},
		{"a\x1b[31mb\a", `a\x1b[31mb\x07`, `a\x1b[31mb\x07`},
		{"two\r\nlines", `two\r\nlines`, `two\r\nlines`},
		{"no\u00a0break", `no\u00a0break`, `no\u00a0break`},
		{"\u202egnitirw", `\u202egnitirw`, `\u202egnitirw`},
		{"\u009b31m", `\u009b31m`, `\u009b31m`},
		{"broken \xff\xfe", `broken \xff\xfe`, `broken \xff\xfe`},
		{"端口　占用", "端口　占用", `\u7aef\u53e3\u3000\u5360\u7528`},
		{"🩺", "🩺", `\U0001fa7a`},
		{"\x7f", `\x7f`, `\x7f`},
	}
	for _, c := range cases {
		if got := New(Options{}).Clean(c.in); got != c.want {
			t.Errorf("%q: got %q, want %q", c.in, got, c.want)
		}
		if got := New(Options{ASCII: true}).Clean(c.in); got != c.ascii {
			t.Errorf("%q in ASCII: got %q, want %q", c.in, got, c.ascii)
		}
	}
}

// Whatever a peer or a file holds, nothing that a terminal acts on comes through.
func FuzzClean(f *testing.F) {
	for _, s := range []string{"", "text", "\x1b]52;c;aGk=\a", "\u202e", "\xc3\x28", "端口\r\n", "a\u0301", "\u200d"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, ascii := range []bool{false, true} {
			got := New(Options{ASCII: ascii}).Clean(s)
			if !utf8.ValidString(got) {
				t.Errorf("%q: got broken UTF-8 %q", s, got)
			}
			for _, r := range got {
				if unicode.IsControl(r) || unicode.In(r, unicode.Cf) || ascii && r >= utf8.RuneSelf {
					t.Errorf("%q: %q came through in %q", s, r, got)
				}
			}
		}
	})
}

func TestSay(t *testing.T) {
	german := New(Options{Translate: func(format string) string {
		return map[string]string{"port %q is held": "Port %q ist belegt", "every port is open": "jeder Port ist offen"}[format]
	}})
	if got := german.Say(probes.T("port %q is held", "38888")); got != `Port "38888" ist belegt` {
		t.Errorf("got %s", got)
	}
	if got := german.Phrase("every port is open"); got != "jeder Port ist offen" {
		t.Errorf("got %s", got)
	}
	plain := New(Options{})
	if got := plain.Lines(probes.T("one\r\ntwo\x00\n")); len(got) != 2 || got[0] != "one" || got[1] != `two\x00` {
		t.Errorf("got %q", got)
	}
	if got := plain.Pasteable(probes.Verbatim("a\tb\nc\x1bd\u009be")); got != "a\tb\ncde" {
		t.Errorf("got %q", got)
	}
}

func TestMarksLineUp(t *testing.T) {
	for _, ascii := range []bool{false, true} {
		th := New(Options{ASCII: ascii})
		m := th.Marks
		seen := map[string]bool{}
		for _, mark := range append([]string{m.OK, m.Warned, m.Failed, m.Unknown, m.Skipped, m.Pending, m.Info}, m.Spin...) {
			if n := utf8.RuneCountInString(mark); n != utf8.RuneCountInString(m.OK) {
				t.Errorf("ascii %v: %q is %d cells wide", ascii, mark, n)
			}
		}
		for s := probes.Unknown; s <= probes.Skipped; s++ {
			mark, _ := th.Status(s)
			if seen[mark] {
				t.Errorf("ascii %v: %q stands for two statuses", ascii, mark)
			}
			seen[mark] = true
		}
		for s := probes.Info; s <= probes.Error; s++ {
			if mark, _ := th.Severity(s); strings.TrimSpace(mark) == "" {
				t.Errorf("severity %s has no mark", s)
			}
		}
	}
}
