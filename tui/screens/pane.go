package screens

import (
	"strings"

	"example.com/wsdoctor/tui/theme"
	"example.com/wsdoctor/tui/widgets"
)

// pane is a part of a screen under its title.
type pane struct {
	title   string
	focused bool // keys go to it
	more    bool // it holds more than is shown
}

// rule draws the horizontal line over one pane, or over two of which the first is at cells wide.
func rule(t theme.Theme, left, right pane, width, at int) string {
	if right.title == "" && at == 0 {
		return left.rule(t, width)
	}
	return left.rule(t, at) + t.Faint.Render(t.Marks.Tee) + right.rule(t, width-at-1)
}

func (p pane) rule(t theme.Theme, width int) string {
	across := func(n int) string { return t.Faint.Render(strings.Repeat(t.Marks.Across, max(n, 0))) }
	if p.title == "" || width < 6 {
		return across(width)
	}
	style := t.Faint
	if p.focused {
		style = t.Selected
	}
	title := " " + widgets.Cut(p.title, width-4, t.Marks.Ellipsis) + " "
	tail := ""
	if p.more {
		tail = " " + t.Marks.More + " "
	}
	rest := width - 1 - widgets.Width(title) - widgets.Width(tail)
	if rest < 1 {
		tail, rest = "", width-1-widgets.Width(title)
	}
	end := ""
	if tail != "" {
		rest--
		end = style.Render(tail) + across(1)
	}
	return across(1) + style.Render(title) + across(rest) + end
}
