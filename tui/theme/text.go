package theme

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"example.com/wsdoctor/probes"
	"github.com/charmbracelet/lipgloss"
	"github.com/charmbracelet/x/ansi"
)

// tabWidth is how many spaces a tab in evidence becomes: real tab stops would make a line's width depend on where it
// is drawn.
const tabWidth = 4

// Say renders a text for the screen, on one line. It is the one place where a text's language is chosen.
func (t Theme) Say(text probes.Text) string { return t.Clean(text.In(t.translate)) }

// Lines is Say for a text that may have several lines.
func (t Theme) Lines(text probes.Text) []string {
	whole := strings.TrimRight(strings.ReplaceAll(text.In(t.translate), "\r\n", "\n"), "\n")
	lines := strings.Split(whole, "\n")
	for i := range lines {
		lines[i] = t.Clean(lines[i])
	}
	return lines
}

// Phrase renders a constant sentence of a rule: its title, its reason to exist.
func (t Theme) Phrase(english string) string {
	if t.translate != nil {
		english = t.translate(english)
	}
	return t.Clean(english)
}

// Clean makes a string safe and honest to draw on one line: what a terminal would act on or not show (control
// characters, escape sequences, direction marks, no-break spaces, broken UTF-8) is written out as an escape.
func (t Theme) Clean(s string) string {
	if plain(s, t.ascii) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case r == '\t':
			b.WriteString(strings.Repeat(" ", tabWidth))
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case shown(r) && (r < utf8.RuneSelf || !t.ascii):
			b.WriteRune(r)
		case r < utf8.RuneSelf:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
		s = s[n:]
	}
	return b.String()
}

// shown tells whether a terminal shows r as what it is. The ideographic space is text in Chinese.
func shown(r rune) bool { return unicode.IsPrint(r) || r == '\u3000' }

// plain tells whether s can be drawn as it is.
func plain(s string, ascii bool) bool {
	for _, r := range s {
		if r == utf8.RuneError || !shown(r) || ascii && r >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// Pasteable returns a fix as it goes to the clipboard: as it was written, but for control characters, which a shell
// would act on.
func (t Theme) Pasteable(text probes.Text) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, text.In(t.translate))
}

// Underlined draws s in a style, and underlined: by one sequence, where lipgloss sends one for each character, twelve
// bytes long, which a slow line shows.
func (t Theme) Underlined(style lipgloss.Style, s string) string {
	if s == "" {
		return ""
	}
	return "\x1b[4m" + style.Render(s) + "\x1b[24m"
}

// Titled draws a horizontal rule of width cells with a title at its left end.
func (t Theme) Titled(title probes.Text, width int) string {
	name := " " + t.Say(title) + " "
	rest := max(width-1-ansi.StringWidth(name), 0)
	return t.Faint.Render(t.Marks.Across) + t.Selected.Render(name) + t.Faint.Render(strings.Repeat(t.Marks.Across, rest))
}
