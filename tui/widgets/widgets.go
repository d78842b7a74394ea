// Package widgets holds small drawing functions over lines of styled text: fitting, wrapping, putting side by side,
// tables. Widths are in terminal cells, so that wide characters count twice. It keeps no state and knows no screen.
package widgets

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// Width returns how many cells s takes, escape sequences not counted.
func Width(s string) int { return ansi.StringWidth(s) }

// Cut shortens s to width cells; what was cut is marked by ellipsis.
func Cut(s string, width int, ellipsis string) string {
	if Width(s) <= width {
		return s
	}
	if Width(ellipsis) > width {
		ellipsis = ""
	}
	return ansi.Truncate(s, max(width, 0), ellipsis)
}

// Fit makes s exactly width cells wide.
func Fit(s string, width int, ellipsis string) string {
	s = Cut(s, width, ellipsis)
	return s + strings.Repeat(" ", max(0, width-Width(s)))
}

// Ends puts left and right at the two ends of a line of width cells. Where they do not both fit, left is cut.
func Ends(left, right string, width int, ellipsis string) string {
	if right == "" {
		return Cut(left, width, ellipsis)
	}
	room := width - Width(right) - 1
	if room < 0 {
		return Cut(right, width, ellipsis)
	}
	return Fit(left, room, ellipsis) + " " + right
}

// Wrap breaks unstyled s into lines of at most width cells, at blanks and beside wide characters (Chinese has no blanks),
// and inside a word only where it is longer than a line; every line after the first begins with indent. It breaks at no hyphen, so that ports, flags and addresses
// stay whole.
func Wrap(s string, width int, indent string) []string {
	if Width(indent) >= width {
		indent = ""
	}
	var out []string
	line := ""
	next := func() { out, line = append(out, strings.TrimRight(line, " ")), indent }
	for _, word := range pieces(s) {
		bare := strings.TrimRight(word, " ")
		if strings.TrimSpace(line) != "" && Width(line)+Width(bare) > width {
			next()
		}
		for Width(line)+Width(bare) > width {
			head := ansi.Truncate(bare, width-Width(line), "")
			if head == "" {
				break // not even one character fits
			}
			line += head
			next()
			bare, word = bare[len(head):], word[len(head):]
		}
		line += word
	}
	return append(out, strings.TrimRight(line, " "))
}

// Chinese punctuation that begins no line, and such that ends none (GB/T 15834, 5.1).
const (
	noLineStart = "，。、；：！？）」』】》”’…"
	noLineEnd   = "（「『【《“‘"
)

// pieces cuts s where a line may be broken: behind blanks, and beside wide characters.
func pieces(s string) []string {
	var out []string
	start, last := 0, rune(0)
	for i, r := range s {
		if i > 0 && (last == ' ' && r != ' ' || (wide(last) || wide(r)) && r != ' ' && !strings.ContainsRune(noLineEnd, last) && !strings.ContainsRune(noLineStart, r)) {
			out, start = append(out, s[start:i]), i
		}
		last = r
	}
	return append(out, s[start:])
}

func wide(r rune) bool { return r >= 0x1100 && Width(string(r)) == 2 }

// Top returns the first line to show of total lines in a window of height, so that line at stands near the middle.
// It depends on nothing else, so a resize needs no care.
func Top(at, total, height int) int {
	return min(max(at-height/2, 0), max(total-height, 0))
}

// Window returns height lines of lines from top on, padded with empty ones.
func Window(lines []string, top, height int) []string {
	out := make([]string, max(height, 0))
	top = max(top, 0)
	for i := range out {
		if top+i < len(lines) {
			out[i] = lines[top+i]
		}
	}
	return out
}

// Beside joins two columns of lines: left fitted to its width, then between, then right cut to its width.
func Beside(left []string, leftWidth int, between string, right []string, rightWidth int, ellipsis string) []string {
	out := make([]string, max(len(left), len(right)))
	at := func(lines []string, i int) string {
		if i < len(lines) {
			return lines[i]
		}
		return ""
	}
	for i := range out {
		out[i] = Fit(at(left, i), leftWidth, ellipsis) + between + Cut(at(right, i), rightWidth, ellipsis)
	}
	return out
}
