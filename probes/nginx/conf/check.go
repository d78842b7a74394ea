package conf

import (
	"fmt"
	"slices"
	"strings"
)

// checkAll reports what nginx would refuse about names, levels, numbers of arguments and flags, and what a missing ;
// swallowed.
func (c *Config) checkAll() {
	k := checker{conf: c, said: map[string]bool{}}
	k.block(c.Top, c.Level)
}

type checker struct {
	conf *Config
	said map[string]bool // one module's directives are reported once
}

func (k *checker) add(kind Kind, d *Directive, at int, message, hint string, fix ...Edit) {
	if len(k.conf.Problems) < maxProblems {
		k.conf.Problems = append(k.conf.Problems, Problem{kind, d.File, at, message, hint, fix, d})
	}
}

func (k *checker) block(list []*Directive, at Level) {
	for _, d := range list {
		if len(k.conf.Problems) >= maxProblems {
			return
		}
		if d.Data {
			continue
		}
		k.directive(d, at)
		if d.HasBlock && !isData(d.Name) {
			k.block(d.Block, inside(d.Name, at))
		}
	}
}

func (k *checker) directive(d *Directive, at Level) {
	forms := theTable().forms[d.Name]
	if at == Any || d.Name == "" {
		return
	}
	if forms == nil {
		k.unknown(d)
		return
	}
	if k.swallowed(d) {
		return
	}
	here := allowed(forms, at)
	if len(here) == 0 && d.Parent == nil && k.conf.Level != Main && !outsideHTTP(forms) {
		k.add(Mixed, d, d.Start, fmt.Sprintf("%q does not belong into %s, as the rest of this text does", d.Name, at.human()), where(forms, at))
		return
	}
	if len(here) == 0 {
		k.add(Refused, d, d.Start, fmt.Sprintf("%q directive is not allowed here", d.Name), where(forms, at), k.lift(d, forms)...)
		return
	}
	var f form
	i := slices.IndexFunc(here, func(f form) bool { return f.block == d.HasBlock })
	if i < 0 {
		if d.HasBlock {
			k.add(Refused, d, d.Open, fmt.Sprintf("directive %q is not terminated by \";\"", d.Name), k.missingBefore(d))
		} else {
			k.add(Refused, d, d.Start, fmt.Sprintf("directive %q has no opening \"{\"", d.Name), "")
		}
		return
	}
	f = here[i]
	switch {
	case !slices.ContainsFunc(here, func(f form) bool { return f.takes(len(d.Args)) }):
		k.add(Refused, d, d.Start, fmt.Sprintf("invalid number of arguments in %q directive", d.Name), k.arityHint(d))
	case f.flag && len(d.Args) == 1 && !strings.EqualFold(d.Args[0].Text, "on") && !strings.EqualFold(d.Args[0].Text, "off"):
		k.add(Refused, d, d.Args[0].Start, fmt.Sprintf("invalid value %q in %q directive, it must be \"on\" or \"off\"", d.Args[0].Text, d.Name), "")
	case f.expr && !(strings.HasPrefix(d.Args[0].Text, "(") && strings.HasSuffix(d.Args[len(d.Args)-1].Text, ")")):
		k.add(Refused, d, d.Start, fmt.Sprintf("invalid condition %q", strings.Join(d.Texts(), " ")), "the condition stands in parentheses")
	case f.until.Known():
		k.add(Tolerated, d, d.Start, fmt.Sprintf("the directive %q is gone since nginx %d.%d", d.Name, f.until.Major, f.until.Minor+1), removed[d.Name])
	}
}

// allowed returns the forms that a level takes. Nearly every directive has one form, or takes all of them anywhere: then
// nothing is copied.
func allowed(forms []form, at Level) []form {
	there := func(f form) bool { return slices.Contains(f.levels, at) }
	n := 0
	for _, f := range forms {
		if there(f) {
			n++
		}
	}
	switch n {
	case 0:
		return nil
	case len(forms):
		return forms
	}
	return slices.DeleteFunc(slices.Clone(forms), func(f form) bool { return !there(f) })
}

// lift returns the edits that move a directive which belongs further out, such as an upstream inside a server, before
// the block that it must not stand in; none where it shares its lines with something else.
func (k *checker) lift(d *Directive, forms []form) []Edit {
	for out := d.Parent; out != nil && out.File == d.File; out = out.Parent {
		at := LevelOf(out, k.conf.Level)
		if !slices.ContainsFunc(forms, func(f form) bool { return slices.Contains(f.levels, at) && f.block == d.HasBlock }) {
			continue
		}
		f := d.File
		start, end := f.LineStart(d.Start), d.End
		for end < len(f.Src) && f.Src[end] != '\n' {
			end++
		}
		if end >= len(f.Src) || strings.TrimSpace(string(f.Src[start:d.Start])) != "" || strings.TrimSpace(string(f.Src[d.End:end])) != "" {
			return nil
		}
		before := f.LineStart(out.Start)
		return []Edit{{f, before, before, string(f.Src[start : end+1])}, {f, start, end + 1, ""}}
	}
	return k.lower(d, forms)
}

// lower is lift for what stands outside of every block and belongs into http.
func (k *checker) lower(d *Directive, forms []form) []Edit {
	if d.Parent != nil || !slices.ContainsFunc(forms, func(f form) bool { return slices.Contains(f.levels, HTTP) && f.block == d.HasBlock }) {
		return nil
	}
	for _, h := range Find(k.conf.Top, "http") {
		if h.File != d.File || len(h.Block) == 0 || h.Block[0].File != d.File {
			continue
		}
		f, first := d.File, h.Block[0]
		at := f.LineStart(first.Start)
		if at <= h.Open {
			return nil // http stands on one line
		}
		return []Edit{{f, at, at, f.Indent(first.Start) + string(f.Src[d.Start:d.End]) + "\n"}, {f, d.Start, d.End, ""}}
	}
	return nil
}

// outsideHTTP tells whether a directive has no place in http or below.
func outsideHTTP(forms []form) bool {
	return !slices.ContainsFunc(forms, func(f form) bool {
		return slices.ContainsFunc(f.levels, func(l Level) bool { return l == HTTP || l == Server || l == Location || l == Upstream })
	})
}

// removed says what stands in for directives that nginx no longer has.
var removed = map[string]string{"ssl": `nginx 1.25.1 and later refuse it: write "listen 443 ssl;" instead`}

// where names the levels at which a directive may stand.
func where(forms []form, at Level) string {
	var names []string
	for _, f := range forms {
		for _, l := range f.levels {
			if s := l.human(); !slices.Contains(names, s) {
				names = append(names, s)
			}
		}
	}
	return fmt.Sprintf("it stands in %s; its place is %s", at.human(), strings.Join(names, ", "))
}

// human returns the level as nginx's documentation names it.
func (l Level) human() string {
	switch l {
	case Main:
		return "main (outside of every block)"
	case ServerIf:
		return "if in server"
	case LocationIf:
		return "if in location"
	case LimitExcept:
		return "limit_except"
	}
	return strings.ReplaceAll(string(l), "-", " ")
}

// unknown judges a name that stock nginx lacks: a slip of the pen, or another module's.
func (k *checker) unknown(d *Directive) {
	if module := Module(d.Name); module != "" {
		if !k.said[module] {
			k.said[module] = true
			k.add(Foreign, d, d.Start, fmt.Sprintf("unknown directive %q", d.Name), fmt.Sprintf("it belongs to %s, which stock nginx is built without", module))
		}
		return
	}
	message := fmt.Sprintf("unknown directive %s", quote(d.Name))
	if strings.ContainsFunc(d.Name, func(r rune) bool { return lookalikes[r] != "" }) {
		return // the lexer said so
	}
	if k.said[d.Name] {
		return
	}
	if near := nearest(d.Name); near != "" {
		k.add(Refused, d, d.Start, message, fmt.Sprintf("did you mean %q?", near), Edit{d.File, d.Start, d.NameEnd, near})
		return
	}
	if !plainName(d.Name) {
		k.add(Refused, d, d.Start, message, "no directive has such a name")
		return
	}
	k.said[d.Name] = true
	k.add(Foreign, d, d.Start, message, "stock nginx has no such directive, nor has any module that wsdoctor knows")
}

// plainName tells whether a module could have a directive of that name.
func plainName(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
}

// nearest returns the directive that a misspelt name is one or two slips away from.
func nearest(name string) string {
	if len(name) < 4 || len(name) > 64 { // the longest has 40 letters
		return ""
	}
	best, dist := "", 3
	if len(name) < 8 {
		dist = 2
	}
	for _, n := range theTable().names {
		if d := len(n) - len(name); d >= dist || -d >= dist {
			continue
		}
		if d := distance(strings.ToLower(name), n, dist); d < dist {
			best, dist = n, d
		}
	}
	return best
}

// distance is the number of letters to insert, delete, replace or swap; limit and more are all the same.
func distance(a, b string, limit int) int {
	var two []int
	prev := make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := range len(a) {
		cur := make([]int, len(b)+1)
		cur[0] = i + 1
		low := cur[0]
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			cur[j+1] = min(prev[j]+cost, prev[j+1]+1, cur[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				cur[j+1] = min(cur[j+1], two[j-1]+1)
			}
			low = min(low, cur[j+1])
		}
		if low >= limit {
			return limit
		}
		two, prev = prev, cur
	}
	return prev[len(b)]
}

func (k *checker) missingBefore(d *Directive) string {
	if len(d.Args) > 0 {
		return fmt.Sprintf("a \";\" is missing before %q, or the \"{\" is too much", d.Args[len(d.Args)-1].Text)
	}
	return "the \"{\" is too much"
}

func (k *checker) arityHint(d *Directive) string {
	var takes []string
	for _, f := range theTable().forms[d.Name] {
		for _, n := range f.counts {
			takes = append(takes, fmt.Sprint(n))
		}
		if f.min >= 0 {
			takes = append(takes, fmt.Sprintf("%d or more", f.min))
		}
	}
	return fmt.Sprintf("found %d, expected %s", len(d.Args), strings.Join(slices.Compact(takes), ", "))
}
