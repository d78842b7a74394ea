package screens

import (
	"slices"
	"strings"

	"example.com/wsdoctor/probes"
	tea "github.com/charmbracelet/bubbletea"
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
	keys := navigation(o.d.Theme.Marks, probes.T("scroll"), max(o.room(st)-1, 1), func(by int) Screen {
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
	out := []string{st.wsdoctor("check")}
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
