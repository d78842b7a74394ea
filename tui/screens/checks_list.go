package screens

import (
	"strconv"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/tui/widgets"
)

// listTitle says what the list holds.
func (c checks) listTitle(st State, list []item) string {
	all := 0
	for _, a := range st.Areas {
		all += len(a.Rules)
	}
	t := c.d.Theme
	switch {
	case c.filter != "" && c.problems:
		return t.Say(probes.T("%d of %d: problems, %q", len(list), all, c.filter))
	case c.filter != "":
		return t.Say(probes.T("%d of %d: %q", len(list), all, c.filter))
	case c.problems:
		return t.Say(probes.T("%d of %d: problems", len(list), all))
	}
	if all == 1 {
		return t.Say(probes.T("1 check"))
	}
	return t.Say(probes.T("%d checks", all))
}

// list draws the checks under their areas, around the selected one.
func (c checks) list(st State, list []item, selected, width, height int) []string {
	if len(list) == 0 {
		return widgets.Window(c.empty(st, width), 0, height)
	}
	var lines []string
	at, area := 0, ""
	for i, it := range list {
		if it.area != area {
			area = it.area
			lines = append(lines, c.areaLine(st, area, width))
		}
		if i == selected {
			at = len(lines)
		}
		lines = append(lines, c.checkLine(st, it, i == selected, width))
	}
	return widgets.Window(lines, widgets.Top(at, len(lines), height), height)
}

func (c checks) empty(st State, width int) []string {
	t := c.d.Theme
	text := probes.T("nothing matches %q; esc clears the filter", c.filter)
	switch {
	case c.problems && st.Busy():
		text = probes.T("no problems so far; o shows all checks")
	case c.problems && c.filter == "":
		text = probes.T("no problems; o shows all checks")
	case c.filter == "":
		text = probes.T("no checks were asked for")
	}
	out := []string{""}
	for _, line := range widgets.Wrap(t.Say(text), width-2, "") {
		out = append(out, " "+t.Faint.Render(line))
	}
	return out
}

// areaLine names an area and sums it up at the right end.
func (c checks) areaLine(st State, area string, width int) string {
	t := c.d.Theme
	sum := ""
	switch phase, running := st.Phases[area]; {
	case running && phase == Running:
		sum = t.Accent.Render(t.Marks.Spin[st.Spin%len(t.Marks.Spin)])
	case running && phase == Waiting:
		sum = t.Faint.Render(t.Say(probes.T("waits")))
	default:
		sum = c.areaSum(st, area)
	}
	return widgets.Ends(" "+t.Strong.Render(area), sum+" ", width, t.Marks.Ellipsis)
}

// areaSum counts what an area's checks came to, the worst first. All well is not counted.
func (c checks) areaSum(st State, area string) string {
	t := c.d.Theme
	n := map[probes.Status]int{}
	for _, a := range st.Areas {
		for _, r := range a.Rules {
			if res, ok := st.Results[r.ID]; ok && a.Name == area {
				n[res.Status]++
			}
		}
	}
	var parts []string
	for _, s := range []probes.Status{probes.Failed, probes.Warned, probes.Unknown} {
		if n[s] > 0 {
			mark, style := t.Status(s)
			parts = append(parts, style.Render(strings.TrimSpace(mark))+" "+t.Word(s).Render(strconv.Itoa(n[s])))
		}
	}
	return strings.Join(parts, "  ")
}

// checkLine is one check: where the cursor is, how it ended, what it says.
func (c checks) checkLine(st State, it item, selected bool, width int) string {
	t := c.d.Theme
	mark, markStyle := t.Marks.Pending, t.Faint
	textStyle := t.Faint
	if it.done {
		mark, markStyle = t.Status(it.res.Status)
		if problem(it.res.Status) || it.res.Status == probes.OK {
			textStyle = t.Plain
		}
		if it.res.ExplainedBy != "" {
			// One cause is one thing to do: what follows from it steps back.
			textStyle = t.Faint
		}
	}
	if phase, in := st.Phases[it.area]; in && phase != Done {
		textStyle = t.Faint // what is shown is of the run before
	}
	cursor := " "
	if selected {
		cursor = t.Accent.Render(t.Marks.Cursor)
		textStyle = t.Selected
	}
	head := cursor + " " + markStyle.Render(mark) + " "
	title := widgets.Cut(t.Phrase(it.rule.Title), width-widgets.Width(head)-1, t.Marks.Ellipsis)
	return head + textStyle.Render(title)
}
