package screens

import (
	"slices"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/tui/widgets"
)

// shown are the tests that the filter lets through, as indices in activeTests.
func (b balancerScreen) shown() []int {
	var out []int
	for i, test := range activeTests {
		t := b.d.Theme
		hay := []string{test.name, t.Say(test.title)}
		if o, done := b.outcomes[test.name]; done {
			hay = append(hay, t.Say(o.words(test)), t.Say(StatusWord(statusOf(o))))
		}
		if b.only.passes(hay...) {
			out = append(out, i)
		}
	}
	return out
}

// filtered takes a filter, and selects a test that it lets through.
func (b balancerScreen) filtered(f filter) Screen {
	b.only, b.scroll = f, 0
	if shown := b.shown(); len(shown) > 0 && !slices.Contains(shown, b.selected) {
		b.selected, b.asked = shown[0], ""
	}
	return b
}

// rows draws the tests.
func (b balancerScreen) rows(st State) []string {
	var out []string
	for _, i := range b.shown() {
		out = append(out, b.row(st, i))
	}
	if len(out) == 0 {
		out = []string{" " + b.d.Theme.Faint.Render(b.d.Theme.Say(b.only.nothing()))}
	}
	return out
}

// row is one test: its state, how much of it, what it came to.
func (b balancerScreen) row(st State, i int) string {
	t, test := b.d.Theme, activeTests[i]
	mark, markStyle, text := t.Marks.Pending, t.Faint, ""
	out, done := b.outcomes[test.name]
	switch {
	case b.test == test.name:
		mark, markStyle = widgets.Fit(t.Marks.Spin[int(b.step.Done)%len(t.Marks.Spin)], widgets.Width(t.Marks.OK), ""), t.Accent
		text = t.Say(b.progress())
	case done:
		s := statusOf(out)
		mark, markStyle = t.Status(s)
		text = t.Say(out.words(test))
	default:
		text = t.Faint.Render(t.Say(probes.T("not tested")))
	}
	cursor, style := " ", t.Plain
	if i == b.selected {
		cursor, style = t.Accent.Render(t.Marks.Cursor), t.Selected
	}
	head := cursor + " " + markStyle.Render(mark) + " " + style.Render(widgets.Fit(t.Say(test.title), 13, "")) + t.Faint.Render(widgets.Fit(t.Say(test.size(b.amount(st, test))), 20, t.Marks.Ellipsis)) + " "
	return widgets.Cut(head+text, st.Width-1, t.Marks.Ellipsis)
}

// statusOf is the worst that a test found.
func statusOf(o outcome) probes.Status {
	s := probes.OK
	for _, f := range o.found {
		switch {
		case f.Severity == probes.Error:
			return probes.Failed
		case f.Severity == probes.Warning:
			s = probes.Warned
		}
	}
	if !o.err.IsZero() {
		return probes.Unknown
	}
	return s
}

// words is what a test came to, in one sentence.
func (o outcome) words(t activeTest) probes.Text {
	if !o.err.IsZero() || o.seen.Active == nil {
		return o.err
	}
	return t.means(o.seen.Active)
}
