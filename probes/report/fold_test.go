package report

import (
	"bytes"
	"strings"
	"testing"

	"example.com/wsdoctor/probes"
)

// Checks that were not looked at for one reason are one line from three in a row on; what was looked at never is.
func TestFold(t *testing.T) {
	skipped := probes.Result{Area: "a", Status: probes.Skipped, Title: "skipped one", Reason: probes.T("no b here")}
	other := probes.Result{Area: "a", Status: probes.Skipped, Title: "another", Reason: probes.T("no c here")}
	unknown := probes.Result{Area: "a", Status: probes.Unknown, Title: "unknown one", Reason: probes.T("needs root")}
	fine := probes.Result{Area: "a", Status: probes.OK, Title: "fine one"}
	for _, c := range []struct {
		name    string
		results []probes.Result
		want    string
	}{
		{"a whole area", []probes.Result{skipped, skipped, skipped}, "a\n  – 3 checks skipped: no b here\n"},
		{"two are shown", []probes.Result{skipped, skipped, fine}, "a\n  – skipped one (no b here)\n  – skipped one (no b here)\n  ✓ fine one\n"},
		{"another reason", []probes.Result{skipped, skipped, other}, "  – another (no c here)\n"},
		{"between others", []probes.Result{fine, unknown, unknown, unknown, unknown, fine}, "a\n  ✓ fine one\n  ? 4 checks unknown: needs root\n  ✓ fine one\n"},
		{"well", []probes.Result{fine, fine, fine}, "a\n  ✓ fine one\n  ✓ fine one\n  ✓ fine one\n"},
	} {
		var b bytes.Buffer
		if err := writeText(&b, probes.Report{Results: c.results}, Options{}); err != nil || !strings.Contains(b.String(), c.want) {
			t.Errorf("%s: %v\n%s\nexpected in it:\n%s", c.name, err, b.String(), c.want)
		}
	}
}
