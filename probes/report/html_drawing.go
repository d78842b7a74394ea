package report

import (
	"fmt"
	"math"
	"strings"

	"github.com/clipperhouse/displaywidth"
)

// drawing is a picture of plain shapes; the template writes it as SVG and escapes every text in it.
type drawing struct {
	Width, Height float64
	Label         string // for those who cannot see it
	Shapes        []shape
}

// shape is one element. What it is follows from which of its fields are set: D a path, Text a text, else a rectangle.
type shape struct {
	Class               string
	D                   string // a path; made of numbers here, never of what was seen
	Text                string
	X, Y, Width, Height float64
	Radius              float64
	Full                string // what the pointer shows above it; ""
}

// IsPath and IsText tell the template what a shape is.
func (s shape) IsPath() bool { return s.D != "" }
func (s shape) IsText() bool { return s.Text != "" }

// The picture's measures, in SVG units; the page scales a picture to its width. A column of a terminal is about what a
// character takes in print, too, so that texts are cut by columns.
const (
	drawnWidth  = 960.0
	smallColumn = 6.5 // units that a column of the small text takes
	nameColumn  = 8.5 // and one of the names
	lineHeight  = 17.0
)

func (d *drawing) rect(class string, x, y, w, h, radius float64) *shape {
	d.Shapes = append(d.Shapes, shape{Class: class, X: round(x), Y: round(y), Width: round(max(w, 0)), Height: round(max(h, 0)), Radius: radius})
	return &d.Shapes[len(d.Shapes)-1]
}

func (d *drawing) text(class string, x, y float64, text string) {
	if text != "" {
		d.Shapes = append(d.Shapes, shape{Class: class, X: round(x), Y: round(y), Text: text})
	}
}

// path draws a line through points given as x, y, x, y …
func (d *drawing) path(class string, points ...float64) {
	var b strings.Builder
	for i := 0; i+1 < len(points); i += 2 {
		fmt.Fprintf(&b, "%c%g %g", "ML"[min(i, 1)], round(points[i]), round(points[i+1]))
	}
	d.Shapes = append(d.Shapes, shape{Class: class, D: b.String()})
}

// swing draws a line that leaves and arrives level.
func (d *drawing) swing(class string, x1, y1, x2, y2 float64) {
	half := (x1 + x2) / 2
	d.Shapes = append(d.Shapes, shape{Class: class, D: fmt.Sprintf("M%g %gC%g %g %g %g %g %g", round(x1), round(y1), round(half), round(y1), round(half), round(y2), round(x2), round(y2))})
}

// round keeps the file short: a tenth of a unit is a tenth of a pixel.
func round(v float64) float64 { return math.Round(v*10) / 10 }

// cut shortens text to what fits into so many units.
func cut(text string, units, column float64) string {
	return displaywidth.TruncateString(text, max(int(units/column), 1), "…")
}

// folded breaks text into at most n lines of so many units; what is too long for them is cut.
func folded(text string, units float64, n int) []string {
	lines := Wrap(text, max(int(units/smallColumn), 8))
	if len(lines) > n {
		lines = append(lines[:n-1:n-1], strings.Join(lines[n-1:], " "))
	}
	for i := range lines {
		lines[i] = cut(lines[i], units, smallColumn)
	}
	return lines
}
