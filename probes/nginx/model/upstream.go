package model

import (
	"net"
	"slices"
	"strconv"
	"strings"

	"example.com/wsdoctor/probes/nginx/conf"
)

// Upstream is one upstream block.
type Upstream struct {
	Dir     *conf.Directive // nil for a fragment that is the inside of one
	Name    string
	Servers []Backend
	Method  *conf.Directive // ip_hash, hash, least_conn, random, sticky …; nil: round robin
	List    []*conf.Directive
	Missing bool // an include inside could not be read
}

// Backend is one server line of an upstream.
type Backend struct {
	Dir    *conf.Directive
	Host   string // "unix:…" for a socket
	Port   int    // 0 for a socket
	Params []string
}

// Has tells whether the line carries a parameter, such as "backup" or "down".
func (b Backend) Has(param string) bool { return slices.Contains(b.Params, param) }

// Param returns the value of a parameter such as max_fails=3.
func (b Backend) Param(name string) (string, bool) {
	for _, p := range b.Params {
		if v, ok := strings.CutPrefix(p, name+"="); ok {
			return v, true
		}
	}
	return "", false
}

// methods are the directives of an upstream that choose the server.
var methods = []string{"ip_hash", "hash", "least_conn", "least_time", "random", "sticky", "fair", "session_sticky", "least_time_ext"}

func newUpstream(d *conf.Directive, list []*conf.Directive) *Upstream {
	u := &Upstream{Dir: d, List: list}
	if d != nil {
		u.Name = d.Arg(0)
	}
	for _, c := range list {
		switch {
		case c.Unresolved != "":
			u.Missing = true
		case slices.Contains(methods, c.Name):
			// sticky goes with a method of its own and decides before it.
			if u.Method == nil || c.Name == "sticky" {
				u.Method = c
			}
		case c.Name == "server" && len(c.Args) > 0:
			host, port := hostPort(c.Arg(0), 80)
			u.Servers = append(u.Servers, Backend{c, host, port, c.Texts()[1:]})
		}
	}
	return u
}

// hostPort splits an address; the port may be missing.
func hostPort(addr string, def int) (string, int) {
	if strings.HasPrefix(addr, "unix:") {
		return addr, 0
	}
	if host, port, err := net.SplitHostPort(addr); err == nil {
		if p, err := strconv.Atoi(port); err == nil {
			return host, p
		}
	}
	return strings.Trim(addr, "[]"), def
}

// Sticky tells whether a client keeps its server: by its address, a hash or a cookie.
func (u *Upstream) Sticky() bool {
	if u.Method == nil {
		return false
	}
	switch u.Method.Name {
	case "ip_hash", "sticky", "session_sticky":
		return true
	case "hash":
		// What differs from request to request spreads the requests of one client.
		return !slices.ContainsFunc(Variables(u.Method.Arg(0)), func(v string) bool {
			return slices.Contains([]string{"request_id", "connection", "msec", "request_uri", "uri", "args", "query_string", "remote_port", "pid"}, v)
		})
	}
	return false
}

// Active returns the servers that get clients in normal times: neither backup nor down.
func (u *Upstream) Active() []Backend {
	return slices.DeleteFunc(slices.Clone(u.Servers), func(b Backend) bool { return b.Has("backup") || b.Has("down") })
}

// Upstream returns the upstream of a name; nil where there is none.
func (m *Model) Upstream(name string) *Upstream { return m.upstreams[strings.ToLower(name)] }

// addUpstream adds an upstream; of several with one name, which nginx refuses, the first counts.
func (m *Model) addUpstream(u *Upstream) {
	m.Upstreams = append(m.Upstreams, u)
	if name := strings.ToLower(u.Name); name != "" && m.upstreams[name] == nil {
		m.upstreams[name] = u
	}
}
