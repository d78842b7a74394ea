package screens

import (
	"context"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/tui/setup"
	"example.com/wsdoctor/tui/widgets"
	"example.com/wsdoctor/wizard"
	tea "github.com/charmbracelet/bubbletea"
)

// setupScreen is the wizard beside the other screens: its steps, and then the way to what it writes. Keys are answers
// only while it is asked to take them, so that the other screens stay one key away.
type setupScreen struct {
	d     Deps
	begun bool // there are steps
	steps setup.Embedded

	finding   bool // what can be found out is being found out
	answering bool // keys are the answer
	err       error
}

// sessionReady is the session, once this host was looked at.
type sessionReady struct {
	session *wizard.Session
	err     error
}

func newSetup(d Deps) Screen { return setupScreen{d: d} }

// Prompt names the keys while they are an answer.
func (s setupScreen) Prompt() string {
	if !s.answering || !s.begun || s.steps.Done() {
		return ""
	}
	t := s.d.Theme
	var out []string
	for _, h := range append(s.steps.Hints(), [2]string{"ctrl+x", "undo"}, [2]string{"esc", "pause: the other screens"}) {
		out = append(out, t.Accent.Render(h[0])+" "+t.Faint.Render(t.Phrase(h[1])))
	}
	return strings.Join(out, "  ")
}

func (s setupScreen) Update(_ State, msg tea.Msg) (Screen, tea.Cmd) {
	switch m := msg.(type) {
	case sessionReady:
		s.finding, s.err = false, m.err
		if m.err != nil {
			return s, nil
		}
		s.begun, s.answering, s.steps = true, true, setup.Embed(m.session, s.d.Theme, s.d.Work)
		return s, s.steps.Begin()
	case tea.KeyMsg:
		if m.Type == tea.KeyEsc {
			s.answering = false
			return s, nil
		}
	}
	if !s.begun {
		return s, nil
	}
	var cmd tea.Cmd
	s.steps, cmd = s.steps.Update(msg)
	s.err = s.steps.Err()
	return s, cmd
}

func (s setupScreen) View(st State) string {
	t := s.d.Theme
	title := probes.T("set-up")
	if s.begun && !s.steps.Done() {
		title = probes.T("set-up, %s", s.steps.Title())
	}
	lines := []string{rule(t, pane{t.Say(title), s.answering, false}, pane{}, st.Width, 0)}
	pg := page{d: s.d, width: min(st.Width-4, widestText)}
	switch {
	case s.err != nil:
		pg.text(t.Fail, probes.Verbatim(s.err.Error()))
	case s.d.Session == nil:
		pg.text(t.Faint, s.off())
	case s.finding:
		pg.text(t.Faint, probes.T("finding out what can be found out about this host"))
	case !s.begun:
		s.introduces(&pg)
	case s.steps.Done():
		s.sumsUp(&pg)
	default:
		lines = append(lines, s.steps.Lines(t, st.Width, st.Height-len(lines))...)
	}
	return strings.Join(widgets.Window(append(lines, pg.lines...), 0, st.Height), "\n")
}

// introduces says what it will do, before it does anything.
func (s setupScreen) introduces(pg *page) {
	t := s.d.Theme
	pg.gap()
	pg.lines = append(pg.lines, "")
	pg.text(t.Strong, probes.T("From nothing to a set-up that a handshake has proven."))
	pg.lines = append(pg.lines, "")
	for _, text := range []probes.Text{
		probes.T("It finds out what it can about this host, asks the rest step by step, and judges each answer while it is typed: ports with their holders, the time left of a TIME_WAIT, the firewall."),
		probes.T("Then it shows each file as a diff before it writes anything, and each command before it runs it; everything can be taken back."),
		probes.T("The answers are kept after each step: whoever comes back goes on where they were."),
	} {
		pg.text(t.Plain, text)
	}
	pg.lines = append(pg.lines, "")
	pg.text(t.Faint, probes.T("%s begins, or goes on with the answers of an earlier session.", t.Marks.Enter))
}

// sumsUp lists the answers, and says what comes next.
func (s setupScreen) sumsUp(pg *page) {
	t := s.d.Theme
	pg.lines = append(pg.lines, "")
	pg.text(t.Strong, probes.T("Every step has its answer."))
	pg.text(t.Plain, probes.T("%s leaves the screens for the review: each file as a diff, a check of this host, and then, after a yes, the writing, the launch and the proof.", t.Marks.Enter))
	pg.lines = append(pg.lines, "")
	for _, line := range s.steps.Answers(t) {
		pg.lines = append(pg.lines, "  "+widgets.Cut(line, pg.width, t.Marks.Ellipsis))
	}
}

// off says why there is nothing to set up from here.
func (s setupScreen) off() probes.Text {
	if s.d.Session == nil {
		return probes.T("what is shown here keeps its own settings: nothing is set up from it")
	}
	return probes.Text{}
}

// Keys lists what can be pressed while keys are no answer.
func (s setupScreen) Keys(State) []Key {
	t := s.d.Theme
	enter := Key{Names: []string{"enter"}, Label: t.Marks.Enter, Hint: probes.T("begin"), Help: probes.T("begin, or go on with the answers"), Off: s.off(), Do: s.begin}
	var offStep probes.Text
	switch {
	case s.finding:
		enter.Off = probes.T("this host is being looked at")
	case s.begun && s.steps.Done():
		enter.Hint, enter.Help, enter.Do = probes.T("review"), probes.T("leave the screens for the review of what would be written"), request(s, SetUp{})
	case s.begun:
		enter.Hint, enter.Do = probes.T("answer"), press(func() Screen { s.answering = true; return s })
	}
	if !s.begun {
		offStep = First(s.off(), probes.T("it has not begun"))
	}
	step := func(do func(setup.Embedded) (setup.Embedded, tea.Cmd)) func() (Screen, tea.Cmd) {
		return func() (Screen, tea.Cmd) {
			var cmd tea.Cmd
			s.steps, cmd = do(s.steps)
			return s, cmd
		}
	}
	return []Key{
		enter,
		{Names: []string{"h", "left"}, Label: "h", Hint: probes.T("step before"), Help: probes.T("ask the step before again (also left); its answer stays as the suggestion"), Off: offStep, Do: step(setup.Embedded.Back)},
		{Names: []string{"u"}, Label: "u", Hint: probes.T("undo"), Help: probes.T("take the last answer back"), Off: offStep, Do: step(setup.Embedded.Undo)},
		{Names: []string{"r"}, Label: "r", Help: probes.T("look again at the ports of this step"), Off: offStep, Do: step(setup.Embedded.Look)},
		{Names: []string{"/"}, Label: "/", Help: probes.T("only what contains a text"), Off: probes.T("one step at a time is shown: there is nothing to leave out")},
	}
}

// begin looks at this host and opens the session.
func (s setupScreen) begin() (Screen, tea.Cmd) {
	s.finding, s.err = true, nil
	open := s.d.Session
	return s, s.d.Work(func(ctx context.Context) tea.Msg {
		session, err := open(ctx)
		return sessionReady{session, err}
	})
}

// Commands are those that set up without the screens.
func (s setupScreen) Commands(State) []string {
	return []string{"wsdoctor setup", "wsdoctor setup --yes --answers FILE", "wsdoctor setup --undo", "wsdoctor export"}
}

// Explain says what it keeps and writes.
func (s setupScreen) Explain(State) []probes.Text {
	return []probes.Text{
		probes.T("Each answer is judged by the rules of --check, and each port is looked at on this host while it is chosen. An answer that is objected to is taken when it is given once more."),
		probes.T("Until the review nothing is written but the answers, in a hidden file beside the settings; it is gone at the end."),
		probes.T("wsdoctor setup --undo takes the last run back, the last change first."),
	}
}
