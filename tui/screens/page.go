package screens

import (
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/tui/widgets"
	"github.com/charmbracelet/lipgloss"
)

// page collects wrapped lines.
type page struct {
	d     Deps
	width int
	lines []string
}

func (p *page) gap() {
	if len(p.lines) > 0 {
		p.lines = append(p.lines, "")
	}
}

// add wraps s; every line begins with indent.
func (p *page) add(style lipgloss.Style, indent, s string) {
	for _, line := range widgets.Wrap(s, p.width-len(indent), "") {
		p.lines = append(p.lines, indent+style.Render(line))
	}
}

func (p *page) text(style lipgloss.Style, text probes.Text) {
	for _, line := range p.d.Theme.Lines(text) {
		p.add(style, "  ", line)
	}
}

func (p *page) heading(title probes.Text) {
	p.lines = append(p.lines, p.d.Theme.Faint.Render(p.d.Theme.Say(title)))
}

// finding draws what is wrong, the fix, and the evidence, which is at times long: the fix must not wait behind it.
func (p *page) finding(f probes.Finding) {
	t := p.d.Theme
	mark, style := t.Severity(f.Severity)
	hang := strings.Repeat(" ", widgets.Width(mark)+1)
	for i, line := range widgets.Wrap(t.Say(f.Title), p.width-len(hang), "") {
		head := hang
		if i == 0 {
			head = style.Render(mark) + " "
		}
		p.lines = append(p.lines, head+t.Strong.Render(line))
	}
	p.fix(f)
	if len(f.Evidence) > 0 {
		p.lines = append(p.lines, "  "+t.Faint.Render(t.Say(probes.T("seen"))))
	}
	for _, e := range f.Evidence {
		p.evidence(e)
	}
}

// fix draws the lines that can be pasted; comments among them step back.
func (p *page) fix(f probes.Finding) {
	t := p.d.Theme
	if len(f.Fix) == 0 {
		return
	}
	p.lines = append(p.lines, "  "+t.Faint.Render(t.Say(probes.T("fix"))))
	for _, fix := range f.Fix {
		for _, line := range t.Lines(fix) {
			style := t.Plain
			if strings.HasPrefix(strings.TrimSpace(line), "#") {
				style = t.Faint
			}
			for _, part := range widgets.Wrap(line, p.width-4, "  ") {
				p.lines = append(p.lines, "  "+t.Accent.Render(t.Marks.Bar)+" "+style.Render(part))
			}
		}
	}
}

// evidence draws where something was seen and what, on one line where it fits.
func (p *page) evidence(e probes.Evidence) {
	t := p.d.Theme
	where, saw := t.Clean(e.Where), t.Lines(e.Saw)
	if len(saw) == 1 && 2+widgets.Width(where)+2+widgets.Width(saw[0]) <= p.width {
		if where != "" {
			where = t.Faint.Render(where) + "  "
		}
		p.lines = append(p.lines, "  "+where+saw[0])
		return
	}
	indent := "  "
	if where != "" {
		p.add(t.Faint, "  ", where)
		indent = "    "
	}
	for _, line := range saw {
		p.add(t.Plain, indent, line)
	}
}
