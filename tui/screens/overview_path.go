package screens

import (
	"slices"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/tui/theme"
	"example.com/wsdoctor/tui/widgets"
	"github.com/charmbracelet/lipgloss"
)

// Path is the path as the last run found it; before one has looked, as the settings have it.
func (s State) Path() probes.Path {
	if s.Report.Path.Empty() {
		return probes.PathOf(s.Config)
	}
	return s.Report.Path
}

// path draws the way from the clients to the nodes in at most room lines.
func (o overview) path(st State, room int) []string {
	p := st.Path()
	t := o.d.Theme
	if p.Empty() {
		out := []string{""}
		for _, line := range widgets.Wrap(t.Say(probes.T("the settings name neither a node nor a balancer: there is no path to draw")), st.Width-2, "") {
			out = append(out, " "+t.Faint.Render(line))
		}
		return out
	}
	if all := len(p.Nodes); all > 0 {
		p.Nodes = slices.DeleteFunc(slices.Clone(p.Nodes), func(h probes.Hop) bool { return !o.only.passes(t.Say(h.Title()), h.Host(), t.Say(h.Brief)) })
		if len(p.Nodes) == 0 {
			return []string{"", " " + t.Faint.Render(t.Say(o.only.nothing()))}
		}
	}
	if lines := o.across(st, p, room); lines != nil {
		return lines
	}
	return o.upright(st, p, room)
}

// part is a hop as it is drawn: its mark, its name, where it is and what it says.
type part struct {
	mark        string
	style       lipgloss.Style // of the mark and of a frame
	way         lipgloss.Style // of the way that leads there
	broken      bool           // the way leads nowhere
	edge        string
	name, where string
	words       string
	hops        int // that it stands for, where it stands for several
}

func (o overview) part(st State, h probes.Hop) part {
	t := o.d.Theme
	mark, style := t.Status(h.Status)
	p := part{mark: mark, style: style, way: t.Faint, edge: h.Edge(), name: t.Say(h.Title()), where: t.Clean(h.Host()), words: t.Say(h.Brief)}
	if p.where == p.name {
		p.where = ""
	}
	switch h.Way {
	case probes.OK:
		p.way = t.OK
	case probes.Failed:
		p.way, p.broken = t.Fail, true
	}
	if h.Says.IsZero() {
		p.mark, p.style, p.words = t.Marks.Pending, t.Faint, t.Say(probes.T("not asked yet"))
		if st.Phases["handshake"] == Running {
			p.mark, p.style, p.words = spinner(t, st.Spin), t.Accent, t.Say(probes.T("asking%s", t.Marks.Ellipsis))
		}
	}
	return p
}

// spinner is a step of the spinner, as wide as a mark.
func spinner(t theme.Theme, step int) string {
	return widgets.Fit(t.Marks.Spin[step%len(t.Marks.Spin)], widgets.Width(t.Marks.OK), "")
}

// parts are the nodes in at most room parts: where there are more, those that answer are one part at the end.
func (o overview) parts(st State, nodes []probes.Hop, room int) []part {
	var out []part
	if len(nodes) <= room {
		for _, n := range nodes {
			out = append(out, o.part(st, n))
		}
		return out
	}
	// What is wrong is shown before what is well.
	shown := map[int]bool{}
	for _, want := range []bool{false, true} {
		for i, n := range nodes {
			if len(shown) < room-1 && !shown[i] && (n.Status == probes.OK) == want {
				shown[i] = true
			}
		}
	}
	t := o.d.Theme
	rest := part{mark: t.Marks.OK, style: t.OK, way: t.OK}
	well := 0
	for i, n := range nodes {
		if shown[i] {
			out = append(out, o.part(st, n))
			continue
		}
		rest.hops++
		rest.edge = n.Edge()
		if n.Status == probes.OK {
			well++
		}
	}
	rest.name = t.Say(probes.T("%d more", rest.hops))
	switch asked := nodes[0].Status != probes.Unknown; {
	case well == rest.hops:
		rest.words = t.Say(probes.T("all answer"))
	case asked:
		rest.mark, rest.style, rest.way = t.Marks.Failed, t.Fail, t.Fail
		rest.words = t.Say(probes.T("%d of them do not answer as they should", rest.hops-well))
	default:
		rest.mark, rest.style, rest.way = t.Marks.Pending, t.Faint, t.Faint
		rest.words = t.Say(probes.T("not asked yet"))
	}
	return append(out, rest)
}

// title is the mark and the name of a part.
func (o overview) title(p part) string {
	return p.style.Render(p.mark) + " " + o.d.Theme.Strong.Render(p.name)
}

// way draws an arrow of width cells with what goes over it written on it.
func (o overview) way(p part, width int) string {
	m := o.d.Theme.Marks
	label := m.Across
	if p.edge != "" {
		label = m.Across + " " + p.edge + " "
	}
	head := m.Head
	if p.broken {
		head = m.Cross
	}
	rest := width - widgets.Width(label) - 1
	if rest < 0 {
		return p.way.Render(widgets.Cut(label, width-1, "") + head)
	}
	return p.way.Render(m.Across) + o.d.Theme.Plain.Render(strings.TrimPrefix(label, m.Across)) + p.way.Render(strings.Repeat(m.Across, rest)+head)
}

// wayWidth is the least width of the way to a part.
func wayWidth(p part) int { return widgets.Width(p.edge) + 5 }

// box draws lines in a frame of width cells. The frame's right side is open to a way on line open, counted from the
// top; -1: on none.
func (o overview) box(style lipgloss.Style, lines []string, width, open int) []string {
	m := o.d.Theme.Marks
	across := strings.Repeat(m.Across, width-2)
	out := []string{style.Render(m.Box[0] + across + m.Box[1])}
	for i, l := range lines {
		right := m.Down
		if i+1 == open {
			right = m.Joint(theme.Above | theme.Below | theme.RightOf)
		}
		out = append(out, style.Render(m.Down)+" "+widgets.Fit(l, width-4, m.Ellipsis)+" "+style.Render(right))
	}
	return append(out, style.Render(m.Box[2]+across+m.Box[3]))
}

// inside are the lines of a part's box: its name, where it is, what it says in at most three lines.
func (o overview) inside(p part, width int) []string {
	t := o.d.Theme
	lines := []string{o.title(p)}
	if p.where != "" {
		lines = append(lines, t.Faint.Render(p.where))
	}
	words := widgets.Wrap(p.words, max(width, 1), "")
	if len(words) > 3 {
		words = append(words[:2:2], widgets.Cut(strings.Join(words[2:], " "), width, t.Marks.Ellipsis))
	}
	return append(lines, words...)
}

// upright draws the parts one below the other, a line each.
func (o overview) upright(st State, p probes.Path, room int) []string {
	t := o.d.Theme
	m := t.Marks
	lines := []string{" " + t.Strong.Render(t.Say(probes.T("clients")))}
	if p.Balancer != nil {
		b := o.part(st, *p.Balancer)
		end := m.Point
		if b.broken {
			end = m.Cross
		}
		lines = append(lines, " "+b.way.Render(end)+" "+t.Plain.Render(b.edge))
		line := " " + o.title(b)
		if b.where != "" {
			line += "  " + t.Faint.Render(b.where)
		}
		if widgets.Width(line)+2+widgets.Width(b.words) <= st.Width {
			lines = append(lines, line+"  "+b.words)
		} else {
			lines = append(lines, widgets.Cut(line, st.Width, m.Ellipsis), " "+t.Faint.Render(m.Down)+" "+widgets.Cut(b.words, st.Width-4, m.Ellipsis))
		}
	}
	nodes := o.parts(st, p.Nodes, max(room-len(lines), 2))
	name, where := 0, 0
	for _, n := range nodes {
		name = max(name, widgets.Width(n.name))
		where = max(where, widgets.Width(n.where))
	}
	for i, n := range nodes {
		branch := m.Joint(theme.Above | theme.Below | theme.RightOf)
		if i == len(nodes)-1 {
			branch = m.Joint(theme.Above | theme.RightOf)
		}
		line := " " + t.Faint.Render(branch) + o.way(n, wayWidth(n)-1) + " " + n.style.Render(n.mark) + " "
		words := "  " + n.words
		rest := st.Width - widgets.Width(line) - widgets.Width(words)
		line += t.Strong.Render(widgets.Fit(n.name, min(name, max(rest, 8)), m.Ellipsis))
		if rest -= name + 2; rest >= 8 && where > 0 {
			line += "  " + t.Faint.Render(widgets.Fit(n.where, min(where, rest), m.Ellipsis))
		}
		lines = append(lines, widgets.Cut(line+words, st.Width, m.Ellipsis))
	}
	return lines
}
