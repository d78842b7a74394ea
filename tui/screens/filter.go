package screens

import (
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/tui/theme"
	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"
)

// filter leaves of a screen what contains a text.
type filter struct {
	text   string
	typing bool // keys are text
}

// prompt is the Prompt of a screen with a filter.
func (f filter) prompt(t theme.Theme) string {
	if !f.typing {
		return ""
	}
	return Typing(t, "/", f.text, probes.T("%s keeps it, esc clears it", t.Marks.Enter))
}

// typed takes a key as text.
func (f filter) typed(t theme.Theme, k tea.KeyMsg) filter {
	switch k.Type {
	case tea.KeyEsc:
		return filter{}
	case tea.KeyEnter, tea.KeyUp, tea.KeyDown, tea.KeyTab:
		f.typing = false
	default:
		f.text = Edited(t, f.text, k)
	}
	return f
}

// passes tells whether one of the parts contains the text, in whatever case.
func (f filter) passes(parts ...string) bool {
	return f.text == "" || strings.Contains(strings.ToLower(strings.Join(parts, "\n")), strings.ToLower(f.text))
}

// lines leaves those of drawn lines that contain the text.
func (f filter) lines(t theme.Theme, all []string) []string {
	if f.text == "" {
		return all
	}
	var out []string
	for _, line := range all {
		if f.passes(ansi.Strip(line)) {
			out = append(out, line)
		}
	}
	if len(out) == 0 && len(all) > 0 {
		return []string{" " + t.Faint.Render(t.Say(f.nothing()))}
	}
	return out
}

// nothing says that nothing contains the text.
func (f filter) nothing() probes.Text {
	return probes.T("nothing matches %q; esc clears the filter", f.text)
}

// titled adds the text to the title of what it filters.
func (f filter) titled(t theme.Theme, title string) string {
	if f.text == "" {
		return title
	}
	return t.Say(probes.T("%s: %q", title, f.text))
}

// key is the key that lets the text be typed.
func (f filter) key(help, off probes.Text, become func(filter) Screen) Key {
	f.typing = true
	return Key{Names: []string{"/"}, Label: "/", Help: help, Off: off, Do: press(func() Screen { return become(f) })}
}

// clearKey is the esc of a screen that has no other use for it.
func (f filter) clearKey(become func(filter) Screen) Key {
	var off probes.Text
	if f.text == "" {
		off = probes.T("there is no filter to clear")
	}
	return Key{Names: []string{"esc"}, Label: "esc", Help: probes.T("clear the filter"), Off: off, Do: press(func() Screen { return become(filter{}) })}
}
