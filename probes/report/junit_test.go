package report

import (
	"bytes"
	"strings"
	"testing"

	"example.com/wsdoctor/probes"
	"github.com/joshdk/go-junit"
)

// A parser that CI programs use reads the same verdicts as stand in the report.
func TestJUnitIsRead(t *testing.T) {
	for name, r := range cases {
		var b bytes.Buffer
		if err := writeJUnit(&b, r, Options{}); err != nil {
			t.Fatal(err)
		}
		suites, err := junit.Ingest(b.Bytes())
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, b.Bytes())
		}
		want := map[string]probes.Result{}
		for _, res := range r.Results {
			want[res.ID] = res
		}
		for _, s := range suites {
			for _, c := range s.Tests {
				res, ok := want[c.Name]
				if !ok || s.Name != res.Area || c.Classname != "wsdoctor."+res.Area {
					t.Errorf("%s: found %s of %s in %s, which the report does not hold", name, c.Name, c.Classname, s.Name)
				}
				delete(want, c.Name)
				status := map[probes.Status]junit.Status{
					probes.OK: junit.StatusPassed, probes.Warned: junit.StatusPassed, probes.Failed: junit.StatusFailed,
					probes.Skipped: junit.StatusSkipped, probes.Unknown: junit.StatusSkipped,
				}[res.Status]
				if c.Status != status {
					t.Errorf("%s: %s is %s, expected %s", name, c.Name, c.Status, status)
				}
				if c.Message == "" && status != junit.StatusPassed {
					t.Errorf("%s: %s is %s without a word", name, c.Name, c.Status)
				}
				if unknown := strings.HasPrefix(c.Message, "unknown: "); unknown != (res.Status == probes.Unknown) {
					t.Errorf("%s: %s is %s and says %q", name, c.Name, res.Status, c.Message)
				}
				if res.Status == probes.Warned && !strings.Contains(c.SystemOut, "warning: ") {
					t.Errorf("%s: the warning of %s is not in its output: %q", name, c.Name, c.SystemOut)
				}
			}
		}
		if len(want) > 0 {
			t.Errorf("%s: lacks %v", name, want)
		}
	}
}
