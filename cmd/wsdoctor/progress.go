package main

import (
	"fmt"
	"slices"
	"strings"

	"example.com/wsdoctor/probes"
)

// progress shows on a terminal's stderr which areas are still at work, on one line that is gone afterwards.
type progress struct {
	a       *app
	running []string
}

func newProgress(a *app) *progress { return &progress{a: a} }

func (p *progress) event(e probes.Event) {
	if e.Finished {
		p.running = slices.DeleteFunc(p.running, func(s string) bool { return s == e.Area })
	} else {
		p.running = append(p.running, e.Area)
	}
	if p.a.stderrTTY && len(p.running) > 0 {
		fmt.Fprintf(p.a.stderr, "\r\x1b[K%s", p.a.voice().say("checking %s", strings.Join(p.running, ", ")))
	}
}

func (p *progress) clear() {
	if p.a.stderrTTY {
		fmt.Fprint(p.a.stderr, "\r\x1b[K")
	}
}
