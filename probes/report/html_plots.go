package report

import (
	"fmt"
	"math"
	"strconv"

	"example.com/wsdoctor/probes"
)

// htmlPlot is something that was measured, on the page.
type htmlPlot struct {
	Title, Says string
	Notes       []string
	Key         []htmlKey // what the colours stand for
	Drawing     drawing
}

// htmlKey explains one colour.
type htmlKey struct{ Class, Mark, Name string }

// The measures of plots.
const (
	plotLabel = 210.0 // the column of names at the left
	plotTail  = 150.0 // that of numbers at the right
	plotRow   = 26.0
	barHeight = 14.0
	axisRoom  = 24.0
	cellSize  = 18.0
	curveTall = 190.0
)

// plots draws all that was measured.
func (h htmlPrinter) plots(r probes.Report) []htmlPlot {
	var out []htmlPlot
	for _, p := range probes.Plots(r) {
		plot := htmlPlot{Title: h.say(p.Title), Says: h.say(p.Says)}
		plot.Drawing.Width, plot.Drawing.Label = drawnWidth, plot.Title
		for _, n := range p.Notes {
			plot.Notes = append(plot.Notes, h.say(n))
		}
		switch {
		case len(p.Bars) > 0:
			h.bars(&plot, p.Bars)
		case p.Lives != nil && len(p.Lives.Rows)+len(p.Lives.Points) > 0:
			h.lives(&plot, *p.Lives)
		case p.Curve != nil && len(p.Curve.Lines) > 0 && len(p.Curve.Lines[0].Points) > 1:
			h.curve(&plot, *p.Curve)
		case p.Grid != nil && len(p.Grid.Rows) > 0:
			h.grid(&plot, *p.Grid)
		case len(p.Falls) > 0:
			h.falls(&plot, p.Falls)
		default:
			continue // a test that saw nothing has its words with its check
		}
		out = append(out, plot)
	}
	return out
}

// name writes the name of a row.
func (h htmlPrinter) name(p *htmlPlot, y float64, name string) {
	p.Drawing.text("label end", plotLabel-10, y+barHeight-2, cut(name, plotLabel-14, smallColumn))
}

// number is a number as short as it says enough.
func number(v float64) string {
	if math.Abs(v) < 1e9 && (v == math.Trunc(v) || math.Abs(v) >= 100) {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 2, 64)
}

func (h htmlPrinter) bars(p *htmlPlot, bars []probes.Bar) {
	most, room := 0.0, drawnWidth-plotLabel-plotTail
	for _, b := range bars {
		most = max(most, b.Value, b.Expected)
	}
	if most == 0 {
		most = 1
	}
	for i, b := range bars {
		y := float64(i) * plotRow
		h.name(p, y, probes.Printable(b.Name))
		p.Drawing.rect("track", plotLabel, y, room, barHeight, 3)
		p.Drawing.rect("c0", plotLabel, y, b.Value/most*room, barHeight, 3)
		words := number(b.Value)
		if b.Expected > 0 {
			x := plotLabel + b.Expected/most*room
			p.Drawing.path("mark-line", x, y-3, x, y+barHeight+3)
			words = h.say(probes.T("%s, expected %s", number(b.Value), number(b.Expected)))
		}
		p.Drawing.text("label", plotLabel+room+10, y+barHeight-2, words)
	}
	p.Drawing.Height = float64(len(bars))*plotRow + 4
}

// lives draws a line of life for each thing, and a row of marks for what was tried once.
func (h htmlPrinter) lives(p *htmlPlot, l probes.Lives) {
	d, room := &p.Drawing, drawnWidth-plotLabel-plotTail
	at := func(s probes.Seconds) float64 { return plotLabel + float64(s)/float64(max(l.Longest, 1))*room }
	y := 0.0
	for _, one := range l.Rows {
		status := h.status(one.Status)
		h.name(p, y, h.say(one.Name))
		d.path("life "+status.Class, plotLabel, y+barHeight/2, at(one.At), y+barHeight/2)
		d.text("name "+status.Class, at(one.At)+4, y+barHeight-2, status.Mark)
		words := one.At.String()
		if one.Status == probes.OK {
			words = h.say(probes.T("lives"))
		} else if one.Status == probes.Skipped {
			words = h.say(probes.T("refused"))
		}
		d.text("label", plotLabel+room+26, y+barHeight-2, words)
		y += plotRow
	}
	if len(l.Points) > 0 {
		h.name(p, y, h.say(l.Tried))
		for _, one := range l.Points {
			// Many live, close to each other at first: a tick each; what ended has its mark.
			if one.Status == probes.OK {
				d.path("tick", at(one.At), y+2, at(one.At), y+barHeight-2)
				continue
			}
			status := h.status(one.Status)
			d.text("small mid "+status.Class, at(one.At), y+barHeight-2, status.Mark)
		}
		y += plotRow
	}
	d.path("axis", plotLabel, y, plotLabel+room, y)
	for i := range 5 {
		s := l.Longest * probes.Seconds(i) / 4
		d.path("axis", at(s), y, at(s), y+5)
		d.text("small mid", at(s), y+18, s.String())
	}
	d.Height = y + axisRoom
	p.Key = []htmlKey{
		{"ok", looks[probes.OK].mark, h.say(probes.T("lives"))}, {"failed", looks[probes.Failed].mark, h.say(probes.T("was cut"))},
		{"unknown", looks[probes.Unknown].mark, h.say(probes.T("was dropped without a word"))},
	}
}

// curve draws lines over an axis.
func (h htmlPrinter) curve(p *htmlPlot, c probes.Curve) {
	d, room := &p.Drawing, drawnWidth-plotLabel/2-30
	left, mostX, mostY := plotLabel/2, 0.0, 0.0
	for _, line := range c.Lines {
		for _, pt := range line.Points {
			mostX, mostY = max(mostX, pt.X), max(mostY, pt.Y)
		}
	}
	mostX, mostY = max(mostX, 1), max(mostY, 0.001)
	for i := range 5 {
		part := float64(i) / 4
		y := 10 + curveTall*(1-part)
		d.path("grid", left, y, left+room, y)
		d.text("small end", left-8, y+4, probes.Seconds(mostY*part*1e9).String())
		d.text("small mid", left+room*part, curveTall+28, number(math.Round(mostX*part)))
	}
	for i, line := range c.Lines {
		var points []float64
		for _, pt := range line.Points {
			points = append(points, left+pt.X/mostX*room, 10+curveTall*(1-pt.Y/mostY))
		}
		d.path("line l"+strconv.Itoa(i%colours), points...)
		p.Key = append(p.Key, htmlKey{"l" + strconv.Itoa(i%colours), "■", h.say(line.Name)})
	}
	d.text("small mid", left+room/2, curveTall+46, h.say(c.X))
	d.Height = curveTall + 54
}

// colours is how many colours tell rows or nodes apart; a letter or a name always stands with them.
const colours = 6

// letter names a node in a grid.
func letter(i int) string { return string(rune('A' + i%26)) }

// grid draws a square for each connection, a row for each way of coming.
func (h htmlPrinter) grid(p *htmlPlot, g probes.Grid) {
	d := &p.Drawing
	most := 1
	for _, row := range g.Rows {
		most = max(most, len(row.At))
	}
	label := plotLabel + 90
	size := min(cellSize, (drawnWidth-label)/float64(most))
	for i, row := range g.Rows {
		y := float64(i) * (cellSize + 6)
		d.text("label end", label-10, y+13, cut(h.say(row.Name), label-14, smallColumn))
		for j, at := range row.At {
			x := label + float64(j)*size
			d.rect(fmt.Sprintf("c%d", at%colours), x, y, size-2, cellSize, 3)
			if size >= 12 {
				d.text("cell mid", x+size/2-1, y+13, letter(at))
			}
		}
	}
	d.Height = float64(len(g.Rows))*(cellSize+6) + 2
	for i, n := range g.Nodes {
		p.Key = append(p.Key, htmlKey{fmt.Sprintf("l%d", i%colours), letter(i), probes.Printable(n)})
	}
}

// falls draws the phases of each handshake one behind the other.
func (h htmlPrinter) falls(p *htmlPlot, falls []probes.Fall) {
	var longest probes.Seconds
	for _, f := range falls {
		longest = max(longest, f.Total())
	}
	room := drawnWidth - plotLabel - plotTail
	seen := map[string]int{}
	for i, f := range falls {
		y, x := float64(i)*plotRow, plotLabel
		h.name(p, y, probes.Printable(f.Name))
		for _, s := range f.Spans {
			name := h.say(s.Name)
			at, known := seen[name]
			if !known {
				at = len(seen) % colours
				seen[name] = at
				p.Key = append(p.Key, htmlKey{fmt.Sprintf("l%d", at), "■", name})
			}
			width := float64(s.Took) / float64(max(longest, 1)) * room
			p.Drawing.rect(fmt.Sprintf("c%d", at), x, y, width, barHeight, 1).Full = name + " " + s.Took.String()
			x += width
		}
		status := h.status(f.Status)
		p.Drawing.text("name "+status.Class, plotLabel+room+10, y+barHeight-1, status.Mark)
		p.Drawing.text("label", plotLabel+room+28, y+barHeight-2, f.Total().String())
	}
	p.Drawing.Height = float64(len(falls))*plotRow + 4
}
