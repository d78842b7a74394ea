package nginx

import (
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/nginx/conf"
	"example.com/wsdoctor/probes/nginx/model"
)

var uriRewrite = Rule{
	ID:    "nginx/uri-rewrite",
	Title: "the backend is asked for the path that was meant",
	Why:   "proxy_pass with a URI puts it in place of the location's name, character by character: a slash on one side only doubles or loses one. With a variable in it, the URI is sent as it is: path and arguments of the request are gone unless they are named",
	Docs:  "https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_pass",
	Check: func(in *Input) []Finding {
		var out []Finding
		for _, s := range in.sites {
			if s.Scope.Level != conf.Location {
				continue
			}
			if f, ok := in.rewritten(s); ok {
				out = append(out, f)
			}
		}
		return append(out, in.lostCaptures()...)
	},
}

func (in *Input) rewritten(s Site) (Finding, bool) {
	t := model.SplitTarget(s.Pass.Arg(0))
	name := s.Scope.Name
	prefix := s.Scope.Mod == "" || s.Scope.Mod == "^~"
	asked, _, _ := strings.Cut(s.Path, "?")
	deeper := len(asked) > len(name) // the path that clients use goes on behind the location's name
	sev := in.grade(s, probes.Warning, nil)
	if deeper {
		sev = in.grade(s, probes.Error, nil)
	}
	switch {
	case strings.Contains(s.Pass.Arg(0), "$"):
		return in.variableURI(s)
	case t.HasURI && prefix && strings.HasSuffix(t.URI, "/") && !strings.HasSuffix(name, "/") && t.URI != "/":
		want := strings.TrimSuffix(s.Pass.Arg(0), "/")
		f := at(s.Pass, sev, probes.T("a request for %q reaches the backend as %q: the slash stands on one side only", name+"/chat", t.URI+"/chat"))
		return f.with("proxy_pass " + want + ";").edit(replaceArg(s.Pass, 0, want)), true
	case t.HasURI && prefix && t.URI == "/" && !strings.HasSuffix(name, "/") && name != "":
		if !deeper {
			sev = probes.Info // the name itself becomes /, which is often all that is asked
		}
		f := at(s.Pass, min(sev, probes.Warning), probes.T("a request for %q reaches the backend as %q, with two slashes: the slash stands on one side only", name+"/chat", "//chat"))
		return f.with("location "+name+"/ {", "# or, to keep the path as it was asked: proxy_pass "+strings.TrimSuffix(s.Pass.Arg(0), "/")+";"), true
	case t.HasURI && prefix && !strings.HasSuffix(t.URI, "/") && strings.HasSuffix(name, "/"):
		want := s.Pass.Arg(0) + "/"
		f := at(s.Pass, sev, probes.T("a request for %q reaches the backend as %q: the slash at the end of the location has none to match in proxy_pass", name+"chat", t.URI+"chat"))
		return f.with("proxy_pass " + want + ";").edit(replaceArg(s.Pass, 0, want)), true
	case !t.HasURI && prefix && len(strings.Trim(name, "/")) > 0 && !specific(name) && len(s.Scope.Own("rewrite")) == 0:
		f := at(s.Pass, probes.Info, probes.T("the backend is asked for the path as it came, such as %q; where it serves its WebSocket at / alone, the prefix has to go", name))
		return f.with("proxy_pass "+strings.TrimSuffix(s.Pass.Arg(0), "/")+"/;", "# with a location that ends in a slash: location "+strings.TrimSuffix(name, "/")+"/ {"), true
	}
	return in.changed(s)
}

// changed says what the backend is asked where that is not what the client asked. That is mostly meant so: advice,
// but for Socket.IO, whose servers serve /socket.io/ themselves.
func (in *Input) changed(s Site) (Finding, bool) {
	if s.Path == "" || !model.SplitTarget(s.Pass.Arg(0)).HasURI && len(s.Scope.Own("rewrite")) == 0 && len(s.Scope.Own("if")) == 0 && len(s.Server.Scope.Own("rewrite")) == 0 {
		return Finding{}, false // nothing here changes a URI
	}
	o, ok := in.reach(s, s.Path+"?a=1")
	if !ok || o.Kind != model.Proxied || o.Location != s.Scope || !o.Exact || o.UpstreamURI == s.Path+"?a=1" {
		return Finding{}, false
	}
	asked, _, _ := strings.Cut(o.UpstreamURI, "?")
	if strings.Contains(s.Path, "socket.io") && !strings.Contains(asked, "socket.io") {
		f := at(s.Pass, in.grade(s, probes.Warning, nil), probes.T("a request for %q reaches the backend as %q; Socket.IO serves /socket.io/ itself", s.Path, asked))
		return f.with("proxy_pass " + strings.TrimSuffix(s.Pass.Arg(0), model.SplitTarget(s.Pass.Arg(0)).URI) + ";"), true
	}
	return at(s.Pass, probes.Info, probes.T("a request for %q reaches the backend as %q", s.Path, asked)), true
}

// specific tells whether a path is one that servers of a known protocol serve themselves.
func specific(name string) bool {
	for _, p := range []string{"socket.io", "sockjs", "signalr", "hub", "cable", "engine.io", "mqtt", "faye", "api", "xmpp"} {
		if strings.Contains(strings.ToLower(name), p) {
			return true
		}
	}
	return false
}

// variableURI judges a proxy_pass with variables, whose URI nginx sends as it stands.
func (in *Input) variableURI(s Site) (Finding, bool) {
	raw := s.Pass.Arg(0)
	i := strings.Index(raw, "://")
	if i < 0 {
		return Finding{}, false
	}
	_, uri, has := strings.Cut(raw[i+3:], "/")
	if !has {
		if vars := model.Variables(raw); len(vars) > 0 && strings.HasSuffix(raw, "$uri") {
			uri, has = "$uri", true
		}
		if !has {
			return Finding{}, false // no URI: nginx sends what was asked, or a variable that is not known here holds it
		}
	}
	vars := model.Variables("/" + uri)
	carries := false // something of the request's path
	query := false   // its arguments
	for _, v := range vars {
		switch v {
		case "request_uri":
			carries, query = true, true
		case "args", "query_string":
			query = true
		case "uri", "document_uri":
			carries = true
		case "is_args":
		default:
			carries = true
			// A variable that the configuration makes may hold arguments too, but not what a location's regex captures.
			d := in.Model.Vars[v]
			query = query || d != nil && d.Name != "location" && d.Name != "server_name"
		}
	}
	sev := in.grade(s, probes.Error, nil)
	exact := s.Scope.Mod == "="
	fixed := strings.TrimSuffix(raw, "/")
	switch {
	case !carries && !exact && s.Scope.Mod != "@" && len(vars) == 0 && strings.TrimRight(uri, "/") == "":
		want := raw[:len(raw)-len(uri)-1] + "$request_uri"
		f := at(s.Pass, sev, probes.T("every request reaches the backend as %q: proxy_pass holds a variable, so nginx sends its URI as it stands", "/"+uri))
		return f.with("proxy_pass " + want + ";").edit(replaceArg(s.Pass, 0, want)), true
	case !carries && !exact && s.Scope.Mod != "@":
		want := fixed + "$is_args$args"
		f := at(s.Pass, min(sev, probes.Warning), probes.T("every request reaches the backend as %q: proxy_pass holds a variable, so nginx adds neither path nor arguments", "/"+uri))
		return f.with("proxy_pass " + want + ";"), true
	case !query && !strings.Contains(uri, "?"):
		want := raw + "$is_args$args"
		f := at(s.Pass, sev, probes.T("the arguments of the request are lost: proxy_pass holds a variable, so nginx sends %q and nothing after it", "/"+uri))
		return f.with("proxy_pass " + want + ";").edit(replaceArg(s.Pass, 0, want)), true
	}
	return Finding{}, false
}

// lostCaptures reports a location that takes a part of the path into variables, changes the path into that of a
// WebSocket location, and whose variables nothing uses: the part is lost.
func (in *Input) lostCaptures() []Finding {
	var out []Finding
	for _, sc := range in.Model.All {
		if sc.Level != conf.Location || sc.Mod != "~" && sc.Mod != "~*" || len(sc.Own("rewrite")) == 0 {
			continue
		}
		rw := sc.Own("rewrite")[0]
		if strings.Contains(rw.Arg(1), "$") || !in.servesSite(sc, rw.Arg(1)) {
			continue
		}
		used, first := false, (*conf.Directive)(nil)
		for _, set := range sc.Own("set") {
			if len(model.Variables(set.Arg(1))) == 0 {
				continue
			}
			if first == nil || strings.Contains(set.Arg(0), "prefix") {
				first = set
			}
			used = used || in.uses(strings.ToLower(strings.TrimPrefix(set.Arg(0), "$")))
		}
		if first == nil || used {
			continue
		}
		out = append(out, at(first, probes.Warning, probes.T("%s is set from the path and nothing uses it: %s rewrites to %q, and that part of the path is lost", first.Arg(0), sc.Title(), rw.Arg(1))).
			saw(rw).with("# in the location of "+rw.Arg(1)+", append it: proxy_pass http://…"+rw.Arg(1)+"?prefix="+first.Arg(0)+"&$args;"))
	}
	return out
}

// servesSite tells whether a rewrite's target is the path of a site in the same server.
func (in *Input) servesSite(sc *model.Scope, path string) bool {
	for _, s := range in.sites {
		if s.Server == in.Model.Server(sc) && s.Scope.Name == path && in.intent(s.Scope) {
			return true
		}
	}
	return false
}

// uses tells whether any directive reads a variable.
func (in *Input) uses(name string) bool {
	found := false
	conf.Walk(in.Conf.Top, func(d *conf.Directive) bool {
		for i, a := range d.Args {
			if d.Name == "set" && i == 0 {
				continue
			}
			for _, v := range model.Variables(a.Text) {
				found = found || v == name
			}
		}
		return !found
	})
	return found
}
