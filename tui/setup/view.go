package setup

import (
	"fmt"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/tui/theme"
	"example.com/wsdoctor/tui/widgets"
	"example.com/wsdoctor/wizard"
	"github.com/charmbracelet/lipgloss"
)

// The smallest terminal that can be drawn on, and how wide text gets on a big one.
const (
	minWidth   = 60
	minHeight  = 20
	widestText = 100
)

func (m model) View() string {
	switch {
	case m.width == 0 || m.done:
		return ""
	case m.width < minWidth || m.height < minHeight:
		text := m.theme.Say(probes.T("this terminal has %dx%d cells; wsdoctor needs %dx%d. ctrl+c quits.", m.width, m.height, minWidth, minHeight))
		return strings.Join(widgets.Window(widgets.Wrap(text, max(m.width, 1), ""), 0, m.height), "\n")
	}
	p := page{theme: m.theme, width: min(m.width-2, widestText)}
	m.header(&p)
	m.asks(&p)
	m.input(&p)
	m.judged(&p)
	m.given(&p)
	lines := widgets.Window(p.lines, 0, m.height-1)
	for i, l := range lines {
		lines[i] = " " + widgets.Cut(l, m.width-2, m.theme.Marks.Ellipsis)
	}
	return strings.Join(append(lines, " "+widgets.Cut(m.keys(), m.width-2, m.theme.Marks.Ellipsis)), "\n")
}

// page collects wrapped lines.
type page struct {
	theme theme.Theme
	width int
	lines []string
}

func (p *page) gap() { p.lines = append(p.lines, "") }

// say wraps text; the first line begins with mark, the others with as many blanks.
func (p *page) say(style lipgloss.Style, mark string, text probes.Text) {
	hang := strings.Repeat(" ", widgets.Width(mark))
	for i, line := range widgets.Wrap(p.theme.Say(text), p.width-len(hang), "") {
		head := hang
		if i == 0 {
			head = mark
		}
		p.lines = append(p.lines, head+style.Render(line))
	}
}

func (m model) header(p *page) {
	t := m.theme
	where := t.Say(probes.T("step %d of %d", m.q.at, m.q.of))
	p.lines = append(p.lines,
		widgets.Ends(t.Selected.Render("wsdoctor")+"  "+t.Strong.Render(t.Say(m.q.step.Title)), t.Faint.Render(where), m.width-2, t.Marks.Ellipsis),
		t.Faint.Render(strings.Repeat(t.Marks.Across, m.width-2)))
	if m.q.at == 1 {
		m.found(p)
	}
	m.tells(p)
}

// found says what was found out.
func (m model) found(p *page) {
	for _, n := range m.notes {
		p.say(m.theme.Faint, "", n)
	}
}

// tells says what the step before has read.
func (m model) tells(p *page) {
	for _, told := range m.told {
		mark, style := m.theme.Status(probes.OK)
		p.say(m.theme.Faint, style.Render(mark)+" ", told)
	}
}

func (m model) asks(p *page) {
	p.say(m.theme.Strong, "", m.q.step.Ask(m.q.draft))
	p.say(m.theme.Faint, "", m.q.step.Why)
	if !m.q.origin.IsZero() {
		p.say(m.theme.Faint, "", probes.T("the suggestion is %s", m.q.origin))
	}
	p.gap()
}

// input draws the choices, or the line that is typed.
func (m model) input(p *page) {
	t := m.theme
	for i, c := range m.q.choices {
		mark, style := "  ", t.Plain
		if i == m.pick {
			mark, style = t.Accent.Render(t.Marks.Cursor)+" ", t.Selected
		}
		p.say(style, mark+fmt.Sprintf("%d  ", i+1), c.Label)
	}
	if m.q.choices != nil {
		p.gap()
		return
	}
	prompt := t.Accent.Render(">") + " "
	if m.q.step.Secret {
		shown := strings.Repeat("*", min(len(m.text), p.width-4))
		p.lines = append(p.lines, prompt+shown+t.Accent.Render(t.Marks.Caret))
	} else if len(m.text) == 0 {
		p.lines = append(p.lines, prompt+t.Accent.Render(t.Marks.Caret)+t.Faint.Render(t.Clean(m.q.suggestion)))
	} else {
		// The end that is typed at is what has to be seen.
		before, after := []rune(t.Clean(string(m.text[:m.at]))), t.Clean(string(m.text[m.at:]))
		if room := p.width - 6; len(before) > room {
			before = append([]rune(t.Marks.Ellipsis), before[len(before)-room:]...)
		}
		p.lines = append(p.lines, prompt+widgets.Cut(string(before)+t.Accent.Render(t.Marks.Caret)+after, p.width-2, t.Marks.Ellipsis))
	}
	p.gap()
}

// judged says what is held against the answer, and what stands on the ports that it names.
func (m model) judged(p *page) {
	t := m.theme
	if !m.verdict.OK() {
		if m.touched || m.tried {
			for _, why := range m.verdict.Refused {
				p.say(t.Fail, t.Fail.Render(t.Marks.Failed)+" ", why)
			}
			p.gap()
		}
		return
	}
	for _, f := range m.verdict.Advice {
		mark, style := t.Severity(f.Severity)
		p.say(t.Plain, style.Render(mark)+" ", f.Title)
	}
	if m.looked == m.verdict.Answer {
		m.sights(p)
	}
	if m.busy {
		if m.q.step.ReadsMuch() {
			p.say(t.Faint, "", probes.T("reading what is there"))
		} else {
			p.say(t.Faint, "", probes.T("looking at this host"))
		}
	}
	p.gap()
}

func (m model) sights(p *page) {
	t := m.theme
	for _, s := range m.seen.Ports {
		mark, style := t.Status(probes.OK)
		if s.Taken {
			mark, style = t.Status(probes.Warned)
		}
		text := probes.T("port %d: %s", s.Port, s.Words)
		if left := s.Until.Sub(m.now); left > 0 {
			text = probes.T("%s, %d s left", text, int(left.Seconds())+1)
		}
		p.say(t.Plain, style.Render(mark)+" ", text)
		if !s.Wall.IsZero() {
			mark, style := t.Status(probes.Warned)
			p.say(t.Plain, style.Render(mark)+" ", s.Wall)
		}
	}
	for _, why := range m.seen.Objections {
		mark, style := t.Status(probes.Warned)
		p.say(t.Strong, style.Render(mark)+" ", why)
	}
	if m.seen.Suggestion != "" {
		p.say(t.Plain, "  ", probes.T("free and within every rule: %s (tab takes it over)", m.seen.Suggestion))
	}
	if m.again == m.looked && m.looked != "" && len(m.seen.Objections) > 0 {
		p.say(t.Plain, "  ", probes.T("%s once more takes it all the same", t.Marks.Enter))
	}
}

// titleRoom is how wide a step's title gets beside its answer.
const titleRoom = 24

// answerLine is a step with its answer.
func answerLine(t theme.Theme, g wizard.Given) string {
	return widgets.Fit(t.Say(g.Step.Title), titleRoom, t.Marks.Ellipsis) + "  " + t.Clean(g.Answer)
}

// given lists the answers so far, as many as there is room for: the last ones.
func (m model) given(p *page) {
	t := m.theme
	room := m.height - 1 - len(p.lines)
	var before []string
	for _, g := range m.q.given {
		if g.Step.ID == m.q.step.ID {
			break
		}
		before = append(before, t.Faint.Render(answerLine(t, g)))
	}
	if len(before) > room {
		before = before[len(before)-max(room, 0):]
	}
	p.lines = append(p.lines, before...)
}

// keys is the help line.
func (m model) keys() string {
	t := m.theme
	hints := [][2]string{{t.Marks.Enter, "take"}, {"esc", "back"}, {"ctrl+x", "undo"}, {"ctrl+c", "leave, and keep the answers"}}
	if m.q.step.Secret {
		hints[0][1] = "take, or go on without"
	} else if m.q.choices != nil {
		hints = append([][2]string{{t.Marks.UpDown, "choose"}}, hints...)
	} else {
		hints = append([][2]string{{"tab", "edit"}}, hints...)
	}
	var out []string
	for _, h := range hints {
		out = append(out, t.Accent.Render(h[0])+" "+t.Faint.Render(t.Phrase(h[1])))
	}
	return strings.Join(out, "  ")
}
