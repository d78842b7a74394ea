package tui

import (
	"errors"
	"slices"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/tui/screens"
	tea "github.com/charmbracelet/bubbletea"
)

// errNoSave is said where the caller gave no way to save a report.
var errNoSave = errors.New("saving the report: there is no place for it")

// frameKey is a key that works on every screen.
type frameKey struct {
	screens.Key
	do func(app) (app, tea.Cmd)
}

// frameKeys lists the keys of the frame.
func (a app) frameKeys() []frameKey {
	var off probes.Text
	if a.first != nil {
		off = probes.T("first choose what runs on this host")
	}
	var keys []frameKey
	for i, e := range screens.All {
		key := screens.Key{Names: []string{e.Key}, Off: off}
		if i == 0 {
			key.Label = e.Key + "-" + screens.All[len(screens.All)-1].Key + " tab"
			key.Help = probes.T("show another screen (shift+tab: the one before)")
		}
		keys = append(keys, frameKey{key, func(a app) (app, tea.Cmd) { a.active = i; return a, nil }})
	}
	turn := func(by int) func(app) (app, tea.Cmd) {
		return func(a app) (app, tea.Cmd) {
			a.active = (a.active + by + len(a.screens)) % len(a.screens)
			return a, nil
		}
	}
	return append(keys,
		frameKey{screens.Key{Names: []string{"tab"}, Off: off}, turn(1)},
		frameKey{screens.Key{Names: []string{"shift+tab"}, Off: off}, turn(-1)},
		frameKey{screens.Key{Names: []string{"?"}, Label: "?", Hint: probes.T("keys"), Help: probes.T("show this list")},
			func(a app) (app, tea.Cmd) { a.help, a.helpTop = true, 0; return a, nil }},
		frameKey{screens.Key{Names: []string{"ctrl+z"}, Label: "ctrl+z", Help: probes.T("go to the background; fg comes back")},
			func(a app) (app, tea.Cmd) { return a, tea.Suspend }},
		frameKey{screens.Key{Names: []string{"Q"}, Label: "Q", Help: probes.T("quit, and leave this screen in the scrollback")},
			func(a app) (app, tea.Cmd) { a.keep = true; return a, tea.Quit }},
		frameKey{screens.Key{Names: []string{"q"}, Label: "q", Hint: probes.T("quit"), Help: probes.T("quit")},
			func(a app) (app, tea.Cmd) { return a, tea.Quit }},
	)
}

// typed takes what one read brought: over a slow line, several keys that were pressed one after the other come as one
// message. What was pasted is no key.
func (a app) typed(k tea.KeyMsg) (app, tea.Cmd) {
	switch {
	case k.Paste && a.shown().Prompt() == "":
		return a, nil
	case k.Paste || k.Type != tea.KeyRunes || len(k.Runes) < 2:
		return a.pressed(k)
	}
	var cmds []tea.Cmd
	for _, r := range k.Runes {
		var cmd tea.Cmd
		a, cmd = a.pressed(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune{r}, Alt: k.Alt})
		cmds = append(cmds, cmd)
	}
	return a, tea.Batch(cmds...)
}

// pressed takes a key.
func (a app) pressed(k tea.KeyMsg) (app, tea.Cmd) {
	a.note, a.bad = "", false
	name := k.String()
	switch {
	case name == "ctrl+c":
		a.interrupted = true
		return a, tea.Quit
	case a.help:
		return a.helpPressed(name), nil
	case a.shown().Prompt() != "" && !a.tooSmall():
		s, cmd := a.shown().Update(a.st, k)
		return a.become(s), cmd
	}
	if !a.tooSmall() {
		for _, key := range a.shown().Keys(a.st) {
			if !slices.Contains(key.Names, name) {
				continue
			}
			if !key.Off.IsZero() {
				a.note = a.theme.Say(probes.T("%s: %s", name, key.Off))
				return a, nil
			}
			s, cmd := key.Do()
			return a.become(s), cmd
		}
	}
	for _, key := range a.frameKeys() {
		if slices.Contains(key.Names, name) {
			if !key.Off.IsZero() {
				a.note = a.theme.Say(probes.T("%s: %s", name, key.Off))
				return a, nil
			}
			return key.do(a)
		}
	}
	return a, nil
}

// helpPressed takes a key while the list of keys is shown: it scrolls, or it closes.
func (a app) helpPressed(name string) app {
	end := max(len(a.helpLines())-a.helpHeight(), 0)
	switch name {
	case "up", "k":
		a.helpTop--
	case "down", "j":
		a.helpTop++
	case "pgup":
		a.helpTop -= a.helpHeight()
	case "pgdown":
		a.helpTop += a.helpHeight()
	default:
		a.help = false
	}
	a.helpTop = min(max(a.helpTop, 0), end)
	return a
}
