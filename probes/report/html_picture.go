package report

import (
	"github.com/clipperhouse/displaywidth"

	"example.com/wsdoctor/probes"
)

// The measures of the boxes of a path.
const (
	boxHeight    = 92.0
	boxGap       = 18.0
	clientsWidth = 104.0
	hopWidth     = 282.0
	boxMargin    = 16.0
	edgeColumn   = 7.8 // units that a column of a label takes, which is bold
)

// box is where a part of the path stands.
type box struct{ x, y, width float64 }

func (b box) middle() float64 { return b.y + boxHeight/2 }

// picture draws a path: clients, balancer, nodes, and the ways between them with protocol and port. It is nil where
// there is nothing to draw.
func (h htmlPrinter) picture(p probes.Path) *drawing {
	if p.Empty() {
		return nil
	}
	d := &drawing{Width: drawnWidth, Label: h.say(probes.T("clients, then the balancer, then each node, with how each answers"))}
	rows := float64(max(1, len(p.Nodes)))
	d.Height = rows*(boxHeight+boxGap) + boxGap
	from := box{2, (d.Height - boxHeight) / 2, clientsWidth}
	d.rect("box", from.x, from.y+16, from.width, boxHeight-32, 8)
	d.text("name mid", from.x+from.width/2, from.middle()+5, cut(h.say(probes.T("clients")), from.width-12, nameColumn))
	if p.Balancer != nil {
		x := from.width + (drawnWidth-from.width-2*hopWidth)/2
		if len(p.Nodes) == 0 {
			x = drawnWidth - 2 - hopWidth
		}
		b := box{x, from.y, hopWidth}
		h.way(d, *p.Balancer, from, b)
		h.hop(d, *p.Balancer, b)
		from = b
	}
	for i, n := range p.Nodes {
		b := box{drawnWidth - 2 - hopWidth, boxGap + float64(i)*(boxHeight+boxGap), hopWidth}
		h.way(d, n, from, b)
		h.hop(d, n, b)
	}
	return d
}

// way draws how one gets from a box to a hop: what goes over it, and whether a connection came about.
func (h htmlPrinter) way(d *drawing, hop probes.Hop, a, b box) {
	class := hop.Way.String()
	x1, x2 := a.x+a.width, b.x
	d.swing("way "+class, x1, a.middle(), x2-8, b.middle())
	d.path("head "+class, x2-10, b.middle()-5, x2-1, b.middle(), x2-10, b.middle()+5)
	label := probes.Printable(hop.Edge())
	if label == "" {
		return
	}
	if hop.Way == probes.Failed {
		label = looks[probes.Failed].mark + " " + label
	}
	label = cut(label, x2-x1-20, smallColumn)
	width := float64(displaywidth.String(label))*edgeColumn + 8
	middle := (a.middle() + b.middle()) / 2
	d.rect("paper", (x1+x2-8-width)/2, middle-9, width, 18, 4)
	d.text("edge mid "+class, (x1+x2-8)/2, middle+4, label)
}

// hop draws a box with the mark, the name, the address and the answer of a hop.
func (h htmlPrinter) hop(d *drawing, hop probes.Hop, b box) {
	status := h.status(hop.Status)
	says := h.say(hop.Says)
	if says == "" {
		says = status.Word
	}
	name, where := h.say(hop.Title()), probes.Printable(hop.URL)
	room := b.width - 2*boxMargin
	s := d.rect("box "+status.Class, b.x, b.y, b.width, boxHeight, 8)
	s.Full = name + "\n" + where + "\n" + says
	d.rect("stripe "+status.Class, b.x, b.y+8, 5, boxHeight-16, 0)
	d.text("name "+status.Class, b.x+boxMargin, b.y+25, status.Mark)
	d.text("name", b.x+boxMargin+18, b.y+25, cut(name, room-18, nameColumn))
	d.text("small", b.x+boxMargin, b.y+43, cut(where, room, smallColumn))
	for i, line := range folded(says, room, 2) {
		d.text("says", b.x+boxMargin, b.y+62+float64(i)*lineHeight, line)
	}
}
