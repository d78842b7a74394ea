package probes

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Printable returns s on one line, with everything that a terminal would obey or hide shown as an escape: control
// characters, line ends, bytes that are no UTF-8, the no-break space, the marks that turn the direction of writing.
// What stands in a report was sent by strangers; and a no-break space is at times the very fault.
//
// A line end is never kept, in a fix least of all: behind it a stranger's words would become a line that is pasted.
func Printable(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return r == utf8.RuneError || !unicode.IsPrint(r) }) {
		return s
	}
	return escapeUnless(unicode.IsPrint, s)
}

// ASCII is Printable for a terminal that knows no UTF-8. What the program itself writes has an ASCII form that reads
// better than an escape.
func ASCII(s string) string {
	s = strings.NewReplacer("…", "...", "–", "-", "—", "-", "→", "->", "·", "-", "±", "+/-", "“", `"`, "”", `"`, "’", "'").Replace(s)
	return escapeUnless(func(r rune) bool { return r < utf8.RuneSelf && unicode.IsPrint(r) }, s)
}

func escapeUnless(keep func(rune) bool, s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case keep(r):
			b.WriteRune(r)
		default:
			q := strconv.QuoteRuneToASCII(r)
			b.WriteString(q[1 : len(q)-1])
		}
		i += size
	}
	return b.String()
}
