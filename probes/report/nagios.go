package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"example.com/wsdoctor/probes"
)

// The exit codes of a Nagios plugin (Monitoring Plugins Development Guidelines, "Plugin Return Codes").
const (
	NagiosOK       = 0
	NagiosWarning  = 1
	NagiosCritical = 2
	NagiosUnknown  = 3
)

// maxNagiosOutput bounds what is written, in bytes: Nagios Core reads 8 KiB of a plugin's output, NRPE before version 3
// and many a database column behind it less.
const maxNagiosOutput = 4096

// maxNagiosTitle bounds a title on the status line, in characters, so that the performance data behind it is never cut.
const maxNagiosTitle = 200

// NagiosExit returns the exit code of `--format nagios`: the worst status decides, and unknown counts only where nothing
// is worse. --fail-on and --strict have no say, because a plugin's warning and unknown are codes of their own. A run
// that was interrupted, or in which nothing could be looked at, is never OK.
func NagiosExit(r probes.Report) int {
	switch status := r.Status(); {
	case status == probes.Failed:
		return NagiosCritical
	case status == probes.Warned:
		return NagiosWarning
	case status == probes.OK && !r.Interrupted:
		return NagiosOK
	}
	return NagiosUnknown
}

// writeNagios writes the status line with its performance data and, below it, a line for each cause and finding. Fixes
// are left out: they would need the pipe, which ends the text of a plugin; the last line says where they are.
func writeNagios(w io.Writer, r probes.Report, _ Options) error {
	word := [...]string{"OK", "WARNING", "CRITICAL", "UNKNOWN"}[NagiosExit(r)]
	var b bytes.Buffer
	b.WriteString("WSDOCTOR " + word + " - ")
	if about := nagiosHeadline(r); about != "" {
		b.WriteString(clip(nagiosText(about), maxNagiosTitle) + "; ")
	}
	b.WriteString(sum(r, nil))
	if r.Interrupted {
		b.WriteString(", interrupted")
	}
	n := r.Count()
	// 'label'=value;warn;crit;min: a value outside 0..warn alerts, so "0" reads "more than none".
	fmt.Fprintf(&b, " | failed=%d;;0;0 warning=%d;0;;0 unknown=%d;;;0 skipped=%d;;;0 ok=%d;;;0 time=%.3fs;;;0\n",
		n[probes.Failed], n[probes.Warned], n[probes.Unknown], n[probes.Skipped], n[probes.OK], r.Took.Seconds())

	lines := nagiosDetails(r)
	for i, l := range lines {
		rest := fmt.Sprintf("… and %d lines more\n", len(lines)-i)
		if b.Len()+len(l)+1+len(rest) > maxNagiosOutput {
			b.WriteString(rest)
			break
		}
		b.WriteString(l + "\n")
	}
	_, err := w.Write(b.Bytes())
	return err
}

// nagiosHeadline says the most important thing: the first cause, else the first finding that is as bad as the report.
func nagiosHeadline(r probes.Report) string {
	if len(r.Causes) > 0 {
		return r.Causes[0].ID + ": " + r.Causes[0].Title.String()
	}
	for _, res := range r.Results {
		if res.Status != r.Status() {
			continue
		}
		for _, f := range res.Findings {
			if f.Severity > probes.Info {
				return res.ID + ": " + Headline(f, nil)
			}
		}
		if res.Status == probes.Unknown {
			return res.ID + ": " + res.Reason.String()
		}
	}
	return ""
}

func nagiosDetails(r probes.Report) []string {
	var out []string
	add := func(format string, args ...any) {
		out = append(out, clip(nagiosText(fmt.Sprintf(format, args...)), maxNagiosTitle))
	}
	for _, c := range r.Causes {
		if len(c.Explains) == 0 {
			continue // it stands below as what it is
		}
		add("[cause] %s: %s (explains %s)", c.ID, c.Title, strings.Join(c.Explains, ", "))
	}
	for _, res := range r.Results {
		if res.ExplainedBy != "" && unwell(res) {
			add("[%s] %s: explained by %s", res.Status, res.ID, res.ExplainedBy)
			continue
		}
		for _, f := range res.Findings {
			if f.Severity > probes.Info {
				add("[%s] %s: %s", f.Severity, res.ID, Headline(f, nil))
			}
		}
		if res.Status == probes.Unknown {
			add("[%s] %s: %s", res.Status, res.ID, res.Reason)
		}
	}
	if len(out) > 0 {
		add("fixes: wsdoctor --check, on the host itself")
	}
	return out
}

// nagiosText makes s safe for a plugin's output: one line, and no pipe, which would begin the performance data.
func nagiosText(s string) string { return strings.ReplaceAll(probes.Printable(s), "|", "¦") }

// clip shortens s to n characters.
func clip(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}
