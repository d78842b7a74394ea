package diagnosis

import (
	"slices"
	"strings"

	"example.com/wsdoctor/probes"
)

// crossings compare what the balancer's file says with what other areas saw: no area knows another, so that this is the
// place for it. Each adds to the findings of a check, or takes from them what was seen to be otherwise.
var crossings = []func(scene, *probes.Report){crossListens, crossBackends, crossAnswer}

// result returns the result of a check; nil where it was not part of the run.
func result(r *probes.Report, id string) *probes.Result {
	i := slices.IndexFunc(r.Results, func(res probes.Result) bool { return res.ID == id })
	if i < 0 {
		return nil
	}
	return &r.Results[i]
}

// add adds a finding to a result that has it not yet: a report may be diagnosed twice.
func add(res *probes.Result, f probes.Finding) {
	if !slices.ContainsFunc(res.Findings, func(g probes.Finding) bool { return g.Title.String() == f.Title.String() }) {
		res.Findings = append(res.Findings, f)
	}
	res.Settle()
}

// support adds evidence to a finding that has it not yet.
func support(f *probes.Finding, evidence ...probes.Evidence) {
	for _, e := range evidence {
		if !slices.ContainsFunc(f.Evidence, func(o probes.Evidence) bool { return o.Where == e.Where && o.Saw.String() == e.Saw.String() }) {
			f.Evidence = append(f.Evidence, e)
		}
	}
}

// at returns the finding of a result that is about a line; nil where there is none.
func at(res *probes.Result, where string) *probes.Finding {
	for i := range res.Findings {
		if e := res.Findings[i].Evidence; len(e) > 0 && (e[0].Where == where || strings.HasPrefix(e[0].Where, where+":")) {
			return &res.Findings[i]
		}
	}
	return nil
}
