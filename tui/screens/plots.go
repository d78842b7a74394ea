package screens

import (
	"fmt"
	"strconv"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/tui/widgets"
	"github.com/charmbracelet/lipgloss"
)

// plot draws what was measured with cells; the html report draws the same as SVG.
func (p *page) plot(plot probes.Plot) {
	switch {
	case len(plot.Bars) > 0:
		p.bars(plot.Bars)
	case plot.Lives != nil:
		p.lives(*plot.Lives)
	case plot.Curve != nil:
		p.curve(*plot.Curve)
	case plot.Grid != nil:
		p.grid(*plot.Grid)
	}
	for _, n := range plot.Notes {
		p.add(p.d.Theme.Plain, "", p.d.Theme.Say(n))
	}
}

// bars draws a bar for each number, with a line where the number was expected.
func (p *page) bars(bars []probes.Bar) {
	t := p.d.Theme
	most, name := 1.0, 4
	for _, b := range bars {
		most = max(most, b.Value, b.Expected)
		name = max(name, widgets.Width(t.Clean(b.Name)))
	}
	name = min(name, p.width/3)
	room := max(p.width-name-24, 4)
	for _, b := range bars {
		bar := []rune(widgets.Fit(widgets.Bar(b.Value, most, room, t.ASCII()), room, ""))
		drawn := t.Accent.Render(string(bar))
		if at := int(b.Expected / most * float64(room-1)); b.Expected > 0 {
			drawn = t.Accent.Render(string(bar[:at])) + t.Strong.Render(t.Marks.Down) + t.Accent.Render(string(bar[at+1:]))
		}
		line := widgets.Fit(t.Clean(b.Name), name, t.Marks.Ellipsis) + " " + drawn + fmt.Sprintf(" %4s ", strconv.FormatFloat(b.Value, 'f', -1, 64))
		if b.Expected > 0 {
			line += t.Faint.Render(t.Say(probes.T("expected %.0f", b.Expected)))
		}
		p.lines = append(p.lines, line)
	}
}

// one is the first cell of a mark.
func one(mark string) string { return string([]rune(mark)[0]) }

// lives draws a line of life for each thing, and a mark for each that was tried once, over one axis.
func (p *page) lives(l probes.Lives) {
	t := p.d.Theme
	const tail = 10
	label := min(16, p.width/3)
	room := max(p.width-label-tail-1, 10)
	at := func(s probes.Seconds) int {
		return min(int(float64(s)/float64(max(l.Longest, 1))*float64(room-1)), room-1)
	}
	for _, x := range l.Rows {
		mark, style := t.Status(x.Status)
		words := x.At.String()
		switch x.Status {
		case probes.OK:
			words = t.Say(probes.T("lives"))
		case probes.Skipped:
			words = t.Say(probes.T("refused"))
		}
		line := t.Faint
		if x.Status != probes.OK {
			line = style
		}
		p.lines = append(p.lines, widgets.Fit(t.Say(x.Name), label, "")+line.Render(strings.Repeat(t.Marks.Across, at(x.At)))+style.Render(one(mark))+" "+words)
	}
	if len(l.Points) > 0 {
		strip := make([]string, room)
		for i := range strip {
			strip[i] = " "
		}
		for _, x := range l.Points {
			mark, style := t.Status(x.Status)
			strip[at(x.At)] = style.Render(one(mark))
		}
		p.lines = append(p.lines, widgets.Fit(t.Say(l.Tried), label, "")+strings.TrimRight(strings.Join(strip, ""), " "))
	}
	axis := ""
	for i := range 5 {
		s := l.Longest * probes.Seconds(i) / 4
		word := s.String()
		if i == 0 {
			word = "0"
		}
		if i > 0 && at(s) < widgets.Width(axis)+2 {
			continue
		}
		axis += strings.Repeat(" ", max(at(s)-widgets.Width(axis), 0)) + word
	}
	p.lines = append(p.lines, strings.Repeat(" ", label)+t.Faint.Render(widgets.Cut(axis, p.width-label, "")))
	p.add(t.Faint, "", t.Say(probes.T("%s lives, %s was cut, %s was dropped without a word", one(t.Marks.OK), one(t.Marks.Failed), one(t.Marks.Unknown))))
}

// curve draws the first line of a curve as columns, and says how high the others go.
func (p *page) curve(c probes.Curve) {
	t := p.d.Theme
	if len(c.Lines) == 0 || len(c.Lines[0].Points) == 0 {
		return
	}
	const height, label = 6, 10
	var values []float64
	most := 0.001
	points := c.Lines[0].Points
	for _, pt := range points {
		values = append(values, pt.Y)
		most = max(most, pt.Y)
	}
	room := min(p.width-label-2, 72)
	p.heading(probes.T("%s (%s)", c.Y, c.Lines[0].Name))
	for i, line := range widgets.Columns(values, most, room, height, t.ASCII()) {
		at := ""
		if i%(height/2) == 0 {
			at = inSeconds(most * float64(height-i) / height).String()
		}
		p.lines = append(p.lines, t.Faint.Render(fmt.Sprintf("%*s ", label-1, at))+t.Accent.Render(line))
	}
	first, last := number(0), number(points[len(points)-1].X)+" "+t.Say(c.X)
	wide := max(room/len(values), 1) * min(len(values), room)
	p.lines = append(p.lines, strings.Repeat(" ", label)+t.Faint.Render(widgets.Cut(first+strings.Repeat(" ", max(wide-1-widgets.Width(last), 1))+last, p.width-label, "")))
	for _, other := range c.Lines[1:] {
		high := 0.0
		for _, pt := range other.Points {
			high = max(high, pt.Y)
		}
		if high > 0 {
			p.add(t.Faint, "", t.Say(probes.T("%s: at most %s", other.Name, inSeconds(high))))
		}
	}
}

func number(v float64) string { return strconv.FormatFloat(v, 'f', 0, 64) }

// letter names a node in a grid.
func letter(i int) string { return string(rune('A' + i%26)) }

// grid draws a row for each client: a letter for the node of each of its connections, in order, and how many each node
// has.
func (p *page) grid(g probes.Grid) {
	t := p.d.Theme
	styles := []lipgloss.Style{t.Accent, t.Warn, t.Unknown, t.OK, t.Plain}
	style := func(node int) lipgloss.Style { return styles[node%len(styles)] }
	label, most := 0, 0
	for _, row := range g.Rows {
		label = max(label, widgets.Width(t.Say(row.Name)))
		most = max(most, len(row.At))
	}
	counts := 4 * len(g.Nodes)
	label = max(min(label, p.width-most-counts-3), 16)
	if label+1+most+2+counts > p.width {
		counts = 0
	}
	if counts > 0 {
		head := strings.Repeat(" ", label+1+most+2)
		for i := range g.Nodes {
			head += style(i).Render(fmt.Sprintf("%4s", letter(i)))
		}
		p.lines = append(p.lines, head)
	}
	for _, row := range g.Rows {
		n := make([]int, len(g.Nodes))
		line := widgets.Fit(t.Say(row.Name), label, t.Marks.Ellipsis) + " "
		for _, at := range row.At {
			n[at]++
			line += style(at).Render(letter(at))
		}
		if counts > 0 {
			line += strings.Repeat(" ", most-len(row.At)+2)
			for i, count := range n {
				word := strings.TrimSpace(t.Marks.Dot)
				look := t.Faint
				if count > 0 {
					word, look = strconv.Itoa(count), style(i)
				}
				line += look.Render(fmt.Sprintf("%4s", word))
			}
		}
		p.lines = append(p.lines, widgets.Cut(line, p.width, t.Marks.Ellipsis))
	}
	for i, n := range g.Nodes {
		p.lines = append(p.lines, "  "+style(i).Render(letter(i))+" = "+t.Clean(n))
	}
}

// fall draws phases that follow each other, each where it began and as long as it took. Where longest is longer than all
// of them, they are drawn to its scale.
func (p *page) fall(spans []probes.Span, longest probes.Seconds) {
	t := p.d.Theme
	const label, tail = 14, 10
	room := max(p.width-label-tail, 4)
	longest = max(longest, probes.Fall{Spans: spans}.Total(), 1)
	var before probes.Seconds
	for _, s := range spans {
		from := min(int(float64(before)/float64(longest)*float64(room)), room-1)
		bar := widgets.Bar(float64(s.Took), float64(longest), room-from, t.ASCII())
		before += s.Took
		p.lines = append(p.lines, t.Faint.Render(widgets.Fit(t.Say(s.Name), label, ""))+strings.Repeat(" ", from)+t.Accent.Render(bar)+" "+s.Took.String())
	}
}
