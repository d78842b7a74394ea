package screens

import (
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/tui/theme"
	"example.com/wsdoctor/tui/widgets"
)

const (
	// leastBox and mostBox bound the box of the balancer, and leastNode the words of a node, in cells.
	leastBox, mostBox, leastNode = 18, 44, 20
	// boxesFrom is the height of a screen from which nodes have boxes of their own.
	boxesFrom = 30
	// mostStretch is by how much an arrow gets longer where there is room.
	mostStretch = 18
)

// block is a node as it is drawn: its lines, and on which of them the way arrives.
type block struct {
	lines  []string
	arrive int
}

// across draws the parts beside each other: the clients, the balancer, the nodes. It is nil where the width does not
// do.
func (o overview) across(st State, p probes.Path, room int) []string {
	t := o.d.Theme
	word := t.Say(probes.T("clients"))
	clients, framed := widgets.Width(word)+4, true
	var (
		bal      part
		first    = t.Faint
		fixed    = 1 + clients + 1
		balWidth int
		nodes    = o.parts(st, p.Nodes, room)
		edge     = 0
	)
	if p.Balancer != nil {
		bal = o.part(st, *p.Balancer)
		first = bal.way
		fixed += wayWidth(bal)
		balWidth = min(max(o.widest(bal)+4, leastBox), mostBox)
	}
	for _, n := range nodes {
		edge = max(edge, wayWidth(n))
	}
	if len(nodes) > 0 {
		fixed += 2 + edge // a stub, the trunk
	}
	nodeWidth := 0
	boxed := len(nodes) > 0 && 5*len(nodes) <= room && (st.Height >= boxesFrom || len(nodes) == 1)
	lines := 1
	if 2*len(nodes) <= max(room-1, 6) {
		lines = 2
	}
	for _, n := range nodes {
		nodeWidth = max(nodeWidth, o.nodeWidth(n, lines, boxed))
	}
	least := min(nodeWidth, leastNode)
	spare := st.Width - 1 - fixed - balWidth - nodeWidth
	if spare < 0 {
		clients, framed, spare = clients-3, false, spare+3
	}
	if spare < 0 && balWidth > leastBox {
		give := min(-spare, balWidth-leastBox)
		balWidth, spare = balWidth-give, spare+give
	}
	if spare < 0 {
		nodeWidth, spare = nodeWidth+spare, 0
	}
	if nodeWidth < least {
		return nil
	}
	stretch := min(spare/2, mostStretch)

	var blocks []block
	for _, n := range nodes {
		blocks = append(blocks, o.node(n, lines, boxed, nodeWidth))
	}
	var inside []string
	if p.Balancer != nil {
		inside = o.inside(bal, balWidth-4)
	}
	at, tops := place(blocks, len(inside)+2)
	height := at.height
	left := make([]string, height)
	if framed {
		put(left, o.box(first, []string{t.Strong.Render(word)}, clients, 1), at.middle-1, clients)
	} else {
		put(left, []string{t.Strong.Render(word) + " "}, at.middle, clients)
	}
	out := make([]string, height)
	for i := range out {
		out[i] = " " + left[i]
	}
	if p.Balancer != nil {
		way := o.way(bal, wayWidth(bal)+stretch)
		open := -1
		if len(nodes) > 0 {
			open = at.middle - at.box
		}
		col := make([]string, height)
		put(col, o.box(bal.style, inside, balWidth, open), at.box, balWidth)
		for i := range out {
			if i == at.middle {
				out[i] += way + col[i]
			} else {
				out[i] += strings.Repeat(" ", wayWidth(bal)+stretch) + col[i]
			}
		}
	}
	if len(nodes) == 0 {
		return trimmed(out)
	}
	o.branches(out, nodes, blocks, tops, at.middle, edge+stretch)
	return trimmed(out)
}

// widest is the longest of a part's lines.
func (o overview) widest(p part) int {
	return max(widgets.Width(p.mark)+1+widgets.Width(p.name), widgets.Width(p.where), widgets.Width(p.words))
}

// nodeWidth is the width that a node would take.
func (o overview) nodeWidth(n part, lines int, boxed bool) int {
	head := widgets.Width(n.mark) + 1 + widgets.Width(n.name)
	where := widgets.Width(n.where)
	if where > 0 {
		where += 2
	}
	switch {
	case boxed:
		return min(o.widest(n)+4, mostBox)
	case lines == 2:
		return max(head+where, widgets.Width(n.mark)+1+widgets.Width(n.words)) + 1
	}
	return head + where + 2 + widgets.Width(n.words) + 1
}

// node draws a node: in a box, on two lines or on one.
func (o overview) node(n part, lines int, boxed bool, width int) block {
	t := o.d.Theme
	switch {
	case boxed:
		inside := o.inside(n, width-4)
		for len(inside) < 3 {
			inside = append(inside, "")
		}
		return block{o.box(n.style, inside, width, -1), 2}
	case lines == 2:
		head := " " + o.title(n)
		if n.where != "" {
			head += "  " + t.Faint.Render(n.where)
		}
		indent := strings.Repeat(" ", widgets.Width(n.mark)+2)
		return block{[]string{widgets.Cut(head, width, t.Marks.Ellipsis), widgets.Cut(indent+n.words, width, t.Marks.Ellipsis)}, 0}
	}
	head := " " + o.title(n)
	if n.where != "" && widgets.Width(head)+4+widgets.Width(n.where)+widgets.Width(n.words) <= width {
		head += "  " + t.Faint.Render(n.where)
	}
	return block{[]string{widgets.Cut(head+"  "+n.words, width, t.Marks.Ellipsis)}, 0}
}

// spot says on which lines the parts stand.
type spot struct {
	height int
	middle int // of the way from the clients to the balancer and on
	box    int // the first line of the balancer's box
}

// place puts the blocks below each other and the middle of everything else beside the middle of their ways.
func place(blocks []block, box int) (spot, []int) {
	tops := make([]int, len(blocks))
	height := 0
	for i, b := range blocks {
		tops[i] = height
		height += len(b.lines)
	}
	middle := 1
	if n := len(blocks); n > 0 {
		middle = (tops[0] + blocks[0].arrive + tops[n-1] + blocks[n-1].arrive) / 2
	}
	// The box of the clients is three lines high, the balancer's at least that.
	up := max(box/2, 1)
	if middle < up {
		for i := range tops {
			tops[i] += up - middle
		}
		height, middle = height+up-middle, up
	}
	return spot{max(height, middle-up+box, middle+2), middle, middle - up}, tops
}

// put writes the lines of a column from line top on, and blanks beside them.
func put(col, lines []string, top, width int) {
	for i := range col {
		col[i] = strings.Repeat(" ", width)
		if i >= top && i < top+len(lines) {
			col[i] = lines[i-top]
		}
	}
}

// branches draws the trunk, the ways that leave it, and the nodes, behind what stands in out.
func (o overview) branches(out []string, nodes []part, blocks []block, tops []int, middle, edge int) {
	t := o.d.Theme
	arrives, shows := map[int]int{}, map[int]string{}
	for i, b := range blocks {
		arrives[tops[i]+b.arrive] = i
		for j, line := range b.lines {
			shows[tops[i]+j] = line
		}
	}
	first, last := tops[0]+blocks[0].arrive, tops[len(tops)-1]+blocks[len(tops)-1].arrive
	for y := range out {
		i, node := arrives[y]
		sides, stub := 0, " "
		if y == middle {
			sides, stub = sides|theme.LeftOf, t.Marks.Across
		}
		if node {
			sides |= theme.RightOf
		}
		if y > min(first, middle) && y <= max(last, middle) {
			sides |= theme.Above
		}
		if y >= min(first, middle) && y < max(last, middle) {
			sides |= theme.Below
		}
		if trunk := stub + t.Marks.Joint(sides); sides != 0 {
			out[y] += t.Faint.Render(trunk)
		} else {
			out[y] += trunk
		}
		if node {
			out[y] += o.way(nodes[i], edge)
		} else {
			out[y] += strings.Repeat(" ", edge)
		}
		out[y] += shows[y]
	}
}

func trimmed(lines []string) []string {
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return lines
}
