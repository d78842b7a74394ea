package nginx

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"example.com/wsdoctor/probes/nginx/conf"
	"example.com/wsdoctor/probes/nginx/model"
)

// singles are directives of which nginx refuses a second one at a level.
var singles = strings.Fields(`proxy_pass proxy_http_version proxy_read_timeout proxy_send_timeout proxy_connect_timeout
	proxy_buffering proxy_request_buffering proxy_buffer_size proxy_buffers proxy_busy_buffers_size proxy_cache
	proxy_ssl_verify proxy_ssl_name proxy_ssl_server_name client_max_body_size client_body_timeout client_header_timeout
	root alias try_files keepalive_timeout worker_processes worker_connections worker_rlimit_nofile worker_shutdown_timeout
	pid user default_type sendfile tcp_nopush tcp_nodelay server_tokens http2 gzip send_timeout keepalive autoindex
	proxy_socket_keepalive proxy_next_upstream_tries proxy_next_upstream_timeout ssl_session_timeout underscores_in_headers`)

// semantics returns what nginx refuses although every directive is right by itself.
func semantics(in *Input) []conf.Problem {
	s := &semantic{in: in}
	conf.Walk(in.Conf.Top, func(d *conf.Directive) bool {
		s.values(d)
		if d.HasBlock && d.Name != "map" {
			s.block(d.Block, d)
		}
		return true
	})
	s.block(in.Conf.Top, nil)
	s.upstreams()
	s.locations()
	s.zones()
	if in.Conf.Whole() && len(conf.Find(in.Conf.Top, "events")) == 0 && !onlyHTTP(in.Conf.Top) {
		s.add(in.Conf.Top[0], "no \"events\" section in configuration", "add a line `events {}`", conf.Edit{File: in.Conf.Main, Text: "events {}\n"})
	}
	return s.out
}

// onlyHTTP tells whether a text has nothing of the main level but an http block, as pages show it: the rest of the file
// is elsewhere.
func onlyHTTP(top []*conf.Directive) bool {
	return !slices.ContainsFunc(top, func(d *conf.Directive) bool {
		return d.Name != "http" && d.Name != "include" && conf.AllowedIn(d.Name, conf.Main)
	})
}

type semantic struct {
	in  *Input
	out []conf.Problem
}

func (s *semantic) add(d *conf.Directive, message, hint string, fix ...conf.Edit) {
	s.out = append(s.out, conf.Problem{Kind: conf.Refused, File: d.File, Offset: d.Start, Message: message, Hint: hint, Fix: fix})
}

// block reports second ones of what may stand once.
func (s *semantic) block(list []*conf.Directive, _ *conf.Directive) {
	first := map[string]*conf.Directive{}
	for _, d := range list {
		key := d.Name
		switch {
		case d.Data:
			continue
		case d.Name == "location":
			key += " " + strings.Join(d.Texts(), " ")
		case d.Name == "upstream" && d.HasBlock:
			key += " " + d.Arg(0)
		case !slices.Contains(singles, d.Name):
			continue
		}
		old := first[key]
		if old == nil {
			first[key] = d
			continue
		}
		message := fmt.Sprintf("%q directive is duplicate", d.Name)
		switch d.Name {
		case "location":
			message = fmt.Sprintf("duplicate location %q", d.Arg(len(d.Args)-1))
		case "upstream":
			message = fmt.Sprintf("duplicate upstream %q", d.Arg(0))
		}
		p := old.Place()
		s.add(d, message, fmt.Sprintf("the first one stands at %s", where(p)))
	}
}

var timeValue = regexp.MustCompile(`^(\d+(ms|[smhdwMy])? ?)+$`)

// values reports arguments that nginx refuses, of the directives that matter here.
func (s *semantic) values(d *conf.Directive) {
	v := d.Arg(0)
	switch d.Name {
	case "proxy_read_timeout", "proxy_send_timeout", "proxy_connect_timeout", "worker_shutdown_timeout", "send_timeout":
		if len(d.Args) == 1 && !strings.Contains(v, "$") && !timeValue.MatchString(v) {
			s.add(d, fmt.Sprintf("%q directive invalid value", d.Name), fmt.Sprintf("found %q, expected a time such as 3600s or 1h", v))
		}
	case "proxy_http_version":
		if len(d.Args) == 1 && !slices.Contains([]string{"1.0", "1.1", "2", "2.0"}, v) {
			s.add(d, fmt.Sprintf("invalid value %q", v), "expected 1.1", replaceArg(d, 0, "1.1"))
		}
	case "worker_connections":
		if len(d.Args) == 1 && strings.Trim(v, "0123456789") != "" {
			s.add(d, fmt.Sprintf("invalid number %q in %q directive", v, d.Name), "")
		}
	case "map":
		for _, e := range d.Block {
			if e.Name == "hostnames" || e.Name == "volatile" || e.Name == "include" || len(e.Args) == 1 {
				continue
			}
			s.add(e, "invalid number of the map parameters", fmt.Sprintf("%q: expected a value and what it becomes", strings.TrimSpace(e.Head())))
		}
		if len(d.Args) == 2 && !strings.HasPrefix(d.Arg(1), "$") {
			s.add(d, fmt.Sprintf("invalid variable name %q", d.Arg(1)), "expected a name that begins with $", replaceArg(d, 1, "$"+d.Arg(1)))
		}
	case "set":
		if len(d.Args) == 2 && !strings.HasPrefix(v, "$") {
			s.add(d, fmt.Sprintf("invalid variable name %q", v), "expected a name that begins with $", replaceArg(d, 0, "$"+v))
		}
	case "if":
		if len(d.Args) > 0 && strings.Contains(d.Arg(0), "(") && len(d.Args) >= 3 && d.Arg(1) == "==" {
			s.add(d, fmt.Sprintf("invalid condition %q", d.Arg(1)), "nginx compares with a single =", replaceArg(d, 1, "="))
		}
	case "limit_conn":
		if len(d.Args) == 2 && (strings.Trim(d.Arg(1), "0123456789") != "" || d.Arg(1) == "0") {
			s.add(d, fmt.Sprintf("invalid number of connections %q", d.Arg(1)), "")
		}
	}
}

func (s *semantic) upstreams() {
	for _, u := range s.in.Model.Upstreams {
		if u.Dir != nil && len(u.Servers) == 0 && !u.Missing && !slices.ContainsFunc(u.List, func(d *conf.Directive) bool { return conf.Module(d.Name) != "" || d.Name == "include" }) {
			s.add(u.Dir, "no servers are inside upstream", "")
		}
	}
	defaults := map[string]*conf.Directive{}
	for _, srv := range s.in.Model.Servers {
		for _, l := range srv.Listens {
			if l.Dir == nil || !l.Default {
				continue
			}
			key := fmt.Sprintf("%s:%d", l.Address, l.Port)
			if old := defaults[key]; old != nil {
				s.add(l.Dir, fmt.Sprintf("a duplicate default server for %s", strings.Replace(key, "*", "0.0.0.0", 1)), fmt.Sprintf("the first one stands at %s", place(old)))
				continue
			}
			defaults[key] = l.Dir
		}
	}
}

func place(d *conf.Directive) string { return where(d.Place()) }

// locations reports what depends on the kind of location.
func (s *semantic) locations() {
	for _, sc := range s.in.Model.All {
		if sc.Dir == nil {
			continue
		}
		regex := sc.Mod == "~" || sc.Mod == "~*"
		for _, d := range sc.Own("proxy_pass") {
			t := model.SplitTarget(d.Arg(0))
			if t.HasURI && !strings.Contains(d.Arg(0), "$") && (regex || sc.Mod == "@" || sc.Level != conf.Location) {
				s.add(d, `"proxy_pass" cannot have URI part in location given by regular expression, or inside named location, or inside "if" statement, or inside "limit_except" block`,
					"take the URI off, and change the path with rewrite … break if it has to change", replaceArg(d, 0, strings.TrimSuffix(d.Arg(0), t.URI)))
			}
		}
		if sc.Level != conf.Location || sc.Parent == nil || sc.Parent.Level != conf.Location {
			continue
		}
		p := sc.Parent
		switch {
		case sc.Mod == "@":
			s.add(sc.Dir, fmt.Sprintf("named location \"@%s\" can be on the server level only", sc.Name), "")
		case p.Mod == "=":
			s.add(sc.Dir, fmt.Sprintf("location %q cannot be inside the exact location %q", sc.Name, p.Name), "")
		case p.Mod == "@":
			s.add(sc.Dir, fmt.Sprintf("location %q cannot be inside the named location \"@%s\"", sc.Name, p.Name), "")
		case !regex && p.Dir != nil && !strings.HasPrefix(sc.Name, p.Name):
			s.add(sc.Dir, fmt.Sprintf("location %q is outside location %q", sc.Name, p.Name), "")
		}
	}
}

// zones reports limit_conn zones that a whole configuration lacks.
func (s *semantic) zones() {
	if !s.in.Conf.Whole() {
		return
	}
	have := map[string]bool{}
	conf.Walk(s.in.Conf.Top, func(d *conf.Directive) bool {
		if d.Name == "limit_conn_zone" {
			for _, a := range d.Texts() {
				if z, ok := strings.CutPrefix(a, "zone="); ok {
					name, _, _ := strings.Cut(z, ":")
					have[name] = true
				}
			}
		}
		return true
	})
	conf.Walk(s.in.Conf.Top, func(d *conf.Directive) bool {
		if d.Name == "limit_conn" && len(d.Args) == 2 && !have[d.Arg(0)] {
			s.add(d, fmt.Sprintf("zero size shared memory zone %q", d.Arg(0)), "no limit_conn_zone defines it")
			have[d.Arg(0)] = true
		}
		return true
	})
}
