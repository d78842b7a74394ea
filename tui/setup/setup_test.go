package setup

import (
	"context"
	"strings"
	"testing"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/tui/theme"
	"example.com/wsdoctor/tui/widgets"
	"example.com/wsdoctor/wizard"
	tea "github.com/charmbracelet/bubbletea"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// byHand makes the model and carries out the commands at once.
func byHand(t *testing.T, o Options, w, h int) model {
	t.Helper()
	s, err := wizard.New(wizard.Found{Hostname: "node1"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	m := newModel(s, o, func(f func(context.Context) tea.Msg) tea.Cmd {
		return func() tea.Msg { return f(t.Context()) }
	})
	next, _ := m.Update(tea.WindowSizeMsg{Width: w, Height: h})
	return next.(model)
}

func send(m model, msg tea.Msg) model {
	next, cmd := m.Update(msg)
	m = next.(model)
	if cmd == nil {
		return m
	}
	switch msg := cmd().(type) {
	case moved, looked:
		return send(m, msg)
	}
	return m
}

func typed(m model, text string) model {
	return send(m, tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(text), Paste: true})
}

// Every step fits the terminal at every size, with what was typed too long for it.
func TestEveryStepFits(t *testing.T) {
	for _, ascii := range []bool{false, true} {
		for _, size := range []struct{ w, h int }{{80, 24}, {60, 20}, {120, 40}} {
			m := byHand(t, Options{Theme: theme.Options{ASCII: ascii}, Notes: []probes.Text{probes.Verbatim(strings.Repeat("a note ", 30))}}, size.w, size.h)
			answers := map[string]string{"deployment": "2", "nodes": "10.0.0.1, 10.0.0.2", "place": "2", "host": "lb.example.com"}
			for steps := 0; !m.done; steps++ {
				if steps > 50 {
					t.Fatal("it goes round")
				}
				for _, m := range []model{m, typed(m, strings.Repeat("bad answer ", 300))} {
					lines := strings.Split(m.View(), "\n")
					if len(lines) != size.h {
						t.Errorf("%s at %dx%d: %d lines", m.q.step.ID, size.w, size.h, len(lines))
					}
					for _, l := range lines {
						if widgets.Width(l) > size.w {
							t.Errorf("%s at %dx%d: %d cells: %s", m.q.step.ID, size.w, size.h, widgets.Width(l), l)
						}
						if ascii && strings.ContainsFunc(l, func(r rune) bool { return r > 0x7e }) {
							t.Errorf("%s: not ASCII: %q", m.q.step.ID, l)
						}
					}
				}
				if answer, ok := answers[m.q.step.ID]; ok {
					m = press(m, answer)
				}
				m = send(m, tea.KeyMsg{Type: tea.KeyEnter})
			}
		}
	}
}

// press types an answer, or picks a choice by its number.
func press(m model, answer string) model {
	return send(m, tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(answer)})
}

// A step back keeps the answer, an undo takes it away, and a port's time runs down.
func TestKeys(t *testing.T) {
	m := byHand(t, Options{}, 80, 24)
	m = send(m, tea.KeyMsg{Type: tea.KeyEnter})
	m = send(m, tea.KeyMsg{Type: tea.KeyDown})
	m = send(m, tea.KeyMsg{Type: tea.KeyEnter})
	if m.q.step.ID != "deployment" {
		t.Fatalf("at %s", m.q.step.ID)
	}
	m = send(m, tea.KeyMsg{Type: tea.KeyEsc})
	if m.q.step.ID != "product" || m.q.suggestion != "finebi" || m.pick != 1 {
		t.Errorf("at %s with %q", m.q.step.ID, m.q.suggestion)
	}
	m = send(m, tea.KeyMsg{Type: tea.KeyCtrlX})
	m = send(m, tea.KeyMsg{Type: tea.KeyCtrlX})
	if m.q.step.ID != "product" || m.q.suggestion != "finereport" {
		t.Errorf("after undo at %s with %q", m.q.step.ID, m.q.suggestion)
	}
	now := time.Now()
	m = send(m, looked{turn: m.turn, answer: m.verdict.Answer, at: now, seen: wizard.Seen{
		Ports:      []wizard.Sight{{Port: 38888, Words: probes.T("2 TIME-WAIT"), Until: now.Add(41500 * time.Millisecond)}},
		Suggestion: "38890",
	}})
	for _, want := range []string{"port 38888: 2 TIME-WAIT, 42 s left", "38890"} {
		if !strings.Contains(m.View(), want) {
			t.Errorf("%q is not in\n%s", want, m.View())
		}
	}
}
