package tui

import (
	"context"
	"strconv"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/tui/screens"
	"example.com/wsdoctor/tui/widgets"
	tea "github.com/charmbracelet/bubbletea"
)

// Fault is something that can be made wrong on request, for a demonstration.
type Fault struct {
	Title probes.Text
	On    func() bool // whether it is in; it may end by itself
	// Toggle puts it in, or takes it back, and returns what is to be checked from then on.
	Toggle func(context.Context) (probes.Target, error)
}

// faultList is the list of faults while it is shown.
type faultList struct{ at int }

// Messages of the list.
type (
	faultsSeen    []bool // whether each fault is in
	faultsChanged struct {
		target probes.Target
		title  probes.Text
		on     bool
		seen   []bool
	}
)

// faultKeys opens the list; there is none where there is nothing to be made wrong.
func (a app) faultKeys() []frameKey {
	if len(a.o.Faults) == 0 {
		return nil
	}
	return []frameKey{{screens.Key{
		Names: []string{"b"}, Label: "b", Hint: probes.T("break something"), Help: probes.T("put a fault in, or take it back"),
	}, app.faultsOpened}}
}

func (a app) faultsOpened() (app, tea.Cmd) {
	a.faults = &faultList{}
	return a, a.lookAtFaults()
}

// lookAtFaults asks which faults are in.
func (a app) lookAtFaults() tea.Cmd {
	list := a.o.Faults
	if len(list) == 0 {
		return nil
	}
	return a.work.do(func() tea.Msg { return faultsSeen(areIn(list)) })
}

func areIn(list []Fault) []bool {
	out := make([]bool, len(list))
	for i, f := range list {
		out[i] = f.On()
	}
	return out
}

// isIn tells whether a fault was in at the last look.
func (a app) isIn(i int) bool { return i < len(a.faultsIn) && a.faultsIn[i] }

// faultsLookedAt takes what the last look saw. A fault that has ended by itself has changed what the checks say.
func (a app) faultsLookedAt(seen []bool) (tea.Model, tea.Cmd) {
	before := a
	a.faultsIn = seen
	for i, f := range a.o.Faults {
		if before.isIn(i) && !a.isIn(i) && !a.breaking {
			a.note, a.bad = a.theme.Say(probes.T("over by itself: %s", f.Title)), false
			return a.recheck()
		}
	}
	return a, nil
}

// recheck runs everything again, after the present run if there is one.
func (a app) recheck() (app, tea.Cmd) {
	a.asked = false
	if a.st.Busy() {
		a.stale = true
		return a, nil
	}
	return a.started(nil)
}

// toggleFault is what a key or the palette does with one fault.
func (a app) toggleFault(i int) (app, tea.Cmd) {
	a.faults = nil
	if a.breaking {
		return a, nil
	}
	a.breaking = true
	f, list := a.o.Faults[i], a.o.Faults
	a.note, a.bad = a.theme.Say(faultHelp(f, a.isIn(i))), false
	return a, a.work.under(func(ctx context.Context) tea.Msg {
		target, err := f.Toggle(ctx)
		if err != nil {
			return failed{err}
		}
		return faultsChanged{target, f.Title, f.On(), areIn(list)}
	})
}

// faultHelp says what the key would do.
func faultHelp(f Fault, in bool) probes.Text {
	if in {
		return probes.T("take back: %s", f.Title)
	}
	return probes.T("break: %s", f.Title)
}

// faultsHaveChanged checks what is different now, and shows where the cause is named.
func (a app) faultsHaveChanged(msg faultsChanged) (tea.Model, tea.Cmd) {
	a.breaking, a.faultsIn = false, msg.seen
	a.target, a.st.Config = msg.target, msg.target.Config
	note := probes.T("taken back: %s", msg.title)
	if msg.on {
		note = probes.T("in: %s", msg.title)
	}
	a.note, a.bad = a.theme.Say(note), false
	return a.recheck()
}

// faultChoices are the faults as lines of the palette.
func (a app) faultChoices() []choice {
	var out []choice
	for i, f := range a.o.Faults {
		out = append(out, choice{"b " + strconv.Itoa(i+1), a.theme.Say(faultHelp(f, a.isIn(i))), probes.Text{}, func(a app) (app, tea.Cmd) { return a.toggleFault(i) }})
	}
	return out
}

func (a app) faultsView() []string {
	t := a.theme
	lines := []string{t.Titled(probes.T("break something"), a.width), ""}
	for i, f := range a.o.Faults {
		cursor, style := " ", t.Plain
		if i == a.faults.at {
			cursor, style = t.Accent.Render(t.Marks.Cursor), t.Selected
		}
		mark := t.Faint.Render(widgets.Fit(t.Say(probes.T("off")), faultState, ""))
		if a.isIn(i) {
			mark = t.Fail.Render(widgets.Fit(t.Say(probes.T("IN")), faultState, ""))
		}
		title := widgets.Cut(t.Say(f.Title), a.width-faultState-8, t.Marks.Ellipsis)
		lines = append(lines, " "+cursor+" "+t.Accent.Render(strconv.Itoa(i+1))+"  "+mark+" "+style.Render(title))
	}
	lines = append(lines, "")
	for _, text := range []probes.Text{
		probes.T("Each is done for real: processes are killed or stopped, sockets left in TIME_WAIT, settings reloaded. Then the checks run again, and the overview names the cause."),
		probes.T("A fault that is in is taken back in the same way."),
	} {
		for _, l := range widgets.Wrap(t.Say(text), min(a.width-4, widestText), "") {
			lines = append(lines, "  "+t.Faint.Render(l))
		}
	}
	return lines
}

// faultState is how wide the word is that says whether a fault is in.
const faultState = 4

// faultsPressed takes a key while the list is shown.
func (a app) faultsPressed(name string) (app, tea.Cmd) {
	list := *a.faults
	last := len(a.o.Faults) - 1
	switch name {
	case "up", "k", "shift+tab":
		list.at = max(list.at-1, 0)
	case "down", "j", "tab":
		list.at = min(list.at+1, last)
	case "home", "g":
		list.at = 0
	case "end", "G":
		list.at = last
	case "enter", " ":
		return a.toggleFault(list.at)
	default:
		n, err := strconv.Atoi(name)
		if err == nil && n >= 1 && n <= last+1 {
			return a.toggleFault(n - 1)
		}
		a.faults = nil
		return a, nil
	}
	a.faults = &list
	return a, nil
}
