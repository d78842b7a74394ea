package model

import (
	"strings"

	"example.com/wsdoctor/probes/nginx/conf"
)

// Map is one map block.
type Map struct {
	Dir     *conf.Directive
	Source  string // what is looked up, such as $http_upgrade
	Target  string // the variable that it makes, lower case, without the $
	Entries []MapEntry
}

// MapEntry is one line of a map.
type MapEntry struct {
	Key, Value string
	Regex      *Regex // nil: compared as text
}

func newMap(d *conf.Directive) *Map {
	m := &Map{Dir: d, Source: d.Arg(0), Target: strings.ToLower(strings.TrimPrefix(d.Arg(1), "$"))}
	for _, e := range d.Block {
		if e.Name == "hostnames" || e.Name == "volatile" || e.Name == "include" || len(e.Args) == 0 {
			continue
		}
		entry := MapEntry{Key: e.Name, Value: e.Arg(0)}
		if !e.NameQuoted || strings.HasPrefix(e.Name, "~") {
			if re, ok := strings.CutPrefix(e.Name, "~*"); ok {
				entry.Regex = Compile(re, true)
			} else if re, ok := strings.CutPrefix(e.Name, "~"); ok {
				entry.Regex = Compile(re, false)
			}
		}
		m.Entries = append(m.Entries, entry)
	}
	return m
}

// Lookup returns the value for key as ngx_http_map_find does: text without regard to case, then the regexes in order,
// then default, else "". The value may hold variables.
func (m *Map) Lookup(key string) string {
	for _, e := range m.Entries {
		if e.Regex == nil && e.Key != "default" && strings.EqualFold(strings.TrimPrefix(e.Key, `\`), key) {
			return e.Value
		}
	}
	for _, e := range m.Entries {
		if e.Regex != nil && e.Regex.Match(key) != nil {
			return e.Value
		}
	}
	for _, e := range m.Entries {
		if e.Key == "default" {
			return e.Value
		}
	}
	return ""
}

// Map returns the map that makes a variable; nil where there is none.
func (m *Model) Map(variable string) *Map {
	for _, x := range m.Maps {
		if x.Target == strings.ToLower(variable) {
			return x
		}
	}
	return nil
}

// definers are the directives that make a variable, and which of their arguments names it; -1: the last one.
var definers = map[string]int{
	"set": 0, "map": 1, "geo": -1, "split_clients": 1, "auth_request_set": 0, "perl_set": 0, "js_set": 0, "js_var": 0,
	"set_by_lua": 0, "set_by_lua_block": 0, "set_by_lua_file": 0, "keyval": 1, "num_map": 1, "auth_jwt_claim_set": 0,
	"auth_jwt_header_set": 0, "set_if_empty": 0, "set_unescape_uri": 0, "set_escape_uri": 1, "set_md5": 0, "set_sha1": 0,
	"set_random": 0, "set_secure_random_alphanum": 0, "set_local_today": 0, "set_encode_base64": 0, "set_decode_base64": 0,
	"set_formatted_gmt_time": 0, "set_formatted_local_time": 0, "echo_foreach_split": 0, "session_log_zone": 0,
	"secure_link_secret": -2, "limit_conn_zone": -2,
}

// collectVars notes every variable that the configuration defines.
func (m *Model) collectVars() {
	define := func(name string, d *conf.Directive) {
		if name, ok := strings.CutPrefix(name, "$"); ok {
			name = strings.ToLower(strings.Trim(name, "{}"))
			if m.Vars[name] == nil {
				m.Vars[name] = d
			}
		}
	}
	conf.Walk(m.Conf.Top, func(d *conf.Directive) bool {
		switch i, ok := definers[d.Name]; {
		case ok && i >= 0:
			define(d.Arg(i), d)
		case ok && i == -1 && len(d.Args) > 0:
			define(d.Arg(len(d.Args)-1), d)
		}
		switch d.Name {
		case "geoip2":
			for _, e := range d.Block {
				define(e.Name, d)
			}
		case "map":
			for _, e := range d.Block {
				m.defineCaptures(e.Name, d)
			}
		case "server_name", "location", "rewrite", "if":
			for _, a := range d.Args {
				m.defineCaptures(a.Text, d)
			}
		}
		return true
	})
}

func (m *Model) defineCaptures(text string, d *conf.Directive) {
	for _, n := range captureNames(text) {
		if m.Vars[n] == nil {
			m.Vars[n] = d
		}
	}
}

// Expand replaces the variables of text by what value returns; known tells whether all of them were.
func Expand(text string, value func(name string) (string, bool)) (out string, known bool) {
	known = true
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '$' {
			b.WriteByte(text[i])
			continue
		}
		name, n := varName(text[i:])
		if name == "" {
			b.WriteByte('$')
			continue
		}
		v, ok := value(strings.ToLower(name))
		known = known && ok
		b.WriteString(v)
		i += n - 1
	}
	return b.String(), known
}

// varName reads the variable at the start of s ("$name…" or "${name}…"): its name and its width in s.
func varName(s string) (string, int) {
	braced := len(s) > 1 && s[1] == '{'
	start := 1
	if braced {
		start = 2
	}
	end := start
	for end < len(s) && isWord(s[end]) {
		end++
		if !braced && s[start] >= '1' && s[start] <= '9' {
			break // $1 is one digit
		}
	}
	if end == start {
		return "", 0
	}
	if braced {
		if end >= len(s) || s[end] != '}' {
			return "", 0
		}
		return s[start:end], end + 1
	}
	return s[start:end], end
}

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// Variables returns the names of the variables in text, lower case, in order.
func Variables(text string) []string {
	var out []string
	Expand(text, func(n string) (string, bool) {
		out = append(out, n)
		return "", true
	})
	return out
}
