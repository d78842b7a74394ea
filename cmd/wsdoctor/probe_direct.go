package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/handshake"
	"example.com/wsdoctor/probes/wsclient"
	"github.com/clipperhouse/displaywidth"
)

const (
	compareName  = 24 // columns for what is compared
	compareValue = 40 // columns for each of the two values
)

// comparison is the event of --direct.
type comparison struct {
	Event   string          `json:"event"`
	Through handshake.Trace `json:"through"`
	Direct  handshake.Trace `json:"direct"`
	Rows    []wsclient.Row  `json:"rows"`
	Differ  int             `json:"differ"`
}

// probeDirect makes two handshakes and shows them side by side.
func (a *app) probeDirect(ctx context.Context, f *probeFlags, req handshake.Request) error {
	direct, err := directRequest(f, req)
	if err != nil {
		return err
	}
	c := comparison{Event: "compare"}
	var wg sync.WaitGroup
	req.FirstMessage, direct.FirstMessage = firstMessage, firstMessage
	wg.Go(func() { c.Through = handshake.Dial(ctx, req) })
	wg.Go(func() { c.Direct = handshake.Dial(ctx, direct) })
	wg.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	c.Rows = wsclient.Compare(c.Through, c.Direct)
	for _, r := range c.Rows {
		if r.Differs {
			c.Differ++
		}
	}
	if f.format == "json" {
		if err := writeEvent(a.stdout, c); err != nil {
			return err
		}
	} else {
		writeComparison(a.stdout, c, a.ascii(), a.voice())
	}
	if c.Through.Cause.Kind != handshake.None {
		return exitError(probes.ExitFindings)
	}
	return nil
}

func writeComparison(w io.Writer, c comparison, ascii bool, v voice) {
	mark, bar := "≠", "│"
	if ascii {
		mark, bar = "!", "|"
	}
	line := func(mark, what, x, y string) {
		whats, xs, ys := cells(what, compareName), cells(x, compareValue), cells(y, compareValue)
		for i := range max(len(whats), len(xs), len(ys)) {
			out := fmt.Sprintf("%s %s %s %s %s %s", mark, cell(whats, i, compareName), bar, cell(xs, i, compareValue), bar, cell(ys, i, compareValue))
			if ascii {
				out = probes.ASCII(out)
			}
			fmt.Fprintln(w, strings.TrimRight(out, " "))
			mark = " "
		}
	}
	line(" ", "", c.Through.URL, c.Direct.URL)
	for _, r := range c.Rows {
		m := " "
		if r.Differs {
			m = mark
		}
		line(m, v.text(r.What), orMissing(r.A), orMissing(r.B))
	}
	fmt.Fprintln(w)
	for _, tr := range []handshake.Trace{c.Through, c.Direct} {
		if tr.Cause.Kind != handshake.None {
			fmt.Fprintln(w, v.say("%s: %s", tr.URL, tr.Cause.Text))
		}
	}
	if c.Differ == 0 {
		fmt.Fprintln(w, v.say("nothing that matters differs"))
	} else {
		fmt.Fprintln(w, v.say("%s, marked %s", probes.Counted(c.Differ, "1 difference", "%d differences"), mark))
	}
}

func orMissing(s string) string {
	if s == "" {
		return none
	}
	return s
}

// cells cuts s into pieces of at most width columns.
func cells(s string, width int) []string {
	out := []string{""}
	used := 0
	for _, r := range s {
		n := displaywidth.Rune(r)
		if used+n > width {
			out, used = append(out, ""), 0
		}
		out[len(out)-1] += string(r)
		used += n
	}
	return out
}

// cell is the i-th piece, filled up to width columns.
func cell(pieces []string, i, width int) string {
	s := ""
	if i < len(pieces) {
		s = pieces[i]
	}
	return s + strings.Repeat(" ", max(0, width-displaywidth.String(s)))
}
