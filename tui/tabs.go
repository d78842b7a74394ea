package tui

import (
	"strings"

	"example.com/wsdoctor/tui/screens"
	"example.com/wsdoctor/tui/widgets"
)

// tabs draws the names of the screens. Spare leaves out the blanks around those that are not shown; bare leaves out
// their names as well. ends has the column behind each.
func (a app) tabs(spare, bare bool) (bar string, ends []int) {
	t := a.theme
	var parts []string
	at := 0
	for i, e := range screens.All {
		label := e.Key + " " + t.Phrase(e.Title)
		switch {
		case i == a.active:
			label = t.Tab.Render(t.Marks.TabLeft + label + t.Marks.TabRight)
		case bare:
			label = t.Faint.Render(e.Key + " ")
		case spare:
			// Around the one that is shown stand its own marks.
			if i < len(screens.All)-1 && i+1 != a.active {
				label += " "
			}
			label = t.Faint.Render(label)
		default:
			label = t.Faint.Render(" " + label + " ")
		}
		at += widgets.Width(label)
		parts, ends = append(parts, label), append(ends, at)
	}
	return strings.Join(parts, ""), ends
}

// titleLine says where one is: the host, the product, the settings, and the tabs. Where that is too much for the
// width, the tabs have the line for themselves and the rest stands below (named is false), or they lose their names.
// left is the column of the first tab.
func (a app) titleLine() (line string, named bool, left int, ends []int) {
	t := a.theme
	width := a.width - 2
	name := t.Selected.Render("wsdoctor")
	if a.first != nil {
		return widgets.Ends(name+"  "+a.where(), "", width, t.Marks.Ellipsis), true, 0, nil
	}
	dot := t.Faint.Render(" " + t.Marks.Dot + " ")
	title := name + "  " + a.where()
	bar, ends := a.tabs(false, false)
	if widgets.Width(title)+2+widgets.Width(bar) > width {
		if bar, ends = a.tabs(true, false); widgets.Width(bar) <= width {
			return bar, false, 1, ends
		}
		bar, ends = a.tabs(true, true)
	}
	room := width - widgets.Width(title) - widgets.Width(dot) - widgets.Width(bar) - 1
	if by := a.settings(room); by != "" {
		title += dot + t.Faint.Render(by)
	}
	return widgets.Ends(title, bar, width, t.Marks.Ellipsis), true, 1 + width - widgets.Width(bar), ends
}

// where names the host and the product.
func (a app) where() string {
	t := a.theme
	var parts []string
	if a.st.Host != "" {
		parts = append(parts, t.Strong.Render(t.Clean(a.st.Host)))
	}
	if a.first == nil {
		parts = append(parts, t.Phrase(productTitle(a.st.Config.Product)))
	}
	return strings.Join(parts, t.Faint.Render(" "+t.Marks.Dot+" "))
}

// turned shows another screen.
func (a app) turned(to int) app {
	a.active, a.over, a.palette, a.faults = to, noOverlay, nil, nil
	return a
}

// tabAt returns the tab at a column of the first line; -1 where there is none.
func (a app) tabAt(x int) int {
	_, _, left, ends := a.titleLine()
	if x < left {
		return -1
	}
	for i, end := range ends {
		if x < left+end {
			return i
		}
	}
	return -1
}
