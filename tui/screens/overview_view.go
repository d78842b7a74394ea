package screens

import (
	"strings"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/changes"
	"example.com/wsdoctor/probes/report"
	"example.com/wsdoctor/tui/widgets"
	"github.com/charmbracelet/lipgloss"
)

// twoColumnsFrom is the width from which what has changed stands beside what to do.
const twoColumnsFrom = 110

// picture is the path, in about half the height.
func (o overview) picture(st State) []string {
	lines := o.path(st, max(st.Height/2, 6))
	return lines[:min(len(lines), max(st.Height-4, 1))]
}

// room is how many lines stand below the path.
func (o overview) room(st State) int { return max(st.Height-2-len(o.picture(st)), 1) }

func (o overview) scrollEnd(st State) int { return max(len(o.below(st))-o.room(st), 0) }

// columns are the widths of what to do and of what has changed; the second is 0 where it stands below.
func (o overview) columns(st State) (int, int) {
	if st.Width < twoColumnsFrom {
		return st.Width - 2, 0
	}
	left := min(max(st.Width*55/100, 64), widestText)
	return left, min(st.Width-left-5, widestText)
}

func (o overview) View(st State) string {
	t := o.d.Theme
	lines := []string{rule(t, pane{o.only.titled(t, t.Say(probes.T("the path"))), true, false}, pane{}, st.Width, 0)}
	lines = append(lines, o.picture(st)...)
	text, room := o.below(st), o.room(st)
	left, right := o.columns(st)
	do := pane{title: t.Say(probes.T("what to do")), more: len(text) > room}
	top := min(o.scroll, max(len(text)-room, 0))
	if right == 0 {
		lines = append(lines, rule(t, do, pane{}, st.Width, 0))
		for _, line := range widgets.Window(text, top, room) {
			lines = append(lines, " "+line)
		}
		return strings.Join(lines, "\n")
	}
	lines = append(lines, rule(t, do, pane{title: t.Say(probes.T("runs"))}, st.Width, left+2))
	shown := widgets.Window(text, top, room)
	for i := range shown {
		shown[i] = " " + shown[i]
	}
	return strings.Join(append(lines, widgets.Beside(shown, left+2, t.Faint.Render(t.Marks.Down)+" ", widgets.Window(o.runs(st, right), 0, room), right, t.Marks.Ellipsis)...), "\n")
}

// below draws the cause and its fix and, where it has no column of its own, what the runs came to.
func (o overview) below(st State) []string {
	t := o.d.Theme
	left, right := o.columns(st)
	p := page{d: o.d, width: min(left, widestText)}
	c, some := topCause(st.Report)
	switch {
	case some:
		p.finding(probes.Finding{Severity: c.severity, Title: c.title, Fix: c.fix})
		switch {
		case c.explains == 1:
			p.add(t.Faint, "  ", t.Say(probes.T("found by %s; it explains 1 more finding", c.id)))
		case c.explains > 1:
			p.add(t.Faint, "  ", t.Say(probes.T("found by %s; it explains %d more findings", c.id, c.explains)))
		default:
			p.add(t.Faint, "  ", t.Say(probes.T("found by %s", c.id)))
		}
		if more := len(st.Report.Causes) - 1; more == 1 {
			p.add(t.Faint, "  ", t.Say(probes.T("1 other cause: see the checks")))
		} else if more > 1 {
			p.add(t.Faint, "  ", t.Say(probes.T("%d other causes: see the checks", more)))
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
	if right == 0 {
		p.gap()
		p.lines = append(p.lines, o.runs(st, left)...)
	}
	return p.lines
}

// runs draws how each area stands, what runs, when the last run was, and what it changed.
func (o overview) runs(st State, width int) []string {
	p := page{d: o.d, width: width}
	p.lines = o.areas(st, width)
	r := st.Report
	if len(r.Results) == 0 {
		return p.lines
	}
	p.gap()
	end := r.Started.Add(r.Took)
	head := probes.T("last run at %s, in %s", end.Format(time.TimeOnly), probes.Seconds(r.Took))
	if st.Since.IsZero() {
		p.add(o.d.Theme.Faint, "", o.d.Theme.Say(head))
		return p.lines
	}
	if len(st.Changes) == 0 {
		p.add(o.d.Theme.Faint, "", o.d.Theme.Say(probes.T("%s; nothing has changed since %s", head, st.Since.Format(time.TimeOnly))))
		return p.lines
	}
	p.add(o.d.Theme.Faint, "", o.d.Theme.Say(probes.T("%s; since the run at %s:", head, st.Since.Format(time.TimeOnly))))
	for _, c := range st.Changes {
		if o.only.passes(c.ID, c.Subject) {
			o.change(&p, c)
		}
	}
	return p.lines
}

// change draws one thing that differs from the run before, on two lines at most: the checks tell it all.
func (o overview) change(p *page, c changes.Change) {
	t := o.d.Theme
	mark, style := t.Status(c.Status())
	what := t.Clean(c.ID) + ": " + t.Clean(report.Headline(probes.Finding{Subject: c.Subject, Title: probes.Verbatim(t.Say(c.Title))}, nil))
	if !c.Why.IsZero() {
		what = t.Clean(c.ID) + ": " + t.Say(probes.T("not judged any more: %s", c.Why))
	}
	hang := strings.Repeat(" ", widgets.Width(mark)+1)
	kind := t.Say(c.Kind.Words())
	lines := widgets.Wrap(kind+" "+what, p.width-len(hang), "")
	if len(lines) > 2 {
		lines = []string{lines[0], widgets.Cut(strings.Join(lines[1:], " "), p.width-len(hang), t.Marks.Ellipsis)}
	}
	lines[0] = style.Render(mark) + " " + t.Strong.Render(kind) + strings.TrimPrefix(lines[0], kind)
	p.lines = append(p.lines, lines[0])
	for _, line := range lines[1:] {
		p.lines = append(p.lines, hang+line)
	}
}

// areas draws each area with the mark of its worst check, or of how far it is.
func (o overview) areas(st State, width int) []string {
	t := o.d.Theme
	var lines []string
	line := ""
	for _, a := range st.Areas {
		mark, style := o.standing(st, a)
		word := style.Render(strings.TrimRight(mark, " ")) + " " + t.Plain.Render(t.Clean(a.Name))
		if line != "" && widgets.Width(line)+2+widgets.Width(word) > width {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += "  "
		}
		line += word
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// standing is the mark of an area: how far it is in the present run, else its worst check.
func (o overview) standing(st State, a Area) (string, lipgloss.Style) {
	t := o.d.Theme
	if phase, in := st.Phases[a.Name]; in && phase == Running {
		return spinner(t, st.Spin), t.Accent
	}
	n := map[probes.Status]int{}
	for _, rule := range a.Rules {
		if res, ok := st.Results[rule.ID]; ok {
			n[res.Status]++
		}
	}
	for _, s := range []probes.Status{probes.Failed, probes.Warned, probes.Unknown, probes.OK, probes.Skipped} {
		if n[s] > 0 {
			return t.Status(s)
		}
	}
	return t.Marks.Pending, t.Faint
}
