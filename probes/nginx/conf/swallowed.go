package conf

import (
	"fmt"
	"slices"
	"strings"
)

// swallowed reports a directive that became an argument because a ; is missing before it, where nginx loads the file
// all the same.
func (k *checker) swallowed(d *Directive) bool {
	i := swallowedAt(d)
	if i < 0 {
		return false
	}
	lost := d.Args[i]
	line, fix := missingSemicolon(d, i)
	k.add(Swallowed, d, lost.Start, fmt.Sprintf("%q is read as an argument of %q, not as a directive", lost.Text, d.Name),
		fmt.Sprintf("\";\" is missing at the end of line %d", line), fix)
	return true
}

// missingSemicolon returns the line that lacks its ; before argument i, and the edit that puts it there.
func missingSemicolon(d *Directive, i int) (line int, fix Edit) {
	end := d.NameEnd
	if i > 0 {
		end = d.Args[i-1].End
	}
	return d.File.Place(end).Line, Edit{d.File, end, end, ";"}
}

// swallowedAt returns the index of the argument that is a swallowed directive: a bare word that begins a line below
// the directive's name and is itself the name of a directive. -1 where there is none.
func swallowedAt(d *Directive) int {
	for i, a := range d.Args {
		if a.Quote != 0 || !Known(a.Text) {
			continue
		}
		prev := d.NameEnd
		if i > 0 {
			prev = d.Args[i-1].End
		}
		if a.Start > prev && strings.ContainsRune(string(d.File.Src[prev:a.Start]), '\n') && !unlikely(d, i) {
			return i
		}
	}
	return -1
}

// unlikely tells whether a word that happens to be a directive's name is meant as an argument: the words of a list
// that goes over several lines stand alone on their lines.
func unlikely(d *Directive, i int) bool {
	if i+1 >= len(d.Args) {
		return true
	}
	between := string(d.File.Src[d.Args[i].End:d.Args[i+1].Start])
	return strings.ContainsRune(between, '\n')
}

// refusedAnyway tells whether nginx refuses d with the arguments and the block that it has now.
func refusedAnyway(d *Directive, block bool) bool {
	return !slices.ContainsFunc(theTable().forms[d.Name], func(f form) bool { return f.block == block && f.takes(len(d.Args)) })
}

// split undoes a missing ; that makes nginx refuse the file, so that what follows can still be judged: it reports it
// and returns the directives that were meant.
func (p *parser) split(d *Directive, block bool) []*Directive {
	out := []*Directive{d}
	for !d.Data && Known(d.Name) && refusedAnyway(d, block) {
		i := swallowedAt(d)
		if i < 0 {
			break
		}
		line, fix := missingSemicolon(d, i)
		message := fmt.Sprintf("invalid number of arguments in %q directive", d.Name)
		if block {
			message = fmt.Sprintf("directive %q is not terminated by \";\"", d.Name)
		}
		p.lex.fail(d.Start, message, fmt.Sprintf("\";\" is missing at the end of line %d: %q and what follows it became arguments", line, d.Args[i].Text), fix)
		words := d.Args[i:]
		rest := p.directive(words, d.Parent, d.End)
		d.Args, d.End = d.Args[:i:i], fix.End
		out = append(out, rest)
		d = rest
	}
	return out
}
