package haproxy

import (
	"slices"
	"strings"
)

// route is one way that the handshake can take from a frontend.
type route struct {
	front *proxy
	bind  bind // by which it came; the zero bind where the frontend has none
	entry bool // the bind is on a port that the clients are known to come by
	back  *proxy
	name  string // of the backend, also where there is none of that name
	by    Line   // the line that sends it there; the zero Line: no line does
	sure  truth  // yes: this is where it goes; maybe: it may
	ends  ending
}

// ending says what becomes of the handshake.
type ending int

const (
	toBackend ending = iota
	unrouted         // no backend: HAProxy answers 503
	dangling         // the backend that is named does not exist
	answered         // HAProxy answers it on its own: a redirect, a denial
	undecided        // the name of the backend is made at run time
)

// walk follows the handshake from each frontend by which it may come.
func (m *model) walk() []route {
	entries, known := m.entries()
	var out []route
	for _, e := range entries {
		for _, r := range m.from(e.p, e.b) {
			r.entry = known
			out = append(out, r)
		}
		if len(out) > maxRoutes {
			return out[:maxRoutes]
		}
	}
	return out
}

type entry struct {
	p *proxy
	b bind
}

// entries returns the binds that take connections to the clients' port. Where none certainly does, every frontend
// that sends somewhere is one, and sure is false.
func (m *model) entries() (out []entry, sure bool) {
	ports := m.aim.entryPorts()
	var hit, all []entry
	for _, p := range m.proxies {
		if !p.front || p.pageOnly() {
			continue
		}
		taken := false
		for _, b := range p.binds {
			if b.local {
				continue
			}
			if !taken {
				all = append(all, entry{p, b})
				taken = true
			}
			if slices.ContainsFunc(ports, func(port int) bool { return b.takes(port) == yes }) {
				hit = append(hit, entry{p, b})
			}
		}
	}
	if len(hit) > 0 {
		return hit, true
	}
	return all, len(all) == 1 && len(m.unknownBinds()) == 1 // what else could take them
}

// unknownBinds returns the binds whose port cannot be told.
func (m *model) unknownBinds() []bind {
	var out []bind
	for _, p := range m.proxies {
		for _, b := range p.binds {
			if !b.known && !b.local {
				out = append(out, b)
			}
		}
	}
	return out
}

// pageOnly tells whether a section serves HAProxy's own pages and nothing else: statistics, metrics.
func (p *proxy) pageOnly() bool {
	if len(p.servers) > 0 {
		return false
	}
	page := false
	for l := range p.kind("use_backend", "default_backend", "stats", "http-request", "monitor-uri") {
		switch {
		case l.Is("use_backend"), l.Is("default_backend"):
			return false
		case l.Is("stats"), l.Is("http-request", "use-service"), l.Is("http-request", "return"), l.Is("monitor-uri"):
			page = true
		}
	}
	return page
}

// from follows the handshake through one frontend: its own rules first, then use_backend in order, then
// default_backend, then the servers of a listen section (manual, "use_backend").
func (m *model) from(p *proxy, b bind) []route { return m.follow(p, b, m.request(p, b)) }

// fromPlain follows a request that asks for no upgrade.
func (m *model) fromPlain(p *proxy, b bind) []route {
	r := m.request(p, b)
	r.plain = true
	return m.follow(p, b, r)
}

func (m *model) follow(p *proxy, b bind, r request) []route {
	base := route{front: p, bind: b}
	if l, t := m.answer(p, &r); t != no {
		end := base
		end.by, end.sure, end.ends = l, t, answered
		if t == yes {
			return []route{end}
		}
	}
	certain := yes
	var out []route
	for l := range p.kind("use_backend") {
		t := p.holds(l, r)
		if t == no {
			continue
		}
		words, _, _ := splitCondition(l)
		out = append(out, m.to(base, words[min(1, len(words)-1)], l, certain.and(t), r)...)
		if t == yes {
			return out
		}
		certain = maybe
	}
	last := base
	last.sure = certain
	l, found, sure := p.last("default_backend")
	switch {
	case found && len(l.Words) > 1:
		if !sure {
			certain = maybe
		}
		return append(out, m.to(base, l.Words[1], l, certain, r)...)
	case p.back && (len(p.servers) > 0 || len(out) == 0):
		return append(out, m.into(last, p, r)...)
	}
	last.ends = unrouted
	return append(out, last)
}

// to makes the route to a backend by its name.
func (m *model) to(base route, name Word, by Line, sure truth, r request) []route {
	base.name, base.by, base.sure = name.Text, by, sure
	if name.Unsure || strings.Contains(name.Text, "%[") {
		base.ends, base.sure = undecided, maybe
		return []route{base}
	}
	back := m.backend(name.Text)
	if back == nil {
		base.ends = dangling
		return []route{base}
	}
	return m.into(base, back, r)
}

// into follows the handshake into a backend, whose own rules may answer it.
func (m *model) into(base route, back *proxy, r request) []route {
	base.back, base.name = back, back.name
	if back != base.front {
		r.parsed = back.mode == "http" || r.parsed
		if l, t := m.answer(back, &r); t == yes {
			base.by, base.ends = l, answered
		}
	}
	return []route{base}
}

// request is the handshake as it comes in by a bind.
func (m *model) request(p *proxy, b bind) request {
	r := request{host: m.aim.Host, path: m.aim.Path, query: m.aim.Query, tls: known(b.tls), parsed: p.mode == "http", left: &m.testsLeft}
	switch {
	case b.known && b.from == b.to:
		r.port = b.from
	case b.takes(m.aim.Port) == yes:
		r.port = m.aim.Port
	}
	if b.line.File == "" {
		r.tls = maybe
	}
	return r
}

// final are the actions of an http-request rule that answer the request.
var final = []string{"deny", "redirect", "reject", "return", "silent-drop", "tarpit", "use-service", "auth"}

// rewriting are those after which the path is not the client's any more.
var rewriting = []string{"set-path", "set-pathq", "set-query", "set-uri", "replace-path", "replace-pathq", "replace-uri", "normalize-uri"}

// answer returns the rule by which a proxy answers the handshake itself, and whether it does. What the rules change of
// the request is noted in r.
func (m *model) answer(p *proxy, r *request) (Line, truth) {
	if p.mode != "http" {
		return Line{}, no
	}
	var candidate Line
	result, reached := no, yes
	for l := range p.kind("http-request") {
		t := reached.and(p.holds(l, *r))
		if t == no {
			continue
		}
		switch name := actionName(l); {
		case slices.Contains(final, name):
			if t == yes {
				return l, yes
			}
			if result == no {
				candidate, result = l, maybe
			}
		case name == "allow":
			if t == yes {
				reached = no
			} else {
				reached = maybe
			}
		case slices.Contains(rewriting, name):
			r.rewritten = true
		case strings.HasSuffix(name, "-header"), name == "replace-value":
			r.changed(l)
		}
	}
	for _, kind := range []string{"redirect", "block"} {
		for l := range p.kind(kind) {
			if t := p.holds(l, *r); t == yes {
				return l, yes
			} else if t == maybe && result == no {
				candidate, result = l, maybe
			}
		}
	}
	if l, found, sure := p.last("monitor-uri"); found && sure && r.path != "" && l.Word(1) == r.path {
		return l, yes
	}
	return candidate, result
}

// changed notes what a rule that changes headers leaves of what is known.
func (r *request) changed(l Line) {
	header := strings.ToLower(l.Word(2))
	switch {
	case header == "host":
		r.host = ""
	case header == "upgrade", header == "connection", strings.HasPrefix(header, "sec-websocket-"), l.Word(3) == "-m":
		r.headersSet = true
	}
}

// backends returns each backend that the handshake can reach, with the routes to it, in the order of the file.
func (m *model) backends() []reached { return m.reached }

func (m *model) reach() []reached {
	var out []reached
	index := map[*proxy]int{}
	for _, r := range m.routes {
		if r.ends != toBackend || m.nodesElsewhere(r.back) {
			continue // the backend of the web pages: that the handshake may go there is path-not-routed's to say
		}
		i, ok := index[r.back]
		if !ok {
			i = len(out)
			index[r.back] = i
			out = append(out, reached{back: r.back})
		}
		out[i].routes = append(out[i].routes, r)
	}
	return out
}

// reached is a backend with the ways to it.
type reached struct {
	back   *proxy
	routes []route
}

// sure tells whether the handshake certainly comes here by one of the ways, from a port that is the clients'.
func (r reached) sure() bool {
	return slices.ContainsFunc(r.routes, func(w route) bool { return w.sure == yes && w.entry })
}

// fronts returns the frontends from which it is reached.
func (r reached) fronts() []*proxy {
	var out []*proxy
	seen := map[*proxy]bool{}
	for _, w := range r.routes {
		if !seen[w.front] {
			seen[w.front] = true
			out = append(out, w.front)
		}
	}
	return out
}
