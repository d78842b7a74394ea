package screens

import (
	"net"
	"slices"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/tui/widgets"
	"github.com/charmbracelet/lipgloss"
)

// sideBySideFrom is the width from which the parts of the path stand beside each other.
const sideBySideFrom = 76

// path draws the way from the clients to the nodes.
func (o overview) path(st State) []string {
	p := pathOf(st)
	t := o.d.Theme
	all := len(p.nodes)
	p.nodes = slices.DeleteFunc(p.nodes, func(h hop) bool { return !o.only.passes(t.Say(h.name), h.where, t.Say(h.words)) })
	if all > 0 && len(p.nodes) == 0 {
		return []string{"", " " + t.Faint.Render(t.Say(o.only.nothing()))}
	}
	if p.balancer == nil && len(p.nodes) == 0 {
		out := []string{""}
		for _, line := range widgets.Wrap(t.Say(probes.T("the settings name neither a node nor a balancer: there is no path to draw")), st.Width-2, "") {
			out = append(out, " "+t.Faint.Render(line))
		}
		return out
	}
	if st.Width < sideBySideFrom {
		return o.upright(p, st.Width)
	}
	return o.across(p, st.Width)
}

// upright draws the parts one below the other.
func (o overview) upright(p path, width int) []string {
	t := o.d.Theme
	lines := []string{" " + t.Strong.Render(t.Say(probes.T("clients")))}
	indent := " "
	if h := p.balancer; h != nil {
		lines = append(lines, " "+o.line(*h).Render(t.Marks.Down)+" "+t.Faint.Render(h.edge)+o.broken(*h))
		lines = append(lines, o.entry(" ", *h, width)...)
	}
	for i, n := range p.nodes {
		branch := t.Marks.Box[4]
		if i == len(p.nodes)-1 {
			branch = t.Marks.Box[2]
		}
		head := indent + o.line(n).Render(branch+t.Marks.Across) + " " + t.Faint.Render(n.edge) + " " + o.line(n).Render(t.Marks.Head) + " "
		lines = append(lines, o.entry(head, n, width)...)
	}
	return lines
}

// broken marks a way on which no connection came about.
func (o overview) broken(h hop) string {
	if !h.edgeSeen || h.edgeOK {
		return ""
	}
	return " " + o.d.Theme.Fail.Render(o.d.Theme.Marks.Failed)
}

// entry is a hop on one line, or on two where its words do not fit.
func (o overview) entry(head string, h hop, width int) []string {
	t := o.d.Theme
	mark, style := o.sign(h)
	line := head + style.Render(mark) + " " + t.Strong.Render(t.Say(h.name))
	if h.where != h.name.String() {
		line += " " + t.Faint.Render(t.Clean(h.where))
	}
	words := t.Say(h.words)
	if words == "" || widgets.Width(line)+2+widgets.Width(words) <= width {
		return []string{line + "  " + words}
	}
	return []string{line, strings.Repeat(" ", widgets.Width(head)+widgets.Width(mark)+1) + widgets.Cut(words, width-widgets.Width(head)-widgets.Width(mark)-1, t.Marks.Ellipsis)}
}

// box draws lines in a frame of width cells.
func (o overview) box(style lipgloss.Style, lines []string, width int) []string {
	m := o.d.Theme.Marks
	across := strings.Repeat(m.Across, width-2)
	out := []string{style.Render(m.Box[0] + across + m.Box[1])}
	for _, l := range lines {
		out = append(out, style.Render(m.Down)+" "+widgets.Fit(l, width-4, m.Ellipsis)+" "+style.Render(m.Down))
	}
	return append(out, style.Render(m.Box[2]+across+m.Box[3]))
}

// boxOf is the box of a hop: its mark and name, its address, what came of a handshake.
func (o overview) boxOf(h hop, width int) []string {
	t := o.d.Theme
	mark, style := o.sign(h)
	lines := []string{style.Render(mark) + " " + t.Strong.Render(t.Say(h.name)), t.Faint.Render(t.Clean(h.where))}
	words := h.words
	if !h.seen {
		words = probes.T("not asked yet")
	}
	wrapped := widgets.Wrap(t.Say(words), width-4, "")
	for _, w := range wrapped[:min(len(wrapped), 2)] {
		lines = append(lines, t.Plain.Render(w))
	}
	return o.box(style, lines, width)
}

// across draws the parts beside each other: the clients, the balancer, the nodes.
func (o overview) across(p path, width int) []string {
	t := o.d.Theme
	inner := width - 2
	clients := o.box(t.Plain, []string{t.Strong.Render(t.Say(probes.T("clients")))}, widgets.Width(t.Say(probes.T("clients")))+4)
	first := &hop{}
	if p.balancer != nil {
		first = p.balancer
	} else if len(p.nodes) > 0 {
		first = &p.nodes[0]
	}
	edge := max(widgets.Width(first.edge)+4, 10)
	for _, n := range p.nodes {
		edge = max(edge, widgets.Width(n.edge)+4)
	}
	left := widgets.Width(clients[0])
	rest := inner - left - edge
	var nodes []string
	if p.balancer == nil {
		nodes = o.nodes(p.nodes, edge, rest, false)
		return o.join([][]string{clients, nodes}, []int{left, edge + rest})
	}
	bal := min(max(rest*45/100, 22), 44)
	balBox := o.boxOf(*p.balancer, bal)
	nodes = o.nodes(p.nodes, edge, rest-bal, true)
	way := o.way(*p.balancer, edge)
	return o.join([][]string{clients, way, balBox, nodes}, []int{left, edge, bal, rest - bal})
}

// way is an arrow with what goes over it written above.
func (o overview) way(h hop, width int) []string {
	t := o.d.Theme
	style := o.line(h)
	line := style.Render(strings.Repeat(t.Marks.Across, width-1) + t.Marks.Head)
	if h.edgeSeen && !h.edgeOK {
		half := (width - 1) / 2
		mark := strings.TrimSpace(t.Marks.Failed)
		line = style.Render(strings.Repeat(t.Marks.Across, half) + mark + strings.Repeat(t.Marks.Across, max(width-2-half, 0)) + t.Marks.Head)
	}
	return []string{" " + t.Faint.Render(h.edge), line}
}

// nodes draws the nodes below each other, each with the way to it. trunk draws the line from which the ways branch.
func (o overview) nodes(all []hop, edge, width int, trunk bool) []string {
	t := o.d.Theme
	var out []string
	for i, n := range all {
		mark, style := o.sign(n)
		way := o.way(n, edge-1)
		stem, above := t.Marks.Across, " "
		if trunk && len(all) > 1 {
			above = t.Faint.Render(t.Marks.Down)
			stem = t.Faint.Render(t.Marks.Box[4])
			switch i {
			case 0:
				above, stem = " ", t.Faint.Render(t.Marks.Tee)
			case len(all) - 1:
				stem = t.Faint.Render(t.Marks.Box[2])
			}
		}
		room := width - edge - 1
		words := t.Say(n.words)
		if !n.seen {
			words = t.Say(probes.T("not asked yet"))
		}
		// The port stands at the way to it.
		host, _, err := net.SplitHostPort(n.where)
		if err != nil {
			host = n.where
		}
		name := t.Strong.Render(t.Say(n.name))
		if host != n.name.String() {
			name += " " + t.Faint.Render(t.Clean(host))
		}
		out = append(out,
			widgets.Fit(above+way[0], edge, "")+" "+widgets.Cut(name, room, t.Marks.Ellipsis),
			widgets.Fit(stem+way[1], edge, "")+" "+widgets.Cut(style.Render(mark)+" "+words, room, t.Marks.Ellipsis))
	}
	return out
}

// join puts columns beside each other.
func (o overview) join(cols [][]string, widths []int) []string {
	n := 0
	for _, c := range cols {
		n = max(n, len(c))
	}
	out := make([]string, n)
	for i := range out {
		var b strings.Builder
		b.WriteString(" ")
		for j, c := range cols {
			line := ""
			if i < len(c) {
				line = c[i]
			}
			b.WriteString(widgets.Fit(line, widths[j], o.d.Theme.Marks.Ellipsis))
		}
		out[i] = strings.TrimRight(b.String(), " ")
	}
	return out
}
