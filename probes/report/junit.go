package report

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"

	"example.com/wsdoctor/probes"
)

// The elements and attributes are those of the schema that Jenkins ships (junit-10.xsd of its xunit plugin); GitLab and
// others read the same.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Time     string       `xml:"time,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name      string      `xml:"name,attr"`
		Tests     int         `xml:"tests,attr"`
		Failures  int         `xml:"failures,attr"`
		Errors    int         `xml:"errors,attr"`
		Skipped   int         `xml:"skipped,attr"`
		Time      string      `xml:"time,attr"`
		Timestamp string      `xml:"timestamp,attr"`
		Hostname  string      `xml:"hostname,attr"`
		Cases     []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Name    string        `xml:"name,attr"`
		Class   string        `xml:"classname,attr"`
		Time    string        `xml:"time,attr"`
		Skipped *junitSkipped `xml:"skipped"`
		Failure *junitFailure `xml:"failure"`
		Out     *junitText    `xml:"system-out"`
	}
	junitSkipped struct {
		Message string `xml:"message,attr"`
	}
	junitFailure struct {
		Type    string `xml:"type,attr"`
		Message string `xml:"message,attr"`
		Body    string `xml:",cdata"`
	}
	junitText struct {
		Body string `xml:",cdata"`
	}
)

// writeJUnit writes one test suite an area and one test case a check. A case is named by its id, because CI servers
// follow a test through its history by name. A failed check is a failure, a warning passes and says so in system-out.
//
// An unknown check is skipped with a message that begins with "unknown:". It must not pass; as <error> it would break
// a build whose exit code says that nothing failed.
func writeJUnit(w io.Writer, r probes.Report, _ Options) error {
	out := junitSuites{Name: "wsdoctor", Time: junitTime(r.Took)}
	for _, a := range byArea(r.Results) {
		suite := junitSuite{Name: a.name, Timestamp: r.Started.UTC().Format("2006-01-02T15:04:05"), Hostname: probes.Printable(r.Host)}
		var took time.Duration
		for _, res := range a.results {
			c := junitCaseOf(res)
			suite.Tests++
			if c.Failure != nil {
				suite.Failures++
			}
			if c.Skipped != nil {
				suite.Skipped++
			}
			took += res.Took
			suite.Cases = append(suite.Cases, c)
		}
		suite.Time = junitTime(took)
		out.Tests += suite.Tests
		out.Failures += suite.Failures
		out.Suites = append(out.Suites, suite)
	}
	var b bytes.Buffer
	b.WriteString(xml.Header)
	e := xml.NewEncoder(&b)
	e.Indent("", "  ")
	if err := e.Encode(out); err != nil {
		return fmt.Errorf("encoding the report: %w", err)
	}
	b.WriteByte('\n')
	_, err := w.Write(b.Bytes())
	return err
}

func junitCaseOf(res probes.Result) junitCase {
	c := junitCase{Name: res.ID, Class: "wsdoctor." + res.Area, Time: junitTime(res.Took)}
	details := strings.Join(plainDetails(res), "\n")
	switch res.Status {
	case probes.Failed:
		c.Failure = &junitFailure{Type: "failed", Message: strings.Join(errorTitles(res), "; "), Body: details}
		return c
	case probes.Skipped:
		c.Skipped = &junitSkipped{probes.Printable(res.Reason.String())}
	case probes.Unknown:
		c.Skipped = &junitSkipped{"unknown: " + probes.Printable(res.Reason.String())}
	}
	if len(res.Findings) > 0 {
		c.Out = &junitText{details}
	}
	return c
}

// junitTime writes seconds with milliseconds.
func junitTime(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }

// errorTitles returns what makes a check fail, one line each.
func errorTitles(res probes.Result) []string {
	var out []string
	for _, f := range res.Findings {
		if f.Severity == probes.Error {
			out = append(out, probes.Printable(Headline(f, nil)))
		}
	}
	return out
}

// plainDetails returns all that one check says as plain English lines, for formats that show them as they are.
func plainDetails(res probes.Result) []string {
	out := []string{"check: " + res.Title}
	if res.ExplainedBy != "" {
		out = append(out, "explained by: "+res.ExplainedBy)
	}
	if !res.Reason.IsZero() {
		out = append(out, "not seen: "+probes.Printable(res.Reason.String()))
	}
	for _, f := range res.Findings {
		out = append(out, f.Severity.String()+": "+probes.Printable(Headline(f, nil)))
		for _, e := range f.Evidence {
			out = append(out, "  "+probes.Printable(seen(e, nil)))
		}
		for _, l := range f.Fix {
			out = append(out, "  fix: "+probes.Printable(l.String()))
		}
	}
	return out
}
