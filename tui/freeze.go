package tui

import tea "github.com/charmbracelet/bubbletea"

// frozen tells what is kept from the screens while the operator reads: what has come in the meantime.
type frozen struct {
	on   bool
	held []tea.Msg
}

// keep holds a message back.
func (a app) keep(msg tea.Msg) app {
	a.ice.held = append(a.ice.held[:len(a.ice.held):len(a.ice.held)], msg)
	return a
}

// toggled freezes what is shown, or lets go on, with all that has come since.
func (a app) toggled() (app, tea.Cmd) {
	if !a.ice.on {
		a.ice.on = true
		return a, nil
	}
	held := a.ice.held
	a.ice = frozen{}
	var cmds []tea.Cmd
	for _, msg := range held {
		next, cmd := a.take(msg)
		a, cmds = next.(app), append(cmds, cmd)
	}
	if a.st.Busy() && !a.spinning {
		a.spinning = true
		cmds = append(cmds, a.spin())
	}
	return a, tea.Batch(cmds...)
}
