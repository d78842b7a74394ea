package tui

import (
	"slices"
	"strings"
	"testing"

	"example.com/wsdoctor/tui/screens"
)

// everywhere are the keys that every screen has, with what pressing one shows or asks for.
var everywhere = []struct {
	key  string
	does func(d *hand, before string) bool
}{
	{"?", shown("─ keys ─")},
	{"/", func(d *hand, _ string) bool { return strings.Contains(d.a.shown().Prompt(), "/") }},
	{"r", asks},
	{"p", shown("frozen")},
	{"y", asks},
	{"s", asks},
	{"!", shown("─ by hand ─")},
	{"x", shown("─ explained ─")},
}

// asks tells whether a key had something done, or another view drawn.
func asks(d *hand, before string) bool { return d.asked || plainView(d.a) != before }

func shown(text string) func(*hand, string) bool {
	return func(d *hand, before string) bool {
		return strings.Contains(plainView(d.a), text) && !strings.Contains(before, text)
	}
}

// A key that every screen has does something on every one of them, or says why it does not; and ? names it.
func TestTheKeysOfEveryScreen(t *testing.T) {
	for _, e := range screens.All {
		for _, when := range []string{"while the checks run", "after them"} {
			for _, k := range everywhere {
				t.Run(e.Title+" "+k.key+" "+when, func(t *testing.T) {
					d := byHand(t, madeUpOptions(), 200, 60)
					if when == "after them" {
						d.finish()
					}
					d.shows(e.Title)
					i := slices.IndexFunc(d.a.keys(), func(f frameKey) bool { return slices.Contains(f.Names, k.key) })
					if i < 0 {
						t.Fatal("there is no such key")
					}
					known, before := d.a.keys()[i], plainView(d.a)
					d.asked = d.send(key(k.key)) != nil
					switch {
					case !known.Off.IsZero():
						d.has(k.key + ": " + known.Off.String())
					case !k.does(d, before):
						t.Errorf("it does nothing:\n%s", plainView(d.a))
					}
					d = byHand(t, madeUpOptions(), 200, 60)
					d.shows(e.Title).press("?")
					d.has(known.Help.String())
				})
			}
		}
	}
}

// What is typed behind / is text, is shown as such, and esc lets go of it.
func TestTheFilterOfEveryScreen(t *testing.T) {
	for _, e := range screens.All {
		d := byHand(t, madeUpOptions(), 80, 24).finish().shows(e.Title)
		before := plainView(d.a)
		d.press("/")
		if d.a.shown().Prompt() == "" {
			continue // TestTheKeysOfEveryScreen has seen that it says why
		}
		d.press("q", "?", "端")
		d.has("/q?端")
		d.press("enter")
		d.has(`"q?端"`)
		d.press("esc")
		if got := plainView(d.a); got != before {
			t.Errorf("%s: esc leaves\n%s\nof\n%s", e.Title, got, before)
		}
	}
}
