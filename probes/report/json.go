package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"example.com/wsdoctor/probes"
)

// Schema names the shape of the JSON report; docs/report.schema.json describes it.
const Schema = "wsdoctor/report/v1"

// The wire types are types of their own, so that a renamed field in probes changes no report. A list is never null.

// JSONReport is a whole report on the wire.
type JSONReport struct {
	Schema   string      `json:"schema"`
	Version  string      `json:"version"`
	Host     string      `json:"host"`
	Started  string      `json:"started"`     // RFC 3339, UTC, whole seconds
	Duration int64       `json:"duration_ms"` // milliseconds
	Status   string      `json:"status"`
	Summary  JSONSummary `json:"summary"`
	Causes   []JSONCause `json:"causes"`
	Checks   []JSONCheck `json:"checks"`

	// Observed is what each area saw, by area; its shape is the area's own.
	Observed map[string]json.RawMessage `json:"observed"`
}

// JSONSummary counts the checks by status.
type JSONSummary struct {
	OK      int `json:"ok"`
	Warning int `json:"warning"`
	Failed  int `json:"failed"`
	Skipped int `json:"skipped"`
	Unknown int `json:"unknown"`
}

// JSONCause is a finding that explains others.
type JSONCause struct {
	ID       string   `json:"id"`
	Severity string   `json:"severity"`
	Title    string   `json:"title"`
	Explains []string `json:"explains"` // ids of checks
	Fix      []string `json:"fix"`
}

// JSONCheck is how one check ended.
type JSONCheck struct {
	ID          string        `json:"id"`
	Area        string        `json:"area"`
	Title       string        `json:"title"`
	Status      string        `json:"status"`
	Reason      string        `json:"reason"`
	Duration    int64         `json:"duration_ms"` // milliseconds
	ExplainedBy string        `json:"explained_by,omitempty"`
	Findings    []JSONFinding `json:"findings"`
}

// JSONFinding is one thing that a check found.
type JSONFinding struct {
	Severity string         `json:"severity"`
	Subject  string         `json:"subject"`
	Title    string         `json:"title"`
	Evidence []JSONEvidence `json:"evidence"`
	Fix      []string       `json:"fix"`
}

// JSONEvidence is one thing that was seen.
type JSONEvidence struct {
	Where string `json:"where"`
	Saw   string `json:"saw"`
}

// writeJSON writes the report whatever the areas observed: an observation that JSON cannot hold (a NaN, a function) is
// null in it, and the error, returned once the report is written, names the area.
func writeJSON(w io.Writer, r probes.Report, _ Options) error {
	wire, observedErr := wireOf(r)
	raw, err := Encode(wire, "  ")
	if err != nil {
		return fmt.Errorf("encoding the report: %w", err)
	}
	if _, err := w.Write(raw); err != nil {
		return err
	}
	return observedErr
}

func wireOf(r probes.Report) (JSONReport, error) {
	n := r.Count()
	out := JSONReport{
		Schema: Schema, Version: r.Version, Host: r.Host,
		Started: r.Started.UTC().Format(time.RFC3339), Duration: r.Took.Milliseconds(),
		Status:  r.Status().String(),
		Summary: JSONSummary{OK: n[probes.OK], Warning: n[probes.Warned], Failed: n[probes.Failed], Skipped: n[probes.Skipped], Unknown: n[probes.Unknown]},
		Causes:  []JSONCause{}, Checks: []JSONCheck{}, Observed: map[string]json.RawMessage{},
	}
	for _, c := range r.Causes {
		out.Causes = append(out.Causes, JSONCause{c.ID, c.Severity.String(), c.Title.String(), append([]string{}, c.Explains...), inEnglish(c.Fix)})
	}
	for _, res := range r.Results {
		check := JSONCheck{
			ID: res.ID, Area: res.Area, Title: res.Title, Status: res.Status.String(), Reason: res.Reason.String(),
			Duration: res.Took.Milliseconds(), ExplainedBy: res.ExplainedBy, Findings: []JSONFinding{},
		}
		for _, f := range res.Findings {
			wf := JSONFinding{f.Severity.String(), f.Subject, f.Title.String(), []JSONEvidence{}, inEnglish(f.Fix)}
			for _, e := range f.Evidence {
				wf.Evidence = append(wf.Evidence, JSONEvidence{e.Where, e.Saw.String()})
			}
			check.Findings = append(check.Findings, wf)
		}
		out.Checks = append(out.Checks, check)
	}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(r.Observed)) {
		raw, err := Encode(r.Observed[name], "")
		if err != nil {
			errs = append(errs, fmt.Errorf("encoding what the area %s observed: %w", name, err))
			raw = []byte("null")
		}
		out.Observed[name] = raw
	}
	return out, errors.Join(errs...)
}

// Encode writes v as JSON, ending in a line end. It leaves <, > and & as they are: a report holds commands, and no
// browser reads it as HTML. What a terminal would obey or hide is escaped, as JSON allows for any character, because
// people look at JSON too.
func Encode(v any, indent string) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", indent)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	var out []byte
	for _, r := range b.String() {
		switch {
		case r == '\n' || unicode.IsPrint(r):
			out = utf8.AppendRune(out, r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
	}
	return out, nil
}

func inEnglish(lines []probes.Text) []string {
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = l.String()
	}
	return out
}
