// Package model turns a parsed nginx configuration into what is in effect: which directives reach a location, which
// server and location a request reaches, and what the upstream is asked. It follows ngx_http_core_module,
// ngx_http_rewrite_module and ngx_http_proxy_module of nginx 1.22 to 1.29.
//
// It models http only, not stream or mail. It asks neither the file system nor a resolver: a walk takes every file
// that try_files looks for as absent and says so. Lua, njs and perl are opaque to it.
package model

import (
	"strings"

	"example.com/wsdoctor/probes/nginx/conf"
)

// Scope is a block whose directives are in effect for requests: http, server, location, if, limit_except.
type Scope struct {
	Level    conf.Level
	Dir      *conf.Directive // nil: the level that a fragment was cut from
	Parent   *Scope
	Children []*Scope // locations and ifs, in the order of the file
	List     []*conf.Directive

	Mod  string // of a location: "", "=", "^~", "~", "~*" or "@"
	Name string // of a location: the prefix, the regex, or the name behind the @
	re   *Regex

	own        map[string][]*conf.Directive
	unresolved []*conf.Directive
	server     *Server // that it lies in; nil for http and main
}

// Model is a configuration ready to be asked.
type Model struct {
	Conf      *conf.Config
	Main      *Scope // directives outside of http; empty for a fragment
	Events    *Scope // nil where there is none
	HTTP      *Scope
	Servers   []*Server
	Upstreams []*Upstream
	Maps      []*Map
	Vars      map[string]*conf.Directive // variables that the configuration defines, by lower-case name, and where
	Modern    bool                       // nginx 1.29.7 or later: HTTP/1.1 with kept connections to backends by default
	All       []*Scope                   // HTTP and every scope below it, in the order of the file

	upstreams map[string]*Upstream // by lower-case name
}

// New builds the model of a configuration.
func New(c *conf.Config) *Model {
	m := &Model{Conf: c, Vars: map[string]*conf.Directive{}, upstreams: map[string]*Upstream{}}
	m.Main = newScope(conf.Main, nil, nil)
	var http []*conf.Directive
	switch c.Level {
	case conf.Main:
		m.Main.take(c.Top)
		for _, h := range conf.Find(c.Top, "http") {
			http = append(http, h.Block...)
			if m.HTTP == nil {
				m.HTTP = newScope(conf.HTTP, h, m.Main)
			}
		}
		for _, e := range conf.Find(c.Top, "events") {
			m.Events = newScope(conf.Events, e, m.Main)
			m.Events.take(e.Block)
		}
	case conf.HTTP:
		http = c.Top
	}
	if m.HTTP == nil {
		m.HTTP = newScope(conf.HTTP, nil, m.Main)
	}
	m.HTTP.take(http)
	m.All = append(m.All, m.HTTP)
	switch c.Level {
	case conf.Server, conf.Location:
		s := m.addServer(nil, nil)
		if c.Level == conf.Server {
			m.fill(s.Scope, c.Top, s)
			break
		}
		loc := newScope(conf.Location, nil, s.Scope)
		loc.Name = "/"
		s.Scope.Children = append(s.Scope.Children, loc)
		m.All = append(m.All, s.Scope, loc)
		m.fillChildren(loc, c.Top, s)
	case conf.Events:
		m.Events = newScope(conf.Events, nil, m.Main)
		m.Events.take(c.Top)
	case conf.Upstream:
		m.addUpstream(newUpstream(nil, c.Top))
	}
	if c.Level != conf.Main {
		m.takeMixed(c)
	}
	blocks := http
	if c.Level == conf.Server || c.Level == conf.Location {
		blocks = c.Top // pasted pieces of several levels: maps and upstreams count wherever they stand
	}
	for _, d := range blocks {
		if d.Data {
			continue
		}
		switch d.Name {
		case "server":
			if d.HasBlock {
				s := m.addServer(d, d.Block)
				m.fill(s.Scope, d.Block, s)
			}
		case "upstream":
			if d.HasBlock {
				m.addUpstream(newUpstream(d, d.Block))
			}
		case "map":
			m.Maps = append(m.Maps, newMap(d))
		}
	}
	m.collectVars()
	return m
}

// takeMixed makes a server of the locations at the top of a fragment of http: text that was pasted from several
// places of a page.
func (m *Model) takeMixed(c *conf.Config) {
	if c.Level != conf.HTTP {
		return
	}
	var list []*conf.Directive
	for _, d := range c.Top {
		if d.Name == "location" && d.HasBlock {
			list = append(list, d)
		}
	}
	if len(list) > 0 {
		s := m.addServer(nil, nil)
		m.fill(s.Scope, list, s)
	}
}

func newScope(l conf.Level, d *conf.Directive, parent *Scope) *Scope {
	return &Scope{Level: l, Dir: d, Parent: parent, own: map[string][]*conf.Directive{}}
}

// take notes the directives that stand in the scope itself.
func (s *Scope) take(list []*conf.Directive) {
	s.List = append(s.List, list...)
	for _, d := range list {
		if d.Data || d.Name == "" {
			continue
		}
		s.own[d.Name] = append(s.own[d.Name], d)
		if d.Unresolved != "" && mayHoldProxy(d.Arg(0)) {
			s.unresolved = append(s.unresolved, d)
		}
	}
}

// mayHoldProxy tells whether a file of that name may set something about proxying: the files that nginx and its
// packages ship for other ends do not.
func mayHoldProxy(name string) bool {
	base := strings.ToLower(name[strings.LastIndexByte(name, '/')+1:])
	for _, no := range []string{"mime.types", "fastcgi", "uwsgi_params", "scgi_params", "koi-", "win-utf", "ssl", "tls", "letsencrypt", "acl", "server_name"} {
		if strings.Contains(base, no) {
			return false
		}
	}
	return true
}

func (m *Model) addServer(d *conf.Directive, list []*conf.Directive) *Server {
	s := &Server{Scope: newScope(conf.Server, d, m.HTTP)}
	s.Scope.server = s
	m.HTTP.Children = append(m.HTTP.Children, s.Scope)
	m.Servers = append(m.Servers, s)
	return s
}

func (m *Model) fill(sc *Scope, list []*conf.Directive, srv *Server) {
	m.All = append(m.All, sc)
	m.fillChildren(sc, list, srv)
	srv.finish()
}

func (m *Model) fillChildren(sc *Scope, list []*conf.Directive, srv *Server) {
	sc.take(list)
	sc.server = srv
	for _, d := range list {
		if d.Data || !d.HasBlock {
			continue
		}
		var child *Scope
		switch d.Name {
		case "location":
			child = newScope(conf.Location, d, sc)
			child.Mod, child.Name = locationName(d)
			if child.Mod == "~" || child.Mod == "~*" {
				child.re = Compile(child.Name, child.Mod == "~*")
			}
			if child.Mod == "@" {
				srv.Named = append(srv.Named, child)
			}
		case "if":
			l := conf.LocationIf
			if sc.Level == conf.Server {
				l = conf.ServerIf
			}
			child = newScope(l, d, sc)
		case "limit_except":
			child = newScope(conf.LimitExcept, d, sc)
		default:
			continue
		}
		sc.Children = append(sc.Children, child)
		m.All = append(m.All, child)
		m.fillChildren(child, d.Block, srv)
	}
}

// locationName splits the arguments of a location into modifier and name; the modifier may be glued to the name.
func locationName(d *conf.Directive) (mod, name string) {
	if len(d.Args) >= 2 {
		return d.Arg(0), d.Arg(1)
	}
	name = d.Arg(0)
	for _, mod := range []string{"=", "^~", "~*", "~", "@"} {
		if rest, ok := strings.CutPrefix(name, mod); ok {
			return mod, rest
		}
	}
	return "", name
}

// Title returns the location as written, such as `location ^~ /ws/`.
func (s *Scope) Title() string {
	if s.Dir != nil {
		return s.Dir.Head()
	}
	switch s.Level {
	case conf.Location:
		return "location (of this fragment)"
	case conf.Server:
		return "server (of this fragment)"
	}
	return string(s.Level)
}

// Own returns the directives of a name that stand in the scope itself.
func (s *Scope) Own(name string) []*conf.Directive { return s.own[name] }

// Missing returns the includes in the scope itself that could not be read and may set something about proxying.
func (s *Scope) Missing() []*conf.Directive { return s.unresolved }

// In tells whether s is outer or lies inside it.
func (s *Scope) In(outer *Scope) bool {
	for ; s != nil; s = s.Parent {
		if s == outer {
			return true
		}
	}
	return false
}

// Effect is what of one directive is in effect at a scope.
type Effect struct {
	From   *Scope            // the level that it comes from; nil: nginx's default
	Lines  []*conf.Directive // as that level has them
	Unsure []*conf.Directive // includes between the scope and From that could not be read and may set it
}

// Last returns the directive that wins where a level may have one only; nil for nginx's default.
func (e Effect) Last() *conf.Directive {
	if len(e.Lines) == 0 {
		return nil
	}
	return e.Lines[len(e.Lines)-1]
}

// Text returns the first argument of Last, or def.
func (e Effect) Text(def string) string {
	if d := e.Last(); d != nil {
		return d.Arg(0)
	}
	return def
}

// Effective returns what of a directive is in effect at s: what the nearest level that has it says, and nothing of the
// levels above. That is nginx's rule for single values and for lists such as proxy_set_header alike.
func (s *Scope) Effective(name string) Effect {
	var e Effect
	for at := s; at != nil; at = at.Parent {
		e.Unsure = append(e.Unsure, at.unresolved...)
		if lines := at.own[name]; len(lines) > 0 {
			e.From, e.Lines = at, lines
			return e
		}
	}
	return e
}

// Above returns what would be in effect at s if s itself and the levels up to From had none of it.
func (e Effect) Above(name string) Effect {
	if e.From == nil || e.From.Parent == nil {
		return Effect{}
	}
	return e.From.Parent.Effective(name)
}

// Server returns the server that s lies in; nil for http and main.
func (m *Model) Server(s *Scope) *Server {
	if s == nil {
		return nil
	}
	return s.server
}
