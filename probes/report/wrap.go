package report

import (
	"strings"
	"unicode/utf8"

	"github.com/clipperhouse/displaywidth"
)

// Wrap breaks s, which is UTF-8, into lines of at most width columns, at spaces and between characters two columns wide (Chinese is
// written without spaces). A word that is longer than a line stays whole, as paths and URLs are copied.
func Wrap(s string, width int) []string {
	var lines []string
	var line strings.Builder
	used := 0    // columns of line
	pending := 0 // spaces between line and the next unit
	for _, u := range units(s) {
		if u.space {
			pending += u.width
			continue
		}
		if line.Len() > 0 && used+pending+u.width > width {
			lines = append(lines, line.String())
			line.Reset()
			used, pending = 0, 0
		}
		line.WriteString(strings.Repeat(" ", pending) + u.text)
		used += pending + u.width
		pending = 0
	}
	return append(lines, line.String())
}

// unit is what a line break does not divide.
type unit struct {
	text  string
	width int // in columns
	space bool
}

// noLineStart are the marks that do not begin a line in Chinese (GB/T 15834, 5.1).
const noLineStart = "，。、；：！？）」』】》”’…"

// units cuts s into runs of spaces, words, and single wide characters with the marks that follow them.
func units(s string) []unit {
	var out []unit
	start, narrow := 0, false // of the unit being read: where it begins, and whether a break behind it would divide a word
	for i, r := range s {
		end, width := i+utf8.RuneLen(r), displaywidth.Rune(r)
		if len(out) > 0 {
			last := &out[len(out)-1]
			space := r == ' '
			if space && last.space || !space && !last.space && (width == 0 || width < 2 && narrow || strings.ContainsRune(noLineStart, r)) {
				last.text, last.width, narrow = s[start:end], last.width+width, width < 2
				continue
			}
		}
		out = append(out, unit{s[i:end], width, r == ' '})
		start, narrow = i, width < 2
	}
	return out
}
