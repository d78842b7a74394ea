package screens

import (
	"slices"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/tui/widgets"
	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/lipgloss"
)

// overview is the first screen: the path as it is, the top cause with its fix, and what has changed since the last
// run.
type overview struct {
	d      Deps
	scroll int // of what stands below the path
	only   filter
}

func newOverview(d Deps) Screen { return overview{d: d} }

func (o overview) Prompt() string { return o.only.prompt(o.d.Theme) }

func (o overview) Update(st State, msg tea.Msg) (Screen, tea.Cmd) {
	switch msg := msg.(type) {
	case RunFinished, tea.WindowSizeMsg:
		o.scroll = min(o.scroll, o.scrollEnd(st))
	case tea.KeyMsg:
		o.only, o.scroll = o.only.typed(o.d.Theme, msg), 0
	}
	return o, nil
}

// cause is what is to be mended first: a cause of the diagnosis, else the first finding of the highest severity.
type cause struct {
	id       string
	severity probes.Severity
	title    probes.Text
	fix      []probes.Text
	explains int
}

func topCause(r probes.Report) (cause, bool) {
	if len(r.Causes) > 0 {
		c := r.Causes[0]
		return cause{c.ID, c.Severity, c.Title, c.Fix, len(c.Explains)}, true
	}
	for _, severity := range []probes.Severity{probes.Error, probes.Warning} {
		for _, res := range r.Results {
			if i := slices.IndexFunc(res.Findings, func(f probes.Finding) bool { return f.Severity == severity }); i >= 0 {
				return cause{res.ID, severity, res.Findings[i].Title, res.Findings[i].Fix, 0}, true
			}
		}
	}
	return cause{}, false
}

func (o overview) fix(st State) []string {
	c, _ := topCause(st.Report)
	var out []string
	for _, line := range c.fix {
		out = append(out, strings.Split(strings.TrimRight(o.d.Theme.Pasteable(line), "\n"), "\n")...)
	}
	return out
}

// Keys lists what can be pressed on the overview.
func (o overview) Keys(st State) []Key {
	c, some := topCause(st.Report)
	fix := o.fix(st)
	var busy, none, noFix probes.Text
	if st.Busy() {
		busy = probes.T("the checks are running")
	}
	if !some {
		none = probes.T("nothing was found that has a cause")
	}
	if len(fix) == 0 {
		noFix = probes.T("there is nothing to fix here")
	}
	_, below := o.split(st)
	keys := navigation(o.d.Theme.Marks, probes.T("scroll"), max(below-1, 1), func(by int) Screen {
		o.scroll = min(max(o.scroll+by, 0), o.scrollEnd(st))
		return o
	})
	return append(keys,
		Key{Names: []string{"enter"}, Label: o.d.Theme.Marks.Enter, Hint: probes.T("the check"), Help: probes.T("the check that found the cause, with its evidence"), Off: none, Do: request(o, Show{ChecksScreen, Check(c.id)})},
		Key{Names: []string{"y"}, Label: "y", Hint: probes.T("copy fix"), Help: probes.T("copy the fix to the terminal's clipboard"), Off: First(none, noFix), Do: request(o, Copy{fix})},
		Key{Names: []string{"r"}, Label: "r", Hint: probes.T("rerun"), Help: probes.T("run all checks again"), Off: busy, Do: request(o, Rerun{})},
		o.only.key(probes.T("only nodes and changes that contain a text"), probes.Text{}, o.filtered),
		o.only.clearKey(o.filtered),
	)
}

func (o overview) filtered(f filter) Screen {
	o.only, o.scroll = f, 0
	return o
}

// Commands are those that say the same outside.
func (o overview) Commands(st State) []string {
	out := []string{"wsdoctor check"}
	if u := st.Config.BalancerURL(); u != "" {
		out = append(out, "wsdoctor probe "+shellWord(u))
	}
	for _, b := range st.Config.Backends() {
		out = append(out, "wsdoctor probe "+shellWord(st.Config.BackendURL(b.Address)))
	}
	if c, ok := topCause(st.Report); ok {
		out = append(out, "wsdoctor explain "+c.id)
	}
	return out
}

// Explain says how the picture is to be read.
func (o overview) Explain(State) []probes.Text {
	return []probes.Text{
		probes.T("The path of a client's connection, as the settings have it. Every part was asked for a WebSocket from this host: the balancer as clients ask it, and each node itself, past the balancer."),
		probes.T("A node that answers directly while the balancer does not means that the balancer is at fault; the other way round, or where both fail, look at the node first."),
		probes.T("Below it stands the one cause that explains most of what was found, and what to do about it."),
	}
}

// split shares the height between the path and what stands below it.
func (o overview) split(st State) (path, below int) {
	path = min(len(o.path(st)), max(st.Height*3/5, 5))
	return path, max(st.Height-2-path, 1)
}

func (o overview) scrollEnd(st State) int {
	_, below := o.split(st)
	return max(len(o.below(st))-below, 0)
}

func (o overview) View(st State) string {
	t := o.d.Theme
	pathLines, below := o.split(st)
	lines := []string{rule(t, pane{o.only.titled(t, t.Say(probes.T("the path"))), true, false}, pane{}, st.Width, 0)}
	lines = append(lines, widgets.Window(o.path(st), 0, pathLines)...)
	text := o.below(st)
	title := probes.T("what to do")
	lines = append(lines, rule(t, pane{t.Say(title), false, len(text) > below}, pane{}, st.Width, 0))
	for _, line := range widgets.Window(text, min(o.scroll, max(len(text)-below, 0)), below) {
		lines = append(lines, " "+line)
	}
	return strings.Join(lines, "\n")
}

// below draws the cause, its fix, and what has changed.
func (o overview) below(st State) []string {
	t := o.d.Theme
	p := page{d: o.d, width: min(st.Width-2, widestText)}
	c, some := topCause(st.Report)
	switch {
	case some:
		p.finding(probes.Finding{Severity: c.severity, Title: c.title, Fix: c.fix})
		if c.explains > 0 {
			p.add(t.Faint, "  ", t.Say(probes.T("found by %s; it explains %d more findings", c.id, c.explains)))
		} else {
			p.add(t.Faint, "  ", t.Say(probes.T("found by %s", c.id)))
		}
	case len(st.Report.Results) == 0 && st.Busy():
		p.add(t.Faint, "", t.Say(probes.T("looking%s", t.Marks.Ellipsis)))
	case len(st.Report.Results) == 0:
		p.add(t.Faint, "", t.Say(probes.T("not checked yet")))
	case st.Count()[probes.OK] == 0:
		p.add(t.Unknown, "", t.Say(probes.T("nothing could be looked at; the checks say what is missing")))
	default:
		p.add(t.OK, "", t.Say(probes.T("nothing stands in the way of a connection, as far as could be seen")))
	}
	o.changed(st, &p)
	return p.lines
}

// changed draws what is other than in the run before.
func (o overview) changed(st State, p *page) {
	t := o.d.Theme
	if len(st.Before.Results) == 0 {
		return
	}
	changes := Changed(st.Before, st.Report)
	if len(changes) == 0 {
		p.gap()
		p.heading(probes.T("nothing has changed since the last run"))
		return
	}
	changes = slices.DeleteFunc(changes, func(c Change) bool { return !o.only.passes(c.ID) })
	if len(changes) == 0 {
		return
	}
	p.gap()
	p.heading(probes.T("since the last run"))
	for _, c := range changes {
		p.lines = append(p.lines, "  "+t.Plain.Render(c.ID)+"  "+MarkAndWord(t, c.Was)+" "+t.Faint.Render(t.Marks.Leads)+" "+MarkAndWord(t, c.Is))
	}
}

// sign is the mark of a hop, and how it is drawn.
func (o overview) sign(h hop) (string, lipgloss.Style) {
	if !h.seen {
		return o.d.Theme.Marks.Pending, o.d.Theme.Faint
	}
	return o.d.Theme.Status(h.status)
}

// line is the style of the way to a hop: a connection that came about is drawn as fine, one that did not as failed.
func (o overview) line(h hop) lipgloss.Style {
	switch t := o.d.Theme; {
	case !h.edgeSeen:
		return t.Faint
	case h.edgeOK:
		return t.OK
	default:
		return t.Fail
	}
}
