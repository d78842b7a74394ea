package report

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"example.com/wsdoctor/probes"
)

func TestNagiosExit(t *testing.T) {
	of := func(statuses ...probes.Status) probes.Report {
		var r probes.Report
		for _, s := range statuses {
			r.Results = append(r.Results, probes.Result{Status: s})
		}
		return r
	}
	stopped := func(r probes.Report) probes.Report {
		r.Interrupted = true
		return r
	}
	for _, c := range []struct {
		name string
		r    probes.Report
		want int
	}{
		{"ok", of(probes.OK, probes.Skipped), NagiosOK},
		{"a warning", of(probes.OK, probes.Warned), NagiosWarning},
		{"a warning beside an unknown", of(probes.Unknown, probes.Warned), NagiosWarning},
		{"failed beside all", of(probes.Unknown, probes.Warned, probes.Failed), NagiosCritical},
		{"unknown beside ok", of(probes.OK, probes.Unknown), NagiosUnknown},
		{"all skipped", of(probes.Skipped), NagiosUnknown},
		{"nothing", of(), NagiosUnknown},
		{"interrupted, ok so far", stopped(of(probes.OK)), NagiosUnknown},
		{"interrupted, failed already", stopped(of(probes.Failed, probes.Unknown)), NagiosCritical},
	} {
		if got := NagiosExit(c.r); got != c.want {
			t.Errorf("%s: %d, expected %d", c.name, got, c.want)
		}
	}
}

// statusLine is a plugin's first line as the Monitoring Plugins Development Guidelines have it ("Plugin Output for
// Nagios", "Performance data").
var statusLine = regexp.MustCompile(`^WSDOCTOR (OK|WARNING|CRITICAL|UNKNOWN) - [^|\n]+ \|( [^'= ]+=[0-9.]+s?;[0-9]*;[0-9]*;[0-9]*)+$`)

func TestNagiosOutput(t *testing.T) {
	for name, r := range cases {
		var b bytes.Buffer
		if err := writeNagios(&b, r, Options{}); err != nil {
			t.Fatal(err)
		}
		first, rest, _ := strings.Cut(b.String(), "\n")
		if !statusLine.MatchString(first) {
			t.Errorf("%s: %q is no status line", name, first)
		}
		if strings.Contains(rest, "|") {
			t.Errorf("%s: a pipe below the status line:\n%s", name, rest)
		}
		if b.Len() > maxNagiosOutput {
			t.Errorf("%s: has %d bytes, expected at most %d", name, b.Len(), maxNagiosOutput)
		}
	}
}

func TestNagiosCutsLongOutput(t *testing.T) {
	var results []probes.Result
	for i := range 200 {
		results = append(results, probes.Result{
			ID: fmt.Sprintf("ports/p%d", i), Area: "ports", Status: probes.Failed,
			Findings: []probes.Finding{{Severity: probes.Error, Title: probes.Verbatim(strings.Repeat("端", 300))}},
		})
	}
	var b bytes.Buffer
	if err := writeNagios(&b, report(results...), Options{}); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	last := lines[len(lines)-1]
	if b.Len() > maxNagiosOutput || !strings.HasSuffix(last, "lines more") {
		t.Errorf("has %d bytes and ends in %q", b.Len(), last)
	}
	if want := fmt.Sprintf("… and %d lines more", 201-(len(lines)-2)); last != want {
		t.Errorf("ends in %q, expected %q", last, want)
	}
}
