package setup

import (
	"context"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/tui/theme"
	"example.com/wsdoctor/tui/widgets"
	"example.com/wsdoctor/wizard"
	tea "github.com/charmbracelet/bubbletea"
)

// Embedded is the same steps inside a frame that has a header and a help line of its own, and other screens beside it.
// It is a value: Update returns the changed one.
type Embedded struct {
	m     model
	began string // the step that it began at
}

// goingOn is said where answers of an earlier session are there.
var goingOn = probes.T("going on where the last session was")

// Embed shows the step that a session is at. Work with the outside goes through do.
func Embed(s *wizard.Session, t theme.Theme, do func(func(context.Context) tea.Msg) tea.Cmd) Embedded {
	m := model{s: s, theme: t, do: do}
	if s.Resumed() {
		m.notes = append(m.notes, goingOn)
	}
	m.notes = append(m.notes, s.Draft().Found.Notes...)
	m.width, m.height = minWidth, minHeight // it draws in what Lines is told; a model without a size takes no keys
	m = m.load()
	return Embedded{m, m.q.step.ID}
}

// Begin looks at what the first step names.
func (e Embedded) Begin() tea.Cmd { return e.m.lookSoon(0) }

// Update takes a key, or what came of a look.
func (e Embedded) Update(msg tea.Msg) (Embedded, tea.Cmd) {
	if _, resized := msg.(tea.WindowSizeMsg); resized {
		return e, nil
	}
	next, cmd := e.m.Update(msg)
	e.m = next.(model)
	if e.m.done || e.m.err != nil {
		return e, nil // it would leave the program
	}
	return e, cmd
}

// Back asks the step before again.
func (e Embedded) Back() (Embedded, tea.Cmd) { return e.stepped((*wizard.Session).Back) }

// Undo takes the last answer back.
func (e Embedded) Undo() (Embedded, tea.Cmd) { return e.stepped((*wizard.Session).Undo) }

// Look looks at the ports of the present answer once more.
func (e Embedded) Look() (Embedded, tea.Cmd) { return e, e.m.lookSoon(0) }

func (e Embedded) stepped(change func(*wizard.Session) (bool, error)) (Embedded, tea.Cmd) {
	if e.m.busy {
		return e, nil
	}
	e.m.busy, e.m.done = true, false
	return e, e.m.step(func(s *wizard.Session) error { _, err := change(s); return err })
}

// Done tells that every step has its answer.
func (e Embedded) Done() bool { return e.m.done }

// Err is why the answers cannot be kept.
func (e Embedded) Err() error { return e.m.err }

// Title says which step is asked.
func (e Embedded) Title() probes.Text {
	return probes.T("step %d of %d: %s", e.m.q.at, e.m.q.of, e.m.q.step.Title)
}

// Answers draws every step with its answer, a line each.
func (e Embedded) Answers(t theme.Theme) []string {
	var out []string
	for _, g := range e.m.s.Given() {
		out = append(out, answerLine(t, g))
	}
	return out
}

// Hints says what the keys do while an answer is given.
func (e Embedded) Hints() [][2]string {
	if e.m.q.step.Secret {
		return [][2]string{{e.m.theme.Marks.Enter, "take, or go on without"}}
	}
	if e.m.q.choices != nil {
		return [][2]string{{e.m.theme.Marks.UpDown, "choose"}, {e.m.theme.Marks.Enter, "take"}}
	}
	return [][2]string{{"tab", "edit the suggestion"}, {e.m.theme.Marks.Enter, "take"}}
}

// Lines draws the step in so many lines of so many cells.
func (e Embedded) Lines(t theme.Theme, width, height int) []string {
	m := e.m
	m.theme = t
	m.width, m.height = width, height+1
	p := page{theme: m.theme, width: min(width-2, widestText)}
	if m.q.step.ID == e.began {
		m.found(&p)
	}
	m.tells(&p)
	m.asks(&p)
	m.input(&p)
	m.judged(&p)
	m.given(&p)
	lines := widgets.Window(p.lines, 0, height)
	for i, l := range lines {
		lines[i] = " " + widgets.Cut(l, width-2, m.theme.Marks.Ellipsis)
	}
	return lines
}
