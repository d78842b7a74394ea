package wizard

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
)

// Answer is what was taken for a step.
type Answer struct {
	Text    string `json:"text"`
	Default bool   `json:"default,omitempty"` // it was the suggestion: another answer before it makes another one
}

// Session holds the answers and the step that is asked. Every change is kept in its store before it is shown, so that
// a session whose terminal vanished goes on where it was.
type Session struct {
	steps   []Step
	found   Found
	answers map[string]Answer
	at      string // the id of the step that is asked; "": every step has its answer
	mending bool   // one step is being changed: the rest have their answers
	past    []moment
	taken   Taken
	applied bool // something was changed on this host: it can be taken back, and must not be forgotten
	store   *Store
}

// moment is what Undo goes back to.
type moment struct {
	answers map[string]Answer
	at      string
	mending bool
	taken   Taken
}

// New begins a session, or goes on with what the store has. A nil store keeps nothing.
func New(found Found, store *Store) (*Session, error) {
	s := &Session{steps: Steps(), found: found, answers: map[string]Answer{}, store: store}
	s.at = s.nextOpen()
	if store == nil {
		return s, nil
	}
	kept, ok, err := store.load()
	if err != nil || !ok {
		return s, err
	}
	s.answers, s.applied, s.taken = kept.Answers, kept.Applied, kept.Taken
	if _, known := s.step(kept.At); known || kept.At == "" {
		s.at = kept.At
	}
	if s.at == "" {
		s.at = s.nextOpen() // a step that a later version added
	}
	return s, nil
}

// Resumed tells whether answers of an earlier session were found.
func (s *Session) Resumed() bool { return len(s.answers) > 0 && len(s.past) == 0 }

// Step returns the step that is asked; ok is false once every step has its answer.
func (s *Session) Step() (st Step, ok bool) { return s.step(s.at) }

func (s *Session) step(id string) (Step, bool) {
	i := slices.IndexFunc(s.steps, func(st Step) bool { return st.ID == id })
	if i < 0 {
		return Step{}, false
	}
	return s.steps[i], true
}

// Draft returns what the answers before the present step come to.
func (s *Session) Draft() Draft { return s.draftBefore(s.at) }

// draftBefore folds the answers up to a step; "" means all.
func (s *Session) draftBefore(id string) Draft {
	d := Draft{Config: cluster.Default(cluster.FineReport), Found: s.found, read: s.taken}
	if s.found.Settings != "" {
		d.Config = s.found.Config
	}
	d = d.clone()
	for _, st := range s.steps {
		if st.ID == id {
			break
		}
		if a, ok := s.answers[st.ID]; ok && !st.skipped(d) {
			st.Apply(&d, a.Text) // it was judged when it was taken; what fails now is asked again (nextOpen)
		}
	}
	return d
}

func (st Step) skipped(d Draft) bool { return st.Skip != nil && st.Skip(d) }

// Config returns the settings that all answers come to.
func (s *Session) Config() cluster.Config { return s.draftBefore("").Config }

// Suggestion is what an empty answer means now: the answer that was given before, else the step's default.
func (s *Session) Suggestion() string {
	st, ok := s.Step()
	if !ok {
		return ""
	}
	if a, ok := s.answers[st.ID]; ok {
		return a.Text
	}
	if st.Default == nil {
		return ""
	}
	return st.Default(s.Draft())
}

// Prefill takes the suggestion of every step until one needs an answer.
func (s *Session) Prefill() error {
	for {
		if _, open := s.Step(); !open {
			return nil
		}
		if v, err := s.Take(""); err != nil || !v.OK() {
			return err
		}
	}
}

// Progress counts the steps that are asked, from 1, and all of them as far as it is known by now.
func (s *Session) Progress() (at, of int) {
	d := s.draftBefore("")
	for _, st := range s.steps {
		if st.skipped(d) && st.ID != s.at {
			continue
		}
		of++
		if st.ID == s.at {
			at = of
		}
	}
	return at, of
}

// Origin says where the suggestion is from; the zero Text: it is what one usually has, or was answered before.
func (s *Session) Origin() probes.Text {
	st, ok := s.Step()
	if _, answered := s.answers[st.ID]; !ok || answered {
		return probes.Text{}
	}
	d := s.Draft()
	if st.From != nil {
		if from := st.From(d); !from.IsZero() {
			return from
		}
	}
	if s.found.Settings != "" && len(st.Keys) > 0 && d.Taken.Way == nil && d.Config.Product == s.found.Config.Product {
		return fromPlace(s.found.Settings)
	}
	return probes.Text{}
}

// Take judges an answer and, where nothing is held against it, keeps it and moves on to the next step. The error is
// that of keeping it on disk; the answer counts all the same.
func (s *Session) Take(text string) (Verdict, error) { return s.TakeSeen(text, Seen{}) }

// TakeSeen is Take with what Look saw: what it read of an existing set-up goes with the answer.
func (s *Session) TakeSeen(text string, seen Seen) (Verdict, error) {
	v := s.Judge(text)
	if !v.OK() {
		return v, nil
	}
	st, _ := s.Step()
	s.remember()
	old, had := s.answers[st.ID]
	a := Answer{Text: v.Answer, Default: strings.TrimSpace(text) == "" && (!had || old.Default)}
	if st.Secret {
		a = Answer{Default: true} // it goes with the answer that it was asked for
	}
	s.answers[st.ID] = a
	if seen.Taken != nil {
		s.taken = *seen.Taken
	}
	if had && old.Text != v.Answer || seen.Taken != nil {
		s.forgetDefaultsAfter(st.ID)
	}
	if s.mending {
		s.at = s.nextOpen()
	} else {
		s.at = s.next(st.ID)
	}
	if s.at == "" {
		s.at = s.nextOpen() // an answer that a later change has made wrong
	}
	s.mending = s.mending && s.at != ""
	return v, s.keep()
}

// forgetDefaultsAfter drops the suggestions that were accepted after a step whose answer has changed, where they would
// be other ones now: they are asked again.
func (s *Session) forgetDefaultsAfter(id string) {
	i := slices.IndexFunc(s.steps, func(st Step) bool { return st.ID == id })
	for _, st := range s.steps[i+1:] {
		a, ok := s.answers[st.ID]
		if ok && a.Default && (st.Default == nil || st.Default(s.draftBefore(st.ID)) != a.Text) {
			delete(s.answers, st.ID)
		}
	}
}

// next returns the step that is asked after one.
func (s *Session) next(id string) string {
	d, past := s.draftBefore(""), false
	for _, st := range s.steps {
		if past && !st.skipped(d) {
			return st.ID
		}
		past = past || st.ID == id
	}
	return ""
}

// nextOpen returns the first step that has no answer, or one that does not hold any more.
func (s *Session) nextOpen() string {
	for _, st := range s.steps {
		d := s.draftBefore(st.ID)
		if st.skipped(d) {
			continue
		}
		a, ok := s.answers[st.ID]
		if !ok {
			return st.ID
		}
		if st.Secret {
			continue
		}
		if answer, problem := st.read(d, a.Text); !st.judge(d, answer, problem).OK() {
			return st.ID
		}
	}
	return ""
}

// Back asks the step before again; the answers stay as suggestions. It returns false at the first step.
func (s *Session) Back() (bool, error) {
	d := s.draftBefore("")
	last := ""
	for _, st := range s.steps {
		if st.ID == s.at {
			break
		}
		if !st.skipped(d) {
			last = st.ID
		}
	}
	if last == "" {
		return false, nil
	}
	s.remember()
	s.at, s.mending = last, false
	return true, s.keep()
}

// Goto asks one step again and then returns to where every step has its answer. It returns false where there is no
// such step, or it is not asked with the answers as they are.
func (s *Session) Goto(id string) (bool, error) {
	st, ok := s.step(id)
	if !ok || st.skipped(s.draftBefore(id)) {
		return false, nil
	}
	s.remember()
	s.at, s.mending = id, true
	return true, s.keep()
}

// Asked tells whether a step is asked with the answers as they are; where it is not, step is one that is.
func (s *Session) Asked(id string) (step string, asked bool) {
	for _, st := range s.steps {
		if st.skipped(s.draftBefore(st.ID)) {
			continue
		}
		if st.ID == id {
			return id, true
		}
		if st.ID == balancerStep.ID {
			step = st.ID
		}
	}
	return step, false
}

// Undo takes back the last answer or move. It returns false where there is none.
func (s *Session) Undo() (bool, error) {
	if len(s.past) == 0 {
		return false, nil
	}
	m := s.past[len(s.past)-1]
	s.past = s.past[:len(s.past)-1]
	s.answers, s.at, s.mending, s.taken = m.answers, m.at, m.mending, m.taken
	return true, s.keep()
}

func (s *Session) remember() {
	s.past = append(s.past, moment{maps.Clone(s.answers), s.at, s.mending, s.taken})
}

func (s *Session) keep() error {
	if s.store == nil {
		return nil
	}
	if err := s.store.save(kept{At: s.at, Answers: s.answers, Applied: s.applied, Taken: s.taken}); err != nil {
		return fmt.Errorf("keeping the answers: %w", err)
	}
	return nil
}

// Apply begins the changes of this session: the first time it empties the journal, a session that goes on adds to it.
func (s *Session) Apply(j *Journal) error {
	if s.applied {
		return nil
	}
	if err := j.Begin(); err != nil {
		return err
	}
	s.applied = true
	return s.keep()
}

// Finish removes what was kept: there is nothing to go on with.
func (s *Session) Finish() error {
	if s.store == nil {
		return nil
	}
	return s.store.remove()
}

// Given lists the steps that were asked with their answers, in their order.
func (s *Session) Given() []Given {
	d := s.draftBefore("")
	var out []Given
	for _, st := range s.steps {
		if a, ok := s.answers[st.ID]; ok && !st.skipped(d) && !st.Secret {
			out = append(out, Given{st, a.Text})
		}
	}
	return out
}

// Given is a step with its answer.
type Given struct {
	Step   Step
	Answer string
}

// errNotAsked says that an answer is for a step that the other answers leave out.
var errNotAsked = errors.New("is not asked with the other answers as they are")

// Restart forgets every answer.
func (s *Session) Restart() error {
	s.remember()
	s.answers, s.mending, s.taken = map[string]Answer{}, false, Taken{}
	s.at = s.nextOpen()
	return s.keep()
}
