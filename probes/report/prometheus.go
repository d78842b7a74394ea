package report

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"example.com/wsdoctor/probes"
)

// writePrometheus writes a file for the textfile collector of node_exporter: the Prometheus text format without
// timestamps, which that collector refuses. A status is one series for each of the five, 1 for the one that holds, as
// kube-state-metrics does it, so that a query names the status and a new run leaves no old series behind. Host and
// job are labels that the scrape adds.
func writePrometheus(w io.Writer, r probes.Report, _ Options) error {
	var m Metrics
	oneHot := func(name string, is probes.Status, labels ...string) {
		for _, s := range statuses {
			m.Sample(name, truth(s == is), append(labels[:len(labels):len(labels)], "status", s.String())...)
		}
	}

	m.Metric("wsdoctor_info", "The version of wsdoctor that ran last, always 1.")
	m.Sample("wsdoctor_info", 1, "version", r.Version)
	m.Metric("wsdoctor_status", "1 for the worst status of the last run, 0 for the others.")
	oneHot("wsdoctor_status", r.Status())
	m.Metric("wsdoctor_checks", "How many checks ended with each status.")
	counts := r.Count()
	for _, s := range statuses {
		m.Sample("wsdoctor_checks", float64(counts[s]), "status", s.String())
	}
	m.Metric("wsdoctor_findings", "How many findings there are of each severity.")
	found := map[probes.Severity]int{}
	for _, res := range r.Results {
		for _, f := range res.Findings {
			found[f.Severity]++
		}
	}
	for _, s := range []probes.Severity{probes.Error, probes.Warning, probes.Info} {
		m.Sample("wsdoctor_findings", float64(found[s]), "severity", s.String())
	}
	m.Metric("wsdoctor_causes", "How many findings explain others.")
	m.Sample("wsdoctor_causes", float64(len(r.Causes)))
	if len(r.Results) > 0 {
		m.Metric("wsdoctor_check_status", "1 for the status that the check ended with, 0 for the others.")
		for _, res := range r.Results {
			oneHot("wsdoctor_check_status", res.Status, "area", res.Area, "id", res.ID)
		}
	}
	m.Metric("wsdoctor_interrupted", "1 if the last run was cancelled before it was finished.")
	m.Sample("wsdoctor_interrupted", truth(r.Interrupted))
	m.Metric("wsdoctor_run_duration_seconds", "How long the last run took.")
	m.Sample("wsdoctor_run_duration_seconds", r.Took.Seconds())
	m.Metric("wsdoctor_last_run_timestamp_seconds", "When the last run ended, in seconds since 1970.")
	m.Sample("wsdoctor_last_run_timestamp_seconds", float64(r.Started.Add(r.Took).UnixMilli())/float64(time.Second/time.Millisecond))
	_, err := m.WriteTo(w)
	return err
}

// Metrics builds a text of the Prometheus format; the zero value is empty.
type Metrics struct{ b bytes.Buffer }

// Metric begins a gauge: its samples come next.
func (m *Metrics) Metric(name, help string) { m.kind(name, help, "gauge") }

// Counter begins a counter: its samples come next.
func (m *Metrics) Counter(name, help string) { m.kind(name, help, "counter") }

func (m *Metrics) kind(name, help, kind string) {
	fmt.Fprintf(&m.b, "# HELP %s %s\n# TYPE %[1]s %[3]s\n", name, help, kind)
}

// Sample adds a value with its labels, a name and a value in turn.
func (m *Metrics) Sample(name string, value float64, labels ...string) {
	m.b.WriteString(name)
	sep := "{"
	for i := 0; i < len(labels); i += 2 {
		fmt.Fprintf(&m.b, `%s%s="%s"`, sep, labels[i], promLabel(labels[i+1]))
		sep = ","
	}
	if len(labels) > 0 {
		m.b.WriteString("}")
	}
	m.b.WriteString(" " + strconv.FormatFloat(value, 'f', -1, 64) + "\n")
}

// WriteTo writes what was added, with one Write.
func (m *Metrics) WriteTo(w io.Writer) (int64, error) { return m.b.WriteTo(w) }

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// promLabel escapes a label value as the text format wants it: backslash, quote and line end, in UTF-8.
func promLabel(s string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(strings.ToValidUTF8(s, "\uFFFD"))
}
