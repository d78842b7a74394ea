package screens

import (
	"maps"
	"slices"
	"strings"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/changes"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/tui/theme"
)

// State is what the frame knows and every screen may read. Its maps are never changed, only replaced.
type State struct {
	Host     string
	Settings string // the settings file; "" where a product's defaults are used
	Config   cluster.Config
	Globals  string // what a call by hand needs to meet the same settings: "", or flags such as --config FILE

	Areas   []Area
	Results map[string]probes.Result // by id; while a run goes on, the newest of each
	Report  probes.Report            // of the last finished run, with its causes; the zero value before the first

	Stands  changes.State    // what stands against the system after that run, and since when
	Changes []changes.Change // how that differs from what stood before
	Since   time.Time        // the end of the run that Changes compares with; zero: there was none

	Past map[string][]Past // by id, what the last runs came to, the newest last; kept in memory alone

	Phases map[string]Phase // of the areas in the present run; nil at rest
	Spin   int              // counts the steps of the spinner

	Width, Height int // of a screen's view, in cells
}

// Area is one area with the checks of it that were asked for.
type Area struct {
	Name  string
	Needs []string
	Rules []probes.RuleInfo
}

// Phase is how far an area is in the present run.
type Phase int

// The phases.
const (
	Waiting Phase = iota
	Running
	Done
)

// Areas returns the areas of all with the checks that selected wants; nil wants all.
func Areas(all []probes.Probe, selected func(id string) bool) []Area {
	var out []Area
	for _, p := range all {
		a := Area{Name: p.Area, Needs: p.Needs}
		for _, r := range p.Rules {
			if selected == nil || selected(r.ID) {
				a.Rules = append(a.Rules, r)
			}
		}
		if len(a.Rules) > 0 {
			out = append(out, a)
		}
	}
	return out
}

// wsdoctor is a command of wsdoctor's that meets the same settings, to be typed by hand.
func (s State) wsdoctor(words string) string {
	if s.Globals == "" {
		return "wsdoctor " + words
	}
	return "wsdoctor " + s.Globals + " " + words
}

// Busy tells whether a run goes on.
func (s State) Busy() bool { return len(s.Phases) > 0 }

// Progress counts the areas of the present run and those of them that are done.
func (s State) Progress() (done, total int) {
	for _, p := range s.Phases {
		if p == Done {
			done++
		}
	}
	return done, len(s.Phases)
}

// InPhase lists the areas that are in phase p, in the catalogue's order.
func (s State) InPhase(p Phase) []string {
	var out []string
	for _, a := range s.Areas {
		if at, in := s.Phases[a.Name]; in && at == p {
			out = append(out, a.Name)
		}
	}
	return out
}

// Started returns s at the beginning of a run of areas.
func (s State) Started(areas []string) State {
	s.Phases = make(map[string]Phase, len(areas))
	for _, a := range areas {
		s.Phases[a] = Waiting
	}
	return s
}

// With returns s after an event of the present run.
func (s State) With(e probes.Event) State {
	s.Phases = maps.Clone(s.Phases)
	if !e.Finished {
		s.Phases[e.Area] = Running
		return s
	}
	s.Phases[e.Area] = Done
	s.Results = maps.Clone(s.Results)
	if s.Results == nil {
		s.Results = map[string]probes.Result{}
	}
	for _, r := range e.Results {
		s.Results[r.ID] = r
	}
	return s
}

// Past is what one run of a check came to.
type Past struct {
	At     time.Time // the end of the run
	Status probes.Status
	Words  probes.Text // its first finding, or why there is no result; empty: there is nothing to say
}

func pastOf(res probes.Result, at time.Time) Past {
	p := Past{at, res.Status, res.Reason}
	if len(res.Findings) > 0 {
		p.Words = res.Findings[0].Title
	}
	return p
}

// mostPast is how many runs of a check are remembered.
const mostPast = 20

// Finished returns s at the end of a run that came to r.
func (s State) Finished(r probes.Report) State {
	past := make(map[string][]Past, len(r.Results))
	end := r.Started.Add(r.Took)
	for _, res := range r.Results {
		was := s.Past[res.ID]
		past[res.ID] = was
		if _, ran := s.Phases[res.Area]; s.Phases != nil && !ran {
			continue // the report has it from an earlier run
		}
		if len(was) == mostPast {
			was = was[1:]
		}
		past[res.ID] = append(slices.Clip(was), pastOf(res, end))
	}
	s.Past = past
	s.Stands, s.Changes = changes.Next(s.Stands, r)
	s.Since = time.Time{}
	if len(s.Report.Results) > 0 {
		s.Since = s.Report.Started.Add(s.Report.Took)
	} else {
		s.Changes = nil // all would be new
	}
	s.Report, s.Phases = r, nil
	s.Results = make(map[string]probes.Result, len(r.Results))
	for _, res := range r.Results {
		s.Results[res.ID] = res
	}
	return s
}

// Closure returns areas and, through all steps, those that they need, in the catalogue's order. Nil means all.
func (s State) Closure(areas []string) []string {
	want := map[string]bool{}
	var add func(name string)
	add = func(name string) {
		i := slices.IndexFunc(s.Areas, func(a Area) bool { return a.Name == name })
		if i < 0 || want[name] {
			return
		}
		want[name] = true
		for _, need := range s.Areas[i].Needs {
			add(need)
		}
	}
	for _, a := range areas {
		add(a)
	}
	var out []string
	for _, a := range s.Areas {
		if areas == nil || want[a.Name] {
			out = append(out, a.Name)
		}
	}
	return out
}

// Count returns how many checks have each status so far.
func (s State) Count() map[probes.Status]int {
	n := map[probes.Status]int{}
	for _, r := range s.Results {
		n[r.Status]++
	}
	return n
}

// problem tells whether a status is something to look at.
func problem(s probes.Status) bool {
	return s == probes.Failed || s == probes.Warned || s == probes.Unknown
}

// StatusWord is a status as one word for the operator.
func StatusWord(s probes.Status) probes.Text {
	switch s {
	case probes.OK:
		return probes.T("ok")
	case probes.Warned:
		return probes.T("warning")
	case probes.Failed:
		return probes.T("failed")
	case probes.Skipped:
		return probes.T("skipped")
	}
	return probes.T("unknown")
}

// MarkAndWord is a status as its mark and its word. In ASCII the mark of ok is its word.
func MarkAndWord(t theme.Theme, s probes.Status) string {
	mark, style := t.Status(s)
	mark, word := strings.TrimSpace(mark), t.Say(StatusWord(s))
	if mark == word {
		return style.Render(mark)
	}
	return style.Render(mark) + " " + t.Word(s).Render(word)
}
