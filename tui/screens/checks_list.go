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
	case c.only.text != "" && c.problems:
		return t.Say(probes.T("%d of %d: problems, %q", len(list), all, c.only.text))
	case c.only.text != "":
		return t.Say(probes.T("%d of %d: %q", len(list), all, c.only.text))
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
	rows, at := c.listRows(list, selected)
	lines := make([]string, len(rows))
	for n, i := range rows {
		if i < 0 {
			lines[n] = c.areaLine(st, list[rows[n+1]].area, width)
		} else {
			lines[n] = c.checkLine(st, list[i], i == selected, width)
		}
	}
	return widgets.Window(lines, widgets.Top(at, len(lines), height), height)
}

// listRows has the index of the check on each line of the list, -1 for the name of an area; at is the line of the
// selected one.
func (c checks) listRows(list []item, selected int) (rows []int, at int) {
	area := ""
	for i, it := range list {
		if it.area != area {
			area = it.area
			rows = append(rows, -1)
		}
		if i == selected {
			at = len(rows)
		}
		rows = append(rows, i)
	}
	return rows, at
}

func (c checks) empty(st State, width int) []string {
	t := c.d.Theme
	text := c.only.nothing()
	switch {
	case c.problems && st.Busy():
		text = probes.T("no problems so far; o shows all checks")
	case c.problems && c.only.text == "":
		text = probes.T("no problems; o shows all checks")
	case c.only.text == "":
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
