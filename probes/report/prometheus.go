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
	var b bytes.Buffer
	metric := func(name, help string) { fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %[1]s gauge\n", name, help) }
	sample := func(name string, value float64, labels ...string) {
		b.WriteString(name)
		sep := "{"
		for i := 0; i < len(labels); i += 2 {
			fmt.Fprintf(&b, `%s%s="%s"`, sep, labels[i], promLabel(labels[i+1]))
			sep = ","
		}
		if len(labels) > 0 {
			b.WriteString("}")
		}
		b.WriteString(" " + strconv.FormatFloat(value, 'f', -1, 64) + "\n")
	}
	oneHot := func(name string, is probes.Status, labels ...string) {
		for _, s := range statuses {
			value := 0.0
			if s == is {
				value = 1
			}
			sample(name, value, append(labels[:len(labels):len(labels)], "status", s.String())...)
		}
	}

	metric("wsdoctor_info", "The version of wsdoctor that ran last, always 1.")
	sample("wsdoctor_info", 1, "version", r.Version)
	metric("wsdoctor_status", "1 for the worst status of the last run, 0 for the others.")
	oneHot("wsdoctor_status", r.Status())
	metric("wsdoctor_checks", "How many checks ended with each status.")
	counts := r.Count()
	for _, s := range statuses {
		sample("wsdoctor_checks", float64(counts[s]), "status", s.String())
	}
	metric("wsdoctor_findings", "How many findings there are of each severity.")
	found := map[probes.Severity]int{}
	for _, res := range r.Results {
		for _, f := range res.Findings {
			found[f.Severity]++
		}
	}
	for _, s := range []probes.Severity{probes.Error, probes.Warning, probes.Info} {
		sample("wsdoctor_findings", float64(found[s]), "severity", s.String())
	}
	metric("wsdoctor_causes", "How many findings explain others.")
	sample("wsdoctor_causes", float64(len(r.Causes)))
	if len(r.Results) > 0 {
		metric("wsdoctor_check_status", "1 for the status that the check ended with, 0 for the others.")
		for _, res := range r.Results {
			oneHot("wsdoctor_check_status", res.Status, "area", res.Area, "id", res.ID)
		}
	}
	metric("wsdoctor_interrupted", "1 if the last run was cancelled before it was finished.")
	interrupted := 0.0
	if r.Interrupted {
		interrupted = 1
	}
	sample("wsdoctor_interrupted", interrupted)
	metric("wsdoctor_run_duration_seconds", "How long the last run took.")
	sample("wsdoctor_run_duration_seconds", r.Took.Seconds())
	metric("wsdoctor_last_run_timestamp_seconds", "When the last run ended, in seconds since 1970.")
	sample("wsdoctor_last_run_timestamp_seconds", float64(r.Started.Add(r.Took).UnixMilli())/float64(time.Second/time.Millisecond))
	_, err := w.Write(b.Bytes())
	return err
}

// promLabel escapes a label value as the text format wants it: backslash, quote and line end, in UTF-8.
func promLabel(s string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(strings.ToValidUTF8(s, "\uFFFD"))
}
