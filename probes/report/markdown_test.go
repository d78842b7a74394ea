package report

import (
	"bytes"
	"encoding/xml"
	"io"
	"strings"
	"testing"

	"example.com/wsdoctor/probes"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer/html"
)

// rendered is what a Markdown processor of GitHub's dialect makes of a report.
type rendered struct {
	tags  map[string]int
	cells []string // of the table's body
	code  []string // the text of each code block
}

func render(t *testing.T, md []byte) rendered {
	t.Helper()
	var b bytes.Buffer
	g := goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(html.WithUnsafe(), html.WithXHTML()))
	if err := g.Convert(md, &b); err != nil {
		t.Fatal(err)
	}
	out := rendered{tags: map[string]int{}}
	d := xml.NewDecoder(io.MultiReader(strings.NewReader("<body>"), &b, strings.NewReader("</body>")))
	d.Strict, d.Entity = true, xml.HTMLEntity
	var text strings.Builder
	for {
		tok, err := d.Token()
		if err == io.EOF {
			return out
		}
		if err != nil {
			t.Fatalf("the HTML made of it is broken: %v\n%s", err, md)
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			out.tags[tok.Name.Local]++
			if tok.Name.Local == "td" || tok.Name.Local == "pre" {
				text.Reset()
			}
		case xml.CharData:
			text.Write(tok)
		case xml.EndElement:
			switch tok.Name.Local {
			case "td":
				out.cells = append(out.cells, text.String())
			case "pre":
				out.code = append(out.code, text.String())
			}
		}
	}
}

// Rendered as GitHub does, raw HTML allowed, a report has the table it should have, and no element that it did not
// write itself.
func TestMarkdownRenders(t *testing.T) {
	own := map[string]bool{"body": true, "h1": true, "h2": true, "h3": true, "p": true, "strong": true, "code": true, "pre": true,
		"ul": true, "li": true, "table": true, "thead": true, "tbody": true, "tr": true, "th": true, "td": true}
	for name, r := range cases {
		var b bytes.Buffer
		if err := writeMarkdown(&b, r, Options{}); err != nil {
			t.Fatal(err)
		}
		got := render(t, b.Bytes())
		for tag := range got.tags {
			if !own[tag] {
				t.Errorf("%s: holds <%s>:\n%s", name, tag, b.Bytes())
			}
		}
		if got.tags["td"] != 4*len(r.Results) {
			t.Errorf("%s: the table has %d cells, expected %d", name, got.tags["td"], 4*len(r.Results))
		}
		for i, res := range r.Results {
			if row := got.cells[4*i : 4*i+4]; row[1] != res.Status.String() || row[2] != res.ID+" "+res.Title {
				t.Errorf("%s: row %d reads %q", name, i, row)
			}
		}
		var want []string
		for _, c := range r.Causes {
			want = append(want, joined(c.Fix))
		}
		for _, res := range r.Results {
			for _, f := range res.Findings {
				var evidence strings.Builder
				for _, e := range f.Evidence {
					evidence.WriteString(probes.Printable(seen(e, nil)) + "\n")
				}
				want = append(want, evidence.String(), joined(f.Fix))
			}
		}
		for _, code := range want {
			if code == "" {
				continue
			}
			if len(got.code) == 0 || got.code[0] != code {
				t.Errorf("%s: code reads %q, expected %q", name, got.code, code)
				break
			}
			got.code = got.code[1:]
		}
	}
}

func joined(lines []probes.Text) string {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(probes.Printable(l.String()) + "\n")
	}
	return b.String()
}

func FuzzMarkdown(f *testing.F) {
	f.Add(nasty)
	f.Add("```\n~~~\n<!--")
	f.Add("`` ` | \\| \\")
	f.Add("[a]: http://e\n- x")
	f.Fuzz(func(t *testing.T, s string) {
		var b bytes.Buffer
		r := report(probes.Result{ID: "a/b", Area: "a", Title: "fine", Status: probes.Failed, Findings: []probes.Finding{{
			Severity: probes.Error, Subject: s, Title: probes.Verbatim(s), Evidence: []probes.Evidence{{Where: s}}, Fix: []probes.Text{probes.Verbatim(s)},
		}}})
		r.Host = s
		if err := writeMarkdown(&b, r, Options{}); err != nil {
			t.Fatal(err)
		}
		got := render(t, b.Bytes())
		for _, tag := range []string{"a", "script", "img", "em", "del", "input", "blockquote"} {
			if got.tags[tag] > 0 {
				t.Errorf("%q became <%s>:\n%s", s, tag, b.Bytes())
			}
		}
		if got.tags["td"] != 4 || got.tags["pre"] != 2 {
			t.Errorf("%q: %d cells and %d code blocks, expected 4 and 2:\n%s", s, got.tags["td"], got.tags["pre"], b.Bytes())
		}
	})
}
