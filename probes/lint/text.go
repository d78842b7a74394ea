package lint

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"example.com/wsdoctor/probes"
)

// writeText writes walks and findings for people: grouped by file, each with its line, a caret and what to paste, and
// the reason where a rule speaks for the first time.
func writeText(w io.Writer, d Document) error {
	if err := writeWalks(w, d.Walks, d.Translate); err != nil {
		return err
	}
	var b strings.Builder
	say := func(format string, args ...any) { b.WriteString(probes.T(format, args...).In(d.Translate)) }
	file := ""
	explained := map[string]bool{} // the reason of a rule is given once
	for _, f := range d.Findings {
		if f.Ignored != "" {
			continue
		}
		if f.File != file {
			file = f.File
			fmt.Fprintf(&b, "%s\n", safe(file))
		}
		writeFinding(&b, f, d.Translate)
		if r := d.rule(f.ID); r.ID != "" && !explained[f.ID] {
			explained[f.ID] = true
			say("  why:  %s\n        %s\n", probes.Phrase(r.Why), r.Docs)
		}
		for i, l := range f.Fix {
			if i == 0 {
				say("  fix:\n")
			}
			fmt.Fprintf(&b, "        %s\n", safe(l.In(d.Translate)))
		}
	}
	c := Count(d.Findings)
	say("%s, %s, %d info", probes.Counted(c.Error, "1 error", "%d errors"), probes.Counted(c.Warning, "1 warning", "%d warnings"), c.Info)
	if c.Ignored > 0 {
		say(", %d ignored by comments", c.Ignored)
	}
	b.WriteByte('\n')
	_, err := io.WriteString(w, b.String())
	return err
}

func writeFinding(b *strings.Builder, f Finding, translate func(string) string) {
	severity, title := probes.Phrase(f.Severity.String()).Text().In(translate), safe(f.Title.In(translate))
	if f.Line == 0 {
		fmt.Fprintf(b, "\n  %s  %s\n  %s\n", severity, f.ID, title)
	} else {
		fmt.Fprintf(b, "\n  %d:%d  %s  %s\n  %s\n", f.Line, f.Column, severity, f.ID, title)
	}
	if strings.TrimSpace(f.Source) != "" {
		source, column := excerpt(f.Source, f.Column)
		fmt.Fprintf(b, "  %5d | %s\n        | %s\n", f.Line, plain(source), caret(source, column, f.Width))
	}
	for _, e := range f.Evidence {
		b.WriteString(probes.T("        see %s: %s\n", e.Where, safe(e.Saw.In(translate))).In(translate))
	}
}

// maxShown is how many bytes of a line are shown.
const maxShown = 200

// excerpt cuts a line that is too long to be looked at to what stands around a column.
func excerpt(line string, column int) (string, int) {
	if len(line) <= maxShown {
		return line, column
	}
	from := max(0, min(column-1-maxShown/4, len(line)-maxShown))
	return strings.ToValidUTF8(line[from:from+maxShown], "·"), column - from
}

// plain shows what a terminal would obey, hide or widen as one mark each, so that a caret of as many blanks stands below
// its column. A no-break space, which is at times the very fault, becomes visible by it.
func plain(line string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case !unicode.IsPrint(r):
			return '·'
		}
		return r
	}, line)
}

// safe is probes.Printable that keeps tabs: a line to paste is indented by them.
func safe(s string) string {
	parts := strings.Split(s, "\t")
	for i := range parts {
		parts[i] = probes.Printable(parts[i])
	}
	return strings.Join(parts, "\t")
}

// caret marks width bytes of line from column col on, at most to its end.
func caret(line string, col, width int) string {
	before := line[:min(max(col, 1)-1, len(line))]
	marked := line[len(before):min(len(line), len(before)+max(width, 1))]
	n := max(1, utf8.RuneCountInString(marked))
	return strings.Repeat(" ", utf8.RuneCountInString(before)) + "^" + strings.Repeat("~", n-1)
}
