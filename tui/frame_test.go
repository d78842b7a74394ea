package tui

import (
	"strings"
	"testing"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/tui/screens"
	tea "github.com/charmbracelet/bubbletea"
)

func TestThePalette(t *testing.T) {
	d := byHand(t, madeUpOptions(), 80, 24).finish()
	d.press(":")
	d.has("─ commands ─", "show Overview")
	d.press("p", "o", "r", "t", "s")
	d.has(":ports", "show Ports")
	d.lacks("show Overview")
	d.press("enter")
	d.has("3 ports")
	d.press(":", "x", "x", "enter")
	d.lacks("─ commands ─")
	d.press(":", "z", "z", "backspace", "backspace", "down", "up", "esc")
	d.lacks("─ commands ─")
	d.press(":")
	d.send(key("run all")) // several keys in one read
	d.has(":run all")
	d.shows("Checks").press(":")
	d.send(key("fix"))
	d.press("down", "down", "down", "up", "enter")
}

// While it is frozen nothing moves, keys go on, and nothing of what came is lost.
func TestFreezing(t *testing.T) {
	d := byHand(t, madeUpOptions(), 80, 24)
	d.send(areaChanged(probes.Event{Area: "ports"}))
	d.press("p")
	d.has("frozen")
	d.send(areaChanged(probes.Event{Area: "ports", Finished: true, Results: []probes.Result{{ID: "ports/holder", Area: "ports", Status: probes.Failed}}}))
	d.lacks("✗ 1 failed")
	d.press("down")
	d.has("▌ · every port lies")
	d.press("p")
	d.has("✗ 1 failed")
	d.lacks("frozen")
}

func TestByHandAndExplained(t *testing.T) {
	d := byHand(t, madeUpOptions(), 80, 24).finish()
	d.press("!")
	d.has("─ by hand ─", "wsdoctor check --only balancer/upgrade")
	if cmd := d.press("y"); cmd == nil {
		t.Error("y copies nothing")
	} else if c, ok := cmd().(copied); !ok || c.lines == 0 {
		t.Error("the commands are not copied")
	}
	d.press("esc", "x")
	d.has("─ explained ─", "hop-by-hop")
	d.press("esc")
	d.has("12 checks")
}

func TestSavingAScreen(t *testing.T) {
	o := madeUpOptions()
	var name, text string
	o.SaveScreen = func(n, s string) (string, error) { name, text = n, s; return "/tmp/" + n + ".txt", nil }
	d := byHand(t, o, 80, 24).finish().shows("Overview")
	if m := d.press("s")(); m != nil {
		d.send(m)
	}
	d.has("saved the screen as /tmp/overview.txt")
	if name != "overview" || !strings.Contains(text, "─ the path ─") || strings.Contains(text, "\x1b") {
		t.Errorf("saved %q: %q", name, text)
	}
}

func TestTheMouse(t *testing.T) {
	d := byHand(t, madeUpOptions(), 80, 24).finish().shows("Overview")
	click := func(x, y int, b tea.MouseButton) {
		d.send(tea.MouseMsg{X: x, Y: y, Button: b, Action: tea.MouseActionPress})
	}
	line := strings.SplitN(plainView(d.a), "\n", 2)[0]
	for i, e := range screens.All {
		at := strings.Index(line, e.Key+" "+e.Title)
		if at < 0 {
			t.Fatalf("%q has no tab %s", line, e.Title)
		}
		click(at, 0, tea.MouseButtonLeft)
		if d.a.active != i {
			t.Errorf("a click on %s shows %s", e.Title, screens.All[d.a.active].Title)
		}
		line = strings.SplitN(plainView(d.a), "\n", 2)[0]
	}
	d.shows("Checks").press("home")
	click(5, 10, tea.MouseButtonWheelDown)
	d.has("▌ ✓ every configured port")
	click(5, 10, tea.MouseButtonWheelUp)
	click(79, 0, tea.MouseButtonLeft)
	d.has("▌ – the keys are spelled")
	// Two lines below the header stands the first check; below the third line of the ports' table the second port.
	click(5, headerLines+2, tea.MouseButtonLeft)
	d.has("─ portconfig/key-name ─")
	click(5, headerLines+4, tea.MouseButtonLeft)
	d.has("─ portconfig/ephemeral-range ─")
	click(5, headerLines+1, tea.MouseButtonLeft) // the name of an area
	click(60, headerLines+3, tea.MouseButtonLeft)
	d.has("─ portconfig/ephemeral-range ─", "12 checks")
	click(5, headerLines+4, tea.MouseButtonLeft) // it is selected: this opens it
	d.lacks("12 checks")
	d.shows("Ports")
	click(5, headerLines+3, tea.MouseButtonLeft)
	d.has("─ port 38889 ─")
	d.shows("Balancer")
	click(5, headerLines+4, tea.MouseButtonLeft)
	d.has("▌ · capacity")
	if cmd := d.press("m"); cmd == nil || d.a.mouse {
		t.Error("m does not leave the mouse to the terminal")
	}
	if cmd := d.press("m"); cmd == nil || !d.a.mouse {
		t.Error("m does not take it again")
	}
}

// What is asked for goes to the screen that knows it.
func TestShowingAnotherScreen(t *testing.T) {
	d := byHand(t, madeUpOptions(), 80, 24).finish().shows("Overview")
	d.press("enter")
	d.has("─ balancer/upgrade ─")
	d.send(screens.Show{Screen: "nowhere"})
	d.has("─ balancer/upgrade ─")
}

// ending is a screen on which something runs that ends with the program.
type ending struct {
	screens.Screen
	ended *int
}

func (e ending) Leaving(screens.State) probes.Text { return probes.T("the proxy here ends too") }

func (e ending) Update(_ screens.State, msg tea.Msg) (screens.Screen, tea.Cmd) {
	if _, ok := msg.(screens.EndNow); ok {
		*e.ended++
	}
	return e, nil
}

func TestLeavingAsksWhatBecomesOfAProxy(t *testing.T) {
	ended := 0
	start := func() *hand {
		d := byHand(t, madeUpOptions(), 80, 24).finish()
		d.a.screens[0] = ending{d.a.screens[0], &ended}
		if cmd := d.send(key("q")); cmd != nil {
			t.Fatal("q leaves without a question")
		}
		d.has("the proxy here ends too: y leaves, k at once, esc stays")
		return d
	}
	d := start()
	d.press("esc")
	d.lacks("ends too")
	if cmd := start().send(key("y")); cmd == nil || cmd() != tea.Quit() {
		t.Error("y does not leave")
	}
	if cmd := start().send(key("k")); cmd == nil || ended != 1 {
		t.Errorf("k ends %d", ended)
	}
}
