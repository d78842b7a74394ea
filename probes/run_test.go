package probes

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// seenBy is what the made-up areas observe.
type seenBy struct{ N int }

// fine is an observation that sees n.
func fine(n int) func(context.Context, Target) (seenBy, error) {
	return func(context.Context, Target) (seenBy, error) { return seenBy{n}, nil }
}

// positive is a rule that fails below zero and warns at zero.
func positive(id string, gate bool) Rule[seenBy] {
	return Rule[seenBy]{ID: id, Title: "n is positive", Gate: gate, Check: func(s seenBy) []Finding {
		switch {
		case s.N < 0:
			return []Finding{{Severity: Error, Title: T("n is %d, expected more than 0", s.N)}}
		case s.N == 0:
			return []Finding{{Severity: Warning, Title: T("n is 0, expected more")}}
		}
		return nil
	}}
}

func made(area string, observe func(context.Context, Target) (seenBy, error), needs ...string) Probe {
	return New(area, observe, []Rule[seenBy]{positive(area+"/positive", true)}, needs...)
}

// told sums up results as "id status reason".
func told(rep Report) []string {
	var out []string
	for _, r := range rep.Results {
		out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s %s", r.ID, r.Status, r.Reason)))
	}
	return out
}

func expect(t *testing.T, rep Report, want ...string) {
	t.Helper()
	if got := told(rep); !slices.Equal(got, want) {
		t.Errorf("the report says\n  %s\nexpected\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func TestRunSideBySideAndInOrder(t *testing.T) {
	// Each waits for the other, so that they end only if both run at once; the second ends first.
	first, second, ended := make(chan bool), make(chan bool), make(chan bool)
	rep := Run(t.Context(), Target{}, []Probe{
		made("a", func(context.Context, Target) (seenBy, error) {
			close(first)
			<-second
			<-ended
			return seenBy{1}, nil
		}),
		made("b", func(context.Context, Target) (seenBy, error) {
			close(second)
			<-first
			return seenBy{-2}, nil
		}),
	}, Options{Version: "9", Host: "h"}, func(e Event) {
		if e.Area == "b" && e.Finished {
			close(ended)
		}
	})
	expect(t, rep, "a/positive ok", "b/positive failed")
	if rep.Version != "9" || rep.Host != "h" || rep.Started.IsZero() || rep.Interrupted {
		t.Errorf("the head of the report is %+v", rep)
	}
	if got := rep.Observed["b"]; got != (seenBy{-2}) {
		t.Errorf("b observed %v", got)
	}
	if got := rep.Results[1].Findings[0].Title.String(); got != "n is -2, expected more than 0" {
		t.Errorf("the finding is %q", got)
	}
}

func TestRunClock(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	rep := Run(t.Context(), Target{Now: func() time.Time { return now }}, nil, Options{}, nil)
	if !rep.Started.Equal(now) || rep.Observed == nil || rep.Status() != Unknown {
		t.Errorf("a run of nothing is %+v", rep)
	}
}

func TestRunDeadline(t *testing.T) {
	waits := func(ctx context.Context, _ Target) (seenBy, error) {
		<-ctx.Done()
		return seenBy{}, fmt.Errorf("connecting: %w", ctx.Err())
	}
	for _, c := range []struct {
		name         string
		own, options time.Duration
		took         time.Duration
	}{
		{"default", 0, 0, DefaultAreaTimeout},
		{"of the options", 0, 3 * time.Second, 3 * time.Second},
		{"of the area", time.Second, 3 * time.Second, time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				slow := made("slow", waits)
				slow.Timeout = c.own
				rep := Run(t.Context(), Target{}, []Probe{slow, made("quick", fine(1))}, Options{AreaTimeout: c.options}, nil)
				expect(t, rep, "slow/positive unknown no answer in time", "quick/positive ok")
				if rep.Took != c.took || rep.Results[0].Took != c.took {
					t.Errorf("took %s and the area %s, expected %s", rep.Took, rep.Results[0].Took, c.took)
				}
			})
		})
	}
}

// What an area saw until its deadline counts if it still returns it.
func TestRunLateAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		late := made("late", func(ctx context.Context, _ Target) (seenBy, error) {
			<-ctx.Done()
			time.Sleep(hangGrace / 2)
			return seenBy{1}, nil
		})
		expect(t, Run(t.Context(), Target{}, []Probe{late}, Options{}, nil), "late/positive ok")
	})
}

func TestRunHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan bool)
		hangs := made("hangs", func(context.Context, Target) (seenBy, error) {
			<-release
			return seenBy{1}, nil
		})
		rep := Run(t.Context(), Target{}, []Probe{hangs, made("quick", fine(1)), made("after", fine(1), "hangs")}, Options{AreaTimeout: 2 * time.Second}, nil)
		expect(t, rep, "hangs/positive unknown no answer within 2.0 s", "quick/positive ok", "after/positive ok")
		if want := 2*time.Second + hangGrace; rep.Took != want {
			t.Errorf("took %s, expected %s", rep.Took, want)
		}
		if _, ok := rep.Observed["hangs"]; ok {
			t.Error("holds an observation of an area that never answered")
		}
		close(release)
		synctest.Wait()
		expect(t, rep, "hangs/positive unknown no answer within 2.0 s", "quick/positive ok", "after/positive ok")
	})
}

func TestRunPanic(t *testing.T) {
	inObserve := made("observe", func(context.Context, Target) (seenBy, error) { panic("no such luck") })
	inRule := New("rule", fine(1), []Rule[seenBy]{{ID: "rule/x", Check: func(s seenBy) []Finding { return make([]Finding, -s.N) }}})
	stacks := make(chan string, 2)
	rep := Run(t.Context(), Target{}, []Probe{inObserve, inRule, made("quick", fine(1))}, Options{
		Panicked: func(area, stack string) { stacks <- area + "\n" + stack },
	}, nil)
	close(stacks)
	expect(t, rep, "observe/positive unknown a fault of wsdoctor in the area observe: no such luck",
		"rule/x unknown a fault of wsdoctor in the area rule: runtime error: makeslice: len out of range", "quick/positive ok")
	var areas []string
	for s := range stacks {
		area, stack, _ := strings.Cut(s, "\n")
		areas = append(areas, area)
		if !strings.Contains(stack, "run_test.go") {
			t.Errorf("the stack of %s does not lead to its fault:\n%s", area, stack)
		}
	}
	slices.Sort(areas)
	if !slices.Equal(areas, []string{"observe", "rule"}) {
		t.Errorf("was told of panics in %q", areas)
	}

	quiet := Run(t.Context(), Target{}, []Probe{inObserve}, Options{}, nil)
	if quiet.Results[0].Status != Unknown {
		t.Errorf("without a listener a panic makes the check %s", quiet.Results[0].Status)
	}
}

func TestRunGates(t *testing.T) {
	asked := false
	asks := func(context.Context, Target) (seenBy, error) {
		asked = true
		return seenBy{1}, nil
	}
	noGate := New("soft", fine(-1), []Rule[seenBy]{positive("soft/positive", false)})
	for _, c := range []struct {
		name  string
		first Probe
		want  string
	}{
		{"failed", made("first", fine(-1)), "after/positive skipped first has to pass first"},
		{"a warning opens it", made("first", fine(0)), "after/positive ok"},
		{"unknown opens it", made("first", func(context.Context, Target) (seenBy, error) { return seenBy{}, errors.New("no") }), "after/positive ok"},
		{"not a gate", noGate, "after/positive ok"},
	} {
		asked = false
		rep := Run(t.Context(), Target{}, []Probe{made("after", asks, "soft", "first"), c.first}, Options{}, nil)
		if got := told(rep)[0]; got != c.want {
			t.Errorf("%s: %q, expected %q", c.name, got, c.want)
		}
		if skipped := rep.Results[0].Status == Skipped; asked == skipped {
			t.Errorf("%s: skipped %v, but asked %v", c.name, skipped, asked)
		}
	}
}

func TestRunSeen(t *testing.T) {
	type other struct{ S string }
	says := func(_ context.Context, tg Target) (other, error) {
		s, ok := Seen[seenBy](tg)
		return other{fmt.Sprint(s.N, ok)}, nil
	}
	after := func(needs ...string) Probe { return New("after", says, []Rule[other]{}, needs...) }
	cannot := made("first", func(context.Context, Target) (seenBy, error) { return seenBy{7}, CannotLook("no") })
	for _, c := range []struct {
		name   string
		probes []Probe
		want   string
	}{
		{"needed", []Probe{after("first"), made("first", fine(7))}, "7 true"},
		{"not needed", []Probe{made("first", fine(7)), after()}, "0 false"},
		{"could not look", []Probe{cannot, after("first")}, "0 false"},
		{"not in the run", []Probe{after("first")}, "0 false"},
	} {
		rep := Run(t.Context(), Target{}, c.probes, Options{}, nil)
		if got, ok := Observed[other](rep); !ok || got.S != c.want {
			t.Errorf("%s: %v %v, expected %s", c.name, got, ok, c.want)
		}
	}
}

func TestRunSelected(t *testing.T) {
	two := New("two", fine(-1), []Rule[seenBy]{positive("two/a", true), positive("two/b", true)})
	unasked := made("unasked", func(context.Context, Target) (seenBy, error) {
		t.Error("an area of which nothing was selected was asked")
		return seenBy{}, nil
	})
	only := func(id string) bool { return id == "two/b" || id == "last/positive" }
	rep := Run(t.Context(), Target{}, []Probe{unasked, two, made("last", fine(1), "unasked")}, Options{Selected: only}, func(e Event) {
		if e.Area == "two" && e.Finished && len(e.Results) != 1 {
			t.Errorf("the event holds %d results, expected 1", len(e.Results))
		}
	})
	expect(t, rep, "two/b failed", "last/positive ok")
}

func TestRunInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		release := make(chan bool)
		polite := made("polite", func(ctx context.Context, _ Target) (seenBy, error) {
			<-ctx.Done()
			return seenBy{}, ctx.Err()
		})
		deaf := made("deaf", func(context.Context, Target) (seenBy, error) {
			<-release
			return seenBy{}, nil
		})
		rep := Run(ctx, Target{}, []Probe{made("quick", fine(1)), polite, deaf}, Options{}, func(e Event) {
			if e.Area == "quick" && e.Finished {
				cancel()
			}
		})
		close(release)
		expect(t, rep, "quick/positive ok", "polite/positive unknown interrupted", "deaf/positive unknown interrupted")
		if !rep.Interrupted || rep.Exit(Error, false) != ExitInterrupted {
			t.Errorf("interrupted is %v and the exit code %d", rep.Interrupted, rep.Exit(Error, false))
		}
	})
}

// A time limit of the whole run (--timeout) is no interruption: what came in counts.
func TestRunOutOfTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		waits := made("waits", func(ctx context.Context, _ Target) (seenBy, error) {
			<-ctx.Done()
			return seenBy{}, ctx.Err()
		})
		rep := Run(ctx, Target{}, []Probe{waits}, Options{}, nil)
		expect(t, rep, "waits/positive unknown no answer in time")
		if rep.Interrupted || rep.Took != time.Second {
			t.Errorf("interrupted is %v after %s", rep.Interrupted, rep.Took)
		}
	})
}

func TestRunDiagnose(t *testing.T) {
	rep := Run(t.Context(), Target{}, []Probe{made("a", fine(-1)), made("b", fine(1))}, Options{Diagnose: func(r *Report) {
		if len(r.Results) != 2 || len(r.Observed) != 2 {
			t.Errorf("the diagnosis got %+v", r)
		}
		r.Causes = append(r.Causes, Cause{ID: r.Results[0].ID})
		r.Results[0].Findings[0].Severity = Warning
		r.Results[0].Settle()
	}}, nil)
	expect(t, rep, "a/positive warning", "b/positive ok")
	if len(rep.Causes) != 1 || rep.Causes[0].ID != "a/positive" {
		t.Errorf("causes are %+v", rep.Causes)
	}
}

// Events come one at a time (the race detector watches the slice) and each area's start before its end.
func TestRunEvents(t *testing.T) {
	var areas []Probe
	for i := range 20 {
		areas = append(areas, made(fmt.Sprintf("a%d", i), fine(i)))
	}
	var events []Event
	rep := Run(t.Context(), Target{}, areas, Options{}, func(e Event) { events = append(events, e) })
	if len(events) != 40 {
		t.Fatalf("came %d events, expected 40", len(events))
	}
	state := map[string]int{}
	for _, e := range events {
		if e.Finished != (state[e.Area] == 1) || e.Finished != (len(e.Results) == 1) {
			t.Errorf("event %+v comes after %d others of its area", e, state[e.Area])
		}
		state[e.Area]++
	}
	if len(rep.Results) != 20 {
		t.Errorf("has %d results", len(rep.Results))
	}
}
