package screens

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/ports"
	"example.com/wsdoctor/tui/widgets"
	tea "github.com/charmbracelet/bubbletea"
)

// portsArea is the area whose observation the screen shows.
const portsArea = "ports"

// tickEvery is how often the countdowns are drawn while one runs: they show whole seconds.
const tickEvery = time.Second

// portsScreen shows each port with what stands on it. It counts down from the kernel's timers as they were observed,
// and has the ports observed again when one has run out.
type portsScreen struct {
	d        Deps
	selected int // a port number; where there is none such, the first row is selected
	detail   bool
	scroll   int

	now   time.Time // as last heard
	ticks int       // numbers the run of ticks that counts; older ones are ignored
	due   bool      // a countdown ran out while a run went on

	sort int // index in portOrders
	only filter

	work  portWork      // waiting for a port, or freeing it
	grace time.Duration // that a program has after SIGTERM
}

// tick says that a second has passed.
type tick struct {
	run int
	now time.Time
}

func newPorts(d Deps) Screen { return portsScreen{d: d, grace: termGrace} }

func (p portsScreen) Prompt() string { return p.only.prompt(p.d.Theme) }

func (p portsScreen) Update(st State, msg tea.Msg) (Screen, tea.Cmd) {
	switch msg := msg.(type) {
	case RunFinished:
		p.now = msg.At
		p.ticks++
		p.scroll = min(p.scroll, p.scrollEnd(st))
		if slices.Contains(msg.Areas, portsArea) {
			p.due = false
		}
		if p.due {
			p.due = false
			return p, ask(Rerun{Areas: []string{portsArea}, Quiet: true})
		}
		return p, p.next(st)
	case tick:
		if msg.run != p.ticks {
			return p, nil
		}
		before := p.counting(st)
		p.now = msg.now
		if p.counting(st) == before {
			return p, p.next(st)
		}
		// One has run out: what it kept is free now, or something else has taken it.
		if st.Busy() {
			p.due = true
			return p, p.next(st)
		}
		return p, tea.Batch(ask(Rerun{Areas: []string{portsArea}, Quiet: true}), p.next(st))
	case tea.WindowSizeMsg:
		p.scroll = min(p.scroll, p.scrollEnd(st))
	case told:
		if msg.by != nil && msg.by == p.work.task {
			return p.worked(msg)
		}
	case over:
		if msg.by != nil && msg.by == p.work.task {
			p.work.task = nil
		}
	case tea.KeyMsg:
		p.only, p.scroll = p.only.typed(p.d.Theme, msg), 0
	}
	return p, nil
}

// next returns the command for the next tick; none while nothing counts down.
func (p portsScreen) next(st State) tea.Cmd {
	if p.counting(st) == 0 {
		return nil
	}
	run := p.ticks
	return p.d.After(p.d.pace(tickEvery), func(now time.Time) tea.Msg { return tick{run, now} })
}

// counting is how many countdowns have not run out. A port has two: until its connections in TIME_WAIT are gone, and
// until it can be bound, which may wait for other left-overs too.
func (p portsScreen) counting(st State) int {
	n := 0
	o, _ := probes.Observed[ports.Observation](st.Report)
	for _, port := range o.Ports {
		for _, left := range []time.Duration{p.left(o, port), p.bindableIn(o, port)} {
			if left > 0 {
				n++
			}
		}
	}
	return n
}

// bindableIn is how long until every server can bind a port; 0 where they can now, or nobody knows.
func (p portsScreen) bindableIn(o ports.Observation, port ports.Port) time.Duration {
	return remaining(o.At, port.May.In.Duration(), p.now)
}

// left is how long connections in TIME_WAIT still keep a port; 0 where none do, or the system has no timers.
func (p portsScreen) left(o ports.Observation, port ports.Port) time.Duration {
	return remaining(o.At, port.TimeWait.Left.Duration(), p.now)
}

// remaining is what is left at now of a time that was left at the moment at.
func remaining(at time.Time, left time.Duration, now time.Time) time.Duration {
	if left <= 0 {
		return 0
	}
	return max(left-max(now.Sub(at), 0), 0)
}

// seconds writes a countdown: whole seconds, rounded up, so that 0 means that it is over.
func seconds(d time.Duration) string {
	return strconv.Itoa(int((d+time.Second-1)/time.Second)) + " s"
}

// row returns the selected port and its index.
func (p portsScreen) row(o ports.Observation) (int, ports.Port) {
	i := max(slices.IndexFunc(o.Ports, func(port ports.Port) bool { return port.Port == p.selected }), 0)
	if i >= len(o.Ports) {
		return 0, ports.Port{}
	}
	return i, o.Ports[i]
}

func (p portsScreen) View(st State) string {
	t := p.d.Theme
	o, ok := p.observed(st)
	if all, _ := probes.Observed[ports.Observation](st.Report); ok && len(o.Ports) == 0 && len(all.Ports) > 0 {
		lines := []string{rule(t, pane{p.only.titled(t, t.Say(probes.T("%d ports", 0))), true, false}, pane{}, st.Width, 0), "", " " + t.Faint.Render(t.Say(p.only.nothing()))}
		return strings.Join(widgets.Window(lines, 0, st.Height), "\n")
	}
	if !ok || len(o.Ports) == 0 {
		lines := []string{rule(t, pane{t.Say(probes.T("ports")), true, false}, pane{}, st.Width, 0), ""}
		for _, line := range widgets.Wrap(t.Say(p.nothing(st)), st.Width-2, "") {
			lines = append(lines, " "+t.Faint.Render(line))
		}
		return strings.Join(widgets.Window(lines, 0, st.Height), "\n")
	}
	i, port := p.row(o)
	table, below := p.split(st, o)
	rows := p.table(st, o, i)
	lines := []string{rule(t, pane{p.title(st, o), !p.detail, false}, pane{}, st.Width, 0), rows[0]}
	lines = append(lines, widgets.Window(rows[1:], widgets.Top(i, len(rows)-1, table), table)...)
	details := p.details(st, o, port, st.Width-2)
	more := len(details) > below
	lines = append(lines, rule(t, pane{t.Say(probes.T("port %d", port.Port)), p.detail, more}, pane{}, st.Width, 0))
	for _, line := range widgets.Window(details, min(p.scroll, max(len(details)-below, 0)), below) {
		lines = append(lines, " "+line)
	}
	return strings.Join(lines, "\n")
}

func (p portsScreen) title(st State, o ports.Observation) string {
	t := p.d.Theme
	title := t.Say(probes.T("%d ports", len(o.Ports)))
	if len(o.Ports) == 1 {
		title = t.Say(probes.T("1 port"))
	}
	title = p.only.titled(t, title)
	if p.sort > 0 {
		title = t.Say(probes.T("%s, by %s", title, portOrders[p.sort].title))
	}
	if _, running := st.Phases[portsArea]; running {
		return title + " " + t.Marks.Spin[st.Spin%len(t.Marks.Spin)]
	}
	return title
}

// nothing says why there is no table.
func (p portsScreen) nothing(st State) probes.Text {
	if _, running := st.Phases[portsArea]; running {
		return probes.T("looking at the ports%s", p.d.Theme.Marks.Ellipsis)
	}
	asked := false
	for _, a := range st.Areas {
		asked = asked || a.Name == portsArea
		for _, r := range a.Rules {
			if res := st.Results[r.ID]; a.Name == portsArea && !res.Reason.IsZero() {
				return probes.T("%s: %s", StatusWord(res.Status), res.Reason)
			}
		}
	}
	if !asked {
		return probes.T("the ports were not asked for")
	}
	return probes.T("the settings name no ports")
}

// split shares the height between the rows of the table and the details: the table takes what it needs, up to half.
func (p portsScreen) split(st State, o ports.Observation) (table, below int) {
	room := max(st.Height-3, 2) // two rules and the table's head
	table = min(len(o.Ports), max(room/2, 1))
	return table, room - table
}

// scrollEnd is the last line of the details that may stand at the top.
func (p portsScreen) scrollEnd(st State) int {
	o, ok := p.observed(st)
	if !ok {
		return 0
	}
	_, port := p.row(o)
	_, below := p.split(st, o)
	return max(len(p.details(st, o, port, st.Width-2))-below, 0)
}

// line moves whatever has the focus.
func (p portsScreen) line(st State, by int) portsScreen {
	o, _ := p.observed(st)
	if p.detail {
		p.scroll = min(max(p.scroll+by, 0), p.scrollEnd(st))
		return p
	}
	if len(o.Ports) == 0 {
		return p
	}
	i, _ := p.row(o)
	p.selected = o.Ports[min(max(i+by, 0), len(o.Ports)-1)].Port
	p.scroll = 0
	return p
}

// Keys lists what can be pressed on the ports screen.
func (p portsScreen) Keys(st State) []Key {
	if !p.work.ask.IsZero() {
		return p.answerKeys()
	}
	m := p.d.Theme.Marks
	o, ok := p.observed(st)
	_, page := p.split(st, o)
	var busy, none probes.Text
	if st.Busy() {
		busy = probes.T("the checks are running")
	}
	if !ok || len(o.Ports) == 0 {
		none = probes.T("no port was looked at")
	}
	focus := func(detail bool) func() (Screen, tea.Cmd) {
		return func() (Screen, tea.Cmd) { p.detail = detail; return p, nil }
	}
	upDown := probes.T("move")
	if p.detail {
		upDown = probes.T("scroll")
	}
	keys := navigation(m, upDown, page, func(by int) Screen { return p.line(st, by) })
	if p.detail {
		keys = append(keys, Key{Names: []string{"esc", "left", "h", "enter"}, Label: "esc", Hint: probes.T("back"), Help: probes.T("back to the table"), Do: focus(false)})
	} else {
		keys = append(keys, Key{Names: []string{"enter", "right", "l"}, Label: m.Enter, Hint: probes.T("details"), Help: probes.T("into the details, to scroll them"), Off: none, Do: focus(true)})
	}
	return append(keys, append(p.workKeys(st, o),
		Key{Names: []string{"o"}, Label: "o", Help: probes.T("sort by the next column"), Off: none, Do: press(func() Screen { p.sort = (p.sort + 1) % len(portOrders); return p })},
		p.only.key(probes.T("only ports that contain a text"), probes.Text{}, func(f filter) Screen { p.only, p.detail = f, false; return p }),
		Key{Names: []string{"r"}, Label: "r", Hint: probes.T("look again"), Help: probes.T("look at the ports again"), Off: busy, Do: request(p, Rerun{Areas: []string{portsArea}})})...)
}
