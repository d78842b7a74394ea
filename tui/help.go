package tui

import (
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/tui/screens"
	"example.com/wsdoctor/tui/widgets"
)

// helpLabel is the width of a key's name in the list of keys.
const helpLabel = 10

// helpHeight is how many lines of the list are shown at a time.
func (a app) helpHeight() int { return max(a.st.Height-1, 1) }

// helpView draws the list of keys in the place of the screen.
func (a app) helpView() string {
	t := a.theme
	title := " " + t.Say(probes.T("keys")) + " "
	rest := max(a.width-1-widgets.Width(title), 0)
	lines := []string{t.Faint.Render(t.Marks.Across) + t.Selected.Render(title) + t.Faint.Render(strings.Repeat(t.Marks.Across, rest))}
	lines = append(lines, widgets.Window(a.helpLines(), a.helpTop, a.helpHeight())...)
	return strings.Join(lines, "\n")
}

// helpLines lists every key with what it does and why it does nothing now, then the marks.
func (a app) helpLines() []string {
	t := a.theme
	var keys []screens.Key
	keys = append(keys, a.shown().Keys(a.st)...)
	for _, k := range a.frameKeys() {
		keys = append(keys, k.Key)
	}
	var lines []string
	for _, k := range keys {
		if k.Help.IsZero() {
			continue
		}
		label := widgets.Fit(k.Label, helpLabel, "")
		help := t.Say(k.Help)
		if !k.Off.IsZero() {
			off := widgets.Cut(t.Say(probes.T("%s (%s)", help, k.Off)), a.width-helpLabel-4, t.Marks.Ellipsis)
			lines = append(lines, "  "+t.Faint.Render(label+" "+off))
			continue
		}
		lines = append(lines, "  "+t.Accent.Render(label)+" "+help)
	}
	var marks []string
	for _, s := range statuses {
		marks = append(marks, screens.MarkAndWord(t, s))
	}
	return append(lines, "  "+strings.Join(marks, "   "))
}
