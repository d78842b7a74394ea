package screens

import (
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/tui/widgets"
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
		for _, plot := range out.seen.Active.Plots() {
			p.plot(plot)
		}
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
