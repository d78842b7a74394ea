package wizard

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/portconfig"
)

// maxAnswer bounds an answer, in characters: the longest real one, a list of nodes, has some hundred.
const maxAnswer = 2000

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
	if answer == "" && problem.IsZero() && !st.Secret {
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
	if st.ID == launchStep.ID && answer == LaunchService && before.Found.NoSystemd {
		v.Advice = append(v.Advice, probes.Finding{Severity: probes.Warning,
			Title: probes.T("systemd did not start this host: systemctl will refuse, and nothing is launched")})
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
	if !st.Secret {
		text = strings.TrimSpace(text)
	}
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
		if st.Secret {
			return "", probes.T("found a control character, expected none")
		}
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
