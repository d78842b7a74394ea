package probes

import (
	"context"
	"time"
)

// A Rule judges what one area observed. It does no I/O.
type Rule[T any] struct {
	ID    string // "<area>/<what>"; never renamed, never used again
	Title string // the healthy state, so it reads right after a tick
	Why   string // what goes wrong otherwise, and the source; `wsdoctor explain` prints it
	Docs  string // where Why stands, if it is not part of it: an address, a chapter of a manual
	Gate  bool   // when it fails, areas that need this one are skipped

	// Applies says whether the rule can judge this observation: OK, or Skipped or Unknown with the reason.
	// Skipped: Check is not asked. Unknown: Check is asked all the same, because part may have been seen, and its
	// findings win over Unknown. Nil means OK.
	Applies func(T) (Status, Text)
	Check   func(T) []Finding
}

// RuleInfo is what can be said of a rule without running it.
type RuleInfo struct {
	ID, Title, Why, Docs string
	Gate                 bool
}

// Because says why the rule exists.
func (r RuleInfo) Because() Text { return Because(r.Why, r.Docs) }

// Probe is one area: an observation and the rules that judge it. Made by New.
type Probe struct {
	Area    string
	Needs   []string      // areas whose gates must not have failed
	Timeout time.Duration // 0 means Options.AreaTimeout
	Rules   []RuleInfo

	run func(ctx context.Context, t Target) outcome
}

// outcome is what one area came to.
type outcome struct {
	observed any
	results  []Result
}

// New pairs one observation with the rules that judge it. An error of observe means that wsdoctor could not look:
// every rule is then Unknown (or Skipped, if it is a Skip) with that reason.
func New[T any](area string, observe func(context.Context, Target) (T, error), rules []Rule[T], needs ...string) Probe {
	p := Probe{Area: area, Needs: needs}
	for _, r := range rules {
		p.Rules = append(p.Rules, RuleInfo{r.ID, r.Title, r.Why, r.Docs, r.Gate})
	}
	p.run = func(ctx context.Context, t Target) outcome {
		seen, err := observe(ctx, t)
		if err != nil {
			return p.unjudged(reasonOf(err))
		}
		out := outcome{observed: seen}
		for _, r := range rules {
			start := time.Now()
			res := judge(r, seen)
			res.Area = area
			res.Took = time.Since(start)
			out.results = append(out.results, res)
		}
		return out
	}
	return p
}

func judge[T any](r Rule[T], seen T) Result {
	res := Result{ID: r.ID, Title: r.Title, Status: OK, gate: r.Gate}
	if r.Applies != nil {
		if res.Status, res.Reason = r.Applies(seen); res.Status == Skipped {
			return res
		}
	}
	res.Findings = r.Check(seen)
	if worst := statusOf(res.Findings); worst != OK {
		res.Status = worst
	}
	return res
}

// statusOf returns the status that findings alone give.
func statusOf(fs []Finding) Status {
	worst := OK
	for _, f := range fs {
		switch {
		case f.Severity == Error:
			return Failed
		case f.Severity == Warning:
			worst = Warned
		}
	}
	return worst
}

// Settle makes res.Status agree with its findings after a diagnosis changed or removed some. What the findings do not
// hold is not ok where part could not be seen: that is what the reason of a failed check says.
func (res *Result) Settle() {
	switch worst := statusOf(res.Findings); {
	case worst != OK:
		res.Status = worst
	case res.Status != Failed && res.Status != Warned: // it never rested on findings
	case !res.Reason.IsZero():
		res.Status = Unknown
	default:
		res.Status = OK
	}
}

// unjudged returns every rule of p with the same status and reason.
func (p Probe) unjudged(why *Reason) outcome {
	var out outcome
	for _, r := range p.Rules {
		out.results = append(out.results, Result{ID: r.ID, Area: p.Area, Title: r.Title, Status: why.Status, Reason: why.Text, gate: r.Gate})
	}
	return out
}
