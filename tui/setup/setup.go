// Package setup is the wizard's face on a terminal that can be drawn on: one step at a time, judged while it is typed,
// with a live look at the ports that it names. It asks and keeps nothing itself: the session does. What comes after the
// last answer (the review of what would be written, the launch, the proof) is its caller's, in the scrollback.
package setup

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"example.com/wsdoctor/probes"
	_ "example.com/wsdoctor/tui/early" // before bubbletea, whose init would question the terminal
	"example.com/wsdoctor/tui/theme"
	"example.com/wsdoctor/wizard"
	tea "github.com/charmbracelet/bubbletea"
)

// framesPerSecond is how often bubbletea looks whether there is something to draw.
const framesPerSecond = 20

const (
	// lookAfter is how long nobody types before the host is looked at.
	lookAfter = 300 * time.Millisecond
	// lookAgain is how often it is looked at again while a port's time runs out: the countdown shows seconds.
	lookAgain = time.Second
)

// Options of Run.
type Options struct {
	Theme  theme.Options
	Notes  []probes.Text // what was found out, shown at the first step
	Input  io.Reader     // nil means the terminal
	Output io.Writer     // nil means standard output
}

// Run asks every step that has no answer yet. done is false where the operator left before the last one; what was
// answered is kept. The error wraps context.Canceled where ctx ended.
func Run(ctx context.Context, s *wizard.Session, o Options) (done bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	var work sync.WaitGroup
	defer work.Wait()
	defer cancel()
	m := newModel(s, o, func(f func(context.Context) tea.Msg) tea.Cmd {
		return func() tea.Msg {
			work.Add(1)
			defer work.Done()
			if ctx.Err() != nil {
				return nil
			}
			return f(ctx)
		}
	})
	options := []tea.ProgramOption{tea.WithContext(ctx), tea.WithAltScreen(), tea.WithFPS(framesPerSecond), tea.WithoutSignalHandler()}
	if o.Input != nil {
		options = append(options, tea.WithInput(o.Input))
	}
	if o.Output != nil {
		options = append(options, tea.WithOutput(o.Output))
	}
	last, err := tea.NewProgram(m, options...).Run()
	end, _ := last.(model)
	switch {
	case ctx.Err() != nil:
		return false, ctx.Err()
	case err != nil:
		return false, fmt.Errorf("drawing on the terminal: %w", err)
	case end.err != nil:
		return false, end.err
	}
	return end.done, nil
}

// model is one step on the screen. Nothing but its commands touches the session while one is on its way (busy).
type model struct {
	s     *wizard.Session
	notes []probes.Text
	theme theme.Theme
	do    func(func(context.Context) tea.Msg) tea.Cmd

	q       question
	text    []rune
	at      int // of the caret in text
	pick    int // of the choices
	verdict wizard.Verdict
	touched bool // something was typed: what is wrong with it may be said
	tried   bool // it was to be taken as it stands

	told   []probes.Text // what the step before has read
	seen   wizard.Seen   // of the answer looked
	looked string
	now    time.Time // as it was then: countdowns are drawn from it
	again  string    // the answer that was objected to: once more, and it is taken
	turn   int       // numbers the looks: those of an older text are dropped
	busy   bool

	width, height int
	done          bool
	err           error
}

// question is the present step as it is shown.
type question struct {
	step       wizard.Step
	draft      wizard.Draft
	choices    []wizard.Choice
	suggestion string
	origin     probes.Text
	at, of     int
	given      []wizard.Given
}

// The messages.
type (
	moved  struct{ err error }
	looked struct {
		turn   int
		answer string
		seen   wizard.Seen
		at     time.Time
		taking bool // the answer is to be taken
	}
	lookDue struct{ turn int }
)

func newModel(s *wizard.Session, o Options, do func(func(context.Context) tea.Msg) tea.Cmd) model {
	m := model{s: s, notes: o.Notes, theme: theme.New(o.Theme), do: do}
	return m.load()
}

// load shows the step that the session is at.
func (m model) load() model {
	st, open := m.s.Step()
	m.text, m.at, m.pick, m.touched, m.tried, m.busy = nil, 0, 0, false, false, false
	m.seen, m.looked, m.again = wizard.Seen{}, "", ""
	m.turn++
	if !open {
		m.done = true
		return m
	}
	q := question{step: st, draft: m.s.Draft(), suggestion: m.s.Suggestion(), origin: m.s.Origin(), given: m.s.Given()}
	q.at, q.of = m.s.Progress()
	if st.Choices != nil {
		q.choices = st.Choices(q.draft)
		for i, c := range q.choices {
			if c.Value == q.suggestion {
				m.pick = i
			}
		}
	}
	m.q = q
	m.verdict = m.s.Judge("")
	return m
}

func (m model) Init() tea.Cmd {
	if m.done {
		return tea.Quit
	}
	return m.lookSoon(0)
}

// answer is what enter would take.
func (m model) answer() string {
	if m.q.choices != nil {
		return m.q.choices[m.pick].Value
	}
	return string(m.text)
}

// lookSoon looks at the host once nobody has typed for a while.
func (m model) lookSoon(after time.Duration) tea.Cmd {
	if !m.verdict.OK() || len(m.verdict.Ports) == 0 {
		return nil
	}
	turn := m.turn
	return m.do(func(ctx context.Context) tea.Msg {
		wait := time.NewTimer(after)
		defer wait.Stop()
		select {
		case <-ctx.Done():
			return nil
		case <-wait.C:
			return lookDue{turn}
		}
	})
}

func (m model) look(taking bool) tea.Cmd {
	st, v, turn := m.q.step, m.verdict, m.turn
	return m.do(func(ctx context.Context) tea.Msg { return looked{turn, v.Answer, st.Look(ctx, v), time.Now(), taking} })
}

func (m model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
		if msg.Width == 0 || msg.Height == 0 { // a serial console does not know its size
			m.width, m.height = 80, 24
		}
	case tea.KeyMsg:
		return m.pressed(msg)
	case lookDue:
		if msg.turn == m.turn && !m.busy {
			return m, m.look(false)
		}
	case looked:
		return m.hasLooked(msg)
	case moved:
		if msg.err != nil {
			m.err = msg.err
			return m, tea.Quit
		}
		told := m.seen.Told
		m = m.load()
		m.told = told
		if m.done {
			return m, tea.Quit
		}
		return m, m.lookSoon(0)
	}
	return m, nil
}

// hasLooked shows what was seen, and takes the answer if that was asked for and nothing speaks against it.
func (m model) hasLooked(l looked) (tea.Model, tea.Cmd) {
	if l.turn != m.turn {
		return m, nil
	}
	m.seen, m.looked, m.now = l.seen, l.answer, l.at
	if l.taking {
		m.busy = false
		if len(l.seen.Refused) > 0 {
			m.verdict.Refused, m.tried = l.seen.Refused, true
			return m, nil
		}
		if len(l.seen.Objections) > 0 && m.again != l.answer {
			m.again = l.answer
			return m, nil
		}
		m.busy = true
		return m, m.step(func(s *wizard.Session) error { _, err := s.TakeSeen(m.typed(), l.seen); return err })
	}
	for _, p := range l.seen.Ports {
		if l.at.Before(p.Until) {
			return m, m.lookSoon(lookAgain)
		}
	}
	return m, nil
}

// typed is the answer as it goes to the session: an empty text is the suggestion.
func (m model) typed() string {
	if m.q.choices != nil && m.answer() == m.q.suggestion {
		return ""
	}
	return m.answer()
}

// step changes the session in a command, because it writes a file.
func (m model) step(change func(*wizard.Session) error) tea.Cmd {
	s := m.s
	return m.do(func(context.Context) tea.Msg { return moved{err: change(s)} })
}
