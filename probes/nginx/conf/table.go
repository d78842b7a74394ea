package conf

import (
	_ "embed"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Level is a place in which directives stand.
type Level string

// The levels, as directives.txt spells them. Any is the level of data blocks and of blocks that are not known.
const (
	Main        Level = "main"
	Events      Level = "events"
	HTTP        Level = "http"
	Server      Level = "server"
	Location    Level = "location"
	Upstream    Level = "upstream"
	ServerIf    Level = "server-if"
	LocationIf  Level = "if"
	LimitExcept Level = "limit-except"
	Stream      Level = "stream"
	StreamSrv   Level = "stream-server"
	StreamUps   Level = "stream-upstream"
	Mail        Level = "mail"
	MailSrv     Level = "mail-server"
	Any         Level = ""
)

// directives.txt lists what nginx's modules declare (ngx_command_t): name, arguments, levels, versions. Arguments are
// the allowed numbers, "n+", "flag" (on or off) or "expr"; a trailing { means that a block follows.
//
//go:embed directives.txt
var directivesText string

// foreign.txt lists directives of modules that stock nginx is built without, and the module.
//
//go:embed foreign.txt
var foreignText string

// form is one way in which a directive may be used.
type form struct {
	levels       []Level
	counts       []int // allowed numbers of arguments
	min          int   // at least so many; -1: see counts
	flag, expr   bool
	block        bool
	since, until Version // the zero Version: no bound
}

type table struct {
	forms   map[string][]form
	foreign map[string]string
	names   []string
}

var theTable = sync.OnceValue(func() *table {
	t := &table{forms: make(map[string][]form, 800), foreign: map[string]string{}}
	for line := range strings.Lines(directivesText) {
		cols := strings.Split(strings.TrimSpace(line), "\t")
		if len(cols) < 3 {
			continue
		}
		f := parseForm(cols[1])
		for l := range strings.SplitSeq(cols[2], ",") {
			f.levels = append(f.levels, Level(l))
		}
		if len(cols) > 3 {
			if v, ok := strings.CutPrefix(cols[3], "since="); ok {
				f.since, _ = ParseVersion(v)
			}
			if v, ok := strings.CutPrefix(cols[3], "until="); ok {
				f.until, _ = ParseVersion(v)
			}
		}
		if t.forms[cols[0]] == nil {
			t.names = append(t.names, cols[0])
		}
		t.forms[cols[0]] = append(t.forms[cols[0]], f)
	}
	for line := range strings.Lines(foreignText) {
		module, names, _ := strings.Cut(strings.TrimSpace(line), ":")
		for n := range strings.FieldsSeq(names) {
			t.foreign[n] = module
		}
	}
	return t
})

func parseForm(spec string) form {
	f := form{min: -1}
	spec, f.block = strings.CutSuffix(spec, "{")
	for part := range strings.SplitSeq(spec, ",") {
		switch {
		case part == "flag":
			f.flag, f.counts = true, append(f.counts, 1)
		case part == "expr":
			f.expr, f.min = true, 1
		case strings.HasSuffix(part, "+"):
			f.min, _ = strconv.Atoi(strings.TrimSuffix(part, "+"))
		default:
			n, _ := strconv.Atoi(part)
			f.counts = append(f.counts, n)
		}
	}
	return f
}

func (f form) takes(n int) bool { return f.min >= 0 && n >= f.min || slices.Contains(f.counts, n) }

// Known tells whether stock nginx, of whatever version, has a directive of that name.
func Known(name string) bool { return theTable().forms[name] != nil }

// Module names the module that a directive needs which stock nginx lacks; "" where none is known.
func Module(name string) string {
	t := theTable()
	if m := t.foreign[name]; m != "" && t.forms[name] == nil {
		return m
	}
	if isLua(name) {
		return "lua-nginx-module (OpenResty)"
	}
	return ""
}

// AllowedIn tells whether a directive of that name may stand at a level; unknown ones may stand everywhere.
func AllowedIn(name string, l Level) bool {
	fs := theTable().forms[name]
	return fs == nil || l == Any || slices.ContainsFunc(fs, func(f form) bool { return slices.Contains(f.levels, l) })
}

// isLua tells whether the block of a directive is Lua source.
func isLua(name string) bool { return strings.HasSuffix(name, "_by_lua_block") }

// isData tells whether the entries of a block are data, not directives.
func isData(name string) bool {
	switch name {
	case "map", "num_map", "types", "geo", "geoip2", "split_clients", "charset_map", "match", "otel_exporter", "keyval", "js_preload_object", "session_log_zone":
		return true
	}
	return false
}

// inside returns the level inside a block that stands at a level.
func inside(name string, at Level) Level {
	switch name {
	case "events":
		return Events
	case "http":
		return HTTP
	case "stream":
		return Stream
	case "mail":
		return Mail
	case "location":
		return Location
	case "limit_except":
		return LimitExcept
	case "server":
		switch at {
		case Stream:
			return StreamSrv
		case Mail:
			return MailSrv
		}
		return Server
	case "upstream":
		if at == Stream {
			return StreamUps
		}
		return Upstream
	case "if":
		if at == Server || at == ServerIf {
			return ServerIf
		}
		return LocationIf
	}
	return Any
}

// LevelOf returns the level at which d itself stands, given the level of the file's top.
func LevelOf(d *Directive, top Level) Level {
	if d.Parent == nil {
		return top
	}
	return inside(d.Parent.Name, LevelOf(d.Parent, top))
}
