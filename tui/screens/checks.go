package screens

import (
	"slices"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/tui/widgets"
	tea "github.com/charmbracelet/bubbletea"
)

// checks is the first screen: the areas with their checks, and what the selected one found.
type checks struct {
	d        Deps
	selected string // the id of a check; where it is not in the list, the list's first is selected
	moved    bool   // the operator chose it
	detail   bool   // keys go to the details
	scroll   int    // the first line of the details that is shown
	only     filter
	problems bool
}

// item is a check of the list.
type item struct {
	area string
	rule probes.RuleInfo
	res  probes.Result
	done bool // res holds a result
}

func newChecks(d Deps) Screen { return checks{d: d} }

func (c checks) Prompt() string { return c.only.prompt(c.d.Theme) }

func (c checks) Update(st State, msg tea.Msg) (Screen, tea.Cmd) {
	switch msg := msg.(type) {
	case RunFinished:
		if worst := foremost(st); !c.moved && worst != "" {
			c.selected, c.scroll = worst, 0
		}
		c.scroll = min(c.scroll, c.scrollEnd(st))
	case tea.WindowSizeMsg:
		c.scroll = min(c.scroll, c.scrollEnd(st))
	case Check:
		return c.goTo(st, string(msg)), nil
	case tea.KeyMsg:
		return c.typed(st, msg), nil
	}
	return c, nil
}

// foremost is the check that deserves the first look: the top cause, else the first of the worst status.
func foremost(st State) string {
	if len(st.Report.Causes) > 0 {
		return st.Report.Causes[0].ID
	}
	for _, status := range []probes.Status{probes.Failed, probes.Warned, probes.Unknown} {
		for _, r := range st.Report.Results {
			if r.Status == status {
				return r.ID
			}
		}
	}
	return ""
}

// typed takes a key as text of the filter.
func (c checks) typed(st State, k tea.KeyMsg) checks {
	before := c
	if c.only = c.only.typed(c.d.Theme, k); !c.only.typing && c.only.text != "" {
		c.selected = before.settled(st).selected
	}
	c.scroll = 0
	return c
}

// items lists the checks that the filter lets through.
func (c checks) items(st State) []item {
	var out []item
	for _, a := range st.Areas {
		for _, r := range a.Rules {
			res, done := st.Results[r.ID]
			it := item{a.Name, r, res, done}
			if c.passes(it) {
				out = append(out, it)
			}
		}
	}
	return out
}

func (c checks) passes(it item) bool {
	if c.problems && !(it.done && problem(it.res.Status)) {
		return false
	}
	hay := []string{it.rule.ID, c.d.Theme.Phrase(it.rule.Title)}
	if it.done {
		hay = append(hay, it.res.Status.String())
	}
	for _, f := range it.res.Findings {
		hay = append(hay, c.d.Theme.Say(f.Title))
	}
	return c.only.passes(hay...)
}

// at returns the index of the selected check in list, and whether there is one.
func (c checks) at(list []item) (int, bool) {
	i := slices.IndexFunc(list, func(it item) bool { return it.rule.ID == c.selected })
	return max(i, 0), len(list) > 0
}

// selectedItem returns the selected check.
func (c checks) selectedItem(st State) (item, bool) {
	list := c.items(st)
	i, ok := c.at(list)
	if !ok {
		return item{}, false
	}
	return list[i], true
}

// move selects the check that stands by lines further down.
func (c checks) move(st State, by int) checks {
	list := c.items(st)
	i, ok := c.at(list)
	if !ok {
		return c
	}
	return c.pick(list[min(max(i+by, 0), len(list)-1)].rule.ID)
}

func (c checks) pick(id string) checks {
	if id != c.selected {
		c.scroll = 0
	}
	c.selected, c.moved = id, true
	return c
}

// settled keeps selected what is shown as such, where the filter has hidden what was.
func (c checks) settled(st State) checks {
	if it, ok := c.selectedItem(st); ok {
		c.selected = it.rule.ID
	}
	return c
}

// scrolled moves the details.
func (c checks) scrolled(st State, by int) checks {
	c.scroll = min(max(c.scroll+by, 0), c.scrollEnd(st))
	return c
}

// scrollEnd is the last line of the details that may stand at the top.
func (c checks) scrollEnd(st State) int {
	it, ok := c.selectedItem(st)
	if !ok {
		return 0
	}
	l := c.layout(st)
	if l.detail == 0 {
		return 0
	}
	return max(len(c.details(st, it, l.detail))-l.lines, 0)
}

// fix returns the lines that repair what the selected check found.
func (c checks) fix(it item) []string {
	var out []string
	for _, f := range it.res.Findings {
		for _, line := range f.Fix {
			out = append(out, strings.Split(strings.TrimRight(c.d.Theme.Pasteable(line), "\n"), "\n")...)
		}
	}
	return out
}

// layout says where things stand. Below 76 cells the two panes do not fit side by side: a list with room for a
// title of 28 cells, and details with room for a command of 38. Opened details have the whole width, so that
// commands stand on one line and can be marked with a mouse.
type layout struct {
	list, detail int // widths; 0: not shown
	lines        int // below the rule
}

// widestText is how wide details get on a big terminal; longer lines are hard to read.
const widestText = 110

func (c checks) layout(st State) layout {
	l := layout{lines: max(st.Height-1, 0)}
	switch {
	case c.detail:
		l.detail = min(st.Width-2, widestText)
	case st.Width < 76:
		l.list = st.Width
	default:
		l.list = min(max(st.Width*45/100, 34), 64)
		l.detail = min(st.Width-l.list-3, widestText)
	}
	return l
}

func (c checks) View(st State) string {
	t, l := c.d.Theme, c.layout(st)
	checks := c.items(st)
	i, ok := c.at(checks)
	listPane := pane{title: c.listTitle(st, checks), focused: true}
	if !ok {
		l.list, l.detail = st.Width, 0
	}
	var details []string
	var detailPane pane
	if l.detail > 0 {
		details = c.details(st, checks[i], l.detail)
		detailPane = pane{checks[i].rule.ID, c.detail, len(details) > l.lines}
		details = widgets.Window(details, min(c.scroll, max(len(details)-l.lines, 0)), l.lines)
	}
	var lines []string
	switch {
	case l.detail == 0:
		lines = append(lines, rule(t, listPane, pane{}, st.Width, 0))
		lines = append(lines, c.list(st, checks, i, l.list, l.lines)...)
	case l.list == 0:
		lines = append(lines, rule(t, detailPane, pane{}, st.Width, 0))
		for _, line := range details {
			lines = append(lines, " "+line)
		}
	default:
		lines = append(lines, rule(t, listPane, detailPane, st.Width, l.list))
		left := c.list(st, checks, i, l.list, l.lines)
		lines = append(lines, widgets.Beside(left, l.list, t.Faint.Render(t.Marks.Down)+" ", details, l.detail, t.Marks.Ellipsis)...)
	}
	return strings.Join(lines, "\n")
}
