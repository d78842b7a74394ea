package tui

import (
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/tui/screens"
	"example.com/wsdoctor/tui/widgets"
	tea "github.com/charmbracelet/bubbletea"
)

// helpLabel is the width of a key's name in the list of keys.
const helpLabel = 10

// overlay is a text that is shown in the place of the screen until a key closes it.
type overlay int

// The overlays.
const (
	noOverlay overlay = iota
	keysOverlay
	handOverlay // the commands that do by hand what the screen shows
	whyOverlay  // what the screen shows, and why
)

// overHeight is how many lines of an overlay are shown at a time.
func (a app) overHeight() int { return max(a.st.Height-1, 1) }

// overView draws the overlay in the place of the screen.
func (a app) overView() string {
	t := a.theme
	title := probes.T("keys")
	switch a.over {
	case handOverlay:
		title = probes.T("by hand")
	case whyOverlay:
		title = probes.T("explained")
	}
	return strings.Join(append([]string{t.Titled(title, a.width)}, widgets.Window(a.overLines(), a.overTop, a.overHeight())...), "\n")
}

func (a app) overLines() []string {
	switch a.over {
	case handOverlay:
		return a.handLines()
	case whyOverlay:
		return a.whyLines()
	}
	return a.helpLines()
}

// commands are those that do by hand what the screen shows.
func (a app) commands() []string {
	if s, ok := a.shown().(screens.ByHand); ok {
		return s.Commands(a.st)
	}
	return nil
}

func (a app) handLines() []string {
	t := a.theme
	var lines []string
	for _, c := range a.commands() {
		style := t.Plain
		if strings.HasPrefix(c, "#") {
			style = t.Faint
		}
		for _, part := range widgets.Wrap(t.Clean(c), a.width-6, "  ") {
			lines = append(lines, "  "+t.Accent.Render(t.Marks.Bar)+" "+style.Render(part))
		}
	}
	return lines
}

func (a app) whyLines() []string {
	var lines []string
	s, ok := a.shown().(screens.Explained)
	if !ok {
		return nil
	}
	for i, text := range s.Explain(a.st) {
		if i > 0 {
			lines = append(lines, "")
		}
		for _, line := range widgets.Wrap(a.theme.Say(text), min(a.width-4, widestText), "") {
			lines = append(lines, "  "+line)
		}
	}
	return lines
}

// widestText is how wide a text gets on a big terminal; longer lines are hard to read.
const widestText = 110

// helpLines lists every key with what it does and why it does nothing now, then the marks.
func (a app) helpLines() []string {
	t := a.theme
	var lines []string
	for _, k := range a.keys() {
		if k.Help.IsZero() || k.Label == "" {
			continue
		}
		label, help, off := widgets.Fit(k.Label, helpLabel, ""), k.Help, !k.Off.IsZero()
		if off {
			help = probes.T("%s (%s)", k.Help, k.Off)
		}
		for _, line := range widgets.Wrap(t.Say(help), min(a.width-helpLabel-4, widestText), "") {
			if off {
				lines = append(lines, "  "+t.Faint.Render(label+" "+line))
			} else {
				lines = append(lines, "  "+t.Accent.Render(label)+" "+line)
			}
			label = strings.Repeat(" ", helpLabel)
		}
	}
	var marks []string
	for _, s := range statuses {
		marks = append(marks, screens.MarkAndWord(t, s))
	}
	return append(lines, "  "+strings.Join(marks, "   "))
}

// opened shows an overlay.
func (a app) opened(o overlay) app {
	a.over, a.overTop = o, 0
	return a
}

// overPressed takes a key while an overlay is shown: it scrolls, it copies commands, or it closes.
func (a app) overPressed(name string) (app, tea.Cmd) {
	end := max(len(a.overLines())-a.overHeight(), 0)
	var cmd tea.Cmd
	switch {
	case name == "up" || name == "k":
		a.overTop--
	case name == "down" || name == "j":
		a.overTop++
	case name == "pgup":
		a.overTop -= a.overHeight()
	case name == "pgdown":
		a.overTop += a.overHeight()
	case name == "y" && a.over == handOverlay:
		cmd = a.copy(a.commands())
	default:
		a.over = noOverlay
	}
	a.overTop = min(max(a.overTop, 0), end)
	return a, cmd
}
