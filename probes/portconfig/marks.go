package portconfig

import (
	"fmt"
	"strings"

	"example.com/wsdoctor/probes"
)

// marks are the signs by which blanks are made visible.
var marks = map[rune]string{' ': "␠", '\t': "␉", '\n': "␊", '\r': "␍"}

// names says what the characters are that people paste without seeing it.
var names = map[rune]probes.Text{
	' ':    probes.T("a space"),
	'\t':   probes.T("a tab"),
	'\n':   probes.T("a line break"),
	'\r':   probes.T("a carriage return"),
	0x00A0: probes.T("a no-break space"),
	0x3000: probes.T("a full-width space"),
	0x200B: probes.T("a zero-width space"),
	0x200C: probes.T("a zero-width non-joiner"),
	0x200D: probes.T("a zero-width joiner"),
	0x2060: probes.T("a word joiner"),
	0xFEFF: probes.T("a byte order mark"),
	0x202F: probes.T("a narrow no-break space"),
	'，':    probes.T("a full-width comma"),
	'、':    probes.T("an ideographic comma"),
	'；':    probes.T("a full-width semicolon"),
	'“':    probes.T("a typographic quote"),
	'”':    probes.T("a typographic quote"),
	'‘':    probes.T("a typographic quote"),
	'’':    probes.T("a typographic quote"),
	'＂':    probes.T("a full-width quote"),
	'［':    probes.T("a full-width bracket"),
	'］':    probes.T("a full-width bracket"),
	'【':    probes.T("a full-width bracket"),
	'】':    probes.T("a full-width bracket"),
	'。':    probes.T("an ideographic full stop"),
}

// Visible quotes s with a sign in place of every blank that would not be seen: all blanks at its ends, and inside it
// all but plain spaces. Control characters never reach the terminal.
func Visible(s string) string {
	runes := []rune(s)
	first, last := 0, len(runes)
	for first < last && isBlank(runes[first]) {
		first++
	}
	for last > first && isBlank(runes[last-1]) {
		last--
	}
	var b strings.Builder
	b.WriteByte('"')
	for i, r := range runes {
		inside := i >= first && i < last
		switch {
		case !isBlank(r), r == ' ' && inside:
			b.WriteRune(r)
		case marks[r] != "":
			b.WriteString(marks[r])
		default:
			fmt.Fprintf(&b, "<U+%04X>", r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// describe names one character: "，" (U+FF0C, a full-width comma).
func describe(r rune) probes.Text {
	switch name := names[r]; {
	case !name.IsZero() && isBlank(r):
		return probes.T("%s (U+%04X)", name, r)
	case !name.IsZero():
		return probes.T("\"%c\" (U+%04X, %s)", r, r, name)
	case isBlank(r):
		return probes.T("U+%04X, which is not seen", r)
	case r >= 0xFF01 && r <= 0xFF5E:
		return probes.T("\"%c\" (U+%04X, a full-width %c)", r, r, r-0xFF01+'!')
	case r > 0x7E:
		return probes.T("\"%c\" (U+%04X)", r, r)
	}
	return probes.Verbatim(fmt.Sprintf("\"%c\"", r))
}
