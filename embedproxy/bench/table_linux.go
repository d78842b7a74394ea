package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// printWorkloads prints the table of the workloads and returns the bars that are missed.
func printWorkloads(out io.Writer, list []*contender, results map[string]map[string][]Result) (missed []string) {
	if len(results) == 0 {
		return nil
	}
	fmt.Fprint(out, "| workload | figure |")
	for _, c := range list {
		fmt.Fprintf(out, " %s |", c.name)
	}
	fmt.Fprintln(out, " ours to nginx | bar | ours to haproxy |\n| --- | --- |"+strings.Repeat(" --- |", len(list)+3))
	for _, w := range workloads {
		got := results[w.name]
		if got == nil {
			continue
		}
		for _, f := range w.figures {
			fmt.Fprintf(out, "| %s | %s |", w.name, f.name)
			for _, c := range list {
				fmt.Fprintf(out, " %s |", spread(values(got[c.name], f), 1))
			}
			nginx, bar := ratios(got, f, "nginx"), "–"
			if f.bar > 0 {
				bar = fmt.Sprintf("≤ %.2f", f.bar)
				if f.more {
					bar = fmt.Sprintf("≥ %.2f", f.bar)
				}
				if m := median(nginx); len(nginx) > 0 && (m > f.bar) != f.more && m != f.bar {
					missed = append(missed, fmt.Sprintf("%s, %s: %.2f (%s)", w.name, f.name, m, bar))
				}
			}
			fmt.Fprintf(out, " %s | %s | %s |\n", spread(nginx, 2), bar, spread(ratios(got, f, "haproxy"), 2))
		}
	}
	return missed
}

func verdict(missed []string) string {
	if len(missed) == 0 {
		return "Every bar is met."
	}
	return "**Missed**: " + strings.Join(missed, "; ") + "."
}

func values(rs []Result, f figure) []float64 {
	out := make([]float64, len(rs))
	for i, r := range rs {
		out[i] = f.of(r)
	}
	return out
}

// ratios is ours to another within each round: what the machine did meanwhile then falls out.
func ratios(got map[string][]Result, f figure, other string) []float64 {
	return divided(values(got["ours"], f), values(got[other], f))
}

// divided is a to b, pair by pair.
func divided(a, b []float64) []float64 {
	n := min(len(a), len(b))
	out := make([]float64, n)
	for i := range n {
		out[i] = a[i] / b[i]
	}
	return out
}

func median(v []float64) float64 {
	v = slices.Clone(v)
	slices.Sort(v)
	if len(v) == 0 {
		return 0
	}
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

// spread is the median, least and most.
func spread(v []float64, digits int) string {
	if len(v) == 0 {
		return "–"
	}
	m := median(v)
	if m >= 1000 {
		digits = 0
	} else if m < 10 {
		digits = 2
	}
	return fmt.Sprintf("%.*f (%.*f–%.*f)", digits, m, digits, slices.Min(v), digits, slices.Max(v))
}

// conditions says what was measured with what.
func conditions(o options) string {
	var u unix.Utsname
	unix.Uname(&u)
	kernel, _, _ := strings.Cut(unix.ByteSliceToString(u.Release[:]), "-")
	with := []string{"Linux " + kernel, "Go " + strings.TrimPrefix(runtime.Version(), "go")}
	for _, name := range []string{"nginx", "haproxy"} {
		b, _ := exec.Command(name, "-v").CombinedOutput()
		if v := regexp.MustCompile(`\d+\.\d+\.\d+`).Find(b); v != nil {
			with = append(with, name+" "+string(v))
		}
	}
	return fmt.Sprintf("%d rounds of %s on %d processors (%s).", o.rounds, o.each, runtime.NumCPU(), strings.Join(with, ", "))
}

// The lines between which a document holds the figures.
const figuresBegin, figuresEnd = "<!-- figures: written by the command above -->", "<!-- end of the figures -->"

// replaceFigures puts text between the two lines of a document.
func replaceFigures(file, text string) error {
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(b), figuresBegin+"\n")
	_, after, ok2 := strings.Cut(rest, figuresEnd)
	if !ok || !ok2 {
		return fmt.Errorf("writing the figures into %s: found no lines %q and %q", file, figuresBegin, figuresEnd)
	}
	return os.WriteFile(file, []byte(before+figuresBegin+"\n"+text+figuresEnd+after), 0o644)
}
