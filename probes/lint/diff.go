package lint

import (
	"fmt"
	"slices"
	"strings"
)

// contextLines is how many unchanged lines diff and patch have around a change.
const contextLines = 3

// op is one line of a diff.
type op struct {
	kind byte // ' ', '-' or '+'
	line string
	a, b int // index in the old and the new file
}

// Diff returns a unified diff of a file that `patch -p0` applies; "" where nothing changes.
func Diff(name, before, after string) string {
	if before == after {
		return ""
	}
	ops := compare(splitLines(before), splitLines(after))
	var out strings.Builder
	fmt.Fprintf(&out, "--- %s\n+++ %s\n", name, name)
	for i := 0; i < len(ops); {
		if ops[i].kind == ' ' {
			i++
			continue
		}
		start, end := max(0, i-contextLines), i
		for quiet := 0; end < len(ops) && quiet <= 2*contextLines; end++ {
			if ops[end].kind == ' ' {
				quiet++
			} else {
				quiet = 0
			}
		}
		last := end
		for last > i && ops[last-1].kind == ' ' {
			last--
		}
		end = min(len(ops), last+contextLines)
		hunk(&out, ops[start:end])
		i = end
	}
	return out.String()
}

func hunk(out *strings.Builder, ops []op) {
	na, nb := 0, 0
	for _, o := range ops {
		if o.kind != '+' {
			na++
		}
		if o.kind != '-' {
			nb++
		}
	}
	fmt.Fprintf(out, "@@ -%s +%s @@\n", span(ops[0].a, na), span(ops[0].b, nb))
	for _, o := range ops {
		out.WriteByte(o.kind)
		out.WriteString(o.line)
		if !strings.HasSuffix(o.line, "\n") {
			out.WriteString("\n\\ No newline at end of file\n")
		}
	}
}

// splitLines keeps the line ends.
func splitLines(s string) []string { return slices.Collect(strings.Lines(s)) }

// span writes a range of lines as diff does: an empty one names the line before it.
func span(start, n int) string {
	switch n {
	case 0:
		return fmt.Sprintf("%d,0", start)
	case 1:
		return fmt.Sprint(start + 1)
	}
	return fmt.Sprintf("%d,%d", start+1, n)
}

// maxTable bounds the table of compare; what is larger between the first and the last difference is replaced whole.
const maxTable = 4_000_000

// compare finds the longest common run of lines, between what the two files begin and end with alike.
func compare(a, b []string) []op {
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	var out []op
	for i := range head {
		out = append(out, op{' ', a[i], i, i})
	}
	out = append(out, middle(a[head:len(a)-tail], b[head:len(b)-tail], head)...)
	for i := range tail {
		ia, ib := len(a)-tail+i, len(b)-tail+i
		out = append(out, op{' ', a[ia], ia, ib})
	}
	return out
}

func middle(a, b []string, base int) []op {
	n, m := len(a), len(b)
	var out []op
	if n*m > maxTable {
		for i, l := range a {
			out = append(out, op{'-', l, base + i, base})
		}
		for j, l := range b {
			out = append(out, op{'+', l, base + n, base + j})
		}
		return out
	}
	common := make([][]int, n+1)
	for i := range common {
		common[i] = make([]int, m+1)
	}
	for i := n - 1; i >= 0; i-- {
		for j := m - 1; j >= 0; j-- {
			if a[i] == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	for i, j := 0, 0; i < n || j < m; {
		switch {
		case i < n && j < m && a[i] == b[j]:
			out = append(out, op{' ', a[i], base + i, base + j})
			i, j = i+1, j+1
		case i < n && (j == m || common[i+1][j] >= common[i][j+1]):
			out = append(out, op{'-', a[i], base + i, base + j})
			i++
		default:
			out = append(out, op{'+', b[j], base + i, base + j})
			j++
		}
	}
	return out
}
