package nginx

import (
	"regexp"
	"slices"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/nginx/conf"
	"example.com/wsdoctor/probes/nginx/model"
)

// Site is a place at which WebSocket handshakes are handed on, or are meant to be.
type Site struct {
	Server *model.Server
	Scope  *model.Scope
	Pass   *conf.Directive // its proxy_pass
	Path   string          // a path that reaches it; "" where none is known
	Named  bool            // Path was named by the caller or the settings
	Sure   bool            // it is named, sets headers of the upgrade, or is called like a WebSocket path
	Out    *model.Outcome  // of walking Path; nil where there is none
}

// Reach is where a path that was named ends in one server.
type Reach struct {
	Path string
	Out  model.Outcome
}

var (
	wsName    = regexp.MustCompile(`(?i)websocket|socket\.?io|sockjs|signalr|engine\.io|(^|[^a-z0-9])(wss?|cable|socket|mqtt|stomp|primus|faye)([^a-z0-9]|$)|notifications/hub|[a-z]ws/?$`)
	wsComment = regexp.MustCompile(`(?i)\bweb-?sockets?\b|\bwss?://|socket\.io`)
)

// findSites collects the sites: where the named paths lead, every location that sets headers of the upgrade, and
// those that are called like a WebSocket path.
func (in *Input) findSites() {
	in.siteOf = map[*model.Scope]int{}
	in.walkPaths()
	for _, sc := range in.Model.All {
		if sc.Level != conf.Location && sc.Level != conf.LocationIf {
			continue
		}
		pass := ownPass(sc)
		if pass == nil || sc.Effective("internal").Last() != nil || in.siteAt(sc) != nil {
			continue
		}
		srv := in.Model.Server(sc)
		switch {
		case in.intent(sc):
			in.addSite(Site{Server: srv, Scope: sc, Pass: pass, Path: pathOf(sc), Sure: true})
		case wsName.MatchString(sc.Name) && sc.Level == conf.Location:
			in.addSite(Site{Server: srv, Scope: sc, Pass: pass, Path: pathOf(sc), Sure: true})
		case in.calledWebSocket(sc, pass):
			in.addSite(Site{Server: srv, Scope: sc, Pass: pass, Path: pathOf(sc)})
		}
	}
}

// ownPass returns the proxy_pass of the scope itself.
func ownPass(sc *model.Scope) *conf.Directive {
	if own := sc.Own("proxy_pass"); len(own) > 0 {
		return own[len(own)-1]
	}
	return nil
}

func (in *Input) siteAt(sc *model.Scope) *Site {
	if i, ok := in.siteOf[sc]; ok {
		return &in.sites[i]
	}
	return nil
}

func (in *Input) addSite(s Site) {
	in.siteOf[s.Scope] = len(in.sites)
	in.sites = append(in.sites, s)
}

// pathOf returns a path that a prefix or exact location was written for.
func pathOf(sc *model.Scope) string {
	if sc.Level == conf.Location && strings.HasPrefix(sc.Name, "/") && (sc.Mod == "" || sc.Mod == "=" || sc.Mod == "^~") {
		return sc.Name
	}
	return ""
}

// walkPaths takes each named path through each server. A path that some server hands on with headers of the upgrade is
// served there; the other servers then answer for something else.
func (in *Input) walkPaths() {
	for _, path := range in.Paths {
		var all, covered, proxied []Reach
		for _, srv := range in.Model.Servers {
			out := in.walkNamed(srv, path)
			r := Reach{path, out}
			all = append(all, r)
			if out.Kind == model.Proxied {
				proxied = append(proxied, r)
				if in.intent(out.Scope) {
					covered = append(covered, r)
				}
			}
		}
		in.reaches = append(in.reaches, all...)
		use := covered
		if len(use) == 0 {
			use = in.onWebSocketPorts(proxied)
		}
		for _, r := range use {
			out := r.Out
			if s := in.siteAt(out.Scope); s == nil {
				in.addSite(Site{out.Server, out.Scope, out.By, path, true, true, &out})
			}
		}
	}
}

// walkNamed takes a path through a server under each of its names: one of them may only send elsewhere.
func (in *Input) walkNamed(srv *model.Server, path string) model.Outcome {
	first := in.Model.WalkIn(srv, model.Request{Host: hostFor(srv), Path: path})
	for _, n := range srv.Names {
		if first.Kind == model.Proxied || strings.ContainsAny(n, "~*_") || n == "" {
			continue
		}
		if out := in.Model.WalkIn(srv, model.Request{Host: strings.TrimPrefix(n, "."), Path: path}); out.Kind == model.Proxied {
			return out
		}
	}
	return first
}

// onWebSocketPorts keeps those whose server listens on a forwarding port of the settings, if any does.
func (in *Input) onWebSocketPorts(all []Reach) []Reach {
	if in.Cluster == nil {
		return all
	}
	on := slices.DeleteFunc(slices.Clone(all), func(r Reach) bool {
		return !slices.ContainsFunc(r.Out.Server.Ports(), func(p int) bool { return slices.Contains(in.Cluster.WebSocket.ForwardingPorts, p) })
	})
	if len(on) > 0 {
		return on
	}
	return all
}

// hostFor returns a host that a server answers to.
func hostFor(srv *model.Server) string {
	for _, n := range srv.Names {
		switch {
		case strings.HasPrefix(n, "~") || n == "_" || n == "":
		case strings.HasPrefix(n, "*."):
			return "www" + n[1:]
		case strings.HasPrefix(n, "."):
			return n[1:]
		case strings.HasSuffix(n, ".*"):
			return strings.TrimSuffix(n, "*") + "example"
		default:
			return n
		}
	}
	return "localhost"
}

// intent tells whether the headers in effect at sc are meant for an upgrade: Upgrade is set to something, or Connection
// to the word upgrade.
func (in *Input) intent(sc *model.Scope) bool {
	return in.intends(sc.Effective("proxy_set_header").Lines, sc)
}

func (in *Input) intends(lines []*conf.Directive, sc *model.Scope) bool {
	for _, d := range lines {
		switch strings.ToLower(d.Arg(0)) {
		case "upgrade":
			if d.Arg(1) != "" {
				return true
			}
		case "connection":
			v, known := in.Model.Eval(sc, d.Arg(1), model.Request{})
			if hasToken(v, "upgrade") && !strings.Contains(d.Arg(1), "$http_connection") || !known && strings.Contains(strings.ToLower(d.Arg(1)), "upgrade") {
				return true
			}
		}
	}
	return false
}

// calledWebSocket tells whether the upstream's name or a comment at the location speaks of WebSocket.
func (in *Input) calledWebSocket(sc *model.Scope, pass *conf.Directive) bool {
	if t := model.SplitTarget(pass.Arg(0)); wsName.MatchString(t.Host) || wsName.MatchString(t.URI) {
		return true
	}
	if sc.Dir == nil {
		return false
	}
	first, last := sc.Dir.Place().Line, sc.Dir.File.Place(min(sc.Dir.End, len(sc.Dir.File.Src))).Line
	for _, c := range sc.Dir.File.Comments {
		line := sc.Dir.File.Place(c.Start).Line
		if line >= first-1 && line <= last && wsComment.MatchString(c.Text) {
			return true
		}
	}
	return false
}

// hasToken tells whether a comma-separated header value holds a token.
func hasToken(value, token string) bool {
	for t := range strings.SplitSeq(value, ",") {
		if strings.EqualFold(strings.TrimSpace(t), token) {
			return true
		}
	}
	return false
}

// grade is the severity of a fault at a site: sev where it is sure that the site carries WebSocket and that nothing
// unread could mend it.
func (in *Input) grade(s Site, sev probes.Severity, unsure []*conf.Directive) probes.Severity {
	switch {
	case len(unsure) > 0:
		return probes.Info
	case s.Named:
		return sev
	case len(in.Paths) > 0:
		return probes.Info // the caller said which paths are WebSocket paths, and this is not one of them
	case !s.Sure:
		return min(sev, probes.Warning)
	case !wsName.MatchString(s.Scope.Name) && in.half(s.Scope) && in.someWhole():
		return probes.Info // half a set of headers beside a whole one elsewhere: rather a leftover than the WebSocket path
	}
	return sev
}

// half tells whether only one of Upgrade and Connection is meant for an upgrade.
func (in *Input) half(sc *model.Scope) bool {
	h := headersAt(sc)
	return (h.last("upgrade") == nil) != (h.last("connection") == nil)
}

// someWhole tells whether some site has both of Upgrade and Connection, or neither.
func (in *Input) someWhole() bool {
	if in.whole == 0 {
		in.whole = -1
		if slices.ContainsFunc(in.sites, func(o Site) bool { return !in.half(o.Scope) }) {
			in.whole = 1
		}
	}
	return in.whole > 0
}

// prepared returns the lines by which a location makes ready for an upgrade: the headers that it sets for one, or its
// own proxy_http_version beside headers from above.
func (in *Input) prepared(sc *model.Scope) []*conf.Directive {
	if sc.Level != conf.Location {
		return nil
	}
	if own := sc.Own("proxy_set_header"); in.intends(own, sc) {
		return own
	}
	if in.intent(sc) {
		return sc.Own("proxy_http_version")
	}
	return nil
}

// leadsOn tells whether requests of sc, or of something inside it, are handed on or sent elsewhere.
func leadsOn(sc *model.Scope) bool {
	if sc.Pass() != nil || len(sc.Own("return")) > 0 || len(sc.Own("rewrite")) > 0 {
		return true
	}
	for _, d := range sc.List {
		if d.Name == "try_files" && len(d.Args) > 0 && !strings.HasPrefix(d.Arg(len(d.Args)-1), "=") || conf.Module(d.Name) != "" || strings.HasPrefix(d.Name, "error_page") {
			return true
		}
	}
	for _, c := range sc.Children {
		if leadsOn(c) {
			return true
		}
	}
	return false
}
