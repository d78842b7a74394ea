package tui

import (
	"io"
	"slices"
	"strings"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/tui/screens"
	"example.com/wsdoctor/tui/theme"
	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"
)

// spinEvery is the step of the spinner: fast enough to look alive. Each sends the lines that have one again, some 350
// bytes; a line of 9,600 baud carries 960 in a second.
const (
	spinEvery     = 200 * time.Millisecond
	spinEverySlow = 2 * time.Second
)

// app is the one model of the program. Keys go to the screen that is shown, every other message to all of them.
type app struct {
	o     Options
	theme theme.Theme
	work  *work
	run   *runner
	out   io.Writer

	st      screens.State
	raw     probes.Report    // without the diagnosis: the base of the next run
	target  probes.Target    // of the next run
	first   screens.Screen   // the first-time choice; nil once it is made
	screens []screens.Screen // as screens.All
	active  int

	width, height int // of the terminal; 0 until it is known
	over          overlay
	overTop       int
	palette       *palette // nil: it is closed
	faults        *faultList
	faultsIn      []bool // at the last look, as Options.Faults
	breaking      bool   // a fault is being put in or taken back
	stale         bool   // what is being checked has changed in the meantime
	ice           frozen
	leaving       bool   // the operator was asked what becomes of what runs
	mouse         bool   // the terminal tells of the mouse
	note          string // what the last key came to; until the next key
	bad           bool   // the note is of something that went wrong
	asked         bool   // the operator asked for the present run, having seen an earlier one
	spinning      bool   // a step of the spinner is on its way

	fault       *fault
	interrupted bool // left by ctrl+c
	setUp       bool // left for the wizard
	stay        bool // the last screen is to stay in the scrollback
}

// Messages of the frame itself.
type (
	spin  struct{}
	saved struct {
		what probes.Text
		path string
	}
	copied struct{ lines int }
	failed struct{ err error }
)

func newApp(o Options, w *work, t theme.Theme) app {
	now := o.Target.Now
	if now == nil {
		now = time.Now
	}
	a := app{
		o: o, theme: t, work: w, out: shared(o.Output), target: o.Target, mouse: !o.NoMouse,
		run: &runner{probes: o.Probes, opts: o.RunOptions, now: now, work: w, events: make(chan tea.Msg)},
		st: screens.State{
			Host: o.RunOptions.Host, Config: o.Target.Config, Settings: o.SettingsPath, Globals: o.Globals,
			Areas: screens.Areas(o.Probes, o.RunOptions.Selected),
		},
	}
	deps := screens.Deps{
		Theme: t, Slow: o.SlowLine, SettingsPath: o.SettingsPath, Attached: o.Attached, Session: o.Session, Do: w.do, Work: w.under,
		After: func(d time.Duration, msg func(time.Time) tea.Msg) tea.Cmd { return w.after(d, now, msg) },
	}
	a.note = t.Say(o.Note)
	for _, e := range screens.All {
		a.screens = append(a.screens, e.New(deps))
	}
	a.active = max(slices.IndexFunc(screens.All, func(e screens.Entry) bool { return e.Title == o.Begin }), 0)
	if o.Choose {
		a.first, a.st.Settings = screens.NewChoose(deps, o.Target.Config.Product), ""
		return a
	}
	a.st, a.spinning = a.st.Started(a.st.Closure(nil)), true
	return a
}

// Init begins the first run, unless a choice comes first.
func (a app) Init() tea.Cmd {
	if a.first != nil {
		return a.run.next()
	}
	return tea.Batch(a.run.next(), a.run.start(a.target, a.raw, a.st.Closure(nil)), a.spin())
}

func (a app) spin() tea.Cmd {
	every := spinEvery
	if a.o.SlowLine {
		every = spinEverySlow
	}
	return a.work.after(every, time.Now, func(time.Time) tea.Msg { return spin{} })
}

// started begins a run of areas, and of what they need.
func (a app) started(areas []string) (app, tea.Cmd) {
	if a.st.Busy() {
		return a, nil
	}
	areas = a.st.Closure(areas)
	a.st = a.st.Started(areas)
	cmd := a.run.start(a.target, a.raw, areas)
	if !a.spinning {
		a.spinning = true
		cmd = tea.Batch(cmd, a.spin())
	}
	return a, cmd
}

func (a app) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg.(type) {
	case areaChanged, runEnded:
		if a.ice.on {
			return a.keep(msg), a.run.next()
		}
		next, cmd := a.take(msg)
		return next, tea.Batch(a.run.next(), cmd)
	case tea.ResumeMsg:
		if a.mouse {
			return a, tea.EnableMouseCellMotion
		}
		return a, nil
	}
	return a.take(msg)
}

// take lets a message change what is shown.
func (a app) take(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.KeyMsg:
		return a.typed(msg)
	case tea.MouseMsg:
		return a.moused(msg)
	case tea.WindowSizeMsg:
		if msg.Width == 0 || msg.Height == 0 {
			// A serial console does not know its size.
			msg.Width, msg.Height = designWidth, designHeight
		}
		a.width, a.height = msg.Width, msg.Height
		a.st.Width, a.st.Height = msg.Width, max(msg.Height-headerLines-footerLines, 0)
		return a.forward(msg)
	case spin:
		if !a.st.Busy() || a.ice.on {
			a.spinning = false
			return a, nil
		}
		a.st.Spin++
		return a, a.spin()
	case areaChanged:
		a.st = a.st.With(probes.Event(msg))
		return a, nil
	case runEnded:
		a.raw, a.st = msg.raw, a.st.Finished(msg.shown)
		if a.asked {
			a.note, a.bad = a.theme.Say(changed(a.st.Changes)), false
		}
		next, cmd := a.forward(screens.RunFinished{Areas: msg.areas, At: msg.at})
		cmd = tea.Batch(cmd, a.lookAtFaults())
		if a = next.(app); !a.stale {
			return a, cmd
		}
		a.stale = false
		a, again := a.started(nil)
		return a, tea.Batch(cmd, again)
	case faultsSeen:
		return a.faultsLookedAt(msg)
	case faultsChanged:
		return a.faultsHaveChanged(msg)
	case screens.Rerun:
		if !a.st.Busy() {
			a.asked = !msg.Quiet
		}
		return a.started(msg.Areas)
	case screens.Chosen:
		a.first, a.target.Config = nil, msg.Config
		a.st.Config, a.st.Settings = msg.Config, msg.Settings
		if msg.Settings == "" {
			a.st.Globals = "--product " + string(msg.Config.Product)
		} else {
			a.note = a.theme.Say(probes.T("wrote %s", msg.Settings))
		}
		return a.started(nil)
	case screens.SetUp:
		a.setUp = true
		return a.left()
	case screens.SaveReport:
		return a, a.save()
	case screens.Copy:
		return a, a.copy(msg.Lines)
	case screens.Show:
		if i := slices.IndexFunc(screens.All, func(e screens.Entry) bool { return e.Title == msg.Screen }); i >= 0 {
			a = a.turned(i)
		}
		if msg.Msg == nil {
			return a, nil
		}
		return a.forward(msg.Msg)
	case saved:
		a.note, a.bad = a.theme.Say(probes.T("saved %s as %s", msg.what, msg.path)), false
		return a, nil
	case copied:
		a.note, a.bad = a.theme.Say(a.copiedNote(msg.lines)), false
		return a, nil
	case fault:
		a.fault = &msg
		return a, tea.Quit
	case failed:
		a.breaking = false
		a.note, a.bad = a.theme.Clean(msg.err.Error()), true
		return a, nil
	}
	if a.ice.on {
		return a.keep(msg), nil
	}
	return a.forward(msg)
}

// forward gives a message to every screen.
func (a app) forward(msg tea.Msg) (tea.Model, tea.Cmd) {
	var cmds []tea.Cmd
	var cmd tea.Cmd
	if a.first != nil {
		a.first, cmd = a.first.Update(a.st, msg)
		cmds = append(cmds, cmd)
	}
	a.screens = slices.Clone(a.screens)
	for i := range a.screens {
		a.screens[i], cmd = a.screens[i].Update(a.st, msg)
		cmds = append(cmds, cmd)
	}
	return a, tea.Batch(cmds...)
}

func (a app) save() tea.Cmd {
	report, write := a.st.Report, a.o.SaveReport
	return a.work.do(func() tea.Msg {
		if write == nil {
			return failed{errNoSave}
		}
		path, err := write(report)
		if err != nil {
			return failed{err}
		}
		return saved{probes.T("the report"), path}
	})
}

// saveScreen writes what is on the screen to a file.
func (a app) saveScreen() tea.Cmd {
	write, name, text := a.o.SaveScreen, strings.ToLower(screens.All[a.active].Title), a.text()
	return a.work.do(func() tea.Msg {
		if write == nil {
			return failed{errNoSave}
		}
		path, err := write(name, text)
		if err != nil {
			return failed{err}
		}
		return saved{probes.T("the screen"), path}
	})
}

// text is what is shown, without styles.
func (a app) text() string {
	lines := strings.Split(ansi.Strip(a.page()), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n") + "\n"
}

func (a app) copy(lines []string) tea.Cmd {
	out, to := a.out, a.o.Clipboard
	return a.work.do(func() tea.Msg {
		if err := to.copyTo(out, strings.Join(lines, "\n")); err != nil {
			return failed{err}
		}
		return copied{len(lines)}
	})
}

// copiedNote says how much was sent. No terminal answers whether it took it; the two that stand between often do not
// pass it on.
func (a app) copiedNote(n int) probes.Text {
	text := probes.T("copied %d lines", n)
	if n == 1 {
		text = probes.T("copied 1 line")
	}
	switch a.o.Clipboard {
	case ThroughTmux:
		return probes.T("%s (tmux needs: set -g set-clipboard on)", text)
	case ThroughScreen:
		return probes.T("%s (through screen)", text)
	}
	return text
}

// shown is the screen that is shown.
func (a app) shown() screens.Screen {
	if a.first != nil {
		return a.first
	}
	return a.screens[a.active]
}

// become returns a with s in the place of the screen that is shown.
func (a app) become(s screens.Screen) app {
	if a.first != nil {
		a.first = s
		return a
	}
	a.screens = slices.Clone(a.screens)
	a.screens[a.active] = s
	return a
}
