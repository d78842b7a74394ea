package haproxy

import (
	"strings"

	"example.com/wsdoctor/probes"
)

// maxNested is how deep HAProxy nests conditional blocks (MAXNESTEDCONDS in include/haproxy/cfgparse.h).
const maxNested = 1024

// block is one .if … .endif.
type block struct {
	line, column int
	text         string
	now          truth // of the branch that is being read, the outer blocks included
	outer        truth
	taken        truth // one of the branches before this one was read
	otherwise    bool  // .else was seen
}

// maybe tells whether the line that is being read stands under a condition that cannot be evaluated.
func (p *parser) maybe() bool { return len(p.blocks) > 0 && p.blocks[len(p.blocks)-1].now == maybe }

// skipped tells whether HAProxy skips the line that is being read.
func (p *parser) skipped() bool { return len(p.blocks) > 0 && p.blocks[len(p.blocks)-1].now == no }

// directive follows .if, .elif, .else and .endif (manual, section 2.4); ok is false for any other word.
func (p *parser) directive(words []Word) (ok bool) {
	column := words[0].Column
	top := len(p.blocks) - 1
	switch words[0].Text {
	case ".if":
		if len(p.blocks) >= maxNested {
			p.fault(column, probes.T("too many nested '.if', max is %d", maxNested))
			return true
		}
		b := block{line: p.line, column: column, text: p.text, outer: yes}
		if top >= 0 {
			b.outer = p.blocks[top].now
		}
		value := p.condition(words[1:])
		b.now, b.taken = b.outer.and(value), value
		p.blocks = append(p.blocks, b)
	case ".elif", ".else":
		if top < 0 {
			p.fault(column, probes.T("lone '%s' with no matching '.if'", words[0].Text))
			return true
		}
		b := &p.blocks[top]
		if b.otherwise {
			p.fault(column, probes.T("'%s' after '.else' is not permitted", words[0].Text))
			return true
		}
		value := yes
		if words[0].Text == ".else" {
			b.otherwise = true
		} else {
			value = p.condition(words[1:])
		}
		b.now = b.outer.and(b.taken.not()).and(value)
		b.taken = b.taken.or(value)
	case ".endif":
		if top < 0 {
			p.fault(column, probes.T("lone '.endif' with no matching '.if'"))
			return true
		}
		p.blocks = p.blocks[:top]
	case ".alert", ".diag", ".notice", ".warning":
		switch {
		case p.skipped():
		case len(words) > 2 && words[2].Text != "":
			p.fault(words[2].Column, probes.T("unexpected argument %q for '%s': use quotes if the message should contain spaces", words[2].Text, words[0].Text))
		case words[0].Text == ".alert" && !p.maybe() && len(words) > 1:
			p.fault(column, probes.T("the file itself stops HAProxy here: %q", words[1].Text))
		}
	default:
		return false
	}
	return true
}

// condition evaluates the expression of an .if.
func (p *parser) condition(words []Word) truth {
	var text strings.Builder
	for i, w := range words {
		if w.Unsure {
			return maybe
		}
		if i > 0 {
			text.WriteByte(' ')
		}
		text.WriteString(w.Text)
	}
	s := strings.TrimSpace(text.String())
	if s == "" {
		return no
	}
	value, rest := p.disjunction(s, 0)
	if strings.TrimSpace(rest) != "" {
		return maybe
	}
	return value
}

func (p *parser) disjunction(s string, depth int) (truth, string) {
	return chain(s, "||", truth.or, func(s string) (truth, string) {
		return chain(s, "&&", truth.and, func(s string) (truth, string) { return p.term(s, depth) })
	})
}

// chain evaluates parts with an operator between them, and returns what follows the last one.
func chain(s, operator string, join func(a, b truth) truth, part func(string) (truth, string)) (truth, string) {
	value, rest := part(s)
	for {
		after, ok := strings.CutPrefix(strings.TrimLeft(rest, " "), operator)
		if !ok {
			return value, rest
		}
		var next truth
		next, rest = part(after)
		value = join(value, next)
	}
}

func (p *parser) term(s string, depth int) (truth, string) {
	s = strings.TrimLeft(s, " ")
	if depth > maxNested {
		return maybe, ""
	}
	if rest, ok := strings.CutPrefix(s, "!"); ok {
		value, rest := p.term(rest, depth+1)
		return value.not(), rest
	}
	if rest, ok := strings.CutPrefix(s, "("); ok {
		value, rest := p.disjunction(rest, depth+1)
		after, closed := strings.CutPrefix(strings.TrimLeft(rest, " "), ")")
		if !closed {
			return maybe, ""
		}
		return value, after
	}
	n := 0
	for n < len(s) && (nameByte(s[n]) || s[n] == '-') {
		n++
	}
	name, rest := s[:n], s[n:]
	args, ok := strings.CutPrefix(rest, "(")
	if !ok {
		return known(strings.Trim(name, "0") != ""), rest // an integer
	}
	inner, after, closed := strings.Cut(args, ")")
	if !closed {
		return maybe, ""
	}
	return p.predicate(name, strings.Split(inner, ",")), after
}

// predicate evaluates one of section 2.4's predicates.
func (p *parser) predicate(name string, args []string) truth {
	switch {
	case name == "defined" && len(args) == 1:
		_, set, isKnown := p.lookup(args[0])
		if isKnown {
			return known(set)
		}
	case name == "streq" && len(args) == 2:
		return known(args[0] == args[1])
	case name == "strneq" && len(args) == 2:
		return known(args[0] != args[1])
	case name == "version_atleast" && len(args) == 1 && p.version.Known():
		v := ParseVersion(args[0])
		if v.Known() && (v.Major != p.version.Major || v.Minor != p.version.Minor) {
			return known(p.version.atLeast(v.Major, v.Minor))
		}
		return known(p.version.Patch >= v.Patch && v.Known())
	case name == "version_before" && len(args) == 1:
		return p.predicate("version_atleast", args).not()
	}
	return maybe
}
