package tui

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/tui/screens"
	"example.com/wsdoctor/tui/widgets"
	"github.com/charmbracelet/lipgloss"
)

// The lines above and below a screen.
const (
	headerLines = 3
	footerLines = 1
)

// The smallest terminal that can be drawn on, and the one that is taken for granted where none tells its size.
const (
	minWidth     = 60
	minHeight    = 20
	designWidth  = 80
	designHeight = 24
)

func (a app) tooSmall() bool { return a.width < minWidth || a.height < minHeight }

// View draws the whole terminal; it depends on nothing but a.
func (a app) View() string {
	switch {
	case a.width == 0:
		return "" // the size comes with the first message
	case a.tooSmall():
		return a.sorry()
	}
	return a.page() + "\n" + " " + widgets.Cut(a.footer(a.width-2), a.width-1, a.theme.Marks.Ellipsis)
}

// page is the view without its footer.
func (a app) page() string {
	m := a.theme.Marks
	title, named, _, _ := a.titleLine()
	lines := []string{title, a.countLine(!named), a.verdictLine()}
	for i, l := range lines {
		lines[i] = " " + widgets.Cut(l, a.width-2, m.Ellipsis)
	}
	body := a.shown().View(a.st)
	switch {
	case a.palette != nil:
		body = a.paletteView()
	case a.faults != nil:
		body = strings.Join(a.faultsView(), "\n")
	case a.over != noOverlay:
		body = a.overView()
	}
	for _, l := range widgets.Window(strings.Split(body, "\n"), 0, a.st.Height) {
		lines = append(lines, widgets.Cut(l, a.width, m.Ellipsis))
	}
	return strings.Join(lines, "\n")
}

// sorry says that the terminal is too small.
func (a app) sorry() string {
	text := a.theme.Say(probes.T("this terminal has %dx%d cells; wsdoctor needs %dx%d. q quits.", a.width, a.height, minWidth, minHeight))
	lines := widgets.Wrap(text, max(a.width, 1), "")
	return strings.Join(lines[:min(len(lines), max(a.height, 1))], "\n")
}

// settings names what the checks go by, in room cells: the whole path, its last part, or nothing.
func (a app) settings(room int) string {
	t := a.theme
	names := []string{t.Clean(a.st.Settings), t.Clean(filepath.Base(a.st.Settings))}
	if a.st.Settings == "" {
		names = []string{t.Say(probes.T("no settings file: its defaults")), t.Say(probes.T("its defaults"))}
	}
	for _, name := range names {
		if widgets.Width(name) <= room {
			return name
		}
	}
	return ""
}

// productTitle is a product as a name, without the article that it has in a sentence.
func productTitle(p cluster.Product) string {
	if info, ok := p.Info(); ok && info.Family {
		return info.Title
	}
	return string(p)
}

// statuses in the order in which they are counted: what matters most stands first.
var statuses = []probes.Status{probes.Failed, probes.Warned, probes.Unknown, probes.OK, probes.Skipped}

// countLine counts the checks by status, and says how far the run is or when it was; before that, where there is room
// and it is asked for, the host.
func (a app) countLine(where bool) string {
	t := a.theme
	if a.first != nil {
		return t.Faint.Render(t.Say(probes.T("finds out why a WebSocket service does not connect through its balancer")))
	}
	right := ""
	switch {
	case a.st.Busy():
		done, total := a.st.Progress()
		right = t.Accent.Render(t.Marks.Spin[a.st.Spin%len(t.Marks.Spin)]) + " " + t.Faint.Render(t.Say(probes.T("%d of %d areas", done, total)))
	case len(a.st.Report.Results) > 0:
		end := a.st.Report.Started.Add(a.st.Report.Took)
		right = t.Faint.Render(t.Say(probes.T("at %s", end.Format(time.TimeOnly))))
	}
	if a.ice.on {
		right = t.Warn.Render(t.Say(probes.T("frozen")))
	}
	n := a.st.Count()
	count := func(words bool) string {
		var parts []string
		for _, s := range statuses {
			if n[s] == 0 {
				continue
			}
			mark, style := t.Status(s)
			mark = strings.TrimSpace(mark)
			text := strconv.Itoa(n[s])
			if words && t.Say(screens.StatusWord(s)) != mark {
				text = t.Say(countWord(s, n[s]))
			}
			parts = append(parts, style.Render(mark)+" "+t.Word(s).Render(text))
		}
		return strings.Join(parts, "  ")
	}
	left := count(true)
	if widgets.Width(left)+1+widgets.Width(right) > a.width-2 {
		left = count(false)
	}
	if where {
		for _, name := range []string{a.where(), t.Strong.Render(t.Clean(a.st.Host))} {
			with := name
			if right != "" {
				with += t.Faint.Render(" "+t.Marks.Dot+" ") + right
			}
			if widgets.Width(left)+1+widgets.Width(with) <= a.width-2 {
				right = with
				break
			}
		}
	}
	return widgets.Ends(left, right, a.width-2, t.Marks.Ellipsis)
}

// countWord is a number of checks with a status.
func countWord(s probes.Status, n int) probes.Text {
	if s == probes.Warned && n != 1 {
		return probes.T("%d warnings", n)
	}
	return probes.T("%d %s", n, screens.StatusWord(s))
}

// verdictLine says in one sentence what it all comes to.
func (a app) verdictLine() string {
	t := a.theme
	r := a.st.Report
	switch {
	case a.first != nil:
		return ""
	case len(r.Results) == 0 && a.st.Busy():
		if running := a.st.InPhase(screens.Running); len(running) > 0 {
			return t.Faint.Render(t.Say(probes.T("checking %s", strings.Join(running, ", "))))
		}
		return t.Faint.Render(t.Say(probes.T("checking")))
	case len(r.Results) == 0:
		return ""
	case len(r.Causes) > 0:
		c := r.Causes[0]
		_, style := t.Severity(c.Severity)
		line := style.Render(t.Marks.Leads) + " " + t.Strong.Render(t.Say(c.Title))
		more := t.Say(probes.T("explains %d more", len(c.Explains)))
		if len(c.Explains) == 0 || widgets.Width(line)+2+widgets.Width(more) > a.width-2 {
			return line
		}
		return widgets.Ends(line, t.Faint.Render(more), a.width-2, t.Marks.Ellipsis)
	}
	for _, severity := range []probes.Severity{probes.Error, probes.Warning} {
		for _, res := range r.Results {
			i := slices.IndexFunc(res.Findings, func(f probes.Finding) bool { return f.Severity == severity })
			if i < 0 {
				continue
			}
			_, style := t.Severity(severity)
			return style.Render(t.Marks.Leads) + " " + t.Strong.Render(t.Say(res.Findings[i].Title))
		}
	}
	n := a.st.Count()
	switch {
	case n[probes.Unknown] > 0 && n[probes.OK] == 0:
		return t.Unknown.Render(t.Say(probes.T("nothing could be looked at; the checks say what is missing")))
	case n[probes.Unknown] == 1:
		return t.Say(probes.T("all that could be seen is fine; 1 check could not look"))
	case n[probes.Unknown] > 0:
		return t.Say(probes.T("all that could be seen is fine; %d checks could not look", n[probes.Unknown]))
	case n[probes.OK] == 0:
		return t.Say(probes.T("no check applies to this host; the checks say why"))
	}
	return t.OK.Render(t.Say(probes.T("all that was checked is fine")))
}

// footer is the last line: what the last key came to, a text being typed, or the keys.
func (a app) footer(width int) string {
	t := a.theme
	if a.note != "" {
		style := t.Strong
		if a.bad {
			style = t.Fail
		}
		return style.Render(a.note)
	}
	switch prompt := a.shown().Prompt(); {
	case a.leaving:
		return t.Warn.Render(t.Say(probes.T("%s: y leaves, k at once, esc stays", a.ends())))
	case a.palette != nil:
		return screens.Typing(t, ":", a.palette.text, probes.T("%s does it, esc leaves", t.Marks.Enter))
	case a.faults != nil:
		return t.Faint.Render(t.Say(probes.T("%s chooses, %s or a number does it, any other key closes", t.Marks.UpDown, t.Marks.Enter)))
	case a.over == handOverlay:
		return t.Faint.Render(t.Say(probes.T("%s scrolls, y copies, any other key closes", t.Marks.UpDown)))
	case a.over != noOverlay:
		return t.Faint.Render(t.Say(probes.T("%s scrolls, any other key closes", t.Marks.UpDown)))
	case prompt != "":
		return prompt
	}
	var always []string
	for _, k := range a.frameKeys() {
		if hint := a.hint(k.Key); hint != "" {
			always = append(always, hint)
		}
	}
	right := strings.Join(always, "  ")
	left := ""
	for _, k := range a.shown().Keys(a.st) {
		hint := a.hint(k)
		if hint == "" {
			continue
		}
		if left != "" {
			hint = "  " + hint
		}
		if widgets.Width(left)+widgets.Width(hint)+2+widgets.Width(right) > width {
			break
		}
		left += hint
	}
	return widgets.Ends(left, right, width, t.Marks.Ellipsis)
}

// hint is a key in the help line; a disabled one steps back.
func (a app) hint(k screens.Key) string {
	if k.Hint.IsZero() {
		return ""
	}
	label, text := a.theme.Accent, lipgloss.Style(a.theme.Plain)
	if !k.Off.IsZero() {
		label, text = a.theme.Faint, a.theme.Faint
	}
	return label.Render(k.Label) + " " + text.Render(a.theme.Say(k.Hint))
}
