package probes

import (
	"context"
	"errors"
	"fmt"
	"testing"
)

func TestRuleStatus(t *testing.T) {
	findings := func(s ...Severity) []Finding {
		var out []Finding
		for _, sev := range s {
			out = append(out, Finding{Severity: sev})
		}
		return out
	}
	says := func(s Status, reason string) func(seenBy) (Status, Text) {
		return func(seenBy) (Status, Text) { return s, Verbatim(reason) }
	}
	for _, c := range []struct {
		name     string
		applies  func(seenBy) (Status, Text)
		findings []Finding
		want     Status
		reason   string
		kept     int // findings
	}{
		{"nothing found", nil, nil, OK, "", 0},
		{"advice", nil, findings(Info), OK, "", 1},
		{"a warning", nil, findings(Info, Warning), Warned, "", 2},
		{"an error among others", nil, findings(Warning, Error, Info), Failed, "", 3},
		{"applies", says(OK, ""), findings(Error), Failed, "", 1},
		{"skipped is not asked", says(Skipped, "one node"), findings(Error), Skipped, "one node", 0},
		{"unknown", says(Unknown, "no root"), nil, Unknown, "no root", 0},
		{"unknown, but what was seen is bad", says(Unknown, "no root"), findings(Error), Failed, "no root", 1},
		{"unknown, and what was seen is fine", says(Unknown, "no root"), findings(Info), Unknown, "no root", 1},
	} {
		p := New("a", fine(1), []Rule[seenBy]{{
			ID: "a/x", Title: "fine", Applies: c.applies,
			Check: func(seenBy) []Finding { return c.findings },
		}})
		rep := Run(t.Context(), Target{}, []Probe{p}, Options{}, nil)
		got := rep.Results[0]
		if got.Status != c.want || got.Reason.String() != c.reason || len(got.Findings) != c.kept {
			t.Errorf("%s: %s %q with %d findings, expected %s %q with %d", c.name, got.Status, got.Reason, len(got.Findings), c.want, c.reason, c.kept)
		}
		if got.ID != "a/x" || got.Area != "a" || got.Title != "fine" {
			t.Errorf("%s: is %+v", c.name, got)
		}
	}
}

func TestObserveErrors(t *testing.T) {
	for _, c := range []struct {
		err    error
		want   Status
		reason string
	}{
		{Skip("there is %d node", 1), Skipped, "there is 1 node"},
		{CannotLook("%s needs root", "nft"), Unknown, "nft needs root"},
		{fmt.Errorf("listing rules: %w", Skip("no firewall")), Skipped, "no firewall"},
		{errors.New("reading x: permission denied\n"), Unknown, "reading x: permission denied"},
		{fmt.Errorf("100%% %w", context.DeadlineExceeded), Unknown, "no answer in time"},
		{context.Canceled, Unknown, "interrupted"},
	} {
		p := New("a", func(context.Context, Target) (seenBy, error) { return seenBy{}, c.err },
			[]Rule[seenBy]{positive("a/one", false), positive("a/two", false)})
		rep := Run(t.Context(), Target{}, []Probe{p}, Options{}, nil)
		for _, got := range rep.Results {
			if got.Status != c.want || got.Reason.String() != c.reason || got.Area != "a" || got.Title == "" {
				t.Errorf("%v: %+v, expected %s %q", c.err, got, c.want, c.reason)
			}
		}
		if len(rep.Results) != 2 || len(rep.Observed) != 0 {
			t.Errorf("%v: %d results, observed %v", c.err, len(rep.Results), rep.Observed)
		}
	}
}

func TestRuleInfo(t *testing.T) {
	p := New("a", fine(1), []Rule[seenBy]{{ID: "a/x", Title: "fine", Why: "because", Gate: true}}, "b")
	if got := p.Rules[0]; got != (RuleInfo{"a/x", "fine", "because", "", true}) || p.Area != "a" || p.Needs[0] != "b" {
		t.Errorf("is %+v", p)
	}
}

func TestSettle(t *testing.T) {
	for _, c := range []struct {
		name string
		res  Result
		want Status
	}{
		{"lowered to a warning", Result{Status: Failed, Findings: []Finding{{Severity: Warning}}}, Warned},
		{"lowered to advice", Result{Status: Failed, Findings: []Finding{{Severity: Info}}}, OK},
		{"raised", Result{Status: OK, Findings: []Finding{{Severity: Error}}}, Failed},
		{"nothing found", Result{Status: Skipped, Reason: T("one node")}, Skipped},
		{"advice beside what could not be seen", Result{Status: Unknown, Reason: T("no root"), Findings: []Finding{{}}}, Unknown},
		{"lowered to advice, part not seen", Result{Status: Failed, Reason: T("no root"), Findings: []Finding{{}}}, Unknown},
		{"all findings taken away, part not seen", Result{Status: Failed, Reason: T("no root")}, Unknown},
		{"all findings taken away", Result{Status: Warned}, OK},
	} {
		if c.res.Settle(); c.res.Status != c.want {
			t.Errorf("%s: %s, expected %s", c.name, c.res.Status, c.want)
		}
	}
}
