package probes

import (
	"time"
)

// Result is how one check ended.
type Result struct {
	ID          string // "<area>/<what>"
	Area        string
	Title       string // the healthy state, of the Rule
	Status      Status
	Reason      Text // why Unknown or Skipped; also set when findings stand but part could not be seen
	Took        time.Duration
	Findings    []Finding
	ExplainedBy string // the check whose finding is the cause of this one; "" if it stands for itself
	gate        bool
}

// Cause is a finding that explains others: ten symptoms of one fault are one cause.
type Cause struct {
	ID       string   // of the check whose finding it is
	Severity Severity // of that finding
	Title    Text
	Explains []string // ids of the checks that fail because of it
	Fix      []Text
}

// Report is one run, in the catalogue's order of areas and each area's order of rules.
type Report struct {
	Version     string // of wsdoctor
	Host        string
	Started     time.Time
	Took        time.Duration
	Interrupted bool // the run was cancelled; areas that had not finished are Unknown
	Results     []Result
	Causes      []Cause
	Path        Path           // the way through the balancer, for pictures
	Observed    map[string]any // by area: what was seen, for scripts, screens and the diagnosis
}

// Observed returns the observation of type T in r, if an area made one.
func Observed[T any](r Report) (T, bool) {
	return find[T](r.Observed)
}

func find[T any](byArea map[string]any) (T, bool) {
	for _, o := range byArea {
		if v, ok := o.(T); ok {
			return v, true
		}
	}
	var zero T
	return zero, false
}

// Count returns how many checks ended with each status.
func (r Report) Count() map[Status]int {
	n := map[Status]int{}
	for _, res := range r.Results {
		n[res.Status]++
	}
	return n
}

// Status is the worst that r holds: Failed, Warned, Unknown, then OK. A report in which nothing was looked at
// is Unknown.
func (r Report) Status() Status {
	n := r.Count()
	for _, s := range []Status{Failed, Warned, Unknown, OK} {
		if n[s] > 0 {
			return s
		}
	}
	return Unknown
}

// Exit codes of wsdoctor, as CONTRACT lists them.
const (
	ExitOK          = 0
	ExitFindings    = 1
	ExitUsage       = 2
	ExitUnknown     = 3
	ExitFault       = 70
	ExitInterrupted = 130
)

// Exit returns the exit code of a check run: at least one finding at or above failOn is ExitFindings; with strict,
// anything undetermined is ExitUnknown.
func (r Report) Exit(failOn Severity, strict bool) int {
	n := r.Count()
	switch {
	case r.Interrupted:
		return ExitInterrupted
	case n[Failed] > 0, failOn <= Warning && n[Warned] > 0:
		return ExitFindings
	case strict && n[Unknown] > 0:
		return ExitUnknown
	}
	return ExitOK
}
