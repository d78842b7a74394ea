// Package lint is what findings about the lines of a file look like to people and to programs: their words, the formats
// that they are written in, the comment that silences one, and the unified diff. It reads no file and judges nothing:
// that is for the areas that know a configuration.
package lint

import (
	"cmp"
	"io"
	"strings"

	"example.com/wsdoctor/probes"
)

// Finding is one fault at one place of a file.
type Finding struct {
	ID       string // "<area>/<what>"
	Severity probes.Severity
	File     string // "" where something is missing everywhere
	Line     int    // the first is 1; 0 with File ""
	Column   int    // in bytes, the first is 1
	Width    int    // how many bytes from Column on are meant; at least 1
	Source   string // the line as it stands in the file, without its end
	Title    probes.Text
	Evidence []probes.Evidence
	Fix      []probes.Text // lines to paste
	Ignored  string        // the reason of a comment that silences it; "" where there is none
}

// Rule is what a format says of a rule once.
type Rule struct {
	ID, Title, Why string
	Docs           string // where the fact stands: an address, or a part of a manual
}

// Document is all that one call of lint has to say.
type Document struct {
	Version  string // of wsdoctor
	Rules    []Rule // that were asked, in their order
	Findings []Finding
	Walks    []Walk // what happens to a request; nil: not asked for

	// Translate, if not nil, turns an English format into the operator's language. Only text asks it.
	Translate func(format string) string
}

// rule returns the rule of an ID; the zero Rule where it was not asked.
func (d Document) rule(id string) Rule {
	for _, r := range d.Rules {
		if r.ID == id {
			return r
		}
	}
	return Rule{}
}

// Format is one way of writing a Document.
type Format struct {
	Name  string
	Write func(io.Writer, Document) error
}

// Formats lists every format; the first is the default.
var Formats = []Format{{"text", writeText}, {"json", writeJSON}, {"sarif", writeSARIF}}

// FormatNames returns the names of Formats for a sentence.
func FormatNames() string {
	var names []string
	for _, f := range Formats {
		names = append(names, f.Name)
	}
	return strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
}

// Lookup returns the format of a name.
func Lookup(name string) (Format, bool) {
	for _, f := range Formats {
		if f.Name == name {
			return f, true
		}
	}
	return Format{}, false
}

// Counts is how many findings there are of each severity, and how many were silenced by a comment.
type Counts struct {
	Error   int `json:"error"`
	Warning int `json:"warning"`
	Info    int `json:"info"`
	Ignored int `json:"ignored"`
}

// Count counts findings.
func Count(findings []Finding) Counts {
	var c Counts
	for _, f := range findings {
		switch {
		case f.Ignored != "":
			c.Ignored++
		case f.Severity == probes.Error:
			c.Error++
		case f.Severity == probes.Warning:
			c.Warning++
		default:
			c.Info++
		}
	}
	return c
}

// AtLeast returns how many findings that are not ignored have the severity or a higher one.
func (c Counts) AtLeast(s probes.Severity) int {
	n := c.Error
	if s <= probes.Warning {
		n += c.Warning
	}
	if s <= probes.Info {
		n += c.Info
	}
	return n
}

// IgnoreMark begins a comment that silences a finding on its own line or the next: `# wsdoctor:ignore ID reason`.
const IgnoreMark = "wsdoctor:ignore"

// IgnoreReason returns the reason for which a finding of an ID is to be ignored; "" where it is not. line is the line of
// the finding, above the one over it, in which nothing but the comment may stand. A mark without a reason counts, as
// "no reason given"; the ID in the comment may lack its area.
func IgnoreReason(id, line, above string) string {
	_, what, _ := strings.Cut(id, "/")
	for i, text := range []string{line, above} {
		_, comment, ok := strings.Cut(text, "#")
		if !ok || i == 1 && !strings.HasPrefix(strings.TrimSpace(text), "#") {
			continue
		}
		_, rest, ok := strings.Cut(comment, IgnoreMark)
		if !ok {
			continue
		}
		named, reason, _ := strings.Cut(strings.TrimSpace(rest), " ")
		if named == id || named == what {
			return cmp.Or(strings.TrimSpace(reason), "no reason given")
		}
	}
	return ""
}
