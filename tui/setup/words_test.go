package setup

import (
	"strings"
	"testing"

	"example.com/wsdoctor/probes/lang"
	"example.com/wsdoctor/tui/theme"
	"example.com/wsdoctor/tui/tuitest"
	"example.com/wsdoctor/tui/widgets"
	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"
)

// data is what the steps show in Latin letters that is no word of a language: ids of steps, settings, names of programs.
const data = `wsdoctor nginx HAProxy Caddy FineReport FineBI FineDataLink tab esc ctrl existing product finereport deployment
cluster nodes balancer embedded place elsewhere host lb.example.com ports forwarding policy ip-hash heartbeat idle tls clients`

// Every step is asked in a language of other letters, in which none of ours may be left that is no data, and in
// Chinese, where a character takes two cells.
func TestEveryStepInOtherWords(t *testing.T) {
	t.Parallel()
	answers := map[string]string{"deployment": "2", "nodes": "10.0.0.1, 10.0.0.2", "place": "2", "host": "lb.example.com"}
	for _, c := range []struct {
		name      string
		translate func(string) string
		w, h      int
	}{{"strange", tuitest.Strange, 200, 60}, {"Chinese", lang.Translate("zh"), 80, 24}, {"Chinese", lang.Translate("zh"), 60, 20}} {
		m := byHand(t, Options{Theme: theme.Options{Translate: c.translate}}, c.w, c.h)
		for steps := 0; !m.done; steps++ {
			if steps > 50 {
				t.Fatal("it goes round")
			}
			view := ansi.Strip(m.View())
			if words := tuitest.Untranslated(view, data); c.name == "strange" && len(words) > 0 {
				t.Errorf("%s: %q went through no translation:\n%s", m.q.step.ID, words, view)
			}
			for _, l := range strings.Split(view, "\n") {
				if widgets.Width(l) > c.w {
					t.Errorf("%s in %s at %dx%d: %d cells: %s", m.q.step.ID, c.name, c.w, c.h, widgets.Width(l), l)
				}
			}
			if answer, ok := answers[m.q.step.ID]; ok {
				m = press(m, answer)
			}
			m = send(m, tea.KeyMsg{Type: tea.KeyEnter})
		}
	}
}
