package screens

import (
	"slices"
	"strings"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/tui/widgets"
)

// details draws everything that is known of one check, each line at most width cells wide.
func (c checks) details(st State, it item, width int) []string {
	p := page{d: c.d, width: width}
	c.heading(st, it, &p)
	if by := it.res.ExplainedBy; by != "" {
		p.gap()
		p.add(c.d.Theme.Accent, "", c.d.Theme.Say(probes.T("explained by %s: mend that first", by)))
		for _, cause := range st.Report.Causes {
			if cause.ID == by {
				p.add(c.d.Theme.Plain, "  ", c.d.Theme.Say(cause.Title))
			}
		}
	}
	if !it.res.Reason.IsZero() {
		p.gap()
		heading := probes.T("not seen")
		if it.res.Status == probes.Skipped {
			heading = probes.T("why it was skipped")
		}
		p.heading(heading)
		p.text(c.d.Theme.Plain, it.res.Reason)
	}
	for _, f := range it.res.Findings {
		p.gap()
		p.finding(f)
	}
	for _, cause := range st.Report.Causes {
		if cause.ID == it.rule.ID && len(cause.Explains) > 0 {
			p.gap()
			p.heading(probes.T("it explains"))
			for _, id := range cause.Explains {
				p.add(c.d.Theme.Plain, "  ", id)
			}
		}
	}
	if it.rule.Why != "" {
		p.gap()
		p.heading(probes.T("why it matters"))
		p.add(c.d.Theme.Plain, "  ", c.d.Theme.Say(it.rule.Because()))
	}
	c.history(st, it, &p)
	return p.lines
}

// history draws what the last runs came to, the newest first. One run is no history.
func (c checks) history(st State, it item, p *page) {
	t := c.d.Theme
	past := st.Past[it.rule.ID]
	if len(past) < 2 {
		return
	}
	p.gap()
	p.heading(probes.T("last runs, since wsdoctor was started"))
	for _, run := range slices.Backward(past) {
		line := t.Faint.Render(run.At.Format(time.TimeOnly)) + "  " + MarkAndWord(t, run.Status)
		if !run.Words.IsZero() {
			line += "  " + t.Faint.Render(t.Say(run.Words))
		}
		p.lines = append(p.lines, "  "+widgets.Cut(line, p.width-2, t.Marks.Ellipsis))
	}
}

func (c checks) heading(st State, it item, p *page) {
	t := c.d.Theme
	word := t.Faint.Render(t.Say(probes.T("not checked yet")))
	if it.done {
		word = MarkAndWord(t, it.res.Status)
	}
	took := ""
	if it.res.Took >= time.Millisecond {
		took = t.Faint.Render(probes.Seconds(it.res.Took).String())
	}
	p.lines = append(p.lines, widgets.Ends(word, took, p.width, t.Marks.Ellipsis))
	p.add(t.Strong, "", t.Phrase(it.rule.Title))
	if past := st.Past[it.rule.ID]; len(past) > 1 {
		var marks []string
		for _, run := range past {
			mark, style := t.Status(run.Status)
			marks = append(marks, style.Render(strings.TrimSpace(mark)))
		}
		p.lines = append(p.lines, widgets.Cut(t.Faint.Render(t.Say(probes.T("last runs")))+" "+strings.Join(marks, " "), p.width, t.Marks.Ellipsis))
	}
}
