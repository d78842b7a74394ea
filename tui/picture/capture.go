package main

import (
	"strconv"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// look is how a piece of text is drawn. Colours are numbers of the ANSI palette, -1 the terminal's own.
type look struct {
	bold, faint, reverse, underline bool
	fg, bg                          int
}

var plain = look{fg: -1, bg: -1}

// piece is text of one look, from a column on.
type piece struct {
	look
	text   string
	column int
	width  int // in cells
}

// line splits a line of a capture into pieces; what it begins with is the look that the line before ended with.
func line(s string, l look) ([]piece, look) {
	var out []piece
	column := 0
	for s != "" {
		i := strings.Index(s, "\x1b[")
		if i < 0 {
			i = len(s)
		}
		if i > 0 {
			w := ansi.StringWidth(s[:i])
			out = append(out, piece{l, s[:i], column, w})
			column += w
		}
		s = s[i:]
		if s == "" {
			break
		}
		end := strings.IndexByte(s, 'm')
		if end < 0 {
			break
		}
		l = l.after(s[2:end])
		s = s[end+1:]
	}
	return out, l
}

// after is a look after the parameters of an SGR sequence (ECMA-48, 8.3.117).
func (l look) after(parameters string) look {
	fields := strings.Split(parameters, ";")
	for i := 0; i < len(fields); i++ {
		n, _ := strconv.Atoi(fields[i])
		switch {
		case n == 0:
			l = plain
		case n == 1:
			l.bold = true
		case n == 2:
			l.faint = true
		case n == 4:
			l.underline = true
		case n == 7:
			l.reverse = true
		case n == 22:
			l.bold, l.faint = false, false
		case n == 24:
			l.underline = false
		case n == 27:
			l.reverse = false
		case n >= 30 && n <= 37:
			l.fg = n - 30
		case n >= 90 && n <= 97:
			l.fg = n - 90
		case n == 39:
			l.fg = -1
		case n >= 40 && n <= 47:
			l.bg = n - 40
		case n == 49:
			l.bg = -1
		}
	}
	return l
}
