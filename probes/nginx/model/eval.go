package model

import (
	"strconv"
	"strings"
)

// Request is what a client asks. The zero Header is that of a WebSocket handshake.
type Request struct {
	Host   string // the Host header, with its port if not the default; "" for none
	Port   int    // that the client connects to; 0: whichever the server has
	Path   string // with its query
	Method string // "" means GET
	Header map[string]string
}

// handshake holds the headers of a WebSocket handshake, RFC 6455 section 4.1.
var handshake = map[string]string{
	"upgrade": "websocket", "connection": "Upgrade", "sec-websocket-version": "13", "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
}

func (r Request) header(name string) (string, bool) {
	name = strings.ToLower(name)
	if name == "host" {
		return r.Host, true
	}
	h := r.Header
	if h == nil {
		h = handshake
	}
	for k, v := range h {
		if strings.ToLower(k) == name {
			return v, true
		}
	}
	// What a browser, or a proxy in front, may add to a handshake is not known; any other header is not sent.
	return "", r.Header != nil || !maySend(name)
}

// maySend tells whether clients, or proxies in front of nginx, send a header that a bare handshake lacks.
func maySend(name string) bool {
	switch name {
	case "cookie", "authorization", "user-agent", "origin", "referer", "accept", "accept-language", "accept-encoding", "cf-connecting-ip", "forwarded":
		return true
	}
	return strings.HasPrefix(name, "x-")
}

// state is a request on its way through nginx.
type state struct {
	req         Request
	srv         *Server
	uri, args   string
	unparsed    string // as it came
	pristine    bool   // r->valid_unparsed_uri: the URI was not changed
	inLocation  bool   // r->valid_location: the location's prefix still fits the URI
	internal    bool
	vars        map[string]string
	known       map[string]bool
	captures    []string
	named       map[string]string // named captures
	proxyHost   string
	port        int
	tls         bool
	mapsOf      *Model
	depth       int
	unknownVars []string
}

// expand evaluates text; what it cannot know is empty, and known is false.
func (st *state) expand(text string) (string, bool) { return Expand(text, st.value) }

// value returns a variable as nginx would.
func (st *state) value(name string) (string, bool) {
	if len(name) == 1 && name[0] >= '0' && name[0] <= '9' {
		if i := int(name[0] - '0'); i < len(st.captures) {
			return st.captures[i], true
		}
		return "", true
	}
	if v, ok := st.vars[name]; ok {
		return v, st.known[name]
	}
	if v, ok := st.named[name]; ok {
		return v, true
	}
	if m := st.mapsOf.Map(name); m != nil && st.depth < 10 {
		st.depth++
		key, ok := st.expand(m.Source)
		v, vok := st.expand(m.Lookup(key))
		st.depth--
		return v, ok && vok
	}
	if h, ok := strings.CutPrefix(name, "http_"); ok {
		return st.req.header(strings.ReplaceAll(h, "_", "-"))
	}
	if a, ok := strings.CutPrefix(name, "arg_"); ok {
		for pair := range strings.SplitSeq(st.args, "&") {
			if k, v, _ := strings.Cut(pair, "="); strings.EqualFold(k, a) {
				return v, true
			}
		}
		return "", true
	}
	if d := st.mapsOf.Vars[name]; d != nil && d.Name == "set" {
		return "", true // its set was not run: left out by an if, or by a break before it
	}
	return st.builtin(name)
}

func (st *state) builtin(name string) (string, bool) {
	switch name {
	case "uri", "document_uri":
		return st.uri, true
	case "request_uri":
		return st.unparsed, true
	case "args", "query_string":
		return st.args, true
	case "is_args":
		if st.args != "" {
			return "?", true
		}
		return "", true
	case "host":
		return st.host(), true
	case "scheme":
		if st.tls {
			return "https", true
		}
		return "http", true
	case "https":
		if st.tls {
			return "on", true
		}
		return "", true
	case "server_port":
		return strconv.Itoa(st.port), st.port != 0
	case "server_name":
		if len(st.srv.Names) > 0 {
			return st.srv.Names[0], true
		}
		return "", true
	case "request_method":
		if st.req.Method != "" {
			return st.req.Method, true
		}
		return "GET", true
	case "proxy_host":
		return st.proxyHost, true
	case "server_protocol":
		return "HTTP/1.1", true
	}
	st.unknownVars = append(st.unknownVars, name)
	return "", false
}

// host is $host: the Host header in lower case without its port, else the server's first name.
func (st *state) host() string {
	h := strings.ToLower(st.req.Host)
	if i := strings.LastIndexByte(h, ':'); i > 0 && !strings.HasSuffix(h, "]") {
		h = h[:i]
	}
	if h == "" && len(st.srv.Names) > 0 {
		return st.srv.Names[0]
	}
	return strings.TrimSuffix(h, ".")
}

func (st *state) set(name, value string, known bool) {
	name = strings.ToLower(strings.TrimPrefix(name, "$"))
	if name == "args" {
		st.args = value // the one built-in that set may change
		return
	}
	st.vars[name], st.known[name] = value, known
}

// Eval evaluates text as it stands in a scope, for a request to its server, without running the rewrite directives:
// what set makes on the way is not known.
func (m *Model) Eval(sc *Scope, text string, r Request) (value string, known bool) {
	srv := m.Server(sc)
	if srv == nil {
		srv = &Server{Scope: m.HTTP}
	}
	st := &state{req: r, srv: srv, unparsed: r.Path, uri: r.Path, port: r.Port, vars: map[string]string{}, known: map[string]bool{}, mapsOf: m}
	for name, d := range m.Vars {
		if d.Name != "map" {
			st.vars[name], st.known[name] = "", false
		}
	}
	if pass := sc.Pass(); pass != nil {
		st.proxyHost = SplitTarget(pass.Arg(0)).HostHeader()
	}
	for _, l := range srv.Listens {
		st.tls = st.tls || l.TLS
	}
	return st.expand(text)
}

// Plain is the Header of a request that is no handshake.
var Plain = map[string]string{"connection": "keep-alive"}
