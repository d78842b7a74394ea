package nginx

import (
	"fmt"
	"slices"
	"strings"

	"example.com/wsdoctor/probes/nginx/conf"
	"example.com/wsdoctor/probes/nginx/model"
)

// headerSet is the proxy_set_header lines in effect at a scope.
type headerSet struct {
	model.Effect
	scope *model.Scope
}

func headersAt(sc *model.Scope) headerSet {
	return headerSet{sc.Effective("proxy_set_header"), sc}
}

// all returns the lines that set a header.
func (h headerSet) all(name string) []*conf.Directive { return setting(h.Lines, name) }

func setting(lines []*conf.Directive, name string) []*conf.Directive {
	var out []*conf.Directive
	for _, d := range lines {
		if strings.EqualFold(d.Arg(0), name) {
			out = append(out, d)
		}
	}
	return out
}

// last returns the last line that sets a header to something; nginx sends no header whose value is empty, so an empty
// line counts only where it is the only one.
func (h headerSet) last(name string) *conf.Directive {
	var out *conf.Directive
	for _, d := range h.all(name) {
		if out == nil || d.Arg(1) != "" {
			out = d
		}
	}
	return out
}

// add returns the edits that add a line to the headers in effect at the site. Where they come from a level above, its
// lines are repeated, because one line at a level drops them all.
func (h headerSet) add(pass *conf.Directive, lines ...string) []conf.Edit {
	var all []string
	if h.From != h.scope {
		for _, d := range h.Lines {
			all = append(all, rawLine(d))
		}
	}
	return insertAfter(pass, append(all, lines...)...)
}

// rawLine is a directive as written, with its semicolon.
func rawLine(d *conf.Directive) string { return d.Head() + ";" }

// insertAfter returns the edits that put directives behind d, each on a line of its own with d's indent; behind d on
// its own line where something else follows it there.
func insertAfter(d *conf.Directive, lines ...string) []conf.Edit {
	f := d.File
	end := d.End
	full := lineRest(f, end)
	rest := strings.TrimSpace(full)
	inline := rest != "" && !strings.HasPrefix(rest, "#") || len(full) == maxRest
	at, nl := end, "\n"
	if !inline {
		at = end + len(full)
		if at > 0 && at <= len(f.Src) && at > end && f.Src[at-1] == '\r' {
			at--
			nl = "\r\n"
		}
	}
	var out []conf.Edit
	for _, l := range lines {
		text := nl + f.Indent(d.Start) + l
		if inline {
			text = " " + l
		}
		out = append(out, conf.Edit{File: f, Start: at, End: at, Text: text})
	}
	return out
}

// maxRest is how much of a line is looked at behind a directive: a file of one line is looked at for each of its
// directives.
const maxRest = 4096

// lineRest returns what stands between offset and the end of its line, maxRest bytes at most.
func lineRest(f *conf.File, offset int) string {
	end := offset
	for end < len(f.Src) && f.Src[end] != '\n' && end < offset+maxRest {
		end++
	}
	return string(f.Src[offset:end])
}

// insertBefore returns the edit that puts text, with its line end, on lines of their own before d.
func insertBefore(d *conf.Directive, text string) conf.Edit {
	at := d.File.LineStart(d.Start)
	if strings.TrimSpace(string(d.File.Src[at:d.Start])) != "" {
		at = d.Start // d shares its line
	}
	return conf.Edit{File: d.File, Start: at, End: at, Text: text}
}

// replaceArg returns the edit that writes argument i of d anew; where d lacks it, behind what it has.
func replaceArg(d *conf.Directive, i int, text string) conf.Edit {
	if i < 0 || i >= len(d.Args) {
		end := d.NameEnd
		if n := len(d.Args); n > 0 {
			end = d.Args[n-1].End
		}
		return conf.Edit{File: d.File, Start: end, End: end, Text: " " + text}
	}
	return conf.Edit{File: d.File, Start: d.Args[i].Start, End: d.Args[i].End, Text: text}
}

// remove returns the edit that takes a directive out, with its line where it stands alone there.
func remove(d *conf.Directive) conf.Edit {
	f := d.File
	start, end := d.Start, d.End
	lineStart := f.LineStart(start)
	rest := lineRest(f, end)
	if strings.TrimSpace(string(f.Src[lineStart:start])) == "" && strings.TrimSpace(rest) == "" {
		start, end = lineStart, end+len(rest)
		if end < len(f.Src) {
			end++
		}
	}
	return conf.Edit{File: f, Start: start, End: end}
}

// connectionValue returns what Connection should be set to, and the edit that defines the map for it where there is
// none yet: the variable of a map from $http_upgrade; a word where no map can be added, in a fragment of a server.
func (in *Input) connectionValue() (value string, edits []conf.Edit, mapLines []string) {
	for _, m := range in.Model.Maps {
		if m.Source == "$http_upgrade" && strings.EqualFold(m.Lookup("websocket"), "upgrade") && m.Lookup("") != "upgrade" {
			return "$" + m.Target, nil, nil
		}
	}
	name := "connection_upgrade"
	if in.Model.Vars[name] != nil {
		name = "websocket_connection" // the usual name is taken by something else
	}
	edit, ok := in.mapEdit(name)
	if !ok {
		return `"upgrade"`, nil, nil
	}
	return "$" + name, []conf.Edit{edit}, append([]string{aboveServers}, upgradeMap(name)...)
}

// aboveServers says where lines belong that nginx takes in the http block alone.
const aboveServers = "# in http { }, outside of every server"

// upgradeMap is nginx's own recommendation, https://nginx.org/en/docs/http/websocket.html.
func upgradeMap(name string) []string {
	return []string{"map $http_upgrade $" + name + " {", "    default upgrade;", "    ''      close;", "}"}
}

// mended returns the edits that write a map from $http_upgrade anew; nil for any other map.
func mended(m *model.Map) []conf.Edit {
	if m == nil || m.Source != "$http_upgrade" || m.Dir == nil {
		return nil
	}
	indent := m.Dir.File.Indent(m.Dir.Start)
	text := strings.Join(upgradeMap(m.Target), "\n"+indent)
	return []conf.Edit{{File: m.Dir.File, Start: m.Dir.Start, End: m.Dir.End, Text: text}}
}

// ate tells whether a directive that lacks its ; in sc or above has swallowed the given words, so that a rule about
// their lack has nothing to add to swallowed-directive.
func (in *Input) ate(sc *model.Scope, words ...string) bool {
	for _, p := range in.Conf.Problems {
		if p.Kind != conf.Swallowed {
			continue
		}
		i := slices.Index(p.Directive.Texts(), words[0])
		if i < 0 || len(words) > 1 && !strings.EqualFold(p.Directive.Arg(i+1), words[1]) {
			continue
		}
		for at := sc; at != nil; at = at.Parent {
			if at.Dir == p.Directive.Parent {
				return true
			}
		}
	}
	return false
}

// mapEdit returns the edit that defines the map before the first server.
func (in *Input) mapEdit(name string) (conf.Edit, bool) {
	if len(in.Model.Servers) == 0 || in.Model.Servers[0].Scope.Dir == nil {
		return conf.Edit{}, false
	}
	d := in.Model.Servers[0].Scope.Dir
	indent := d.File.Indent(d.Start)
	var b strings.Builder
	for _, l := range upgradeMap(name) {
		fmt.Fprintf(&b, "%s%s\n", indent, l)
	}
	return insertBefore(d, b.String()), true
}

// unsureNote is evidence for what could not be read.
func unsureNote(f Finding, unsure []*conf.Directive) Finding {
	for _, d := range unsure {
		f = f.saw(d)
	}
	return f
}

// anchor is the directive at which something missing is to be added: where the headers of the upgrade are set, if that
// is above the site, so that one place mends all; else the site's proxy_pass.
func (in *Input) anchor(s Site) *conf.Directive {
	h := headersAt(s.Scope)
	if h.From != nil && h.From != s.Scope && in.intends(h.Lines, s.Scope) {
		if d := h.last("upgrade"); d != nil {
			return d
		}
		if d := h.last("connection"); d != nil {
			return d
		}
	}
	return s.Pass
}

// mapOf returns the map behind a value that is a single variable.
func (in *Input) mapOf(value string) *model.Map {
	if vars := model.Variables(value); len(vars) == 1 {
		return in.Model.Map(vars[0])
	}
	return nil
}

// drops tells whether the lines of sc keep the headers of an upgrade away that the levels above set.
func (in *Input) drops(sc *model.Scope) bool {
	h := headersAt(sc)
	if h.From == nil || len(h.all("upgrade")) > 0 && len(h.all("connection")) > 0 {
		return false
	}
	above := h.Above("proxy_set_header")
	if len(setting(above.Lines, "upgrade")) == 0 && len(setting(above.Lines, "connection")) == 0 || !in.intends(above.Lines, sc) {
		return false
	}
	return len(h.all("upgrade")) == 0 && len(setting(above.Lines, "upgrade")) > 0 ||
		len(h.all("connection")) == 0 && len(setting(above.Lines, "connection")) > 0
}

// dropped tells whether header-inheritance already says why the site lacks its headers.
func (in *Input) dropped(s Site) bool { return s.Scope.Level == conf.Location && in.drops(s.Scope) }

// insertFirst returns the edit that puts a line at the beginning of a block.
func insertFirst(block *conf.Directive, line string) []conf.Edit {
	if len(block.Block) == 0 {
		return nil
	}
	for _, d := range block.Block {
		if d.File == block.File {
			if block.File.Place(d.Start).Line == block.File.Place(block.Open).Line {
				return []conf.Edit{{File: block.File, Start: d.Start, End: d.Start, Text: line + " "}}
			}
			return []conf.Edit{insertBefore(d, block.File.Indent(d.Start)+line+"\n")}
		}
	}
	return nil
}
