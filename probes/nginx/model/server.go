package model

import (
	"net"
	"slices"
	"strconv"
	"strings"

	"example.com/wsdoctor/probes/nginx/conf"
)

// Server is one server block.
type Server struct {
	Scope   *Scope
	Listens []Listen
	Names   []string // server_name, as written, lower case
	Named   []*Scope // its named locations

	res map[string]*Regex
}

// Listen is one listen directive.
type Listen struct {
	Dir     *conf.Directive // nil: nginx's default, *:80
	Address string          // "*" where none is given; "unix:…" for a socket
	Port    int             // 0 for a socket
	TLS     bool
	Default bool
	HTTP2   bool
	QUIC    bool
}

func (s *Server) finish() {
	for _, d := range s.Scope.Own("listen") {
		s.Listens = append(s.Listens, ParseListen(d))
	}
	if len(s.Listens) == 0 && s.Scope.Dir != nil {
		s.Listens = []Listen{{Address: "*", Port: 80}}
	}
	sslOn := s.Scope.Effective("ssl").Text("off") == "on" // removed in 1.25.1
	for i := range s.Listens {
		s.Listens[i].TLS = s.Listens[i].TLS || sslOn
		s.Listens[i].HTTP2 = s.Listens[i].HTTP2 || s.Scope.Effective("http2").Text("off") == "on"
	}
	s.res = map[string]*Regex{}
	for _, d := range s.Scope.Own("server_name") {
		for _, n := range d.Texts() {
			if re, ok := strings.CutPrefix(n, "~"); ok {
				s.res[n] = Compile(re, true)
			} else {
				n = strings.ToLower(n)
			}
			s.Names = append(s.Names, n)
		}
	}
}

// ParseListen reads a listen directive of any block. Port is 0 for a socket and for a range of ports.
func ParseListen(d *conf.Directive) Listen {
	l := Listen{Dir: d, Address: "*", Port: 80}
	addr := d.Arg(0)
	switch {
	case strings.HasPrefix(addr, "unix:"):
		l.Address, l.Port = addr, 0
	default:
		if p, err := strconv.Atoi(addr); err == nil {
			l.Port = p
		} else if host, port, err := net.SplitHostPort(addr); err == nil {
			l.Address = host
			l.Port, _ = strconv.Atoi(port)
		} else {
			l.Address = strings.Trim(addr, "[]")
		}
	}
	for i := 1; i < len(d.Args); i++ {
		switch d.Arg(i) {
		case "ssl":
			l.TLS = true
		case "quic":
			l.TLS, l.QUIC = true, true
		case "http2", "spdy":
			l.HTTP2 = true
		case "default_server", "default":
			l.Default = true
		}
	}
	return l
}

// TLS tells whether clients reach the server by TLS, on some port.
func (s *Server) TLS() bool {
	return slices.ContainsFunc(s.Listens, func(l Listen) bool { return l.TLS })
}

// Ports returns the ports that the server listens on, each once.
func (s *Server) Ports() []int {
	var out []int
	for _, l := range s.Listens {
		if l.Port != 0 && !slices.Contains(out, l.Port) {
			out = append(out, l.Port)
		}
	}
	return out
}

// Title returns the server as one recognises it: its first name, else its first port.
func (s *Server) Title() string {
	if len(s.Names) > 0 && s.Names[0] != "_" && s.Names[0] != "" {
		return s.Names[0]
	}
	if len(s.Listens) > 0 {
		if s.Listens[0].Port == 0 {
			return s.Listens[0].Address
		}
		return ":" + strconv.Itoa(s.Listens[0].Port)
	}
	return s.Scope.Title()
}

// FindServer returns the server for a port and host, as ngx_http_find_virtual_server does: an exact name, the longest
// name that begins with an asterisk, the longest that ends with one, the first regex that matches, the default. Port 0
// means any. The names of a port are taken together, whatever address they listen on.
func (m *Model) FindServer(port int, host string) *Server {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	var here []*Server
	var def *Server
	for _, s := range m.Servers {
		on := port == 0 || len(s.Listens) == 0
		for _, l := range s.Listens {
			if l.Port == port || port == 0 {
				on = true
				if l.Default && def == nil {
					def = s
				}
			}
		}
		if on {
			here = append(here, s)
		}
	}
	if len(here) == 0 {
		return nil
	}
	if def == nil {
		def = here[0]
	}
	best, length := (*Server)(nil), -1
	for _, s := range here {
		if slices.ContainsFunc(s.Names, func(n string) bool { return n == host || strings.HasPrefix(n, ".") && n[1:] == host }) {
			return s
		}
	}
	for _, tail := range []bool{true, false} {
		for _, s := range here {
			for _, n := range s.Names {
				if len(n) > length && wildcard(n, host, tail) {
					best, length = s, len(n)
				}
			}
		}
		if best != nil {
			return best
		}
	}
	for _, s := range here {
		for _, n := range s.Names {
			if re := s.res[n]; re != nil && re.Match(host) != nil {
				return s
			}
		}
	}
	return def
}

// wildcard tells whether *.x or .x (tail) or x.* matches host.
func wildcard(name, host string, tail bool) bool {
	if tail {
		suffix, ok := strings.CutPrefix(name, "*")
		if !ok && strings.HasPrefix(name, ".") {
			suffix, ok = name, true
		}
		return ok && strings.HasSuffix(host, suffix) && len(host) > len(suffix)
	}
	prefix, ok := strings.CutSuffix(name, "*")
	return ok && strings.HasPrefix(host, prefix) && len(host) > len(prefix)
}
