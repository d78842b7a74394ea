// Package diagnosis turns the findings of several areas into causes: ten symptoms of one fault are one cause. It
// looks at a finished report and at what the areas observed, and does no I/O.
package diagnosis

import (
	"slices"

	"example.com/wsdoctor/probes"
)

// fault is one finding of the report that stands against something.
type fault struct {
	res *probes.Result
	f   *probes.Finding
	by  *fault // what explains it; nil: nothing does
}

func (f *fault) id() string { return f.res.ID }

// root follows the explanations to the fault that nothing explains.
func (f *fault) root() *fault {
	for f.by != nil {
		f = f.by
	}
	return f
}

// A link says that a finding of one check explains a finding of another.
type link struct {
	cause   []string // ids
	area    []string // areas of which every check is a cause
	symptom []string // ids
	when    func(s scene, cause, symptom *fault) bool
}

// explains tells whether l lets cause explain symptom.
func (l link) explains(s scene, cause, symptom *fault) bool {
	known := slices.Contains(l.cause, cause.id()) || slices.Contains(l.area, cause.res.Area)
	return known && cause.root() != symptom && l.when(s, cause, symptom)
}

// Diagnose compares what the areas saw, and fills in r.Causes. An error that another one explains becomes a warning, and its check names the cause, so
// that what is left as an error is what has to be mended. Every error that nothing explains is a cause.
func Diagnose(r *probes.Report) {
	s := sceneOf(*r)
	for _, cross := range crossings {
		cross(s, r)
	}
	var faults []*fault
	for i := range r.Results {
		res := &r.Results[i]
		for j := range res.Findings {
			if res.Findings[j].Severity == probes.Error {
				faults = append(faults, &fault{res: res, f: &res.Findings[j]})
			}
		}
	}
	for _, l := range links {
		for _, symptom := range faults {
			if symptom.by != nil || !slices.Contains(l.symptom, symptom.id()) {
				continue
			}
			for _, cause := range faults {
				if l.explains(s, cause, symptom) {
					symptom.by = cause
					break
				}
			}
		}
	}
	for _, f := range faults {
		if f.by == nil {
			s.detail(f)
		}
	}
	r.Causes = causes(faults)
	demote(faults)
}

// causes lists the faults that nothing explains, those that explain most first.
func causes(faults []*fault) []probes.Cause {
	var out []probes.Cause
	for _, c := range faults {
		if c.by != nil {
			continue
		}
		cause := probes.Cause{ID: c.id(), Title: c.f.Title, Fix: c.f.Fix}
		for _, f := range faults {
			if f != c && f.root() == c && !slices.Contains(cause.Explains, f.id()) {
				cause.Explains = append(cause.Explains, f.id())
			}
		}
		out = append(out, cause)
	}
	slices.SortStableFunc(out, func(a, b probes.Cause) int { return len(b.Explains) - len(a.Explains) })
	return out
}

func demote(faults []*fault) {
	for _, f := range faults {
		if f.by != nil {
			f.f.Severity = probes.Warning
			f.res.ExplainedBy = f.root().id()
		}
	}
	for _, f := range faults {
		f.res.Settle()
		if f.res.Status == probes.Failed {
			f.res.ExplainedBy = "" // part of it stands for itself
		}
	}
}
