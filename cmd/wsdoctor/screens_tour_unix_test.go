//go:build unix

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"example.com/wsdoctor/probes/lang"
	"example.com/wsdoctor/tui/tuitest"
)

// liveTour is what stands on each screen of a set-up with a real fault, after which keys. Texts are formats, as the
// catalogue of a language has them; verbatim ones are the same in every language.
var liveTour = []struct {
	screen   string
	keys     []string
	texts    []string
	verbatim []string
	back     []string // undoes keys
}{
	{"Overview", nil, []string{"the path", "clients"}, []string{"✗ nginx", "✓ node1", "426 Upgrade"}, nil},
	{"Checks", []string{"/", "upgrade-header", "Enter"}, nil, []string{`"upgrade-header"`, "▌ ✗ "}, []string{"Escape"}},
	{"Ports", nil, []string{"bind now?"}, nil, nil},
	{"Probe", nil, nil, []string{"ws://127.0.0.1:"}, nil},
	{"Balancer", nil, []string{"stickiness", "idle limit", "not tested"}, []string{"ws://127.0.0.1:"}, nil},
	{"Config", []string{"/", "proxy_pass", "Enter"}, nil, []string{"nginx.conf", "▌✗", "proxy_pass http://nodes;", "nginx/http-version"}, []string{"Escape"}},
	{"Proxy", []string{"S"}, []string{"do it", "do not"}, nil, []string{"n"}},
	{"Set-up", nil, []string{"set-up", "begin"}, nil, nil},
}

// What the program shows of a real nginx with a real fault, on every screen, at three sizes, in every language.
func TestLiveTourOnATerminal(t *testing.T) {
	for _, l := range lang.Languages {
		t.Run(l.Tag, func(t *testing.T) {
			t.Parallel()
			settings := behindNginx(t, "proxy_set_header Host $http_host;", nodes(t, 1)...)
			tm := onTerminal(t, settings, 200, 60, "--lang", l.Tag, "--only", "ports,handshake,balancer,nginx")
			translate := lang.Translate(l.Tag)
			for i, size := range []struct{ w, h int }{{200, 60}, {80, 24}, {60, 20}} {
				if i > 0 {
					tm.Do("resize-window", "-x", fmt.Sprint(size.w), "-y", fmt.Sprint(size.h))
				} else {
					firstRunEnds(tm)
				}
				for _, stop := range liveTour {
					want := slices.Clone(stop.verbatim)
					for _, text := range stop.texts {
						if translate != nil {
							text = translate(text)
						}
						want = append(want, text)
					}
					tm.Press(screenKey(t, stop.screen))
					tm.Press(stop.keys...)
					tm.Shows(want...)
					tm.Press(stop.back...)
				}
			}
			tm.Do("resize-window", "-x", "59", "-y", "20")
			tm.Shows("59x20", "60x20")
			tm.Press("q")
			tm.Restored()
		})
	}
}

// firstRunEnds waits until the first run has ended, in whatever language: what it found is then known.
func firstRunEnds(tm *tuitest.Terminal) {
	tm.Until("the end of the first run", func(s string) bool { return strings.Contains(s, "→ ") && strings.Contains(s, "✓ node1") })
}

// The keys that every screen has, on a real terminal: each does something on every screen, or says why not.
func TestTheKeysOfEveryScreenOnATerminal(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "wsdoctor.yaml")
	if err := os.WriteFile(file, []byte(behindNginx(t, "proxy_set_header Host $http_host;", nodes(t, 1)...)), 0o644); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	tm := tuitest.InTmux(t, fmt.Sprintf("env -C %s %s=1 %s --config %s --only ports,handshake,balancer,nginx", dir, asMain, self, file), 100, 30)
	checked(tm)
	files := func() int {
		found, err := filepath.Glob(filepath.Join(dir, "wsdoctor-*"))
		if err != nil {
			t.Fatal(err)
		}
		return len(found)
	}
	for _, stop := range liveTour {
		tm.Press(screenKey(t, stop.screen), "?")
		tm.Shows("─ keys ─")
		tm.Press("x", "x")
		tm.Shows("─ explained ─")
		tm.Press("!", "!")
		tm.Shows("─ by hand ─", "│ ")
		tm.Press("q", "p")
		tm.Shows("frozen")
		tm.Press("p", "/")
		if s := tm.Until("a filter, or why there is none", func(s string) bool { return strings.Contains(s, "\n /: ") || strings.Contains(s, "esc clears it") }); strings.Contains(s, "esc clears it") {
			tm.Press("zz")
			tm.Shows("/zz")
			tm.Press("Escape")
		}
		before := files()
		tm.Press("s")
		tm.Shows("saved the ")
		if files() != before+1 {
			t.Errorf("%s: s has written no file of its own", stop.screen)
		}
		tm.Do("set-buffer", "nothing yet")
		tm.Press("y")
		tm.Until("a copy", func(s string) bool {
			return strings.Contains(s, "copied ") && tm.Do("show-buffer") != "nothing yet" || strings.Contains(s, "\n y: ")
		})
		tm.Press("r")
		tm.Until("another look", func(s string) bool {
			return strings.Contains(s, " areas") || strings.Contains(s, "checked again: ") || strings.Contains(s, "\n r: ")
		})
		tm.Until("its end", func(s string) bool { return !strings.Contains(s, " areas") })
	}
	tm.Press("q")
	tm.Restored()
}
