package changes

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/wsdoctor/probes"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func run(minute int, results ...probes.Result) probes.Report {
	return probes.Report{Started: noon.Add(time.Duration(minute) * time.Minute), Results: results}
}

func check(id string, findings ...probes.Finding) probes.Result {
	r := probes.Result{ID: id, Area: strings.Split(id, "/")[0], Status: probes.OK, Findings: findings}
	r.Settle()
	for _, f := range findings {
		r.Status = max(r.Status, map[probes.Severity]probes.Status{probes.Error: probes.Failed, probes.Warning: probes.Warned}[f.Severity])
	}
	return r
}

func finding(sev probes.Severity, subject, format string, args ...any) probes.Finding {
	return probes.Finding{Severity: sev, Subject: subject, Title: probes.Text{Format: format, Args: args}}
}

func unlooked(id string, status probes.Status, why string) probes.Result {
	return probes.Result{ID: id, Status: status, Reason: probes.T("%s", why)}
}

func TestNext(t *testing.T) {
	dead := finding(probes.Error, "ws://a/", "nothing listens on %s", "a:1")
	for _, c := range []struct {
		name          string
		before, after probes.Report
		want          []string // of the second run
		stands        int
	}{
		{"nothing", run(0, check("a/b")), run(1, check("a/b")), nil, 0},
		{"new", run(0, check("a/b")), run(1, check("a/b", dead)), []string{"new a/b ws://a/ error"}, 1},
		{"gone", run(0, check("a/b", dead)), run(1, check("a/b")), []string{"gone a/b ws://a/ error"}, 0},
		{"the same", run(0, check("a/b", dead)), run(1, check("a/b", dead)), nil, 1},
		{
			"a number in the title runs", run(0, check("p/tw", finding(probes.Error, "1", "%d s left", 30))),
			run(1, check("p/tw", finding(probes.Error, "1", "%d s left", 12))), nil, 1,
		},
		{
			"another fault of the same subject", run(0, check("a/b", dead)),
			run(1, check("a/b", finding(probes.Error, "ws://a/", "no answer within %s", "5 s"))), []string{"changed a/b ws://a/ error"}, 1,
		},
		{
			"worse", run(0, check("a/b", finding(probes.Warning, "x", "soon"))), run(1, check("a/b", finding(probes.Error, "x", "now"))),
			[]string{"worse a/b x error"}, 1,
		},
		{
			"better", run(0, check("a/b", finding(probes.Error, "x", "now"))), run(1, check("a/b", finding(probes.Warning, "x", "soon"))),
			[]string{"better a/b x warning"}, 1,
		},
		{"advice is no change", run(0, check("a/b")), run(1, check("a/b", finding(probes.Info, "x", "tip"))), nil, 0},
		{
			"one of two of the same subject goes", run(0, check("a/b", finding(probes.Error, "x", "one"), finding(probes.Error, "x", "two"))),
			run(1, check("a/b", finding(probes.Error, "x", "one"))), []string{"gone a/b x error"}, 1,
		},
		{
			"unknown is not well", run(0, check("a/b", dead)), run(1, unlooked("a/b", probes.Unknown, "needs root")),
			[]string{"new a/b  unknown"}, 2,
		},
		{
			"it can look again", run(0, unlooked("a/b", probes.Unknown, "needs root")), run(1, check("a/b", dead)),
			[]string{"new a/b ws://a/ error", "gone a/b  unknown"}, 1,
		},
		{"another reason not to look", run(0, unlooked("a/b", probes.Unknown, "x")), run(1, unlooked("a/b", probes.Unknown, "y")), nil, 1},
		{
			"it does not apply any more", run(0, check("a/b", dead)), run(1, unlooked("a/b", probes.Skipped, "it runs")),
			[]string{"gone a/b ws://a/ error (it runs)"}, 0,
		},
		{"a check that did not run stands", run(0, check("a/b", dead), check("c/d")), run(1, check("c/d")), nil, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			before, _ := Next(nil, c.before)
			after, changed := Next(before, c.after)
			var got []string
			for _, x := range changed {
				s := fmt.Sprintf("%s %s %s %s", x.Kind, x.ID, x.Subject, x.Level)
				if !x.Why.IsZero() {
					s += " (" + x.Why.String() + ")"
				}
				got = append(got, s)
			}
			if !slices.Equal(got, c.want) || len(after) != c.stands {
				t.Errorf("changes %q and %d standing, expected %q and %d", got, len(after), c.want, c.stands)
			}
		})
	}
}

// What stood unseen for a while is as old as when it was seen first.
func TestSince(t *testing.T) {
	dead := check("a/b", finding(probes.Error, "x", "dead"))
	s, _ := Next(nil, run(0, dead))
	s, _ = Next(s, run(1, unlooked("a/b", probes.Unknown, "no root")))
	s, changed := Next(s, run(2, dead))
	if len(s) != 1 || !s[0].Since.Equal(noon) {
		t.Errorf("stands since %v, expected %v", s, noon)
	}
	if len(changed) != 1 || changed[0].Kind != Gone || changed[0].Level != Unknown {
		t.Errorf("changes %v, expected that it can look again, and nothing else", changed)
	}
}

func TestMatters(t *testing.T) {
	warning, broken := Standing{Level: Warning}, Standing{Level: Error}
	for _, c := range []struct {
		name string
		all  []Change
		from probes.Severity
		want bool
	}{
		{"nothing", nil, probes.Warning, false},
		{"a new error", []Change{{Kind: New, Standing: broken}}, probes.Error, true},
		{"a new warning", []Change{{Kind: New, Standing: warning}}, probes.Error, false},
		{"a new warning that counts", []Change{{Kind: New, Standing: warning}}, probes.Warning, true},
		{"an error that is gone", []Change{{Kind: Gone, Standing: broken}}, probes.Error, false},
		{"worse", []Change{{Kind: Worse, Standing: broken}}, probes.Error, true},
		{"better", []Change{{Kind: Better, Standing: warning}}, probes.Warning, false},
		{"cannot look", []Change{{Kind: New, Standing: Standing{Level: Unknown}}}, probes.Warning, false},
	} {
		if got := Matters(c.all, c.from); got != c.want {
			t.Errorf("%s: %v, expected %v", c.name, got, c.want)
		}
	}
}
