package main

import (
	"fmt"
	"io"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/balancer"
	"example.com/wsdoctor/probes/report"
)

// barWidth is how many columns the longest bar has.
const barWidth = 40

func writeBalancerJSON(w io.Writer, seen balancer.Observation, found []probes.Finding) error {
	out := []finding{}
	for _, f := range found {
		out = append(out, finding{f.Severity, f.Subject, f.Title, f.Fix})
	}
	raw, err := report.Encode(struct {
		Schema string `json:"schema"`
		URL    string `json:"url"`
		*balancer.Active
		Findings []finding `json:"findings"`
	}{"wsdoctor/balancer/v1", seen.URL, seen.Active, out}, "  ")
	if err != nil {
		return err
	}
	_, err = w.Write(raw)
	return err
}

// writeBalancer shows each test with its picture, then what is wrong.
func writeBalancer(w io.Writer, seen balancer.Observation, found []probes.Finding, ascii bool, v voice) error {
	var b strings.Builder
	say := func(format string, args ...any) { b.WriteString(v.say(format, args...) + "\n") }
	say("%s", seen.URL)
	if s := seen.Active.Stickiness; s != nil {
		say("\nstickiness: %s", s.Verdict.Text)
		if !s.Observed.By.IsZero() {
			say("  told apart by %s", s.Observed.By)
		}
		for _, series := range s.Observed.Series {
			say("  %s %s", padded(v.text(series.Way.Words()), 42), strings.Join(series.Backends, " "))
		}
		if s.Observed.Failed > 0 {
			say("  %s failed, the first: %s", probes.Counted(s.Observed.Failed, "1 connection", "%d connections"), s.Observed.Cause.Text)
		}
	}
	if d := seen.Active.Distribution; d != nil {
		say("\ndistribution: %s", d.Verdict.Text)
		most := 1
		for _, s := range d.Verdict.Shares {
			most = max(most, s.Clients)
		}
		for _, s := range d.Verdict.Shares {
			bar := strings.Repeat(block(ascii), max(1, s.Clients*barWidth/most))
			say("  %s %s %d (expected %.0f)", padded(s.Backend, 24), padded(bar, barWidth), s.Clients, s.Expected)
		}
		if len(d.Verdict.Shares) > 0 {
			say("  chi-square %.1f, p %.3g; from %s", d.Verdict.Chi2, d.Verdict.P, probes.Counted(d.Observed.Sources, "1 address", "%d addresses"))
		}
		if d.Observed.Failed > 0 {
			say("  %s failed, the first: %s", probes.Counted(d.Observed.Failed, "1 connection", "%d connections"), d.Observed.Cause.Text)
		}
	}
	if i := seen.Active.Idle; i != nil {
		say("\nidle limit: %s", i.Verdict.Text)
		if !i.Verdict.Who.IsZero() {
			say("  points to: %s", i.Verdict.Who)
		}
		if i.Verdict.Heartbeat > 0 {
			say("  a heartbeat every %s keeps tunnels open", i.Verdict.Heartbeat)
		}
		if v := i.Verdict; v.ServerTalkHelps != nil {
			say("  kept open by frames of the client alone: %s; of the server alone: %s", yesNo(v.ClientTalkHelps), yesNo(*v.ServerTalkHelps))
		}
		say("  %s, %s", probes.Counted(len(i.Observed.Sockets), "1 socket", "%d sockets"), i.Observed.Took)
	}
	if c := seen.Active.Capacity; c != nil {
		say("\ncapacity: %s", c.Verdict.Text)
		for _, e := range c.Verdict.Explained {
			say("  explained by: %s", e)
		}
		for _, s := range c.Observed.Steps {
			say("  %s", s)
		}
		if c.Observed.Lost > 0 {
			say("  %s ended while they were held", probes.Counted(c.Observed.Lost, "1 tunnel", "%d tunnels"))
		}
	}
	if s := seen.Active.SocketIO; s != nil {
		say("\nSocket.IO: EIO %d, %s tried", s.Observed.EIO, probes.Counted(len(s.Observed.Sessions), "1 session", "%d sessions"))
		if sent, answered := s.Observed.Events(); sent > 0 {
			say("  the event was acknowledged in %d of %s", answered, probes.Counted(sent, "1 session", "%d sessions"))
		}
	}
	if r := seen.Active.Rehearsal; r != nil {
		say("\nrestart: %s", r.Verdict.Text)
		for _, s := range r.Verdict.Shares {
			say("  %s %d clients before, %d after", padded(s.Backend, 24), s.Before, s.After)
		}
	}
	for _, f := range found {
		say("\n%s: %s", probes.Phrase(f.Severity.String()), f.Title)
		for _, e := range f.Evidence {
			say("    %s: %s", e.Where, e.Saw)
		}
		for _, l := range f.Fix {
			say("  %s", l)
		}
	}
	return printable(w, b.String(), ascii)
}

// printable writes lines as a terminal may see them.
func printable(w io.Writer, text string, ascii bool) error {
	for line := range strings.Lines(text) {
		line = probes.Printable(strings.TrimSuffix(line, "\n"))
		if ascii {
			line = probes.ASCII(line)
		}
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}

func yesNo(b bool) probes.Text {
	if b {
		return probes.T("yes")
	}
	return probes.T("no")
}

func block(ascii bool) string {
	if ascii {
		return "#"
	}
	return "█"
}
