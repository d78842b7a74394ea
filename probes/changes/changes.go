// Package changes compares a run with what stood before: what is new since, what is gone, what became worse. It is pure
// but for the reading of a baseline's file, which is strict.
//
// It keeps no history, runs nothing, and does not say how a change is shown.
package changes

import (
	"slices"
	"time"

	"example.com/wsdoctor/probes"
)

// Level says how much a Standing matters. The values are those of a baseline's file.
type Level string

// The levels, in rising order. Advice (probes.Info) is no Standing: it comes and goes with every number that it quotes.
const (
	Unknown Level = "unknown" // the check could not look
	Warning Level = "warning"
	Error   Level = "error"
)

var levels = []Level{Unknown, Warning, Error}

// Standing is one thing that stands against the system: a finding, or a check that could not look.
type Standing struct {
	ID          string        // of the check
	Subject     string        // of the finding; "" for a check that could not look
	Level       Level         //
	Title       probes.Text   // of the finding, or the reason of the check
	Since       time.Time     // when it was seen first
	ExplainedBy string        // the check whose finding is its cause; "" if it stands for itself
	Fix         []probes.Text //
}

// State is all that stands, in the report's order.
type State []Standing

// Kind says what changed. The values are those of `--watch --format json`.
type Kind string

// The kinds of change.
const (
	New     Kind = "new"
	Gone    Kind = "gone"
	Worse   Kind = "worse"   // the level rose
	Better  Kind = "better"  // the level fell, and it still stands
	Changed Kind = "changed" // the same check holds something else against the same subject
)

// Words is a kind as a word for the operator.
func (k Kind) Words() probes.Text {
	switch k {
	case New:
		return probes.T("new")
	case Gone:
		return probes.T("gone")
	case Worse:
		return probes.T("worse")
	case Better:
		return probes.T("better")
	}
	return probes.T("changed")
}

// Status is what a change leaves its check with, as far as the change goes.
func (c Change) Status() probes.Status {
	switch {
	case c.Kind == Gone && !c.Why.IsZero():
		return probes.Skipped
	case c.Kind == Gone:
		return probes.OK
	case c.Level == Error:
		return probes.Failed
	case c.Level == Warning:
		return probes.Warned
	}
	return probes.Unknown
}

// Change is one difference between two states.
type Change struct {
	Kind     Kind
	At       time.Time
	Standing             // as it is now; of what is gone, as it was
	Was      Standing    // as it was; zero for what is new
	Why      probes.Text // why something that is gone is not judged any more; zero: it was looked at, and is well
}

// Next returns what stands after r, and how that differs from what stood before. What a check found before stands on
// while the check cannot look or has not run: unknown is not well. The values that a title quotes may change without a
// change: it is the same fault a second later.
func Next(before State, r probes.Report) (State, []Change) {
	at := r.Started.Add(r.Took)
	checks := map[string]probes.Result{}
	for _, res := range r.Results {
		checks[res.ID] = res
	}
	var (
		now     State
		changed []Change
	)
	for _, s := range standing(r) {
		s.Since = at
		i := find(before, s, number(now, s))
		if i < 0 {
			changed = append(changed, Change{Kind: New, At: at, Standing: s})
		} else {
			was := before[i]
			s.Since = was.Since
			if kind := compare(was, s); kind != "" {
				changed = append(changed, Change{Kind: kind, At: at, Standing: s, Was: was})
			}
		}
		now = append(now, s)
	}
	for i, was := range before {
		if find(now, was, number(before[:i], was)) >= 0 {
			continue
		}
		res, ran := checks[was.ID]
		if !ran || res.Status == probes.Unknown && was.Level != Unknown {
			now = append(now, was)
			continue
		}
		c := Change{Kind: Gone, At: at, Standing: was, Was: was}
		if res.Status == probes.Skipped {
			c.Why = res.Reason
		}
		changed = append(changed, c)
	}
	return now, changed
}

// standing lists what a report holds.
func standing(r probes.Report) State {
	var out State
	for _, res := range r.Results {
		for _, f := range res.Findings {
			level := Warning
			switch f.Severity {
			case probes.Info:
				continue
			case probes.Error:
				level = Error
			}
			out = append(out, Standing{ID: res.ID, Subject: f.Subject, Level: level, Title: f.Title, ExplainedBy: res.ExplainedBy, Fix: f.Fix})
		}
		if res.Status == probes.Unknown {
			out = append(out, Standing{ID: res.ID, Level: Unknown, Title: res.Reason})
		}
	}
	return out
}

// same tells whether two entries are about the same thing: a check that cannot look is another thing than what it finds.
func same(a, b Standing) bool {
	return a.ID == b.ID && a.Subject == b.Subject && (a.Level == Unknown) == (b.Level == Unknown)
}

// number counts how many of all are about the same thing as s: a check may hold several things against one subject.
func number(all State, s Standing) int {
	n := 0
	for _, x := range all {
		if same(x, s) {
			n++
		}
	}
	return n
}

// find returns the index of the n-th entry, from 0, that is about the same thing as s; -1: there is none.
func find(all State, s Standing, n int) int {
	return slices.IndexFunc(all, func(x Standing) bool {
		if !same(x, s) {
			return false
		}
		n--
		return n < 0
	})
}

// compare returns what became of an entry; "": nothing that matters.
func compare(was, is Standing) Kind {
	switch a, b := slices.Index(levels, was.Level), slices.Index(levels, is.Level); {
	case b > a:
		return Worse
	case b < a:
		return Better
	case was.Title.Format != is.Title.Format && was.Title.Format != plain && was.Level != Unknown:
		return Changed
	}
	return ""
}

// plain is the format of a text of which only the words are left, as in a baseline: it says nothing about the format
// that it came from.
const plain = "%s"

// Matters tells whether any of the changes is new, or worse, at or above a severity.
func Matters(all []Change, from probes.Severity) bool {
	return slices.ContainsFunc(all, func(c Change) bool {
		if c.Kind == Gone || c.Kind == Better {
			return false
		}
		return c.Level == Error || c.Level == Warning && from <= probes.Warning
	})
}
