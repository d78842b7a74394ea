// Package diagnosis turns the findings of several areas into causes: ten symptoms of one fault are one cause. It
// looks at a finished report and at what the areas observed, and does no I/O.
//
// A rule says that a finding of one check explains a finding of another; a detail adds to a cause what another area saw
// of it. Both are pure, one a file.
package diagnosis

import (
	"slices"

	"example.com/wsdoctor/probes"
)

// A rule says that a finding of one check explains a finding of another.
type rule struct {
	cause   []string // ids
	area    []string // areas of which every check is a cause
	symptom []string // ids
	// measured: the symptom is what an active test met with, so that a cause which is otherwise a warning or advice is
	// shown to matter, and rises to the symptom's severity. Without it, errors explain errors.
	measured bool
	when     func(s scene, cause, symptom *fault) bool
}

// A detail adds to a cause what another area saw of it; add tells whether it did.
type detail struct {
	of  []string // ids
	add func(s scene, f *fault) bool
}

// rules is every explanation known, the closest to the kernel first: the first that fits is taken.
var rules = []rule{
	portTaken,
	nodeElsewhere,
	lineToTakenPort,
	lineToOtherPort,
	answersOtherwise,
	serviceNotThere,
	loopbackOnly,
	firewallDrops,
	noNodeUp,
	balancerLine,
	pathRewritten,
	balancerPort,
	notReloaded,
	beforeTheUpgrade,
	balancerChanges,
	idleLine,
	unstickyLine,
	lostSession,
	nodeOut,
	ejection,
	connectionLimit,
	fileLimit,
	fullQueue,
}

// details is all that is known to be added.
var details = []detail{
	balancerElsewhere,
	filteredOutside,
	ejectedBy,
}

// fault is one finding of the report.
type fault struct {
	res    *probes.Result
	f      *probes.Finding
	by     *fault // what explains it; nil: nothing does
	proven bool   // two areas speak of it, so that it is a cause even if it is no error
}

func (f *fault) id() string { return f.res.ID }

// root follows the explanations to the fault that nothing explains.
func (f *fault) root() *fault {
	for f.by != nil {
		f = f.by
	}
	return f
}

// explains tells whether r lets cause explain symptom.
func (r rule) explains(s scene, cause, symptom *fault) bool {
	known := slices.Contains(r.cause, cause.id()) || slices.Contains(r.area, cause.res.Area)
	grave := cause.f.Severity == probes.Error && symptom.f.Severity == probes.Error
	if r.measured {
		grave = symptom.f.Severity >= probes.Warning
	}
	return known && grave && cause.root() != symptom && r.when(s, cause, symptom)
}

// Diagnose compares what the areas saw, and fills in r.Causes and r.Path. An error that another finding explains
// becomes a warning, and its check names the cause, so that what is left as an error is what has to be
// mended. A cause is every error that nothing explains, and every warning of which two areas speak.
func Diagnose(r *probes.Report) {
	s := sceneOf(*r)
	for _, cross := range crossings {
		cross(s, r)
	}
	var faults []*fault
	for i := range r.Results {
		res := &r.Results[i]
		for j := range res.Findings {
			faults = append(faults, &fault{res: res, f: &res.Findings[j]})
		}
	}
	for _, r := range rules {
		for _, symptom := range faults {
			if symptom.by != nil || !slices.Contains(r.symptom, symptom.id()) {
				continue
			}
			for _, cause := range faults {
				if r.explains(s, cause, symptom) {
					symptom.by = cause
					break
				}
			}
		}
	}
	for _, f := range faults {
		if f.by != nil {
			f.root().prove(f)
		}
	}
	for _, f := range faults {
		if f.by != nil || f.f.Severity == probes.Info {
			continue
		}
		for _, d := range details {
			if slices.Contains(d.of, f.id()) && d.add(s, f) {
				f.proven = true
			}
		}
	}
	r.Causes = causes(faults)
	demote(faults)
	r.Path = s.path(r.Results)
}

// prove makes f a cause of what symptom shows, and shows it beside what f has seen itself.
func (f *fault) prove(symptom *fault) {
	f.proven = true
	f.f.Severity = max(f.f.Severity, symptom.f.Severity)
	if f.res.Area == symptom.res.Area {
		return
	}
	seen := probes.Evidence{Where: symptom.f.Subject, Saw: probes.T("%s: %s", symptom.id(), symptom.f.Title)}
	if !slices.ContainsFunc(f.f.Evidence, func(e probes.Evidence) bool { return e.Saw.String() == seen.Saw.String() }) {
		f.f.Evidence = append(f.f.Evidence, seen)
	}
}

// causes lists the faults that nothing explains: the gravest first, and of those the ones that explain most.
func causes(faults []*fault) []probes.Cause {
	var out []probes.Cause
	for _, c := range faults {
		if c.by != nil || c.f.Severity != probes.Error && !c.proven {
			continue
		}
		cause := probes.Cause{ID: c.id(), Severity: c.f.Severity, Title: c.f.Title, Fix: c.f.Fix}
		for _, f := range faults {
			if f != c && f.root() == c && !slices.Contains(cause.Explains, f.id()) {
				cause.Explains = append(cause.Explains, f.id())
			}
		}
		out = append(out, cause)
	}
	slices.SortStableFunc(out, func(a, b probes.Cause) int {
		if a.Severity != b.Severity {
			return int(b.Severity - a.Severity)
		}
		return len(b.Explains) - len(a.Explains)
	})
	return out
}

// demote makes warnings of the errors that are explained, and lets their checks name the cause.
func demote(faults []*fault) {
	for _, f := range faults {
		if f.by != nil {
			f.f.Severity = min(f.f.Severity, probes.Warning)
			f.res.ExplainedBy = f.root().id()
		}
	}
	for _, f := range faults {
		f.res.Settle()
	}
	for _, f := range faults {
		if f.by == nil && f.f.Severity >= probes.Warning {
			f.res.ExplainedBy = "" // part of it stands for itself
		}
	}
}
