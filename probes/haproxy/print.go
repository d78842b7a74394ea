package haproxy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/lint"
)

// Print turns problems into findings as the formats of lint show them, in the order of the files and their lines. One
// that several calls of Lint came to, each for a path of its own, is there once.
func Print(files []File, problems []Problem) []lint.Finding {
	order, lines := map[string]int{}, map[string][]string{}
	for i, f := range files {
		order[f.Name], lines[f.Name] = i, strings.Split(f.Text, "\n")
	}
	var out []lint.Finding
	seen := map[string]bool{}
	for _, p := range problems {
		if key := fmt.Sprint(p.ID, p.File, p.Line, p.Title); !seen[key] {
			seen[key] = true
			x := lint.Finding{ID: p.ID, Severity: p.Severity, File: p.File, Line: p.Line, Column: p.Column,
				Title: p.Title, Evidence: p.Evidence, Fix: p.Fix, Ignored: p.Ignored}
			if text := lines[p.File]; p.Line > 0 && p.Line <= len(text) {
				x.Source = strings.TrimSuffix(text[p.Line-1], "\r")
				x.Column = max(p.Column, 1+len(x.Source)-len(strings.TrimLeft(x.Source, " \t")))
				x.Width = wordAt(x.Source, x.Column)
			}
			// The line itself is shown already.
			x.Evidence = slices.DeleteFunc(slices.Clone(p.Evidence), func(e probes.Evidence) bool {
				return e.Where == fmt.Sprintf("%s:%d", p.File, p.Line) && p.Line > 0
			})
			out = append(out, x)
		}
	}
	slices.SortStableFunc(out, func(a, b lint.Finding) int {
		return cmp.Or(cmp.Compare(order[a.File], order[b.File]), cmp.Compare(a.Line, b.Line), cmp.Compare(b.Severity, a.Severity))
	})
	return out
}

// wordAt returns the length of the word that begins at a column.
func wordAt(line string, column int) int {
	rest := line[min(len(line), max(column, 1)-1):]
	if i := strings.IndexAny(rest, " \t"); i >= 0 {
		return i
	}
	return len(rest)
}

// Walks returns what happens to the handshake at each frontend that it may come by.
func Walks(o Options, a Aim, files ...File) []lint.Walk {
	m := newModel(Parse(o, files...), o, a)
	var out []lint.Walk
	for _, r := range m.routes {
		w := lint.Walk{Path: cmp.Or(a.Path, "a handshake"), What: r.front.keyword, Server: r.front.name}
		for _, l := range []Line{r.bind.line, r.by} {
			if l.File != "" {
				w.Steps = append(w.Steps, lint.WalkStep{At: l.where(), Text: probes.Verbatim(l.Raw)})
			}
		}
		if r.sure == maybe && r.by.File != "" {
			w.Doubts = append(w.Doubts, r.by.where()+": "+r.by.Raw)
		}
		w.Kind, w.End = r.end()
		out = append(out, w)
	}
	return out
}

// end says in one word and in words what becomes of the handshake.
func (r route) end() (kind string, words probes.Text) {
	switch r.ends {
	case unrouted:
		return "nowhere", probes.T("HAProxy answers 503: no backend is named")
	case dangling:
		return "nowhere", probes.T("HAProxy does not start: there is no backend %q", r.name)
	case answered:
		return "returned", probes.T("HAProxy answers it itself")
	case undecided:
		return "opaque", probes.T("the name of the backend is made at run time: %s", r.name)
	}
	var servers []string
	for _, s := range r.back.servers {
		servers = append(servers, s.line.Word(2))
	}
	if len(servers) == 0 {
		return "nowhere", probes.T("HAProxy answers 503: %q has no server", r.back.String())
	}
	return "proxied", probes.T("handed to %s: %s", r.back.String(), strings.Join(servers, ", "))
}

// Looks tells whether a text is a configuration of HAProxy, by its first line that says something: one that begins a
// section. No nginx directive ends without a semicolon or a brace.
func Looks(text string) bool {
	for line := range strings.Lines(strings.TrimPrefix(text, "\ufeff")) {
		line = strings.TrimSpace(strings.ReplaceAll(line, "\u00a0", " "))
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		if !slices.Contains(sectionKinds, words[0]) && words[0] != ".if" || strings.HasSuffix(words[len(words)-1], ";") || strings.HasSuffix(words[len(words)-1], "{") {
			return false
		}
		// "listen 80" without its semicolon is of nginx: sections are not called like ports and addresses.
		return words[0] != "listen" || len(words) > 1 && !strings.ContainsAny(words[1][:1], "0123456789[*:")
	}
	return false
}
