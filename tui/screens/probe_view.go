package screens

import (
	"slices"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/handshake"
	"example.com/wsdoctor/tui/widgets"
)

// probeLayout says where the handshake and the messages stand.
type probeLayout struct {
	beside      bool
	left, right int // widths
	top, below  int // heights, where they stand below each other
}

func (p probe) layout(st State) probeLayout {
	if st.Width >= besideFrom {
		left := max(st.Width*40/100, 44)
		return probeLayout{true, left, st.Width - left - 3, max(st.Height-1, 1), max(st.Height-1, 1)}
	}
	top := min(len(p.waterfall(st, st.Width-2)), max((st.Height-2)/2, 1))
	return probeLayout{false, st.Width - 2, st.Width - 2, top, max(st.Height-2-top, 1)}
}

// room is how many lines of messages, headers or rows are shown at a time.
func (p probe) room(st State) int {
	if p.mode == showTalk {
		return p.layout(st).below
	}
	return max(st.Height-1, 1)
}

func (p probe) View(st State) string {
	t := p.d.Theme
	lines := p.lines(st)
	room := p.room(st)
	switch p.mode {
	case showHeaders:
		return p.whole(st, t.Say(probes.T("request and response")), lines, room)
	case showCompared:
		return p.whole(st, t.Say(probes.T("through the balancer, and %s itself", p.names[1])), lines, room)
	}
	l := p.layout(st)
	title := t.Say(probes.T("handshake"))
	if u := p.target(st); u != "" {
		title = t.Clean(u)
	}
	left := pane{title: title, focused: true}
	right := pane{title: p.only.titled(t, p.talkTitle()), more: len(lines) > room}
	shown := widgets.Window(lines, max(len(lines)-room-p.scroll, 0), room)
	if l.beside {
		fall := widgets.Window(p.waterfall(st, l.left-1), 0, l.top)
		for i := range fall {
			fall[i] = " " + fall[i]
		}
		out := []string{rule(t, left, right, st.Width, l.left)}
		return strings.Join(append(out, widgets.Beside(fall, l.left, t.Faint.Render(t.Marks.Down)+" ", shown, l.right, t.Marks.Ellipsis)...), "\n")
	}
	out := []string{rule(t, left, pane{}, st.Width, 0)}
	for _, line := range widgets.Window(p.waterfall(st, l.left), 0, l.top) {
		out = append(out, " "+line)
	}
	out = append(out, rule(t, right, pane{}, st.Width, 0))
	for _, line := range shown {
		out = append(out, " "+line)
	}
	return strings.Join(out, "\n")
}

func (p probe) whole(st State, title string, lines []string, room int) string {
	t := p.d.Theme
	out := []string{rule(t, pane{p.only.titled(t, title), true, len(lines) > room}, pane{}, st.Width, 0)}
	for _, line := range widgets.Window(lines, min(p.scroll, max(len(lines)-room, 0)), room) {
		out = append(out, " "+widgets.Cut(line, st.Width-2, t.Marks.Ellipsis))
	}
	return strings.Join(out, "\n")
}

// talkTitle says whether there is a connection.
func (p probe) talkTitle() string {
	t := p.d.Theme
	switch {
	case p.busy:
		return t.Say(probes.T("connecting"))
	case p.session != nil:
		return t.Say(probes.T("connected"))
	case p.end != nil:
		return t.Say(probes.T("ended"))
	}
	return t.Say(probes.T("not connected"))
}

// lines are those of the messages, of the headers or of the comparison.
func (p probe) lines(st State) []string {
	switch p.mode {
	case showHeaders:
		return p.only.lines(p.d.Theme, p.headers(st.Width-2))
	case showCompared:
		return p.only.lines(p.d.Theme, p.compared(st.Width-2))
	}
	return p.talkLines(st)
}

func (p probe) talkLines(st State) []string {
	t := p.d.Theme
	if len(p.talk) == 0 {
		text := probes.T("i types a message, space pings")
		if p.session == nil {
			text = probes.T("%s connects, d compares with a node", t.Marks.Enter)
		}
		return []string{t.Faint.Render(t.Say(text))}
	}
	width := p.layout(st).right
	var out []string
	for _, l := range p.talk {
		if !p.only.passes(l.text) {
			continue
		}
		arrow, style := t.Accent.Render("<"), t.Plain
		switch {
		case l.note:
			arrow, style = t.Faint.Render(t.Marks.Dot), t.Faint
		case l.ours:
			arrow = t.Strong.Render(">")
		}
		for i, line := range widgets.Wrap(t.Clean(l.text), max(width-2, 10), "") {
			if i > 0 {
				arrow = " "
			}
			out = append(out, arrow+" "+style.Render(line))
		}
	}
	if len(out) == 0 {
		return []string{t.Faint.Render(t.Say(p.only.nothing()))}
	}
	return out
}

// waterfall draws each phase of the handshake where it began and as long as it took, what went wrong, and the round
// trips of pings.
func (p probe) waterfall(_ State, width int) []string {
	t := p.d.Theme
	pg := page{d: p.d, width: width}
	if !p.bad.IsZero() {
		pg.add(t.Fail, "", t.Say(p.bad))
	}
	best := p.trace.Best()
	switch {
	case !p.tried:
		pg.add(t.Faint, "", t.Say(probes.T("no handshake yet")))
		return pg.lines
	case best == nil:
		pg.add(t.Fail, "", t.Say(p.trace.Cause.Text))
		return pg.lines
	}
	spans := p.trace.Fall().Spans
	if p.greeted > 0 && best.FirstMessage == 0 {
		spans = append(spans, probes.Span{Name: probes.T("first message"), Took: p.greeted})
	}
	const label = 14
	room := max(width-label-10, 10)
	pg.fall(spans, 0)
	switch {
	case p.trace.Cause.Kind != handshake.None:
		for i, line := range widgets.Wrap(t.Say(p.trace.Cause.Text), width-2, "") {
			mark := strings.Repeat(" ", widgets.Width(t.Marks.Failed))
			if i == 0 {
				mark = t.Fail.Render(t.Marks.Failed)
			}
			pg.lines = append(pg.lines, mark+" "+t.Strong.Render(line))
		}
	case best.Response != nil:
		pg.lines = append(pg.lines, t.OK.Render(t.Marks.OK)+" "+widgets.Cut(t.Clean(best.Response.StatusLine), width-2, t.Marks.Ellipsis))
	}
	pg.add(t.Faint, "", t.Clean(best.Address))
	if n := len(p.rtts); n > 0 {
		least, most, sum := p.rtts[0], p.rtts[0], 0.0
		for _, v := range p.rtts {
			least, most, sum = min(least, v), max(most, v), sum+v
		}
		pg.lines = append(pg.lines, t.Faint.Render(widgets.Fit(t.Say(probes.T("round trips")), label, ""))+t.Accent.Render(widgets.Sparkline(p.rtts, room, t.ASCII())))
		pg.add(t.Faint, strings.Repeat(" ", label), t.Say(tripWords(n, inSeconds(least), inSeconds(sum/float64(n)), inSeconds(most))))
	}
	return pg.lines
}

// tripWords sums up the round trips of pings.
func tripWords(n int, least, mean, most probes.Seconds) probes.Text {
	if n == 1 {
		return probes.T("1 ping: %s", mean)
	}
	return probes.T("%d pings: %s least, %s on average, %s most", n, least, mean, most)
}

func inSeconds(v float64) probes.Seconds { return probes.Seconds(v * 1e9) }

// headers draws what was asked and what was answered.
func (p probe) headers(width int) []string {
	t := p.d.Theme
	pg := page{d: p.d, width: width}
	best := p.trace.Best()
	if best == nil {
		return nil
	}
	for i, line := range best.Request {
		style := t.Plain
		if i == 0 {
			style = t.Strong
		}
		pg.add(style, "", "> "+t.Clean(line))
	}
	pg.gap()
	if best.Response == nil {
		pg.add(t.Fail, "", t.Say(probes.T("no response: %s", p.trace.Cause.Text)))
		return pg.lines
	}
	pg.add(t.Strong, "", "< "+t.Clean(best.Response.StatusLine))
	for _, h := range best.Response.Header {
		pg.add(t.Plain, "", "< "+t.Clean(h.Name+": "+h.Value))
	}
	if best.Response.Body != "" {
		pg.gap()
		for _, line := range t.Lines(probes.Verbatim(best.Response.Body)) {
			pg.add(t.Faint, "  ", line)
		}
	}
	if best.TLS != nil && best.TLS.Certificate != nil {
		c := best.TLS.Certificate
		pg.gap()
		pg.add(t.Plain, "", t.Say(probes.T("%s, %s; certificate of %s by %s, %d days left", best.TLS.Version, best.TLS.Cipher, c.Subject, c.Issuer, c.DaysLeft)))
		for _, problem := range c.Problems {
			pg.add(t.Fail, "  ", t.Say(problem.Text))
		}
	}
	return pg.lines
}

// compared draws two handshakes side by side; what differs is marked.
func (p probe) compared(width int) []string {
	t := p.d.Theme
	room := width - 4 // the mark
	cols := []widgets.Column{{Title: strings.Repeat(" ", widgets.Width(t.Marks.OK))}, {Title: "", Min: 10, Shrink: true}, {Title: t.Say(probes.T("balancer")), Min: 14, Shrink: true}, {Title: t.Say(probes.T("node")), Min: 14, Shrink: true}}
	var rows [][]widgets.Cell
	differs := 0
	none := strings.TrimSpace(t.Marks.Skipped)
	or := func(s string) string {
		if s == "" {
			return none
		}
		return t.Clean(s)
	}
	for _, r := range p.rows {
		mark, style := " ", t.Plain
		if r.Differs {
			mark, style = t.Warn.Render(t.Marks.Warned), t.Strong
			differs++
		}
		rows = append(rows, []widgets.Cell{{Text: mark, Style: t.Plain}, {Text: t.Say(r.What), Style: t.Faint}, {Text: or(r.A), Style: style}, {Text: or(r.B), Style: style}})
	}
	out := widgets.Table(cols, t.Faint, rows, room+4, t.Marks.Ellipsis)
	sum := probes.T("no line differs that means anything")
	if differs > 0 {
		sum = probes.T("%d lines differ, marked %s", differs, strings.TrimSpace(t.Marks.Warned))
	}
	return slices.Concat([]string{t.Strong.Render(t.Say(sum))}, p.falls(width), out)
}

// falls draws the phases of the two handshakes beside each other, to one scale.
func (p probe) falls(width int) []string {
	t := p.d.Theme
	longest := max(p.phases[0].Total(), p.phases[1].Total())
	if longest == 0 {
		return nil
	}
	half := (width - 3) / 2
	draw := func(title probes.Text, f probes.Fall) []string {
		pg := page{d: p.d, width: half}
		pg.heading(probes.T("%s: %s", title, f.Total()))
		pg.fall(f.Spans, longest)
		return pg.lines
	}
	return append(widgets.Beside(draw(probes.T("balancer"), p.phases[0]), half, t.Faint.Render(" "+t.Marks.Down+" "), draw(probes.T("node"), p.phases[1]), half, t.Marks.Ellipsis), "")
}
