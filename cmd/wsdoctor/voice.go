package main

import (
	"fmt"
	"strings"

	"example.com/wsdoctor/probes"
	"github.com/clipperhouse/displaywidth"
)

// voice is the language in which a command speaks to people. Nil is English.
type voice func(format string) string

// voice is that of this call.
func (a *app) voice() voice { return voice(a.translate()) }

// tell says a line on standard error.
func (a *app) tell(format string, args ...any) {
	fmt.Fprintf(a.stderr, "wsdoctor: %s\n", a.voice().say(format, args...))
}

// say renders a format and its arguments.
func (v voice) say(format string, args ...any) string { return v.text(probes.T(format, args...)) }

// text renders a text.
func (v voice) text(t probes.Text) string { return t.In(v) }

// padded is s filled up to a number of columns, in which a Chinese character takes two.
func padded(s string, columns int) string {
	return s + strings.Repeat(" ", max(columns-displaywidth.String(s), 0))
}

// aligned sets rows out as a table with two blanks between its columns; the last one is not filled up.
func aligned(rows [][]string) string {
	var wide []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(wide) {
				wide = append(wide, 0)
			}
			wide[i] = max(wide[i], displaywidth.String(cell))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		for i, cell := range row {
			if i < len(row)-1 {
				cell = padded(cell, wide[i]+2)
			}
			b.WriteString(cell)
		}
		b.WriteByte('\n')
	}
	return b.String()
}
