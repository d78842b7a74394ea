package lint

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"example.com/wsdoctor/probes"
)

var hostile = Document{
	Rules: []Rule{{"x/one", "fine", "it breaks", "https://example.org/a"}, {"x/two", "fine", "it breaks", "the manual, 4.2"}},
	Findings: []Finding{
		{ID: "x/one", Severity: probes.Error, File: "a\x1b[2J.conf", Line: 3, Column: 2, Width: 4, Source: "\tab\u00a0c\x1b[31m é",
			Title: probes.T("found %q\x1b[0m", "x"), Fix: []probes.Text{probes.Verbatim("\tpaste\x07;")}},
		{ID: "x/one", Severity: probes.Warning, File: "a\x1b[2J.conf", Line: 9, Column: 1, Source: "", Title: probes.T("again")},
		{ID: "x/two", Severity: probes.Info, Title: probes.T("missing everywhere"), Evidence: []probes.Evidence{{Where: "b:1", Saw: probes.T("nothing")}}},
		{ID: "x/two", Severity: probes.Error, File: "b", Line: 1, Column: 1, Title: probes.T("known"), Ignored: "on purpose"},
	},
}

func render(t *testing.T, format string, d Document) string {
	t.Helper()
	f, ok := Lookup(format)
	if !ok {
		t.Fatalf("no format %q", format)
	}
	var b bytes.Buffer
	if err := f.Write(&b, d); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestText shows a hostile line: what a terminal would obey is shown as a mark, one column each, so that the caret
// stands where it should.
func TestText(t *testing.T) {
	want := `a\x1b[2J.conf

  3:2  error  x/one
  found "x"\x1b[0m
      3 |  ab·c·[31m é
        |  ^~~
  why:  it breaks
        https://example.org/a
  fix:
        	paste\a;

  9:1  warning  x/one
  again


  info  x/two
  missing everywhere
        see b:1: nothing
  why:  it breaks
        the manual, 4.2
1 error, 1 warning, 1 info, 1 ignored by comments
`
	if got := render(t, "text", hostile); got != want {
		t.Errorf("is\n%s\nexpected\n%s", got, want)
	}
}

// TestLongLine shows the part of a line that matters.
func TestLongLine(t *testing.T) {
	line := strings.Repeat("a", 1000) + "HERE" + strings.Repeat("b", 1000)
	for column, want := range map[int]string{1001: "^~~~", 1: "^~~~", 2001: "^~~~"} {
		text := render(t, "text", Document{Findings: []Finding{{ID: "x/one", File: "f", Line: 1, Column: column, Width: 4, Source: line, Title: probes.T("long")}}})
		lines := strings.Split(text, "\n")
		mark := strings.Index(lines[5], "^")
		if len(lines[4]) > maxShown+20 || !strings.HasSuffix(lines[5], want) || column == 1001 && !strings.HasPrefix(lines[4][mark:], "HERE") {
			t.Errorf("column %d:\n%s", column, text)
		}
	}
}

func TestMachineFormats(t *testing.T) {
	for _, f := range Formats[1:] {
		for _, d := range []Document{hostile, {}} {
			var any map[string]any
			if err := json.Unmarshal([]byte(render(t, f.Name, d)), &any); err != nil {
				t.Errorf("%s is no JSON: %v", f.Name, err)
			}
		}
	}
	text := render(t, "sarif", hostile)
	if strings.Count(text, `"helpUri"`) != 1 || !strings.Contains(text, "it breaks (the manual, 4.2)") || strings.Count(text, `"suppressions"`) != 1 {
		t.Errorf("the SARIF is\n%s", text)
	}
}

func TestIgnoreReason(t *testing.T) {
	for _, c := range []struct{ line, above, want string }{
		{"a; # wsdoctor:ignore x/one a reason", "", "a reason"},
		{"a; # wsdoctor:ignore one", "", "no reason given"},
		{"a;", "  # wsdoctor:ignore x/one above", "above"},
		{"a;", "b; # wsdoctor:ignore x/one of another line", ""},
		{"a; # wsdoctor:ignore x/two other", "", ""},
		{"a wsdoctor:ignore x/one;", "", ""},
	} {
		if got := IgnoreReason("x/one", c.line, c.above); got != c.want {
			t.Errorf("%q below %q gives %q, expected %q", c.line, c.above, got, c.want)
		}
	}
}

func TestDiff(t *testing.T) {
	if got := Diff("f", "a\nb", "a\nb"); got != "" {
		t.Errorf("no change gives %q", got)
	}
	want := "--- f\n+++ f\n@@ -1,2 +1,3 @@\n a\n+c\n b\n\\ No newline at end of file\n"
	if got := Diff("f", "a\nb", "a\nc\nb"); got != want {
		t.Errorf("is %q, expected %q", got, want)
	}
}
