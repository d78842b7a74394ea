package widgets

import (
	"math"
	"strings"
)

// eighths are blocks of rising height, a cell each; asciiSteps are the same without Unicode.
var (
	eighths    = []rune("▁▂▃▄▅▆▇█")
	asciiSteps = []rune("._-=+*%#")
)

// Bar draws value as a bar of at most width cells, of which most is the full width. Anything above nothing is at least
// one cell.
func Bar(value, most float64, width int, ascii bool) string {
	if value <= 0 || most <= 0 || width <= 0 {
		return ""
	}
	block := "█"
	if ascii {
		block = "#"
	}
	return strings.Repeat(block, min(max(int(math.Round(value/most*float64(width))), 1), width))
}

// Sparkline draws values as one line of at most width cells, the newest at the right; more values than cells lose the
// oldest. What is not a number is a gap.
func Sparkline(values []float64, width int, ascii bool) string {
	if len(values) > width {
		values = values[len(values)-max(width, 0):]
	}
	most := highest(values)
	var b strings.Builder
	for _, v := range values {
		b.WriteRune(step(v, most, ascii))
	}
	return b.String()
}

func highest(values []float64) float64 {
	most := 0.0
	for _, v := range values {
		if !math.IsNaN(v) {
			most = max(most, v)
		}
	}
	return most
}

func step(v, most float64, ascii bool) rune {
	steps := eighths
	if ascii {
		steps = asciiSteps
	}
	if math.IsNaN(v) || v < 0 {
		return ' '
	}
	if most <= 0 {
		return steps[0]
	}
	return steps[min(int(v/most*float64(len(steps))), len(steps)-1)]
}

// Columns draws values as a curve of height lines and at most width columns. Values that are too many for the width
// are thinned out, the last one kept; those that are few stand on several cells each.
func Columns(values []float64, most float64, width, height int, ascii bool) []string {
	if len(values) == 0 || width <= 0 || height <= 0 {
		return nil
	}
	if most <= 0 {
		most = max(highest(values), 1)
	}
	wide := max(width/len(values), 1)
	n := min(len(values), width)
	out := make([]string, height)
	for row := range height {
		var b strings.Builder
		for i := range n {
			v := values[i*len(values)/n]
			if i == n-1 {
				v = values[len(values)-1]
			}
			b.WriteString(strings.Repeat(string(cell(v/most*float64(height)-float64(height-1-row), ascii)), wide))
		}
		out[row] = b.String()
	}
	return out
}

// cell is one cell of a column that fills part of it.
func cell(part float64, ascii bool) rune {
	switch {
	case math.IsNaN(part) || part <= 0:
		return ' '
	case part >= 1 && ascii:
		return '#'
	case part >= 1:
		return '█'
	}
	return step(part, 1, ascii)
}
