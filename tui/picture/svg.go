package main

import (
	"encoding/xml"
	"fmt"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// The measures of a cell and of the margin, in SVG units.
const (
	cellWidth, cellHeight = 8.4, 17.0
	margin                = 16.0
	baseline              = 12.8 // of a text, below the top of its cell
)

// Colours of a dark terminal.
const (
	paper = "#16181d"
	ink   = "#d5d8de"
)

var palette = []string{"#3b4048", "#ff6b68", "#5fd38a", "#e8bf5a", "#6cabea", "#d59bf6", "#5cc8d8", ink}

// sides are the halves of a cell that a box character has lines in: 1 up, 2 down, 4 left, 8 right. They are drawn as
// lines, because in many fonts they do not meet.
var sides = map[rune]int{'─': 12, '│': 3, '┌': 10, '┐': 6, '└': 9, '┘': 5, '├': 11, '┤': 7, '┬': 14, '┴': 13, '┼': 15}

// SVG draws a capture. Every text stands at its column and is as long as its cells, whatever font it is shown in.
func SVG(capture string) string {
	lines := strings.Split(strings.TrimRight(capture, "\n"), "\n")
	var body strings.Builder
	l, widest := plain, 0
	for y, s := range lines {
		var pieces []piece
		pieces, l = line(s, l)
		for _, p := range pieces {
			draw(&body, p, margin+float64(y)*cellHeight)
			widest = max(widest, p.column+p.width)
		}
	}
	width, height := round(2*margin+float64(widest)*cellWidth), 2*margin+float64(len(lines))*cellHeight
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" width="%g" height="%g" font-family="ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace" font-size="14" fill="%s">
<rect width="100%%" height="100%%" rx="8" fill="%s"/>
%s</svg>
`, width, height, width, height, ink, paper, body.String())
}

// draw writes a piece whose cells begin at height top.
func draw(b *strings.Builder, p piece, top float64) {
	colour, ground := ink, ""
	if p.fg >= 0 {
		colour = palette[p.fg]
	}
	if p.bg >= 0 {
		ground = palette[p.bg]
	}
	if p.reverse {
		if ground == "" {
			ground = paper
		}
		colour, ground = ground, colour
	}
	left := margin + float64(p.column)*cellWidth
	if ground != "" {
		fmt.Fprintf(b, `<rect x="%g" y="%g" width="%g" height="%g" fill="%s"/>`+"\n", round(left), top, round(float64(p.width)*cellWidth), cellHeight, ground)
	}
	style := ""
	if colour != ink {
		style += fmt.Sprintf(` fill="%s"`, colour)
	}
	if p.faint {
		style += ` opacity=".62"`
	}
	if p.bold {
		style += ` font-weight="700"`
	}
	if p.underline {
		style += ` text-decoration="underline"`
	}
	var path, word strings.Builder
	begin, at, blanks := 0, 0, 0
	say := func() {
		text := strings.TrimRight(word.String(), " ")
		if text != "" {
			x := left + float64(begin)*cellWidth
			fmt.Fprintf(b, `<text x="%g" y="%g" textLength="%g" lengthAdjust="spacingAndGlyphs"%s>`, round(x), top+baseline, round(float64(ansi.StringWidth(text))*cellWidth), style)
			_ = xml.EscapeText(b, []byte(text)) // a strings.Builder takes everything
			b.WriteString("</text>\n")
		}
		word.Reset()
		blanks = 0
	}
	for _, r := range p.text {
		w := ansi.StringWidth(string(r))
		x := left + float64(at)*cellWidth
		switch s, box := sides[r]; {
		case box:
			say()
			path.WriteString(stroke(s, x, top))
		case r >= '▁' && r <= '█':
			say()
			tall := cellHeight * float64(r-'▁'+1) / 8
			fmt.Fprintf(b, `<rect x="%g" y="%g" width="%g" height="%g"%s/>`+"\n", round(x), round(top+cellHeight-tall), cellWidth, round(tall), style)
		case r == ' ':
			// Two blanks end a text: in a row, each would be as wide as the font has it.
			if blanks++; blanks > 1 {
				say()
			} else if word.Len() > 0 {
				word.WriteRune(r)
			}
		default:
			if blanks > 1 || word.Len() == 0 {
				begin = at
			}
			blanks = 0
			word.WriteRune(r)
		}
		at += w
	}
	say()
	if path.Len() > 0 {
		fmt.Fprintf(b, `<path d="%s" stroke="%s" stroke-width="1.2" fill="none"%s/>`+"\n", path.String(), colour, strings.ReplaceAll(style, fmt.Sprintf(` fill="%s"`, colour), ""))
	}
}

// stroke is the lines of a box character whose cell begins at x, y.
func stroke(s int, x, y float64) string {
	cx, cy := round(x+cellWidth/2), round(y+cellHeight/2)
	out := ""
	for i, to := range []struct{ x, y float64 }{{cx, y}, {cx, y + cellHeight}, {round(x), cy}, {round(x + cellWidth), cy}} {
		if s&(1<<i) != 0 {
			out += fmt.Sprintf("M%g %gL%g %g", cx, cy, to.x, to.y)
		}
	}
	return out
}

func round(v float64) float64 { return float64(int(v*10+0.5)) / 10 }
