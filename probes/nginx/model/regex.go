package model

import (
	"regexp"
	"strings"
)

// Regex is a PCRE of nginx as far as Go's engine has the same: back references, lookbehind and atomic groups it lacks,
// lookahead but for the one form that people write into locations, ^start(?!not|these)rest.
type Regex struct {
	Source string
	re     *regexp.Regexp
	ahead  *regexp.Regexp // of a lookahead: start and what must (not) follow it; nil: none
	absent bool           // it must not follow
}

// Compile never fails; see Known.
func Compile(source string, fold bool) *Regex {
	r := &Regex{Source: source}
	pattern := source
	if fold {
		pattern = "(?i)" + pattern
	}
	// (?s) is not set: like PCRE, the dot matches no line end, and a URI seldom has one.
	r.re, _ = regexp.Compile(pattern)
	if r.re == nil {
		r.lookahead(pattern)
	}
	return r
}

// lookahead compiles ^start(?!x)rest as two regexes, start+rest and start+x. That is the same wherever start can match
// in one way only, as the literal paths of locations do.
func (r *Regex) lookahead(pattern string) {
	i := strings.Index(pattern, "(?!")
	if j := strings.Index(pattern, "(?="); i < 0 || j >= 0 && j < i {
		i = j
	}
	if i < 0 || !strings.Contains(pattern[:i], "^") {
		return
	}
	depth, end := 0, -1
	for k := i; k < len(pattern) && end < 0; k++ {
		switch pattern[k] {
		case '\\':
			k++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				end = k
			}
		}
	}
	if end < 0 {
		return
	}
	start, x, rest := pattern[:i], pattern[i+3:end], pattern[end+1:]
	re, err := regexp.Compile(start + rest)
	if err != nil {
		return // a second lookahead, or something else that is not known
	}
	ahead, err := regexp.Compile(start + "(?:" + x + ")")
	if err != nil {
		return
	}
	r.re, r.ahead, r.absent = re, ahead, pattern[i+2] == '!'
}

// Known tells whether the regex can be evaluated here.
func (r *Regex) Known() bool { return r.re != nil }

// Match returns the captures of a match, [0] the whole; nil where there is none or it cannot be told.
func (r *Regex) Match(s string) []string {
	if r == nil || r.re == nil {
		return nil
	}
	if r.ahead != nil && r.ahead.MatchString(s) == r.absent {
		return nil
	}
	return r.re.FindStringSubmatch(s)
}

// Names returns the named captures in order of the groups; "" for unnamed ones.
func (r *Regex) Names() []string {
	if r == nil || r.re == nil {
		return nil
	}
	return r.re.SubexpNames()
}

// captureNames finds (?<name> and (?P<name> and (?'name' also where the regex as a whole is not known.
var captureName = regexp.MustCompile(`\(\?P?[<']([A-Za-z_][A-Za-z0-9_]*)[>']`)

func captureNames(source string) []string {
	var out []string
	for _, m := range captureName.FindAllStringSubmatch(source, -1) {
		out = append(out, strings.ToLower(m[1]))
	}
	return out
}
