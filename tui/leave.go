package tui

import (
	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/tui/screens"
	tea "github.com/charmbracelet/bubbletea"
)

// ends says what would end with the program; empty: nothing that matters to others.
func (a app) ends() probes.Text {
	for _, s := range a.screens {
		if l, ok := s.(screens.Leaves); ok {
			if text := l.Leaving(a.st); !text.IsZero() {
				return text
			}
		}
	}
	return probes.Text{}
}

// left leaves, or asks first where something runs that ends with the program.
func (a app) left() (app, tea.Cmd) {
	if !a.ends().IsZero() {
		a.leaving = true
		return a, nil
	}
	return a, tea.Quit
}

// leavingPressed takes the answer to that.
func (a app) leavingPressed(name string) (app, tea.Cmd) {
	switch name {
	case "y", "q":
		return a, tea.Quit
	case "k":
		next, cmd := a.forward(screens.EndNow{})
		return next.(app), tea.Sequence(cmd, tea.Quit)
	}
	a.leaving, a.stay, a.setUp = false, false, false
	return a, nil
}
