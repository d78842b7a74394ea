package model

import (
	"strconv"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/nginx/conf"
)

// Kind says how a request ends.
type Kind int

// The ways in which a request ends.
const (
	Nowhere  Kind = iota // no server, or a loop
	Proxied              // handed to a backend by proxy_pass
	Gateway              // handed to a backend that is not spoken to in HTTP/1: fastcgi_pass, grpc_pass …
	Redirect             // 301, 302, 303, 307, 308 with a Location
	Returned             // any other answer of nginx itself
	Static               // looked for on disk
	Opaque               // answered by a module that is not modelled: Lua, njs, stub_status …
)

func (k Kind) String() string {
	return [...]string{"nowhere", "proxied", "gateway", "redirect", "returned", "static", "opaque"}[k]
}

// MarshalText writes the kind's name.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// Step is one thing that nginx does with a request.
type Step struct {
	At   conf.Place // zero: nginx's own doing
	Text probes.Text
}

// Outcome is where a request ends.
type Outcome struct {
	Kind     Kind
	Server   *Server
	Location *Scope // nil: answered before a location was looked for
	Scope    *Scope // Location, or the if inside it that is in effect
	Status   int
	To       string          // of a Redirect: its Location header
	By       *conf.Directive // what answers: return, rewrite, proxy_pass, try_files, root …; nil: nginx itself

	Scheme      string    // of the upstream
	Address     string    // host or host:port, as proxy_pass has it
	Upstream    *Upstream // nil: a host by name or address
	UpstreamURI string
	Exact       bool // Address and UpstreamURI were evaluated without guessing
	Headers     []Header
	Version     string // of HTTP towards the backend, such as "1.0"

	Slash  bool              // a Redirect that only adds the slash
	Steps  []Step            // the walk
	Doubts []*conf.Directive // what could not be evaluated on the way
}

// Header is one header that the backend receives from nginx.
type Header struct {
	Name, Value string
	Known       bool            // Value was evaluated
	By          *conf.Directive // nil: nginx's default
}

// limits of a walk.
const (
	maxRewrites = 10 // nginx answers 500 after so many changes of the URI (NGX_HTTP_MAX_URI_CHANGES)
	maxJumps    = 10 // the same for internal redirects
)

type walker struct {
	state
	m      *Model
	scope  *Scope
	steps  []Step
	doubts []*conf.Directive
	jumps  int
	failed bool // an error_page is being followed; nginx follows one only
	quiet  bool // neither steps nor headers are asked for
}

// Walk takes a request to its end, in the server that nginx chooses for its port and host.
func (m *Model) Walk(r Request) Outcome {
	srv := m.FindServer(r.Port, strings.TrimSuffix(hostOnly(r.Host), "."))
	if srv == nil {
		return Outcome{Kind: Nowhere, Steps: []Step{{Text: probes.T("no server listens on port %d", r.Port)}}}
	}
	return m.WalkIn(srv, r)
}

func hostOnly(h string) string {
	if i := strings.LastIndexByte(h, ':'); i > 0 && !strings.HasSuffix(h, "]") {
		return h[:i]
	}
	return h
}

// WalkIn takes a request to its end in a given server. Files that try_files looks for are taken as absent.
func (m *Model) WalkIn(srv *Server, r Request) Outcome { return m.walkIn(srv, r, false) }

// ReachIn is WalkIn without Steps and Headers, for a question that is asked often.
func (m *Model) ReachIn(srv *Server, r Request) Outcome { return m.walkIn(srv, r, true) }

func (m *Model) walkIn(srv *Server, r Request, quiet bool) Outcome {
	w := &walker{m: m, quiet: quiet, state: state{
		req: r, srv: srv, unparsed: r.Path, pristine: true, port: r.Port,
		vars: map[string]string{}, known: map[string]bool{}, named: map[string]string{}, mapsOf: m,
	}}
	for _, l := range srv.Listens {
		// Where a server takes both, the WebSocket clients of a page over https come by TLS.
		if r.Port == 0 && (w.port == 0 || l.TLS && !w.tls) {
			w.port, w.tls = l.Port, l.TLS
		}
		w.tls = w.tls || l.TLS && l.Port == w.port
	}
	path, args, _ := strings.Cut(r.Path, "?")
	w.args = args
	uri, err := normalise(path, srv.Scope.Effective("merge_slashes").Text("on") != "off")
	w.note(srv.Scope.Dir, "server %s", srv.Title())
	out := Outcome{Kind: Returned, Status: 400}
	if err == nil {
		w.uri = uri
		if re := w.nameMatch(); re != nil {
			w.capture(re.Match(hostOnly(r.Host)), re.Names())
		}
		out = w.run()
	} else {
		w.note(nil, "%v: nginx answers 400", err)
	}
	out.Server, out.Steps, out.Doubts = srv, w.steps, w.doubts
	if out.Scope == nil && w.scope != nil && w.scope.Level != conf.Server {
		out.Scope = w.scope
	}
	for at := out.Scope; at != nil && out.Location == nil; at = at.Parent {
		if at.Level == conf.Location {
			out.Location = at
		}
	}
	return out
}

// nameMatch returns the regex server_name that the host matches.
func (w *walker) nameMatch() *Regex {
	for _, n := range w.srv.Names {
		if re := w.srv.res[n]; re != nil && re.Match(hostOnly(w.req.Host)) != nil {
			return re
		}
	}
	return nil
}

func (w *walker) note(at *conf.Directive, format string, args ...any) {
	if w.quiet {
		return
	}
	s := Step{Text: probes.T(format, args...)}
	if at != nil {
		s.At = at.Place()
	}
	w.steps = append(w.steps, s)
}

func (w *walker) doubt(d *conf.Directive) { w.doubts = append(w.doubts, d) }

// run is a request or internal redirect from the server's rewrite directives on.
func (w *walker) run() Outcome {
	w.inLocation = true
	w.scope = w.srv.Scope
	if f := w.rewrites(w.srv.Scope); f.answer != nil {
		return w.errorPage(*f.answer)
	}
	return w.find()
}

// find looks for the location of the URI, runs its rewrite directives and starts over where they change the URI.
func (w *walker) find() Outcome {
	for range maxRewrites + 1 {
		at, _ := locate(w.srv.Scope, w.uri, w.note, w.doubt)
		if at.captures != nil {
			w.capture(at.captures, at.names)
		}
		w.scope = at.scope
		if at.scope.Level == conf.Server {
			w.note(w.srv.Scope.Dir, "no location matches %s", w.uri)
		}
		if by := at.scope.Effective("internal").Last(); by != nil && !w.internal { // nested locations inherit it
			w.note(at.scope.Dir, "%s is internal: nginx answers 404", at.scope.Title())
			return w.errorPage(Outcome{Kind: Returned, Status: 404, By: by})
		}
		if at.redirect != "" {
			to := at.redirect
			if w.args != "" {
				to += "?" + w.args
			}
			return Outcome{Kind: Redirect, Status: 301, To: to, Slash: true, Scope: at.scope}
		}
		if at.scope.Level == conf.Server {
			return w.content()
		}
		if out, again := w.inside(); !again {
			return out
		}
	}
	w.note(nil, "the URI was changed more than %d times: nginx answers 500", maxRewrites)
	return Outcome{Kind: Nowhere, Status: 500}
}

// inside runs the rewrite directives of the location that was found and, if they leave the URI alone, its content.
func (w *walker) inside() (out Outcome, again bool) {
	f := w.rewrites(w.scope)
	switch {
	case f.answer != nil:
		return w.errorPage(*f.answer), false
	case f.changed:
		return Outcome{}, true
	}
	return w.content(), false
}

// content runs try_files and then whatever answers.
func (w *walker) content() Outcome {
	// An if that holds drops the try_files around it (https://www.nginx.com/resources/wiki/start/topics/depth/ifisevil/).
	if try := w.scope.Own("try_files"); len(try) > 0 {
		if out, done := w.tryFiles(try[0]); done {
			return out
		}
	}
	if pass := w.scope.Pass(); pass != nil && w.scope.Level != conf.Server {
		if pass.Name == "proxy_pass" {
			return w.proxy(pass)
		}
		w.note(pass, "%s hands the request on", pass.Head())
		return Outcome{Kind: Gateway, Address: pass.Arg(0), By: pass}
	}
	for _, d := range w.scope.List {
		if answersItself(d.Name) {
			w.note(d, "%s answers", d.Name)
			return Outcome{Kind: Opaque, By: d}
		}
	}
	by := w.scope.Effective("alias").Last()
	if by == nil || len(w.scope.Own("alias")) == 0 {
		by = w.scope.Effective("root").Last()
	}
	if by != nil {
		w.note(by, "%s: nginx looks for %s on disk", by.Head(), w.uri)
	} else {
		w.note(nil, "nothing answers here: nginx looks for %s below its default root", w.uri)
	}
	static := Outcome{Kind: Static, By: by, Scope: w.scope}
	if w.uri == "/" {
		return static // the root itself is there
	}
	// The file is taken as absent, and error_page 404 = @backend is an old way to say try_files.
	if out := w.errorPage(Outcome{Kind: Returned, Status: 404, By: by}); out.Kind == Proxied {
		return out
	}
	return static
}

// answersItself tells whether a directive makes its module answer the request.
func answersItself(name string) bool {
	switch name {
	case "stub_status", "empty_gif", "content_by_lua", "content_by_lua_block", "content_by_lua_file", "js_content", "perl", "echo",
		"flv", "mp4", "hls", "api", "status", "dav_methods", "push_stream_subscriber", "nchan_subscriber", "nchan_pubsub", "rtmp", "check_status":
		return true
	}
	return strings.HasPrefix(name, "content_by_lua")
}

// tryFiles goes to the last argument of try_files, as if no file were there; the root alone is taken as a folder.
func (w *walker) tryFiles(d *conf.Directive) (Outcome, bool) {
	if len(d.Args) == 0 {
		return Outcome{}, false
	}
	if w.uri == "/" {
		for _, a := range d.Args[:len(d.Args)-1] {
			if v, known := w.expand(a.Text); known && strings.HasSuffix(a.Text, "/") && strings.Trim(v, "/") == "" {
				w.note(d, "try_files finds the folder itself")
				return Outcome{}, false
			}
		}
	}
	last := d.Args[len(d.Args)-1].Text
	w.note(d, "try_files: no file taken as there, so %s", last)
	if code, ok := strings.CutPrefix(last, "="); ok {
		n, _ := strconv.Atoi(code)
		return w.errorPage(Outcome{Kind: Returned, Status: n, By: d}), true
	}
	return w.jump(last, d), true
}

// jump is an internal redirect to a URI or to a named location.
func (w *walker) jump(to string, by *conf.Directive) Outcome {
	if w.jumps++; w.jumps > maxJumps {
		w.note(by, "redirected internally more than %d times: nginx answers 500", maxJumps)
		return Outcome{Kind: Nowhere, Status: 500, By: by}
	}
	w.internal = true
	if name, ok := strings.CutPrefix(to, "@"); ok {
		for _, n := range w.srv.Named {
			if n.Name == name {
				w.scope = n
				w.note(n.Dir, "%s", n.Title())
				if out, again := w.inside(); !again {
					return out
				}
				return w.find()
			}
		}
		w.note(by, "there is no location @%s: nginx answers 500", name)
		return Outcome{Kind: Nowhere, Status: 500, By: by}
	}
	v, known := w.expand(to)
	if !known {
		w.doubt(by)
	}
	w.uri, w.args, _ = strings.Cut(v, "?")
	w.pristine = false
	w.note(by, "internal redirect to %s", v)
	return w.run()
}

// errorPage follows the error_page for an answer of nginx itself.
func (w *walker) errorPage(out Outcome) Outcome {
	if out.Kind != Returned || w.failed || out.Status < 300 {
		return out
	}
	for _, d := range w.scope.Effective("error_page").Lines {
		n := len(d.Args) - 1
		for i := range n {
			if d.Arg(i) != strconv.Itoa(out.Status) {
				continue
			}
			to := d.Arg(n)
			if !strings.HasPrefix(to, "/") && !strings.HasPrefix(to, "@") {
				return out
			}
			w.failed = true
			w.note(d, "error_page takes the %d to %s", out.Status, to)
			return w.jump(to, d)
		}
	}
	return out
}
