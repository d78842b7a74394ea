package report

import (
	"bytes"
	"strings"
	"testing"

	"example.com/wsdoctor/probes"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// The parser of promtool and node_exporter reads it, and each check has one status.
func TestPrometheusIsRead(t *testing.T) {
	for name, r := range cases {
		var b bytes.Buffer
		if err := writePrometheus(&b, r, Options{}); err != nil {
			t.Fatal(err)
		}
		parser := expfmt.NewTextParser(model.LegacyValidation)
		families, err := parser.TextToMetricFamilies(&b)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		status := map[string]string{} // by id
		for _, m := range families["wsdoctor_check_status"].GetMetric() {
			labels := map[string]string{}
			for _, l := range m.GetLabel() {
				labels[l.GetName()] = l.GetValue()
			}
			switch m.GetGauge().GetValue() {
			case 1:
				if other := status[labels["id"]]; other != "" {
					t.Errorf("%s: %s is both %s and %s", name, labels["id"], other, labels["status"])
				}
				status[labels["id"]] = labels["status"]
			case 0:
			default:
				t.Errorf("%s: %s is %v, expected 0 or 1", name, labels["id"], m.GetGauge().GetValue())
			}
		}
		if len(status) != len(r.Results) {
			t.Errorf("%s: %d checks have a status, expected %d", name, len(status), len(r.Results))
		}
		for _, res := range r.Results {
			if status[res.ID] != res.Status.String() {
				t.Errorf("%s: %s is %s, expected %s", name, res.ID, status[res.ID], res.Status)
			}
		}
		for fname, f := range families {
			if f.GetHelp() == "" {
				t.Errorf("%s: %s has no HELP", name, fname)
			}
			for _, m := range f.GetMetric() {
				if m.TimestampMs != nil {
					t.Errorf("%s: %s has a timestamp, which the textfile collector refuses", name, fname)
				}
			}
		}
		info := families["wsdoctor_info"].GetMetric()[0].GetLabel()[0].GetValue()
		if want := strings.ToValidUTF8(r.Version, "\ufffd"); info != want {
			t.Errorf("%s: the version reads as %q, expected %q", name, info, want)
		}
		if got, want := families["wsdoctor_last_run_timestamp_seconds"].GetMetric()[0].GetGauge().GetValue(), 1767323045.812; got != want {
			t.Errorf("%s: the run ended at %f, expected %f", name, got, want)
		}
	}
}

func TestPrometheusCountsFindings(t *testing.T) {
	var b bytes.Buffer
	if err := writePrometheus(&b, cases["warnings"], Options{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`wsdoctor_findings{severity="warning"} 1`, `wsdoctor_findings{severity="info"} 2`, `wsdoctor_findings{severity="error"} 0`,
		`wsdoctor_checks{status="ok"} 2`, `wsdoctor_status{status="` + probes.Warned.String() + `"} 1`,
	} {
		if !strings.Contains(b.String(), want+"\n") {
			t.Errorf("lacks %s:\n%s", want, b.String())
		}
	}
}
