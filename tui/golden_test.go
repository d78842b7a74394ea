package tui

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/tui/golden"
	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"
)

func plainView(a app) string { return ansi.Strip(a.View()) }

// scenes are what an operator comes to see, each as the keys that lead there.
var scenes = []struct {
	name string
	set  func(*Options)
	do   func(*hand)
}{
	{"checks", nil, func(d *hand) { d.finish() }},
	{"details", nil, func(d *hand) { d.finish().press("enter") }},
	{"running", nil, func(d *hand) {
		for _, e := range []probes.Event{
			{Area: "portconfig"}, {Area: "ports"}, {Area: "firewall"}, {Area: "handshake"},
			{Area: "portconfig", Finished: true, Results: []probes.Result{{ID: "portconfig/range", Area: "portconfig", Status: probes.OK}}},
		} {
			d.send(areaChanged(e))
		}
	}},
	{"fine", func(o *Options) { o.Probes = o.Probes[1:2]; o.Probes[0] = portsProbe(o.Target.Now, noWait) }, func(d *hand) { d.finish() }},
	{"problems", nil, func(d *hand) { d.finish().press("o", "home") }},
	{"filter", nil, func(d *hand) { d.finish().press("/", "u", "p", "g") }},
	{"evidence", nil, func(d *hand) { d.finish().press("up", "enter") }},
	{"ports", nil, func(d *hand) { d.finish().shows("Ports").press("j") }},
	{"help", nil, func(d *hand) { d.finish().press("?") }},
	{"choose", func(o *Options) { o.Choose, o.SettingsPath = true, "/srv/wsdoctor.yaml" }, func(*hand) {}},
	{"write", func(o *Options) { o.Choose, o.SettingsPath = true, "/srv/wsdoctor.yaml" }, func(d *hand) { d.press("j", "w") }},
}

func noWait() time.Duration { return 0 }

// The design sizes: one terminal over SSH, the smallest, a big one.
var sizes = []struct{ w, h int }{{80, 24}, {60, 20}, {120, 40}}

func scene(t *testing.T, i int, w, h int, set func(*Options)) *hand {
	o := madeUpOptions()
	if scenes[i].set != nil {
		scenes[i].set(&o)
	}
	if set != nil {
		set(&o)
	}
	d := byHand(t, o, w, h)
	scenes[i].do(d)
	return d
}

func TestViewsAreAsRecorded(t *testing.T) {
	for i, s := range scenes {
		for _, size := range sizes {
			name := fmt.Sprintf("%s-%dx%d", s.name, size.w, size.h)
			t.Run(name, func(t *testing.T) {
				golden.Compare(t, name, plainView(scene(t, i, size.w, size.h, nil).a))
			})
		}
	}
	looks := map[string]func(*Options){
		"colour":        func(*Options) {},
		"nocolor":       func(o *Options) { o.NoColor = true },
		"ascii":         func(o *Options) { o.ASCII = true },
		"ascii-nocolor": func(o *Options) { o.ASCII, o.NoColor = true, true },
	}
	for look, set := range looks {
		for i, s := range scenes {
			if s.name != "checks" && s.name != "ports" {
				continue
			}
			name := s.name + "-80x24-" + look
			t.Run(name, func(t *testing.T) {
				golden.Compare(t, name, visible(scene(t, i, 80, 24, set).a.View()))
			})
		}
	}
}

// visible writes escape sequences so that a golden can be read and compared in a pull request.
func visible(view string) string { return strings.ReplaceAll(view, "\x1b", "␛") }

// Whatever the size, a view fills the terminal to the line and never runs over its right edge; without colour there
// is no colour, and in ASCII nothing else.
func TestViewsFitAnySize(t *testing.T) {
	for i, s := range scenes {
		for _, ascii := range []bool{false, true} {
			d := scene(t, i, 80, 24, func(o *Options) { o.ASCII, o.NoColor = ascii, ascii })
			for _, w := range []int{60, 61, 75, 76, 77, 80, 99, 133, 220} {
				for _, h := range []int{20, 21, 24, 50} {
					d.send(tea.WindowSizeMsg{Width: w, Height: h})
					fits(t, fmt.Sprintf("%s at %dx%d, ascii %v", s.name, w, h, ascii), d.a.View(), w, h, ascii)
				}
			}
		}
	}
}

func fits(t *testing.T, what, view string, w, h int, ascii bool) {
	t.Helper()
	golden.Fits(t, what, view, w, h)
	if !ascii {
		return
	}
	for _, r := range view {
		if r > 0x7e || r < 0x20 && r != '\n' && r != 0x1b {
			t.Errorf("%s: has %q", what, r)
		}
	}
	if m := colourSequence.FindString(view); m != "" {
		t.Errorf("%s: has the colour %q", what, m)
	}
}
