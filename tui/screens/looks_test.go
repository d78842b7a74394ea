package screens

import (
	"strings"
	"testing"

	drawn "example.com/wsdoctor/tui/golden"
	"example.com/wsdoctor/tui/theme"
	"github.com/charmbracelet/x/ansi"
)

// looks are what else a terminal makes of a screen: its own sixteen colours, none, and characters below 0x80 alone.
var looks = []struct {
	name    string
	options theme.Options
}{
	{"16-colours", theme.Options{}},
	{"nocolor", theme.Options{NoColor: true}},
	{"ascii", theme.Options{ASCII: true}},
	{"ascii-nocolor", theme.Options{ASCII: true, NoColor: true}},
}

// inEveryLook is golden, and records the screen at the design size in each look, escape sequences made visible.
func inEveryLook(t *testing.T, name string, s Screen, st State) {
	t.Helper()
	golden(t, name, s, st)
	st.Width, st.Height = sizes[0].w, sizes[0].h
	for _, look := range looks {
		view := themed(t, s, theme.New(look.options)).View(st)
		if look.options.ASCII {
			for _, r := range ansi.Strip(view) {
				if r > 0x7e || r < 0x20 && r != '\n' {
					t.Errorf("%s: has %q", name, r)
				}
			}
		}
		drawn.Compare(t, name+"-80x24-"+look.name, strings.ReplaceAll(view, "\x1b", "␛"))
	}
}

// themed is a screen as it would have been made with another theme.
func themed(t *testing.T, s Screen, with theme.Theme) Screen {
	t.Helper()
	switch s := s.(type) {
	case overview:
		s.d.Theme = with
		return s
	case probe:
		s.d.Theme = with
		return s
	case balancerScreen:
		s.d.Theme = with
		return s
	case config:
		s.d.Theme = with
		return s
	case proxyScreen:
		s.d.Theme = with
		return s
	case setupScreen:
		s.d.Theme = with
		return s
	}
	t.Fatalf("%T has no theme here", s)
	return nil
}
