package model

import (
	"strconv"
	"strings"

	"example.com/wsdoctor/probes/nginx/conf"
)

// flow is what the rewrite directives of one level came to.
type flow struct {
	changed bool // the URI changed: the location is looked for anew
	stop    bool // break, last or return: no further directive of this level
	answer  *Outcome
}

// rewrites runs set, if, rewrite, return and break of a scope in their order, as ngx_http_rewrite_module does.
func (w *walker) rewrites(sc *Scope) flow {
	var f flow
	ifs := 0
	for _, d := range sc.List {
		switch d.Name {
		case "set":
			v, known := w.expand(d.Arg(1))
			w.set(d.Arg(0), v, known)
			w.note(d, "$%s is %s", strings.TrimPrefix(d.Arg(0), "$"), shown(v, known))
		case "if":
			inner := nth(sc, ifs)
			ifs++
			yes, known := w.condition(d)
			if !known {
				w.note(d, "%s depends on what is not known here; taken as false", d.Head())
				w.doubt(d)
			}
			if !yes || inner == nil {
				continue
			}
			w.note(d, "%s holds", d.Head())
			if sc.Level != conf.Server && sc.Level != conf.ServerIf {
				w.scope = inner
			}
			g := w.rewrites(inner)
			f.changed = f.changed || g.changed
			if g.stop {
				f.stop, f.answer = true, g.answer
				if !g.changed {
					f.changed = false
				}
				return f
			}
		case "rewrite":
			g := w.rewrite(d)
			if g.stop && !g.changed {
				f.changed = false
			}
			f.changed = f.changed || g.changed
			if g.stop {
				f.stop, f.answer = true, g.answer
				return f
			}
		case "return":
			f.stop, f.answer = true, w.returned(d)
			return f
		case "break":
			if f.changed {
				w.inLocation, f.changed = false, false
			}
			f.stop = true
			return f
		}
	}
	return f
}

// nth returns the if scope number i directly below sc.
func nth(sc *Scope, i int) *Scope {
	for _, c := range sc.Children {
		if c.Level == conf.LocationIf || c.Level == conf.ServerIf {
			if i == 0 {
				return c
			}
			i--
		}
	}
	return nil
}

func shown(v string, known bool) string {
	if !known {
		return "not known here"
	}
	return strconv.Quote(v)
}

// rewrite runs one rewrite directive.
func (w *walker) rewrite(d *conf.Directive) flow {
	re := Compile(d.Arg(0), false)
	if !re.Known() {
		w.note(d, "the regex %s cannot be evaluated here; taken as no match", d.Arg(0))
		w.doubt(d)
		return flow{}
	}
	m := re.Match(w.uri)
	if m == nil {
		return flow{}
	}
	w.capture(m, re.Names())
	repl, flag := d.Arg(1), d.Arg(2)
	v, known := w.expand(repl)
	if !known {
		w.doubt(d)
	}
	args := w.args
	path, query, hasQuery := strings.Cut(v, "?")
	switch {
	case hasQuery && query == "":
		args = ""
	case hasQuery && args != "":
		args = query + "&" + args
	case hasQuery:
		args = query
	}
	code := map[string]int{"redirect": 302, "permanent": 301}[flag]
	if code == 0 && (strings.HasPrefix(repl, "http://") || strings.HasPrefix(repl, "https://") || strings.HasPrefix(repl, "$scheme")) {
		code = 302
	}
	if code != 0 {
		if args != "" {
			path += "?" + args
		}
		w.note(d, "rewrite answers %d to %s", code, path)
		return flow{stop: true, answer: &Outcome{Kind: Redirect, Status: code, To: path, By: d}}
	}
	w.uri, w.args = path, args
	w.pristine, w.internal = false, true
	w.note(d, "the URI becomes %s", w.uri)
	switch flag {
	case "last":
		return flow{changed: true, stop: true}
	case "break":
		w.inLocation = false
		return flow{stop: true}
	}
	return flow{changed: true}
}

// capture takes over what a regex matched.
func (w *walker) capture(m, names []string) {
	w.captures = m
	for i, n := range names {
		if n != "" && i < len(m) {
			w.named[strings.ToLower(n)] = m[i]
		}
	}
}

// returned runs one return directive.
func (w *walker) returned(d *conf.Directive) *Outcome {
	code, err := strconv.Atoi(d.Arg(0))
	text, _ := w.expand(d.Arg(1))
	if err != nil { // return URL is a 302
		code = 302
		text, _ = w.expand(d.Arg(0))
	}
	out := &Outcome{Kind: Returned, Status: code, By: d}
	switch code {
	case 301, 302, 303, 307, 308:
		if text != "" {
			out.Kind, out.To = Redirect, text
		}
	}
	w.note(d, "nginx itself answers %d %s", code, out.To)
	return out
}

// condition evaluates an if; what cannot be known is false and not known.
func (w *walker) condition(d *conf.Directive) (yes, known bool) {
	var words []string
	for i, a := range d.Texts() {
		if i == 0 {
			a = strings.TrimPrefix(a, "(")
		}
		if i == len(d.Args)-1 {
			a = strings.TrimSuffix(a, ")")
		}
		if a != "" {
			words = append(words, a)
		}
	}
	switch {
	case len(words) == 0:
		return false, false
	case strings.HasPrefix(words[0], "-") || strings.HasPrefix(words[0], "!-"):
		// A file test: no file is there, so only its negation holds.
		return strings.HasPrefix(words[0], "!"), true
	}
	left, known := w.expand(words[0])
	if len(words) == 1 {
		return left != "" && left != "0", known
	}
	op, right := words[1], ""
	if len(words) > 2 {
		right = words[2]
	}
	switch op {
	case "=", "!=":
		want, ok := w.expand(right)
		return (left == want) == (op == "=") && known && ok, known && ok
	case "~", "~*", "!~", "!~*":
		re := Compile(right, strings.HasSuffix(op, "*"))
		m := re.Match(left)
		if m != nil && op[0] == '~' {
			w.capture(m, re.Names())
		}
		known = known && re.Known()
		return (m != nil) == (op[0] == '~') && known, known
	}
	return false, false
}
