package tui

import (
	"context"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/wsdoctor/tui/screens"
	"example.com/wsdoctor/tui/theme"
	tea "github.com/charmbracelet/bubbletea"
)

// hand drives the model without a program: messages go in, commands are called when a test says so.
type hand struct {
	t *testing.T
	a app

	asked bool // the last key had something done
}

// byHand makes the model of o on a terminal of w times h cells. The first run has not begun to answer.
func byHand(t *testing.T, o Options, w, h int) *hand {
	t.Helper()
	if o.Output == nil {
		o.Output = io.Discard
	}
	ctx, cancel := context.WithCancel(t.Context())
	work := &work{ctx: ctx}
	t.Cleanup(func() { cancel(); work.wait() })
	d := &hand{t: t, a: newApp(o, work, theme.New(theme.Options{ASCII: o.ASCII, NoColor: o.NoColor, Translate: o.Translate}))}
	d.send(tea.WindowSizeMsg{Width: w, Height: h})
	d.shows("Checks")
	return d
}

// shows turns to the screen of that title.
func (d *hand) shows(title string) *hand {
	d.t.Helper()
	i := slices.IndexFunc(screens.All, func(e screens.Entry) bool { return e.Title == title })
	if i < 0 {
		d.t.Fatalf("there is no screen %q", title)
	}
	d.a = d.a.turned(i)
	return d
}

// send gives the model a message and returns the command it answers with.
func (d *hand) send(m tea.Msg) tea.Cmd {
	next, cmd := d.a.Update(m)
	d.a = next.(app)
	return cmd
}

// press presses keys, as bubbletea names them, and carries out what the screens ask for by them. It returns the last
// command of the frame.
func (d *hand) press(names ...string) tea.Cmd {
	d.t.Helper()
	var cmd tea.Cmd
	for _, name := range names {
		cmd = d.send(key(name))
		if cmd == nil {
			continue
		}
		switch m := cmd().(type) {
		case screens.Rerun, screens.SaveReport, screens.Copy, screens.Chosen, screens.Show, screens.SetUp:
			cmd = d.send(m)
		case tea.BatchMsg, nil:
		default:
			d.send(m)
		}
	}
	return cmd
}

// finish runs the run that has begun, through its last event.
func (d *hand) finish() *hand {
	d.t.Helper()
	go d.a.run.start(d.a.target, d.a.raw, d.areas())()
	for {
		m := <-d.a.run.events
		d.send(m)
		if _, last := m.(runEnded); last {
			return d
		}
	}
}

// settles carries a command out, and those that its messages ask for, until the view has a text. What waits longer ends
// with the test.
func (d *hand) settles(cmd tea.Cmd, text string) {
	d.t.Helper()
	messages, left := make(chan tea.Msg), d.a.work.ctx.Done() // the model is this goroutine's alone
	var start func(tea.Cmd)
	start = func(cmd tea.Cmd) {
		if cmd == nil {
			return
		}
		go func() {
			switch m := cmd().(type) {
			case tea.BatchMsg:
				for _, c := range m {
					start(c)
				}
			default:
				select {
				case messages <- m:
				case <-left:
				}
			}
		}()
	}
	start(cmd)
	limit := time.After(30 * time.Second)
	for !strings.Contains(plainView(d.a), text) {
		select {
		case m := <-messages:
			start(d.send(m))
		case <-limit:
			d.t.Fatalf("waiting for %q:\n%s", text, plainView(d.a))
		}
	}
}

// areas are those of the present run.
func (d *hand) areas() []string {
	var out []string
	for _, a := range d.a.st.Areas {
		if _, in := d.a.st.Phases[a.Name]; in {
			out = append(out, a.Name)
		}
	}
	return out
}

// has fails the test where the view lacks one of the texts.
func (d *hand) has(texts ...string) {
	d.t.Helper()
	for _, text := range texts {
		if !strings.Contains(plainView(d.a), text) {
			d.t.Errorf("the view lacks %q:\n%s", text, plainView(d.a))
		}
	}
}

// lacks fails the test where the view has one of the texts.
func (d *hand) lacks(texts ...string) {
	d.t.Helper()
	for _, text := range texts {
		if strings.Contains(plainView(d.a), text) {
			d.t.Errorf("the view has %q:\n%s", text, plainView(d.a))
		}
	}
}

var keyTypes = map[string]tea.KeyType{
	"enter": tea.KeyEnter, "esc": tea.KeyEsc, "up": tea.KeyUp, "down": tea.KeyDown, "pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown,
	"home": tea.KeyHome, "end": tea.KeyEnd, "tab": tea.KeyTab, "shift+tab": tea.KeyShiftTab, "ctrl+c": tea.KeyCtrlC,
	"ctrl+u": tea.KeyCtrlU, "backspace": tea.KeyBackspace, "left": tea.KeyLeft, "right": tea.KeyRight,
}

func key(name string) tea.KeyMsg {
	if typ, ok := keyTypes[name]; ok {
		return tea.KeyMsg{Type: typ}
	}
	if name == " " {
		return tea.KeyMsg{Type: tea.KeySpace, Runes: []rune{' '}}
	}
	return tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(name)}
}
