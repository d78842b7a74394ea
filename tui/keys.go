package tui

import (
	"errors"
	"slices"
	"strings"

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
		keys = append(keys, frameKey{key, func(a app) (app, tea.Cmd) { return a.turned(i), nil }})
	}
	turn := func(by int) func(app) (app, tea.Cmd) {
		return func(a app) (app, tea.Cmd) {
			return a.turned((a.active + by + len(a.screens)) % len(a.screens)), nil
		}
	}
	open := func(o overlay) func(app) (app, tea.Cmd) {
		return func(a app) (app, tea.Cmd) { return a.opened(o), nil }
	}
	key := func(name string, hint, help, off probes.Text, do func(app) (app, tea.Cmd)) frameKey {
		return frameKey{screens.Key{Names: []string{name}, Label: name, Hint: hint, Help: help, Off: off}, do}
	}
	var none, noHand, noWhy probes.Text
	if len(a.commands()) == 0 {
		noHand = probes.T("there is nothing here to do by hand")
	}
	if _, ok := a.shown().(screens.Explained); !ok {
		noWhy = probes.T("this screen speaks for itself")
	}
	mouse := probes.T("leave the mouse to the terminal, to mark text with")
	if !a.mouse {
		mouse = probes.T("take the mouse: wheel, clicks on tabs and rows")
	}
	return append(append(keys, a.faultKeys()...),
		frameKey{screens.Key{Names: []string{"tab"}, Off: off}, turn(1)},
		frameKey{screens.Key{Names: []string{"shift+tab"}, Off: off}, turn(-1)},
		key(":", none, probes.T("everything that can be done, by name"), off, func(a app) (app, tea.Cmd) { a.palette = &palette{}; return a, nil }),
		key("p", none, probes.T("freeze what is shown, or go on"), off, app.toggled),
		key("y", none, probes.T("copy what is on the screen"), none, func(a app) (app, tea.Cmd) {
			return a, a.copy(strings.Split(strings.TrimSuffix(a.text(), "\n"), "\n"))
		}),
		key("s", none, probes.T("save what is on the screen as text"), off, func(a app) (app, tea.Cmd) { return a, a.saveScreen() }),
		key("!", none, probes.T("the commands that do the same by hand"), screens.First(off, noHand), open(handOverlay)),
		key("x", none, probes.T("explain what is shown"), screens.First(off, noWhy), open(whyOverlay)),
		key("m", none, mouse, none, app.mouseToggled),
		key("?", probes.T("keys"), probes.T("show this list"), none, open(keysOverlay)),
		key("ctrl+z", none, probes.T("go to the background; fg comes back"), none, func(a app) (app, tea.Cmd) { return a, tea.Suspend }),
		key("Q", none, probes.T("quit, and leave this screen in the scrollback"), none, func(a app) (app, tea.Cmd) { a.stay = true; return a.left() }),
		key("q", probes.T("quit"), probes.T("quit"), none, app.left),
	)
}

// mouseToggled takes the mouse, or gives it back to the terminal, which marks text with it.
func (a app) mouseToggled() (app, tea.Cmd) {
	a.mouse = !a.mouse
	if a.mouse {
		return a, tea.EnableMouseCellMotion
	}
	return a, tea.DisableMouse
}

// keys lists all keys that there are now: those of the screen, then those of the frame that the screen does not take
// for itself.
func (a app) keys() []frameKey {
	var out []frameKey
	taken := map[string]bool{}
	if !a.tooSmall() {
		for _, k := range a.shown().Keys(a.st) {
			for _, name := range k.Names {
				taken[name] = true
			}
			out = append(out, frameKey{k, func(a app) (app, tea.Cmd) {
				s, cmd := k.Do()
				return a.become(s), cmd
			}})
		}
	}
	for _, k := range a.frameKeys() {
		if !taken[k.Names[0]] {
			out = append(out, k)
		}
	}
	return out
}

// typed takes what one read brought: over a slow line, several keys that were pressed one after the other come as one
// message. What was pasted is no key.
func (a app) typed(k tea.KeyMsg) (app, tea.Cmd) {
	switch {
	case k.Alt && !k.Paste:
		// No key here has Alt: esc and what was pressed after it came in one read, which is what terminals send for Alt.
		a, esc := a.pressed(tea.KeyMsg{Type: tea.KeyEsc})
		k.Alt = false
		a, cmd := a.typed(k)
		return a, tea.Batch(esc, cmd)
	case k.Paste && a.shown().Prompt() == "" && a.palette == nil:
		return a, nil
	case k.Paste || k.Type != tea.KeyRunes || len(k.Runes) < 2:
		return a.pressed(k)
	}
	var cmds []tea.Cmd
	for _, r := range k.Runes {
		var cmd tea.Cmd
		a, cmd = a.pressed(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune{r}})
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
	case a.leaving:
		return a.leavingPressed(name)
	case a.palette != nil:
		return a.palettePressed(k)
	case a.faults != nil:
		return a.faultsPressed(name)
	case a.over != noOverlay:
		return a.overPressed(name)
	case a.shown().Prompt() != "" && !a.tooSmall():
		s, cmd := a.shown().Update(a.st, k)
		return a.become(s), cmd
	}
	for _, key := range a.keys() {
		if !slices.Contains(key.Names, name) {
			continue
		}
		if !key.Off.IsZero() {
			a.note = a.theme.Say(probes.T("%s: %s", name, key.Off))
			return a, nil
		}
		return key.do(a)
	}
	return a, nil
}
