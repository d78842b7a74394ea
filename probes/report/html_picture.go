package report

import (
	"github.com/clipperhouse/displaywidth"

	"example.com/wsdoctor/probes"
)

// The picture's measures, in SVG units; the page scales it to its width.
const (
	pictureWidth = 960
	boxHeight    = 74
	boxGap       = 18
	clientsWidth = 130
	hopWidth     = 340
	// hopColumns is how many columns of the small text a hop's box has room for: half a unit of its size each.
	hopColumns = 48
)

// htmlPicture is the path as boxes with lines between them: clients, balancer, nodes.
type htmlPicture struct {
	Width, Height int
	Label         string // for those who cannot see it
	Clients       htmlBox
	Boxes         []htmlBox
	Lines         []htmlEdge
}

type htmlBox struct {
	X, Y, Width, Height int
	Status              htmlStatus
	Name, Where, Says   string // cut to the box
	Full                string // all of it, as its title
}

// TextX, and the others, are where the lines of text stand.
func (b htmlBox) TextX() int  { return b.X + 12 }
func (b htmlBox) NameY() int  { return b.Y + 24 }
func (b htmlBox) WhereY() int { return b.Y + 43 }
func (b htmlBox) SaysY() int  { return b.Y + 61 }

type htmlEdge struct {
	X1, Y1, X2, Y2 int
	Class          string
}

// picture draws a path; nil where nobody looked at one.
func (h htmlPrinter) picture(p probes.Path) *htmlPicture {
	if p.Balancer == nil && len(p.Nodes) == 0 {
		return nil
	}
	out := &htmlPicture{Width: pictureWidth, Label: h.say(probes.T("clients, then the balancer, then each node, with how each answers"))}
	rows := max(1, len(p.Nodes))
	out.Height = rows*(boxHeight+boxGap) + boxGap
	middle := (out.Height - boxHeight) / 2
	out.Clients = htmlBox{X: 4, Y: middle, Width: clientsWidth, Height: boxHeight, Status: htmlStatus{Class: "skipped"}, Name: h.say(probes.T("clients"))}
	from := out.Clients
	balancerX := 4 + clientsWidth + (pictureWidth-8-clientsWidth-2*hopWidth)/2
	if p.Balancer != nil {
		b := h.box(*p.Balancer, balancerX, middle)
		out.Boxes = append(out.Boxes, b)
		out.Lines = append(out.Lines, edge(from, b, b.Status.Class))
		from = b
	}
	for i, n := range p.Nodes {
		b := h.box(n, pictureWidth-4-hopWidth, boxGap+i*(boxHeight+boxGap))
		out.Boxes = append(out.Boxes, b)
		// What passes between balancer and node is not seen from here: the node was asked directly.
		out.Lines = append(out.Lines, edge(from, b, "skipped"))
	}
	return out
}

func (h htmlPrinter) box(hop probes.Hop, x, y int) htmlBox {
	name := h.say(hop.Title())
	says := h.say(hop.Says)
	if says == "" {
		says = h.word(hop.Status)
	}
	where := probes.Printable(hop.URL)
	return htmlBox{
		X: x, Y: y, Width: hopWidth, Height: boxHeight, Status: h.status(hop.Status),
		Name: cut(name, hopColumns*2/3), Where: cut(where, hopColumns), Says: cut(says, hopColumns),
		Full: name + "\n" + where + "\n" + says,
	}
}

// edge is a line from the right side of a box to the left one of another.
func edge(a, b htmlBox, class string) htmlEdge {
	return htmlEdge{a.X + a.Width, a.Y + a.Height/2, b.X, b.Y + b.Height/2, class}
}

// cut shortens text to so many columns of a terminal, which is about what it takes in print, too.
func cut(text string, columns int) string { return displaywidth.TruncateString(text, columns, "…") }
