package report

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"

	"example.com/wsdoctor/probes"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// reportSchema compiles the schema that the repository ships.
func reportSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	s, err := c.Compile("../../docs/report.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestJSONFollowsTheSchema(t *testing.T) {
	schema := reportSchema(t)
	for name, r := range cases {
		var b bytes.Buffer
		if err := writeJSON(&b, r, Options{}); err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(&b)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := schema.Validate(doc); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The schema must be able to refuse, or following it means nothing.
func TestSchemaRefuses(t *testing.T) {
	schema := reportSchema(t)
	var b bytes.Buffer
	if err := writeJSON(&b, cases["one-cause"], Options{}); err != nil {
		t.Fatal(err)
	}
	good := b.String()
	for _, c := range []struct{ name, old, new string }{
		{"another schema", `report/v1`, `report/v2`},
		{"a new key at the top", `"host":`, `"hots": "", "host":`},
		{"a status that does not exist", `"status": "skipped"`, `"status": "ignored"`},
		{"a list that is null", `"explains": [`, `"explains": null, "_": [`},
		{"a local time", `03:04:05Z`, `11:04:05+08:00`},
		{"half a millisecond", `"duration_ms": 212`, `"duration_ms": 212.5`},
		{"an unknown check without a reason", "nftables answers root alone: run sudo wsdoctor --check", ""},
		{"an id with a capital", `"id": "ports/holder"`, `"id": "ports/Holder"`},
	} {
		bad := strings.Replace(good, c.old, c.new, 1)
		if bad == good {
			t.Fatalf("%s: %q does not stand in the report", c.name, c.old)
		}
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(bad))
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if schema.Validate(doc) == nil {
			t.Errorf("%s: the schema takes it", c.name)
		}
	}
}

// What a stranger sent comes out of JSON as it went in, but for bytes that are no UTF-8.
func TestJSONKeepsTheBytes(t *testing.T) {
	var b bytes.Buffer
	if err := writeJSON(&b, cases["hostile"], Options{}); err != nil {
		t.Fatal(err)
	}
	var got JSONReport
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	want := strings.ReplaceAll(nasty, "\xff", "\ufffd")
	if e := got.Checks[0].Findings[0].Evidence[0]; e.Saw != want || e.Where != want {
		t.Errorf("evidence is %q, expected %q", e.Saw, want)
	}
}

// A script gets its report even where an area observed what JSON cannot hold; the error says which area that was.
func TestJSONObservationThatCannotBeWritten(t *testing.T) {
	r := report(okCheck("ports", "bindable"))
	r.Observed = map[string]any{
		"kernel":   struct{ Fill float64 }{math.NaN()},
		"firewall": map[string]any{"f": func() {}},
		"ports":    struct{ N int }{1},
	}
	var b bytes.Buffer
	err := writeJSON(&b, r, Options{})
	if err == nil || !strings.Contains(err.Error(), "the area kernel observed") || !strings.Contains(err.Error(), "the area firewall observed") {
		t.Errorf("returned %v, expected an error that names kernel and firewall", err)
	}
	doc, jerr := jsonschema.UnmarshalJSON(bytes.NewReader(b.Bytes()))
	if jerr != nil {
		t.Fatal(jerr)
	}
	if verr := reportSchema(t).Validate(doc); verr != nil {
		t.Error(verr)
	}
	var got JSONReport
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if string(got.Observed["kernel"]) != "null" || !strings.Contains(string(got.Observed["ports"]), `"N": 1`) {
		t.Errorf("observed is %s", got.Observed)
	}
}

// No list is null and every status is counted, even in a report of nothing.
func TestJSONEmptyLists(t *testing.T) {
	var b bytes.Buffer
	if err := writeJSON(&b, probes.Report{Results: []probes.Result{{ID: "a/b", Findings: []probes.Finding{{}}}}, Causes: []probes.Cause{{}}}, Options{}); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "null") {
		t.Errorf("holds a null:\n%s", b.String())
	}
}
