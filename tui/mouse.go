package tui

import (
	"slices"

	"example.com/wsdoctor/tui/screens"
	tea "github.com/charmbracelet/bubbletea"
)

// wheelLines is how far one step of the wheel goes.
const wheelLines = 3

// moused takes the mouse: the wheel is the arrow keys, a click on a tab shows it, and a click on a row selects it.
// Nothing needs it.
func (a app) moused(m tea.MouseMsg) (app, tea.Cmd) {
	if m.Action != tea.MouseActionPress || a.tooSmall() || a.palette != nil || a.faults != nil {
		return a, nil
	}
	name := ""
	switch m.Button {
	case tea.MouseButtonWheelUp:
		name = "up"
	case tea.MouseButtonWheelDown:
		name = "down"
	case tea.MouseButtonLeft:
		if i := a.tabAt(m.X); m.Y == 0 && i >= 0 && a.first == nil {
			return a.turned(i), nil
		}
		s, rows := a.shown().(screens.Clickable)
		if rows && m.Y >= headerLines && a.over == noOverlay && a.shown().Prompt() == "" {
			return a.become(s.Clicked(a.st, m.X, m.Y-headerLines)), nil
		}
		return a, nil
	default:
		return a, nil
	}
	if a.over != noOverlay {
		for range wheelLines {
			a, _ = a.overPressed(name)
		}
		return a, nil
	}
	if a.shown().Prompt() != "" {
		return a, nil
	}
	for range wheelLines {
		for _, k := range a.shown().Keys(a.st) {
			if slices.Contains(k.Names, name) && k.Off.IsZero() {
				s, _ := k.Do() // moving asks for nothing
				a = a.become(s)
				break
			}
		}
	}
	return a, nil
}
