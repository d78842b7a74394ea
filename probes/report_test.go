package probes

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"
)

func reportOf(statuses ...Status) Report {
	var r Report
	for i, s := range statuses {
		r.Results = append(r.Results, Result{ID: fmt.Sprint("a/", i), Status: s})
	}
	return r
}

func TestReportStatusAndExit(t *testing.T) {
	type exits struct{ error, warning, strict, warningStrict int }
	for _, c := range []struct {
		name     string
		statuses []Status
		want     Status
		exits    exits
	}{
		{"nothing", nil, Unknown, exits{0, 0, 0, 0}},
		{"ok", []Status{OK, OK}, OK, exits{0, 0, 0, 0}},
		{"skipped beside ok", []Status{Skipped, OK}, OK, exits{0, 0, 0, 0}},
		{"skipped alone", []Status{Skipped}, Unknown, exits{0, 0, 0, 0}},
		{"a warning", []Status{OK, Warned}, Warned, exits{0, 1, 0, 1}},
		{"unknown", []Status{OK, Unknown}, Unknown, exits{0, 0, 3, 3}},
		{"a warning beside an unknown", []Status{Unknown, Warned}, Warned, exits{0, 1, 3, 1}},
		{"failed", []Status{OK, Failed}, Failed, exits{1, 1, 1, 1}},
		{"failed beside all", []Status{Unknown, Warned, Failed, Skipped, OK}, Failed, exits{1, 1, 1, 1}},
	} {
		r := reportOf(c.statuses...)
		if got := r.Status(); got != c.want {
			t.Errorf("%s: status %s, expected %s", c.name, got, c.want)
		}
		got := exits{r.Exit(Error, false), r.Exit(Warning, false), r.Exit(Error, true), r.Exit(Warning, true)}
		if got != c.exits {
			t.Errorf("%s: exits %+v, expected %+v", c.name, got, c.exits)
		}
		r.Interrupted = true
		if got := r.Exit(Error, false); got != 130 {
			t.Errorf("%s: exits %d when interrupted, expected 130", c.name, got)
		}
		n := 0
		for _, count := range r.Count() {
			n += count
		}
		if n != len(c.statuses) {
			t.Errorf("%s: counts %v", c.name, r.Count())
		}
	}
}

func TestObservedByType(t *testing.T) {
	r := Report{Observed: map[string]any{"a": seenBy{3}, "b": "text"}}
	if got, ok := Observed[seenBy](r); !ok || got.N != 3 {
		t.Errorf("found %v, %v", got, ok)
	}
	if _, ok := Observed[int](r); ok {
		t.Error("found an observation that nobody made")
	}
	if _, ok := Observed[int](Report{}); ok {
		t.Error("found an observation in an empty report")
	}
}

func TestNamesOnTheWire(t *testing.T) {
	raw, err := json.Marshal(map[string]any{
		"severities": []Severity{Info, Warning, Error},
		"statuses":   []Status{OK, Warned, Failed, Skipped, Unknown},
		"zero":       Result{}.Status,
		"text":       T("%d%%", 3),
		"seconds":    []Seconds{0, Seconds(1500 * time.Millisecond), Seconds(time.Nanosecond)},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"seconds":[0,1.5,1e-9],"severities":["info","warning","error"],"statuses":["ok","warning","failed","skipped","unknown"],"text":"3%","zero":"unknown"}`
	if string(raw) != want {
		t.Errorf("is %s, expected %s", raw, want)
	}
}

func TestSecondsInWords(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0:                       "0.0 ms",
		250 * time.Microsecond:  "0.2 ms",
		9900 * time.Microsecond: "9.9 ms",
		10 * time.Millisecond:   "10 ms",
		212 * time.Millisecond:  "212 ms",
		time.Second:             "1.0 s",
		75 * time.Second:        "75.0 s",
	} {
		if got := Seconds(d).String(); got != want {
			t.Errorf("%s is %q, expected %q", d, got, want)
		}
		if Seconds(d).Duration() != d {
			t.Errorf("%s does not come back", d)
		}
	}
}
