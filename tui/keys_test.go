package tui

import (
	"path/filepath"
	"testing"

	"example.com/wsdoctor/tui/screens"
	tea "github.com/charmbracelet/bubbletea"
)

func TestDisabledKeysSayWhy(t *testing.T) {
	d := byHand(t, madeUpOptions(), 80, 24)
	d.press("r")
	d.has("r: the checks are running")
	d.press("s")
	d.has("s: there is no report yet")
	d.finish().press("home", "y")
	d.has("y: there is nothing to fix here")
	d.press("c", "up", "y")
	d.has("y: it has no fix of its own: c goes to balancer/upgrade")
	d.press("o", "/", "f", "i", "r", "e", "enter", "y")
	d.has("y: this check names no fix", "1 of 12: problems, \"fire\"")
	d.press("esc", "esc", "esc")
	d.has("esc: there is nothing to go back from", "12 checks")
}

func TestFilterTakesKeysAsText(t *testing.T) {
	d := byHand(t, madeUpOptions(), 80, 24).finish()
	if cmd := d.press("/", "q", "?", " ", "x"); cmd != nil {
		t.Error("q quits while it is text")
	}
	d.has("/q? x", `nothing matches "q? x"; esc clears the filter`)
	d.press("backspace", "ctrl+u", "T", "I", "M", "E", "_", "enter")
	d.has("1 of 12: \"TIME_\"", "no port waits in TIME_WAIT", "wsdoctor wait 38889")
	d.press("/", "esc")
	d.has("12 checks")
	d.press("/", "s", "k", "i", "p", "enter") // a status can be looked for too
	d.has("2 of 12")
	if cmd := d.send(key("ctrl+c")); cmd == nil || !d.a.interrupted {
		t.Error("ctrl+c does not leave")
	}
}

func TestKeysThatComeTogether(t *testing.T) {
	d := byHand(t, madeUpOptions(), 80, 24).finish()
	d.send(key("gjjj"))
	d.has("─ ports/bindable ─")
	d.send(key("/resolve"))
	d.send(key("enter"))
	d.has("1 of 12", "─ handshake/resolve ─")
	escaped := key(keyOf(t, "Ports"))
	escaped.Alt = true // as esc comes where a key follows at once
	d.send(escaped)
	d.has("3 ports")
	d.shows("Checks").has("12 checks")
	d.press("/")
	d.send(key("resolve"))
	escaped = key("o")
	escaped.Alt = true
	d.send(escaped)
	d.has("of 12: problems")
	d.press("o")
	pasted := key("pq")
	pasted.Paste = true
	if cmd := d.send(pasted); cmd != nil {
		t.Error("a pasted q quits")
	}
	d.press("/")
	d.send(pasted)
	d.has("/pq")
}

func TestHelpListsEveryKey(t *testing.T) {
	d := byHand(t, madeUpOptions(), 120, 40).finish()
	keys := d.a.keys()
	seen := map[string]bool{}
	for _, k := range keys {
		for _, name := range k.Names {
			if seen[name] {
				t.Errorf("%s is two keys", name)
			}
			seen[name] = true
		}
	}
	d.press("?")
	for _, k := range keys {
		if !k.Help.IsZero() {
			d.has(k.Help.String())
		}
	}
	d.press("?")
	d.has("12 checks")
	d = byHand(t, madeUpOptions(), 60, 20).finish()
	d.press("?", "pgdown")
	d.has("quit", "✗ failed")
	d.press("up", "k", "j", "down", "pgup", "q")
	d.has("12 checks")
}

// keyOf is the number key of a screen.
func keyOf(t *testing.T, title string) string {
	t.Helper()
	for _, e := range screens.All {
		if e.Title == title {
			return e.Key
		}
	}
	t.Fatalf("there is no screen %q", title)
	return ""
}

func TestScreensAndLeaving(t *testing.T) {
	d := byHand(t, madeUpOptions(), 80, 24).finish()
	checks, ports := keyOf(t, "Checks"), keyOf(t, "Ports")
	for _, step := range []struct{ key, shows string }{{ports, "3 ports"}, {checks, "12 checks"}, {"tab", "3 ports"}, {"shift+tab", "12 checks"}, {"tab", "3 ports"}} {
		d.press(step.key)
		d.has(step.shows)
	}
	for _, name := range []string{"q", "Q", "ctrl+c"} {
		d := byHand(t, madeUpOptions(), 80, 24)
		cmd := d.send(key(name))
		if cmd == nil || cmd() != tea.Quit() {
			t.Errorf("%s does not leave", name)
		}
		if d.a.stay != (name == "Q") || d.a.interrupted != (name == "ctrl+c") {
			t.Errorf("%s: keep %v, interrupted %v", name, d.a.stay, d.a.interrupted)
		}
	}
}

// Whatever is pressed, in whatever size, the view stands.
func FuzzKeys(f *testing.F) {
	names := []string{"up", "down", "pgup", "pgdown", "home", "end", "enter", "esc", "tab", "shift+tab", "left", "right", "backspace", "ctrl+u",
		"j", "k", "J", "K", "g", "G", "h", "l", "1", "2", "3", "4", "5", "6", "7", "?", "/", "p", "o", ":", "x", "!", "m", "d", "t", "S", "]", "N", "r", "R", "c", "s", "y", "w", "n", " ", "端"}
	f.Add([]byte{25, 26, 6, 1, 1, 7, 23, 6, 1}, uint8(0), uint8(0), false)
	f.Add([]byte{6, 5, 3, 7, 24, 1, 1, 27, 8, 6}, uint8(20), uint8(4), true)
	f.Fuzz(func(t *testing.T, presses []byte, w, h uint8, choose bool) {
		o := madeUpOptions()
		o.Choose, o.SettingsPath = choose, filepath.Join(t.TempDir(), "wsdoctor.yaml")
		width, height := 60+int(w), 20+int(h)
		d := byHand(t, o, width, height)
		if !choose {
			d.finish()
		}
		for _, b := range presses {
			d.press(names[int(b)%len(names)])
			if d.a.st.Busy() {
				d.finish()
			}
			fits(t, "the view", d.a.View(), width, height, false)
		}
	})
}
