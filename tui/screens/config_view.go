package screens

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/tui/widgets"
)

// besideFrom is the width from which the finding stands beside the file: lines of configurations are long, and so are
// findings.
const besideFrom = 100

// configLayout says where the file and the finding stand.
type configLayout struct {
	beside             bool
	width, height      int // of the file's lines
	textWidth, textHas int // of the finding: cells and lines
}

func (c config) layout(st State) configLayout {
	if st.Width >= besideFrom {
		file := st.Width * 55 / 100
		return configLayout{true, file, max(st.Height-1, 1), min(st.Width-file-3, widestText), max(st.Height-1, 1)}
	}
	room := max(st.Height-2, 2)
	file := max(room/2, 1)
	return configLayout{false, st.Width, file, min(st.Width-2, widestText), room - file}
}

// room is how many lines of a file, a diff or a walk are shown at a time.
func (c config) room(st State) int {
	if c.mode == showFile {
		return c.layout(st).height
	}
	return max(st.Height-1, 1)
}

func (c config) fileView(st State) string {
	t, l := c.d.Theme, c.layout(st)
	file := c.read.files[c.file]
	title := t.Clean(c.base())
	if n := len(c.read.files); n > 1 {
		title = t.Say(probes.T("%s, file %d of %d", title, c.file+1, n))
	}
	shown := c.visible()
	left := pane{title: c.only.titled(t, title), focused: true, more: len(shown) > l.height}
	top := c.firstLine(shown, l.height)
	lines := make([]string, 0, l.height)
	digits := len(strconv.Itoa(max(len(file.lines), 1)))
	for i := range l.height {
		if top+i < len(shown) {
			lines = append(lines, c.fileLine(file, shown[top+i], digits, l.width))
		} else {
			lines = append(lines, "")
		}
	}
	if len(shown) == 0 && c.only.text != "" {
		lines[0] = " " + t.Faint.Render(t.Say(c.only.nothing()))
	}
	text := c.finding(st, l.textWidth)
	right := pane{title: c.findingTitle(), more: len(text) > l.textHas}
	text = widgets.Window(text, min(c.scroll, max(len(text)-l.textHas, 0)), l.textHas)
	if l.beside {
		out := []string{rule(t, left, right, st.Width, l.width)}
		return strings.Join(append(out, widgets.Beside(lines, l.width, t.Faint.Render(t.Marks.Down)+" ", text, l.textWidth, t.Marks.Ellipsis)...), "\n")
	}
	out := append([]string{rule(t, left, pane{}, st.Width, 0)}, lines...)
	out = append(out, rule(t, right, pane{}, st.Width, 0))
	for _, line := range text {
		out = append(out, " "+line)
	}
	return strings.Join(out, "\n")
}

// firstLine is the index of the first line that is shown.
func (c config) firstLine(shown []int, height int) int {
	at, _ := slices.BinarySearch(shown, c.line)
	return widgets.Top(at, len(shown), height)
}

// fileLine is one line of the file: the mark of its worst finding, its number, its text.
func (c config) fileLine(f configFile, n, digits, width int) string {
	t := c.d.Theme
	marks := c.read.at(c.file, n)
	mark, markStyle := strings.Repeat(" ", widgets.Width(t.Marks.OK)), t.Plain
	worst := -1
	for i, m := range marks {
		if worst < 0 || m.finding.Severity > marks[worst].finding.Severity {
			worst = i
		}
	}
	text := t.Clean(f.lines[n-1])
	style := t.Plain
	if strings.HasPrefix(strings.TrimSpace(text), "#") {
		style = t.Faint
	}
	if worst >= 0 {
		mark, markStyle = t.Severity(marks[worst].finding.Severity)
		style = t.Strong
	}
	cursor, number := " ", t.Faint
	if n == c.line {
		cursor, number = t.Accent.Render(t.Marks.Cursor), t.Selected
		if worst < 0 {
			style = t.Selected
		}
	}
	head := cursor + markStyle.Render(mark) + " " + number.Render(fmt.Sprintf("%*d", digits, n)) + " "
	room := width - widgets.Width(head)
	if worst < 0 {
		return head + style.Render(widgets.Cut(text, room, t.Marks.Ellipsis))
	}
	// What the finding points at is underlined; tabs and odd characters are written out by Clean, so each part is
	// cleaned by itself.
	raw, m := f.lines[n-1], marks[worst]
	from := min(m.col, len(raw))
	to := min(max(m.end, from), len(raw))
	before, at, behind := t.Clean(raw[:from]), t.Clean(strings.TrimRight(raw[from:to], " \t")), t.Clean(raw[from+len(strings.TrimRight(raw[from:to], " \t")):])
	_, colour := t.Severity(m.finding.Severity)
	line := t.Plain.Render(before) + t.Underlined(colour, at) + t.Plain.Render(behind)
	return head + widgets.Cut(line, room, t.Marks.Ellipsis)
}

func (c config) findingTitle() string {
	t := c.d.Theme
	marks := c.marks()
	if len(marks) == 0 {
		if len(c.read.marks) == 1 {
			return t.Say(probes.T("1 finding"))
		}
		return t.Say(probes.T("%d findings", len(c.read.marks)))
	}
	for i, m := range c.read.marks {
		if m.file == c.file && m.line == c.line && m.id == marks[0].id {
			return t.Say(probes.T("%d of %d: %s", i+1, len(c.read.marks), m.id))
		}
	}
	return ""
}

// finding draws what the rules hold against the line, or how many findings there are elsewhere.
func (c config) finding(_ State, width int) []string {
	t := c.d.Theme
	p := page{d: c.d, width: width}
	if c.err != nil {
		p.add(t.Fail, "", t.Clean(c.err.Error()))
		p.gap()
	}
	marks := c.marks()
	if len(marks) == 0 {
		c.summary(&p)
		return p.lines
	}
	for i, m := range marks {
		if i > 0 {
			p.gap()
			p.heading(probes.Verbatim(m.id))
		}
		f := m.finding
		f.Evidence = nil
		p.finding(f)
		if len(m.finding.Evidence) > 0 {
			p.heading(probes.T("  see"))
			for _, e := range m.finding.Evidence {
				p.evidence(e)
			}
		}
		p.heading(probes.T("  why it matters"))
		p.add(t.Plain, "  ", t.Say(m.why))
	}
	return p.lines
}

// summary says what was read and what was found, where the line itself has nothing.
func (c config) summary(p *page) {
	t := c.d.Theme
	n := map[probes.Severity]int{}
	for _, m := range c.read.marks {
		n[m.finding.Severity]++
	}
	p.add(t.Faint, "", t.Say(probes.T("%s, %s: %s", c.read.program, c.read.chosen, c.read.files[0].name)))
	if len(c.read.marks) == 0 {
		p.add(t.Plain, "", t.Say(probes.T("nothing in it stands in the way of WebSocket connections")))
		return
	}
	p.add(t.Plain, "", t.Say(probes.T("this line is fine; n goes to the next finding")))
	for _, s := range []probes.Severity{probes.Error, probes.Warning, probes.Info} {
		if n[s] == 0 {
			continue
		}
		mark, style := t.Severity(s)
		p.lines = append(p.lines, style.Render(mark)+" "+t.Say(countOf(s, n[s])))
	}
}

// countOf is a number of findings of a severity.
func countOf(s probes.Severity, n int) probes.Text {
	switch {
	case s == probes.Error && n == 1:
		return probes.T("1 error")
	case s == probes.Error:
		return probes.T("%d errors", n)
	case s == probes.Warning && n == 1:
		return probes.T("1 warning")
	case s == probes.Warning:
		return probes.T("%d warnings", n)
	case n == 1:
		return probes.T("1 piece of advice")
	}
	return probes.T("%d pieces of advice", n)
}

// scrollEnd is the last line of the finding that may stand at the top.
func (c config) scrollEnd(st State) int {
	l := c.layout(st)
	return max(len(c.finding(st, l.textWidth))-l.textHas, 0)
}

// otherView draws the diff or the walk in the place of the file.
func (c config) otherView(st State) string {
	t := c.d.Theme
	title := t.Say(probes.T("what `wsdoctor lint --fix` would change"))
	if c.mode == showWalk {
		title = t.Say(probes.T("what happens to a request"))
	}
	lines := c.lines(st)
	room := c.room(st)
	out := []string{rule(t, pane{c.only.titled(t, title), true, len(lines) > room}, pane{}, st.Width, 0)}
	return strings.Join(append(out, widgets.Window(lines, min(c.top, max(len(lines)-room, 0)), room)...), "\n")
}

// lines are those of the diff or the walk.
func (c config) lines(st State) []string {
	if c.mode == showDiff {
		return c.only.lines(c.d.Theme, c.diffLines())
	}
	return c.only.lines(c.d.Theme, c.walkLines(st))
}

func (c config) diffLines() []string {
	t := c.d.Theme
	out := make([]string, len(c.read.diff))
	for i, line := range c.read.diff {
		style := t.Plain
		switch {
		case strings.HasPrefix(line, "+++"), strings.HasPrefix(line, "---"), strings.HasPrefix(line, "@@"):
			style = t.Faint
		case strings.HasPrefix(line, "+"):
			style = t.OK
		case strings.HasPrefix(line, "-"):
			style = t.Fail
		}
		out[i] = " " + style.Render(t.Clean(line))
	}
	return out
}

// walkLines draws the walk of each path through each server.
func (c config) walkLines(st State) []string {
	t := c.d.Theme
	p := page{d: c.d, width: min(st.Width-2, widestText)}
	if len(c.walk) == 0 {
		p.add(t.Faint, "", t.Say(probes.T("no WebSocket path is known here; w takes one")))
	}
	for _, w := range c.walk {
		p.gap()
		p.add(t.Strong, "", t.Say(probes.T("%s in %s %s", w.Path, w.What, w.Server)))
		for _, s := range w.Steps {
			at := ""
			if s.At != "" {
				at = s.At + "  "
			}
			for i, line := range widgets.Wrap(t.Clean(at)+t.Say(s.Text), p.width-4, "") {
				lead := t.Marks.Leads + " "
				if i > 0 {
					lead = strings.Repeat(" ", widgets.Width(lead))
				}
				p.lines = append(p.lines, "  "+t.Accent.Render(lead)+line)
			}
		}
		p.add(t.Strong, "  ", "= "+t.Say(w.End))
		for _, h := range w.Headers {
			p.add(t.Plain, "      ", t.Clean(h))
		}
		for _, d := range w.Doubts {
			p.add(t.Unknown, "  ", t.Say(probes.T("? could not be evaluated: %s", d)))
		}
	}
	for i := range p.lines {
		p.lines[i] = " " + p.lines[i]
	}
	return p.lines
}
