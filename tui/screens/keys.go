package screens

import (
	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/tui/theme"
	tea "github.com/charmbracelet/bubbletea"
)

// farAway is further than any list is long.
const farAway = 1 << 20

// navigation lists the keys that move through a list or a text: move is asked for the screen by so many lines, page is
// how many a page has.
func navigation(m theme.Marks, hint probes.Text, page int, move func(by int) Screen) []Key {
	by := func(n int) func() (Screen, tea.Cmd) {
		return func() (Screen, tea.Cmd) { return move(n), nil }
	}
	return []Key{
		{Names: []string{"up", "k"}, Label: m.UpDown, Hint: hint, Help: probes.T("one line up and down (also k and j)"), Do: by(-1)},
		{Names: []string{"down", "j"}, Do: by(1)},
		{Names: []string{"pgup", "ctrl+b"}, Label: "pgup/pgdn", Help: probes.T("one page up and down"), Do: by(-page)},
		{Names: []string{"pgdown", "ctrl+f"}, Do: by(page)},
		{Names: []string{"home", "g"}, Label: "home/end", Help: probes.T("to the first and the last (also g and G)"), Do: by(-farAway)},
		{Names: []string{"end", "G"}, Do: by(farAway)},
	}
}

// First returns the first text that says something.
func First(texts ...probes.Text) probes.Text {
	for _, t := range texts {
		if !t.IsZero() {
			return t
		}
	}
	return probes.Text{}
}

// press is the Do of a key that changes the screen, and asks for nothing.
func press(next func() Screen) func() (Screen, tea.Cmd) {
	return func() (Screen, tea.Cmd) { return next(), nil }
}

// request is the Do of a key that leaves the screen as it is and asks the frame for something.
func request(s Screen, msg tea.Msg) func() (Screen, tea.Cmd) {
	return func() (Screen, tea.Cmd) { return s, ask(msg) }
}

// Edited is a line of text after a key was typed into it.
func Edited(t theme.Theme, text string, k tea.KeyMsg) string {
	switch k.Type {
	case tea.KeyRunes, tea.KeySpace:
		return text + t.Clean(string(k.Runes))
	case tea.KeyBackspace:
		if r := []rune(text); len(r) > 0 {
			return string(r[:len(r)-1])
		}
	case tea.KeyCtrlU:
		return ""
	}
	return text
}

// Typing draws a line of text that is being typed, behind what it is for; hint says how it ends.
func Typing(t theme.Theme, label, text string, hint probes.Text) string {
	return t.Accent.Render(label) + text + t.Accent.Render(t.Marks.Caret) + "  " + t.Faint.Render(t.Say(hint))
}
