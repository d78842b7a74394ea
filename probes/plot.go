package probes

import (
	"maps"
	"slices"
)

// Plot is what an area measured, as data for a picture. Screens draw it with cells, the html report with lines; both get
// it here. One of the fields below Notes is set.
type Plot struct {
	Title Text
	Says  Text   // what it comes to
	Notes []Text // what is to be known beside it

	Bars  []Bar
	Lives *Lives
	Curve *Curve
	Grid  *Grid
	Falls []Fall
}

// Bar is a number of something, beside the number that was expected; 0: nothing was.
type Bar struct {
	Name            string
	Value, Expected float64
}

// Lives is how long things lived, from one common beginning.
type Lives struct {
	Longest Seconds
	Rows    []Life
	Points  []Life // of one row: each at the time at which something was tried
	Tried   Text   // names that row
}

// Life is one of Lives. The status of what lived to the end is OK, of what was ended Failed, of what died unseen
// Unknown, and of what never began Skipped.
type Life struct {
	Name   Text
	At     Seconds // of its end
	Status Status
}

// Curve is how something went while something else grew.
type Curve struct {
	X, Y  Text // what the axes show; Y is in seconds
	Lines []Line
}

// Line is one line of a Curve.
type Line struct {
	Name   Text
	Points []Point
}

// Point is one point of a Line.
type Point struct{ X, Y float64 }

// Grid is which of some nodes each of several clients came to, again and again.
type Grid struct {
	Nodes []string
	Rows  []GridRow
}

// GridRow is one client: the index of the node of each of its connections, in order.
type GridRow struct {
	Name Text
	At   []int
}

// Fall is one way through phases that follow each other.
type Fall struct {
	Name   string
	Status Status
	Spans  []Span
}

// Span is one phase of a Fall.
type Span struct {
	Name Text
	Took Seconds
}

// Total is how long all phases took.
func (f Fall) Total() Seconds {
	var sum Seconds
	for _, s := range f.Spans {
		sum += s.Took
	}
	return sum
}

// Plotted is an observation that can be drawn.
type Plotted interface{ Plots() []Plot }

// Plots are those of all that a run observed, by area.
func Plots(r Report) []Plot {
	var out []Plot
	for _, area := range slices.Sorted(maps.Keys(r.Observed)) {
		if p, ok := r.Observed[area].(Plotted); ok {
			out = append(out, p.Plots()...)
		}
	}
	return out
}
