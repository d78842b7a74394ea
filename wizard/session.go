package wizard

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/portconfig"
)

// maxAnswer bounds an answer, in characters: the longest real one, a list of nodes, has some hundred.
const maxAnswer = 2000

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
	applied bool // something was changed on this host: it can be taken back, and must not be forgotten
	store   *Store
}

// moment is what Undo goes back to.
type moment struct {
	answers map[string]Answer
	at      string
	mending bool
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
	s.answers, s.applied = kept.Answers, kept.Applied
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
	d := Draft{Config: cluster.Default(cluster.FineReport), Found: s.found}
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

// Verdict is what is held against an answer.
type Verdict struct {
	Answer  string           // as it would be kept: without blanks around it, a choice by its value
	Refused []probes.Text    // why it cannot be taken; nil: it can
	Advice  []probes.Finding // what is unwise about it
	Draft   Draft            // with the answer in it
	Ports   []int            // that it chose, to be looked at live
}

// OK tells whether the answer can be taken.
func (v Verdict) OK() bool { return len(v.Refused) == 0 }

// Judge says what is held against an answer to the present step, by the rules of --check. It looks at nothing and
// changes nothing, so that it can be asked at every key.
func (s *Session) Judge(text string) Verdict {
	st, ok := s.Step()
	if !ok {
		return Verdict{Refused: []probes.Text{probes.T("every step has its answer")}}
	}
	before := s.Draft()
	answer, problem := st.read(before, text)
	if answer == "" && problem.IsZero() {
		if answer = s.Suggestion(); answer == "" {
			problem = probes.T("found nothing, expected an answer")
		}
	}
	return st.judge(before, answer, problem)
}

// judge applies an answer that was read.
func (st Step) judge(before Draft, answer string, problem probes.Text) Verdict {
	v := Verdict{Answer: answer, Draft: before.clone()}
	if problem.IsZero() {
		problem = st.Apply(&v.Draft, answer)
	}
	if !problem.IsZero() {
		v.Refused, v.Draft = []probes.Text{problem}, before
		return v
	}
	for _, p := range v.Draft.Config.Validate() {
		if st.owns(p.Key) {
			v.Refused = append(v.Refused, probes.T("%s", p.Msg))
		}
	}
	if st.Ports != nil && v.OK() {
		v.Ports = st.Ports(v.Draft)
		v.judgePorts(st)
	}
	if st.ID == policyStep.ID && v.Draft.stateful() && !sticky(answer) {
		v.Advice = append(v.Advice, probes.Finding{Severity: probes.Warning,
			Title: probes.T("%s is not sticky: %s clients that begin with polling will be told \"Session ID unknown\"", answer, productTitle(v.Draft.Config.Product))})
	}
	return v
}

// judgePorts asks the rules about each port that was chosen. Those of steps that come later are not held against it:
// their suggestions keep clear of it.
func (v *Verdict) judgePorts(st Step) {
	cfg := v.Draft.clone().Config
	if st.ID == portsStep.ID {
		cfg.WebSocket.ForwardingPorts, cfg.Balancer.URL, cfg.Proxy.Listen = nil, "", nil
	}
	o := portconfig.FromSettings(cfg, nil)
	for _, p := range v.Ports {
		for _, f := range portconfig.JudgePort(o, p) {
			if f.Severity == probes.Error {
				v.Refused = append(v.Refused, f.Title)
			} else {
				v.Advice = append(v.Advice, f)
			}
		}
	}
}

// owns tells whether a problem with a key of the settings is the step's.
func (st Step) owns(key string) bool {
	return slices.ContainsFunc(st.Keys, func(k string) bool {
		rest, ok := strings.CutPrefix(key, k)
		return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
	})
}

// read turns what was typed or pasted into an answer.
func (st Step) read(d Draft, text string) (string, probes.Text) {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	text = strings.TrimSpace(text)
	if n := utf8.RuneCountInString(text); n > maxAnswer {
		return "", probes.T("found %d characters, expected at most %d", n, maxAnswer)
	}
	if lines := strings.Split(text, "\n"); len(lines) > 1 {
		if !st.List {
			return "", probes.T("found %d lines, expected one answer on one line", len(lines))
		}
		text = strings.Join(slices.DeleteFunc(lines, func(l string) bool { return strings.TrimSpace(l) == "" }), ", ")
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r == utf8.RuneError || unicode.IsControl(r) && r != '\t' }) {
		return "", probes.T("found \"%s\", expected no control characters", probes.Printable(text))
	}
	if st.Choices == nil || text == "" {
		return text, probes.Text{}
	}
	choices := st.Choices(d)
	var values []string
	for i, c := range choices {
		if strings.EqualFold(text, c.Value) || text == strconv.Itoa(i+1) {
			return c.Value, probes.Text{}
		}
		values = append(values, c.Value)
	}
	if near, ok := probes.Nearest(text, values); ok && utf8.RuneCountInString(text) > 2 {
		return "", probes.T("found %q, expected a number from 1 to %d or a name; did you mean %q?", text, len(choices), near)
	}
	return "", probes.T("found %q, expected a number from 1 to %d or one of %s", text, len(choices), strings.Join(values, ", "))
}

// Take judges an answer and, where nothing is held against it, keeps it and moves on to the next step. The error is
// that of keeping it on disk; the answer counts all the same.
func (s *Session) Take(text string) (Verdict, error) {
	v := s.Judge(text)
	if !v.OK() {
		return v, nil
	}
	st, _ := s.Step()
	s.remember()
	old, had := s.answers[st.ID]
	s.answers[st.ID] = Answer{Text: v.Answer, Default: strings.TrimSpace(text) == "" && (!had || old.Default)}
	if had && old.Text != v.Answer {
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

// Undo takes back the last answer or move. It returns false where there is none.
func (s *Session) Undo() (bool, error) {
	if len(s.past) == 0 {
		return false, nil
	}
	m := s.past[len(s.past)-1]
	s.past = s.past[:len(s.past)-1]
	s.answers, s.at, s.mending = m.answers, m.at, m.mending
	return true, s.keep()
}

func (s *Session) remember() {
	s.past = append(s.past, moment{maps.Clone(s.answers), s.at, s.mending})
}

func (s *Session) keep() error {
	if s.store == nil {
		return nil
	}
	if err := s.store.save(kept{At: s.at, Answers: s.answers, Applied: s.applied}); err != nil {
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
		if a, ok := s.answers[st.ID]; ok && !st.skipped(d) {
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
	s.answers, s.mending = map[string]Answer{}, false
	s.at = s.nextOpen()
	return s.keep()
}
