package nginx

import (
	"cmp"
	"net"
	"slices"
	"strconv"
	"strings"

	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/nginx/conf"
	"example.com/wsdoctor/probes/nginx/model"
)

// Ways returns the ways by which a configuration hands WebSocket handshakes on, the certain ones first. paths are the
// WebSocket paths where they are known.
func Ways(c *conf.Config, paths ...string) []cluster.Way {
	in := NewInput(c, Input{Paths: paths})
	var out []cluster.Way
	for _, s := range in.sites {
		w := cluster.Way{Sure: s.Sure || s.Named, Path: s.Path, Where: where(s.Pass.Place())}
		if s.Server != nil {
			w.Names = usableNames(s.Server)
			w.Entries, w.From.Entry = entries(s.Server)
			w.TLS, w.From.TLS = shown(s.Server)
		}
		in.behind(s, &w)
		w.Idle = defaultTimeout
		if d := s.Scope.Effective("proxy_read_timeout").Last(); d != nil {
			w.Idle, _ = duration(d.Arg(0))
			w.From.Idle = place(d)
		}
		out = append(out, w)
	}
	slices.SortStableFunc(out, func(a, b cluster.Way) int { return cmp.Compare(b2i(b.Sure), b2i(a.Sure)) })
	return out
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func usableNames(s *model.Server) []string {
	return slices.DeleteFunc(slices.Clone(s.Names), func(n string) bool {
		return n == "" || n == "_" || n == "localhost" || strings.ContainsAny(n, "*~$") || strings.HasPrefix(n, ".")
	})
}

// entries returns where a server listens, and the line that says the first.
func entries(s *model.Server) (out []cluster.Entry, where string) {
	for _, l := range s.Listens {
		e := cluster.Entry{Host: l.Address, Port: l.Port, TLS: l.TLS}
		if e.Host == "*" || e.Host == "::" || e.Host == "0.0.0.0" {
			e.Host = ""
		}
		if l.Port > 0 && !l.QUIC && !slices.Contains(out, e) {
			out = append(out, e)
			if where == "" && l.Dir != nil {
				where = place(l.Dir)
			}
		}
	}
	return out, where
}

// shown returns the first pair that a server shows; of one with variables the files are not known.
func shown(s *model.Server) (pair cluster.Certificate, where string) {
	cert, key := s.Scope.Effective("ssl_certificate"), s.Scope.Effective("ssl_certificate_key")
	if len(cert.Lines) == 0 || len(key.Lines) == 0 || strings.Contains(cert.Lines[0].Arg(0)+key.Lines[0].Arg(0), "$") {
		return pair, ""
	}
	return cluster.Certificate{Cert: cert.Lines[0].Arg(0), Key: key.Lines[0].Arg(0)}, place(cert.Lines[0])
}

// behind fills in what a site hands requests to.
func (in *Input) behind(s Site, w *cluster.Way) {
	t := model.SplitTarget(s.Pass.Arg(0))
	u := in.Model.Upstream(t.Host)
	if s.Out != nil && s.Out.Upstream != nil {
		u = s.Out.Upstream
	}
	if u == nil {
		host, port, err := net.SplitHostPort(t.Host)
		if err != nil {
			host, port = strings.Trim(t.Host, "[]"), map[string]string{"http": "80", "https": "443"}[t.Scheme]
		}
		if host != "" && !strings.Contains(t.Host, "$") && !strings.HasPrefix(t.Host, "unix:") {
			w.Servers = []cluster.Backend{{Address: net.JoinHostPort(host, port), Weight: 1}}
			w.From.Servers = place(s.Pass)
		}
		return
	}
	for _, b := range u.Servers {
		if b.Port == 0 {
			continue
		}
		server := cluster.Backend{Address: net.JoinHostPort(b.Host, strconv.Itoa(b.Port)), Weight: 1, Backup: b.Has("backup"), Down: b.Has("down")}
		for name, to := range map[string]*int{"weight": &server.Weight, "max_conns": &server.MaxConns} {
			if v, ok := b.Param(name); ok {
				if n, err := strconv.Atoi(v); err == nil {
					*to = n
				}
			}
		}
		w.Servers = append(w.Servers, server)
		if w.From.Servers == "" {
			w.From.Servers = place(b.Dir)
		}
	}
	w.Policy = policy(u)
	if u.Method != nil {
		w.From.Policy = place(u.Method)
	}
}

// policy names an upstream's way of choosing in the proxy's words; "" where it has none of it.
func policy(u *model.Upstream) string {
	if u.Method == nil {
		return "round-robin"
	}
	switch u.Method.Name {
	case "ip_hash":
		return "ip-hash"
	case "least_conn":
		return "least-conn"
	case "random":
		return "random-two"
	case "sticky":
		return "cookie"
	case "hash":
		switch key := u.Method.Arg(0); {
		case strings.Contains(key, "remote_addr"):
			return "ip-hash"
		case strings.HasPrefix(key, "$cookie_"):
			return "cookie"
		case strings.HasPrefix(key, "$http_"):
			return "header"
		}
	}
	return ""
}
