package widgets

import (
	"strings"

	"github.com/charmbracelet/lipgloss"
)

// Column is one column of a table.
type Column struct {
	Title  string
	Min    int  // cells it has at least
	Shrink bool // it may be cut where there is no room
	Right  bool // aligned so, as numbers are
}

// Cell is one field of a row.
type Cell struct {
	Text  string
	Style lipgloss.Style
}

// Table draws the titles and then each row in width cells. A column is as wide as its widest cell; where they do not
// all fit, those that may shrink give up cells down to their minimum, the widest first.
func Table(cols []Column, head lipgloss.Style, rows [][]Cell, width int, ellipsis string) []string {
	const gap = 2
	wide := make([]int, len(cols))
	total := gap * (len(cols) - 1)
	for i, c := range cols {
		wide[i] = max(c.Min, Width(c.Title))
		for _, r := range rows {
			wide[i] = max(wide[i], Width(r[i].Text))
		}
		total += wide[i]
	}
	for ; total > width; total-- {
		widest := -1
		for i, c := range cols {
			if c.Shrink && wide[i] > c.Min && (widest < 0 || wide[i] > wide[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			break
		}
		wide[widest]--
	}
	draw := func(at int, s string, style lipgloss.Style) string {
		s = Cut(s, wide[at], ellipsis)
		pad := strings.Repeat(" ", wide[at]-Width(s))
		if cols[at].Right {
			return pad + style.Render(s)
		}
		return style.Render(s) + pad
	}
	sep := strings.Repeat(" ", gap)
	out := make([]string, 0, len(rows)+1)
	parts := make([]string, len(cols))
	for i, c := range cols {
		parts[i] = draw(i, c.Title, head)
	}
	out = append(out, Cut(strings.Join(parts, sep), width, ""))
	for _, r := range rows {
		for i := range cols {
			parts[i] = draw(i, r[i].Text, r[i].Style)
		}
		out = append(out, Cut(strings.Join(parts, sep), width, ""))
	}
	return out
}
