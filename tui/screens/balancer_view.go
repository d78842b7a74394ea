package screens

import (
	"fmt"
	"slices"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/balancer"
	"example.com/wsdoctor/probes/balancer/idle"
	"example.com/wsdoctor/probes/handshake"
	"example.com/wsdoctor/tui/widgets"
	"github.com/charmbracelet/lipgloss"
)

// picture draws the selected test: what it will do, how far it is, or what it saw.
func (b balancerScreen) picture(st State, width int) []string {
	t, test := b.d.Theme, activeTests[b.selected]
	p := page{d: b.d, width: min(width, widestText)}
	if !b.bad.IsZero() {
		p.add(t.Fail, "", t.Say(b.bad))
	}
	out, done := b.outcomes[test.name]
	switch {
	case b.asked == test.name:
		p.add(t.Warn, "", t.Say(probes.T("%s starts it, esc leaves it.", t.Marks.Enter)))
		p.add(t.Plain, "", t.Say(test.says(b.amount(st, test))))
		p.add(t.Faint, "", t.Say(probes.T("Target: %s", b.target(st))))
	case b.test == test.name:
		b.live(&p)
	case !done && b.target(st) == "":
		p.add(t.Faint, "", t.Say(probes.T("the settings name no balancer.url; u takes one")))
	case !done:
		p.add(t.Faint, "", t.Say(test.says(b.amount(st, test))))
	case out.seen.Active == nil || !out.err.IsZero():
		p.add(t.Unknown, "", t.Say(out.err))
	default:
		p.add(t.Strong, "", t.Say(out.words(test)))
		b.seen(&p, out.seen.Active)
		p.add(t.Faint, "", t.Say(tookWords(out)))
		for _, f := range out.found {
			p.gap()
			p.finding(f)
		}
	}
	return p.lines
}

// live draws a running test.
func (b balancerScreen) live(p *page) {
	t := b.d.Theme
	ascii := t.ASCII()
	p.add(t.Strong, "", t.Say(b.progress()))
	room := min(p.width, 60)
	if b.step.Of > 0 {
		done := widgets.Bar(b.step.Done, b.step.Of, room, ascii)
		p.lines = append(p.lines, t.Accent.Render(done)+t.Faint.Render(strings.Repeat(t.Marks.Dot, max(room-widgets.Width(done), 0))))
	}
	if len(b.curve) > 1 {
		p.gap()
		title, most := probes.T("tunnels held, as the ramp goes"), b.step.Of
		if b.step.Test == "idle" {
			title, most = probes.T("sockets that have ended, second by second"), 0
		}
		p.heading(title)
		for _, line := range widgets.Columns(b.curve, most, room, 6, ascii) {
			p.lines = append(p.lines, t.Accent.Render(line))
		}
	}
	p.add(t.Faint, "", t.Say(probes.T("esc stops it")))
}

// seen draws what a finished test saw.
func (b balancerScreen) seen(p *page, a *balancer.Active) {
	switch {
	case a.Stickiness != nil:
		b.stickiness(p, a.Stickiness)
	case a.Distribution != nil:
		b.distribution(p, a.Distribution)
	case a.Idle != nil:
		b.idle(p, a.Idle)
	case a.Capacity != nil:
		b.capacity(p, a.Capacity)
	}
}

// stickiness draws a grid: a row for each way of coming, a cell for each connection, a letter for each node.
func (b balancerScreen) stickiness(p *page, s *balancer.Stickiness) {
	t := b.d.Theme
	var nodes []string
	for _, series := range s.Observed.Series {
		for _, n := range series.Backends {
			if !slices.Contains(nodes, n) {
				nodes = append(nodes, n)
			}
		}
	}
	styles := []func(...string) string{t.Accent.Render, t.Warn.Render, t.Unknown.Render, t.OK.Render, t.Plain.Render}
	label := 34
	if p.width < 70 {
		label = 24
	}
	for _, series := range s.Observed.Series {
		var cells strings.Builder
		for _, n := range series.Backends {
			i := slices.Index(nodes, n)
			cells.WriteString(styles[i%len(styles)](letter(i)))
		}
		p.lines = append(p.lines, widgets.Fit(t.Say(series.Way.Words()), label, t.Marks.Ellipsis)+" "+cells.String())
	}
	for i, n := range nodes {
		p.lines = append(p.lines, "  "+styles[i%len(styles)](letter(i))+" = "+t.Clean(n))
	}
	if !s.Observed.By.IsZero() {
		p.add(t.Faint, "", t.Say(probes.T("told apart by %s; one letter is one connection", s.Observed.By)))
	}
	if s.Observed.Failed > 0 {
		p.add(t.Fail, "", t.Say(failedWords(s.Observed.Failed, s.Observed.Cause)))
	}
}

// failedWords says how many connections did not come about, and why the first did not.
func failedWords(n int, first handshake.Cause) probes.Text {
	if n == 1 {
		return probes.T("1 connection failed: %s", first.Text)
	}
	return probes.T("%d connections failed, the first: %s", n, first.Text)
}

// letter names a node in a grid.
func letter(i int) string { return string(rune('A' + i%26)) }

// distribution draws a bar for each node, and where each client landed, in the order in which they came.
func (b balancerScreen) distribution(p *page, d *balancer.Distribution) {
	t := b.d.Theme
	most, name := 1.0, 4
	for _, s := range d.Verdict.Shares {
		most = max(most, float64(s.Clients), s.Expected)
		name = max(name, widgets.Width(t.Clean(s.Backend)))
	}
	name = min(name, p.width/3)
	room := p.width - name - 24
	for _, s := range d.Verdict.Shares {
		p.lines = append(p.lines, widgets.Fit(t.Clean(s.Backend), name, t.Marks.Ellipsis)+" "+
			t.Accent.Render(widgets.Fit(widgets.Bar(float64(s.Clients), most, room, t.ASCII()), room, ""))+" "+
			fmt.Sprintf("%4d ", s.Clients)+t.Faint.Render(t.Say(probes.T("expected %.0f", s.Expected))))
	}
	if len(d.Verdict.Shares) > 1 {
		p.add(t.Faint, "", t.Say(probes.T("chi-square %.1f: chance alone spreads as unevenly with probability %.3g", d.Verdict.Chi2, d.Verdict.P)))
	}
	for i, cause := range d.Verdict.Likely {
		if i == 0 {
			p.heading(probes.T("likely"))
		}
		p.add(t.Plain, "  ", t.Say(cause))
	}
	if d.Observed.Failed > 0 {
		p.add(t.Fail, "", t.Say(failedWords(d.Observed.Failed, d.Observed.Cause)))
	}
}

// idleNames are the ways of a socket in a few words.
func idleName(w idle.Way) probes.Text {
	switch w {
	case idle.Silent:
		return probes.T("both silent")
	case idle.Pings:
		return probes.T("pings, answered")
	case idle.ClientOnly:
		return probes.T("client talks")
	case idle.ServerOnly:
		return probes.T("server talks")
	case idle.Direct:
		return probes.T("direct, silent")
	}
	return probes.T("woken after")
}

// idle draws a line of life for each socket, and one mark for each that was woken after its own silence.
func (b balancerScreen) idle(p *page, i *balancer.Idle) {
	t := b.d.Theme
	o := i.Observed
	longest := o.Max
	for _, s := range o.Sockets {
		longest = max(longest, s.Age)
	}
	const label, tail = 16, 12
	room := max(p.width-label-tail-1, 10)
	at := func(s probes.Seconds) int {
		return min(int(float64(s)/float64(max(longest, 1))*float64(room-1)), room-1)
	}
	for _, s := range o.Sockets {
		if s.Way == idle.Wakes {
			continue
		}
		mark, style, words := b.ended(s)
		line := t.Faint.Render(strings.Repeat(t.Marks.Across, at(s.Age))) + style.Render(mark)
		p.lines = append(p.lines, widgets.Fit(t.Say(idleName(s.Way)), label, "")+line+" "+t.Say(words))
	}
	strip := []rune(strings.Repeat(" ", room))
	var woken []idle.Socket
	for _, s := range o.Sockets {
		if s.Way == idle.Wakes && (s.Woke || s.Outcome != idle.Lived) {
			woken = append(woken, s)
		}
	}
	for _, s := range woken {
		mark, _, _ := b.ended(s)
		strip[at(s.Silence)] = []rune(mark)[0]
	}
	if len(woken) > 0 {
		p.lines = append(p.lines, widgets.Fit(t.Say(probes.T("woken after")), label, "")+string(strip))
	}
	axis := fmt.Sprintf("%s%s", "0", strings.Repeat(" ", max(room-8, 1)))
	p.lines = append(p.lines, strings.Repeat(" ", label)+t.Faint.Render(axis+longest.String()))
	p.add(t.Faint, "", t.Say(probes.T("%s lives, %s was cut, %s was dropped without a word", oneCell(t.Marks.OK), oneCell(t.Marks.Failed), oneCell(t.Marks.Unknown))))
	if !i.Verdict.Who.IsZero() {
		p.add(t.Plain, "", t.Say(probes.T("it points to: %s", i.Verdict.Who)))
	}
	if i.Verdict.Heartbeat > 0 {
		p.add(t.Plain, "", t.Say(probes.T("a heartbeat every %s keeps tunnels open", i.Verdict.Heartbeat)))
	}
}

// ended is how a socket of the idle test ended: a mark of one cell, its style, and words.
func (b balancerScreen) ended(s idle.Socket) (string, lipgloss.Style, probes.Text) {
	t := b.d.Theme
	switch s.Outcome {
	case idle.Cut:
		return oneCell(t.Marks.Failed), t.Fail, probes.Verbatim(s.Age.String())
	case idle.Dropped:
		return oneCell(t.Marks.Unknown), t.Unknown, probes.Verbatim(s.Age.String())
	case idle.Refused:
		return oneCell(t.Marks.Skipped), t.Fail, probes.T("refused")
	}
	return oneCell(t.Marks.OK), t.OK, probes.T("lives")
}

// oneCell is a mark where there is one cell for it.
func oneCell(mark string) string { return string([]rune(mark)[0]) }

// capacity draws how the handshake slowed down on the way up, and where the ramp ended.
func (b balancerScreen) capacity(p *page, c *balancer.Capacity) {
	t := b.d.Theme
	var medians []float64
	slow := probes.Seconds(1)
	for _, s := range c.Observed.Steps {
		medians = append(medians, float64(s.Median))
		slow = max(slow, s.Median)
	}
	if len(medians) > 0 {
		height := 5
		room := min(p.width-12, 60)
		p.heading(probes.T("time of a handshake (median), as tunnels were held"))
		for i, line := range widgets.Columns(medians, float64(slow), room, height, t.ASCII()) {
			label := ""
			if i == 0 {
				label = slow.String()
			}
			p.lines = append(p.lines, widgets.Fit(label, 10, "")+t.Accent.Render(line))
		}
		last := fmt.Sprint(c.Observed.Steps[len(medians)-1].Held)
		wide := max(room/len(medians), 1) * len(medians)
		p.lines = append(p.lines, strings.Repeat(" ", 10)+t.Faint.Render("0"+strings.Repeat(" ", max(wide-1-len(last), 1))+last))
	}
	for _, e := range c.Verdict.Explained {
		p.add(t.Plain, "", t.Say(probes.T("explained by: %s", e)))
	}
	if c.Observed.Lost > 0 {
		p.add(t.Warn, "", t.Say(probes.T("%d tunnels ended while they were held", c.Observed.Lost)))
	}
}
