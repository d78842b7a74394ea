package tui

import (
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/tui/screens"
	"example.com/wsdoctor/tui/widgets"
	tea "github.com/charmbracelet/bubbletea"
)

// palette is the list of everything that can be done now, of which typed text leaves what contains it.
type palette struct {
	text string
	at   int
}

// choice is one line of the palette.
type choice struct {
	label, help string
	off         probes.Text
	do          func(app) (app, tea.Cmd)
}

// choices lists what the palette offers: the screens, what the shown one can do, what the frame can.
func (a app) choices() []choice {
	t := a.theme
	var out []choice
	for i, e := range screens.All {
		out = append(out, choice{e.Key, t.Say(probes.T("show %s", t.Phrase(e.Title))), probes.Text{}, func(a app) (app, tea.Cmd) { return a.turned(i), nil }})
	}
	out = append(out, a.faultChoices()...)
	for _, k := range a.keys() {
		if !k.Help.IsZero() && k.Names[0] != ":" {
			out = append(out, choice{k.Label, t.Say(k.Help), k.Off, k.do})
		}
	}
	words := strings.Fields(strings.ToLower(a.palette.text))
	kept := out[:0]
	for _, c := range out {
		all := true
		for _, w := range words {
			all = all && strings.Contains(strings.ToLower(c.help), w)
		}
		if all {
			kept = append(kept, c)
		}
	}
	return kept
}

func (a app) paletteView() string {
	t := a.theme
	lines := []string{t.Titled(probes.T("commands"), a.width)}
	all := a.choices()
	at := min(a.palette.at, max(len(all)-1, 0))
	var rows []string
	for i, c := range all {
		cursor, style := " ", t.Plain
		if !c.off.IsZero() {
			style = t.Faint
		}
		if i == at {
			cursor, style = t.Accent.Render(t.Marks.Cursor), t.Selected
		}
		rows = append(rows, cursor+" "+t.Faint.Render(widgets.Fit(c.label, helpLabel, ""))+" "+style.Render(widgets.Cut(c.help, a.width-helpLabel-4, t.Marks.Ellipsis)))
	}
	if len(rows) == 0 {
		rows = []string{"  " + t.Faint.Render(t.Say(probes.T("nothing matches %q", a.palette.text)))}
	}
	return strings.Join(append(lines, widgets.Window(rows, widgets.Top(at, len(rows), a.overHeight()), a.overHeight())...), "\n")
}

// palettePressed takes a key as text of the palette, or as a move in it.
func (a app) palettePressed(k tea.KeyMsg) (app, tea.Cmd) {
	p := *a.palette
	all := a.choices()
	switch k.Type {
	case tea.KeyEsc:
		a.palette = nil
		return a, nil
	case tea.KeyEnter:
		a.palette = nil
		if len(all) == 0 {
			return a, nil
		}
		c := all[min(p.at, len(all)-1)]
		if !c.off.IsZero() {
			a.note = a.theme.Say(probes.T("%s: %s", c.help, c.off))
			return a, nil
		}
		return c.do(a)
	case tea.KeyUp, tea.KeyShiftTab:
		p.at = max(min(p.at, len(all)-1)-1, 0)
	case tea.KeyDown, tea.KeyTab:
		p.at = min(p.at+1, max(len(all)-1, 0))
	default:
		p.text, p.at = screens.Edited(a.theme, p.text, k), 0
	}
	a.palette = &p
	return a, nil
}
