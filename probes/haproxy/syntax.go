package haproxy

import (
	"slices"
	"strings"

	"example.com/wsdoctor/probes"
)

var syntax = rule{
	id:    "syntax",
	title: "HAProxy can read its configuration",
	why: "At one line that it cannot read, HAProxy does not start; on a reload the old process goes on with the old configuration, so that " +
		"nothing of what was changed holds. \"haproxy -c -f FILE\" says the same. Only what is wrong in every version is said here, and " +
		"slips of the pen: a keyword that is not known may belong to a newer version.",
	source: "HAProxy configuration manual, 2.1 to 2.5; shown with 2.6",
	whole:  true,
	check: func(m *model) verdict {
		var v verdict
		for _, f := range m.cfg.Faults {
			severity := probes.Error
			if f.Maybe {
				severity = probes.Warning
			}
			v.problems = append(v.problems, Problem{Severity: severity, File: f.File, Line: f.Line, Column: f.Column, Written: f.Written, Title: f.Text, Fix: f.Fix})
		}
		v.problems = append(v.problems, m.sectionFaults()...)
		for _, s := range m.cfg.Sections {
			if !slices.Contains(proxyKinds, s.Kind) {
				continue
			}
			for _, l := range s.Lines {
				if p, bad := m.lineFault(l); bad {
					if l.Maybe && p.Severity == probes.Error {
						p.Severity = probes.Warning
					}
					v.problems = append(v.problems, p.with(l.evidence()...))
				}
			}
		}
		for _, p := range m.proxies {
			v.problems = append(v.problems, p.conditionFaults()...)
		}
		slices.SortStableFunc(v.problems, func(a, b Problem) int {
			if a.File != b.File {
				return slices.Index(m.cfg.Files, a.File) - slices.Index(m.cfg.Files, b.File)
			}
			return a.Line - b.Line
		})
		return v
	},
}

// sectionFaults judges the lines that begin sections.
func (m *model) sectionFaults() []Problem {
	var out []Problem
	first := map[string]*Section{} // by capability and name
	for _, s := range m.cfg.Sections {
		if !slices.Contains(proxyKinds, s.Kind) {
			continue
		}
		if s.From != "" && m.cfg.defaults(s.From) == nil {
			out = append(out, at(probes.Error, s.Head, probes.T("defaults section %q not found for %s %q", s.From, s.Kind, s.Name)).with(s.Head.evidence()...))
		}
		if s.Kind == "defaults" {
			continue
		}
		if s.Name == "" {
			out = append(out, at(probes.Error, s.Head, probes.T("%q expects a name", s.Kind)).with(s.Head.evidence()...))
			continue
		}
		if !s.Head.sure() {
			continue
		}
		if i := strings.IndexFunc(s.Name, func(r rune) bool { return r >= 0x80 || !nameByte(byte(r)) && !strings.ContainsRune("-.:", r) }); i >= 0 {
			out = append(out, at(probes.Error, s.Head, probes.T("character %q is not permitted in the name of %s %q", s.Name[i:i+1], s.Kind, s.Name)).with(s.Head.evidence()...))
		}
		if extra := s.Head.Word(2); extra != "" && extra != "from" {
			out = append(out, at(probes.Error, s.Head, probes.T("%q behind the name of %s %q: addresses belong into bind lines", extra, s.Kind, s.Name),
				probes.Verbatim("bind "+extra)).with(s.Head.evidence()...))
		}
		for _, side := range sides(s.Kind) {
			key := side + " " + s.Name
			if other := first[key]; other != nil && other.Kind == s.Kind {
				out = append(out, at(probes.Error, s.Head, probes.T("%s %q has the same name as the one at %s", s.Kind, s.Name, other.Head.where())).with(s.Head.evidence()...))
				break
			}
			first[key] = s
		}
	}
	return out
}

// sides are the capabilities of a section: two with the same one and the same name are not allowed.
func sides(kind string) []string {
	switch kind {
	case "frontend":
		return []string{"front"}
	case "backend":
		return []string{"back"}
	}
	return []string{"front", "back"}
}

// lineFault judges one line of a proxy.
func (m *model) lineFault(l Line) (Problem, bool) {
	word := l.Word(0)
	fault := func(column int, text probes.Text, fix ...probes.Text) (Problem, bool) {
		p := at(probes.Error, l, text, fix...)
		p.Column = column
		return p, true
	}
	column := l.Words[0].Column
	if instead, gone := removedKeywords[word]; gone {
		if m.opts.Version.before(2, 1) {
			return Problem{}, false
		}
		p := at(probes.Error, l, probes.T("%q is not supported since HAProxy 2.1, expected %q", word, instead), probes.T("# in its place: %s …", instead))
		if !m.opts.Version.Known() {
			p.Severity = probes.Warning
		}
		return p, true
	}
	switch {
	case !slices.Contains(proxyKeywords, word):
		near, ok := probes.Nearest(word, proxyKeywords)
		if section, isSection := probes.Nearest(word, sectionKinds); isSection && column == 1 && len(l.Words) < 4 {
			near, ok = section, true
		}
		if ok && len(word) > 4 && near != word {
			return fault(column, probes.T("unknown keyword %q; did you mean %q?", word, near), probes.Verbatim(near+strings.TrimPrefix(l.Raw, word)))
		}
	case l.Words[len(l.Words)-1].Text == `\` && !l.Words[len(l.Words)-1].Quoted:
		return fault(l.Words[len(l.Words)-1].Column, probes.T("a backslash at the end of a line: HAProxy knows no continuation, the next line is one of its own"))
	case word == "timeout":
		return m.timeoutFault(l, fault)
	case word == "server" && len(l.Words) < 3:
		return fault(column, probes.T("'server' expects <name> and <addr>[:<port>] as arguments"))
	case slices.Contains([]string{"bind", "default_backend", "use_backend", "mode", "balance", "option", "server-template"}, word) && len(l.Words) < 2:
		return fault(column, probes.T("%q expects an argument", word))
	case word == "mode" && l.sure() && !slices.Contains([]string{"tcp", "http", "health", "log", "spop", "haterm"}, l.Word(1)):
		return fault(l.Words[1].Column, probes.T("unknown proxy mode %q", l.Word(1)))
	case word == "hash-type" && len(l.Words) > 1 && l.sure() && l.Word(1) != "consistent" && l.Word(1) != "map-based":
		return fault(l.Words[1].Column, probes.T("'hash-type' only supports 'consistent' and 'map-based', got %q", l.Word(1)))
	case word == "use_backend" && len(l.Words) > 2 && l.Word(2) != "if" && l.Word(2) != "unless":
		return fault(l.Words[2].Column, probes.T("unexpected keyword %q after switching rule, only 'if' and 'unless' are allowed", l.Word(2)))
	}
	return Problem{}, false
}

// timeoutFault judges a line "timeout NAME TIME".
func (m *model) timeoutFault(l Line, fault func(int, probes.Text, ...probes.Text) (Problem, bool)) (Problem, bool) {
	name := l.Word(1)
	if !slices.Contains(timeoutNames, name) {
		if near, ok := probes.Nearest(name, timeoutNames); ok && name != "" {
			return fault(l.Words[1].Column, probes.T("unknown timeout %q; did you mean %q?", name, near), probes.Verbatim(strings.Replace(l.Raw, name, near, 1)))
		}
		return Problem{}, false
	}
	if len(l.Words) < 3 {
		return fault(l.Words[1].Column, probes.T("'timeout %s' expects an integer value (in milliseconds)", name))
	}
	if l.Words[2].Unsure {
		return Problem{}, false
	}
	_, rest, ok := parseTime(l.Word(2))
	switch {
	case !ok:
		return fault(l.Words[2].Column, probes.T("%q is no time, expected a whole number and one of us, ms, s, m, h, d, below 24.8 days", l.Word(2)))
	case rest != "":
		p, _ := fault(l.Words[2].Column, probes.T("%q behind the unit of %q: versions up to 2.6 ignore it, later ones do not start", rest, l.Word(2)))
		if !m.opts.Version.atLeast(2, 7) {
			p.Severity = probes.Warning
		}
		return p, true
	case len(l.Words) > 3:
		return fault(l.Words[3].Column, probes.T("unexpected extra argument %q", l.Word(3)))
	}
	return Problem{}, false
}

// conditionFaults finds names of ACLs that nobody defines.
func (p *proxy) conditionFaults() []Problem {
	var out []Problem
	for _, l := range p.own.all {
		if !slices.Contains([]string{"use_backend", "http-request", "http-response", "redirect", "use-server", "tcp-request"}, l.Word(0)) {
			continue
		}
		_, cond, _ := splitCondition(l)
		inside := false
		for _, w := range cond {
			name := strings.TrimLeft(w.Text, "!")
			switch {
			case name == "{":
				inside = true
			case name == "}":
				inside = false
			case inside || name == "" || name == "or" || name == "||" || w.Unsure || l.Maybe:
			default:
				if _, is := predefined[name]; !is && p.acls[name] == nil {
					problem := at(probes.Error, l, probes.T("no such ACL: %q", name)).with(l.evidence()...)
					problem.Column = w.Column
					out = append(out, problem)
				}
			}
		}
	}
	return out
}
