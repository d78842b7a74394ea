package model

import (
	"fmt"
	"strings"

	"example.com/wsdoctor/probes/nginx/conf"
)

// located is what the search for a location came to.
type located struct {
	scope    *Scope
	redirect string   // the location whose trailing slash is missing: nginx answers 301
	captures []string // of the regex that won
	names    []string
}

// locate follows ngx_http_core_find_location: the exact or longest prefix location, then what is nested in it, then,
// unless ^~ forbids it, the level's regex locations in the order of the file and what is nested in the first that
// matches. note is told each step, doubt what could not be evaluated.
func locate(sc *Scope, uri string, note func(at *conf.Directive, format string, args ...any), doubt func(*conf.Directive)) (out located, ok bool) {
	out.scope = sc
	best, inclusive := (*Scope)(nil), false
	var slash *Scope
	adds, slashed := false, uri+"/"
	for _, c := range sc.Children {
		if c.Level != conf.Location || c.Mod == "~" || c.Mod == "~*" || c.Mod == "@" {
			continue
		}
		switch {
		case c.Mod == "=" && uri == c.Name:
			note(c.Dir, "%s matches exactly", c.Title())
			return located{scope: c}, true
		case c.Mod != "=" && strings.HasPrefix(uri, c.Name) && (best == nil || len(c.Name) > len(best.Name)):
			best, inclusive = c, true
		}
		if slashed == c.Name {
			adds = adds || proxies(c)
			if slash == nil || c.Mod == "=" {
				slash = c // of an exact and a prefix location of one name, nginx is in the exact one
			}
		}
	}
	if adds && (best == nil || best.Name != uri) {
		note(slash.Dir, "%s lacks its last slash for %s: nginx itself answers 301", uri, slash.Title())
		return located{scope: slash, redirect: slash.Name}, true
	}
	noRegex := false
	if inclusive {
		note(best.Dir, "%s is the longest prefix of %s", best.Title(), uri)
		out.scope = best
		noRegex = best.Mod == "^~"
		in, final := locate(best, uri, note, doubt)
		out = in
		if final {
			return out, true
		}
		if noRegex {
			note(best.Dir, "^~ keeps the regex locations out")
		}
	}
	if !noRegex {
		for _, c := range sc.Children {
			if c.Level != conf.Location || c.Mod != "~" && c.Mod != "~*" {
				continue
			}
			if !c.re.Known() {
				note(c.Dir, "%s cannot be evaluated here; taken as no match", c.Title())
				doubt(c.Dir)
				continue
			}
			if m := c.re.Match(uri); m != nil {
				note(c.Dir, "%s matches, and a regex wins over a prefix", c.Title())
				in, _ := locate(c, uri, note, doubt)
				in.redirect = "" // ngx_http_core_find_location returns NGX_OK here, so a missing slash below is not added
				if in.captures == nil {
					in.captures, in.names = m, c.re.Names()
				}
				return in, true
			}
		}
	}
	return out, false
}

// proxies tells whether a location hands requests on, which is what makes nginx add a missing slash
// (clcf->auto_redirect, set by the *_pass directives).
func proxies(s *Scope) bool {
	for _, name := range passes {
		if len(s.own[name]) > 0 {
			return true
		}
	}
	return false
}

// passes are the directives that hand a request to a backend.
var passes = []string{"proxy_pass", "fastcgi_pass", "uwsgi_pass", "scgi_pass", "memcached_pass", "grpc_pass", "tunnel_pass"}

// Pass returns the directive that hands requests of the scope on, its own or, for an if or limit_except, that of the
// location around it; nil where there is none. Nested locations do not inherit it.
func (s *Scope) Pass() *conf.Directive {
	for at := s; at != nil; at = at.Parent {
		for _, name := range passes {
			if own := at.own[name]; len(own) > 0 {
				return own[len(own)-1]
			}
		}
		if at.Level != conf.LocationIf && at.Level != conf.LimitExcept {
			return nil
		}
	}
	return nil
}

// normalise returns path the way nginx puts it into $uri: decoded, dots resolved, slashes merged.
func normalise(path string, merge bool) (string, error) {
	var b []byte
	for i := 0; i < len(path); i++ {
		c := path[i]
		if c == '%' {
			if i+2 >= len(path) || !isHex(path[i+1]) || !isHex(path[i+2]) {
				return "", fmt.Errorf("decoding %q: found a %% that no two hexadecimal digits follow", path)
			}
			c = unhex(path[i+1])<<4 | unhex(path[i+2])
			i += 2
		}
		b = append(b, c)
	}
	var out []string
	segs := strings.Split(string(b), "/")
	for i, seg := range segs[1:] {
		last := i == len(segs)-2
		switch {
		case seg == ".":
			if last {
				out = append(out, "")
			}
		case seg == "..":
			if len(out) == 0 {
				return "", fmt.Errorf("resolving %q: it leads above the root", path)
			}
			out = out[:len(out)-1]
			if last {
				out = append(out, "")
			}
		case seg == "" && !last && merge:
		default:
			out = append(out, seg)
		}
	}
	return "/" + strings.Join(out, "/"), nil
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

func unhex(c byte) byte {
	switch {
	case c >= 'a':
		return c - 'a' + 10
	case c >= 'A':
		return c - 'A' + 10
	}
	return c - '0'
}

// escape is ngx_escape_uri with NGX_ESCAPE_URI.
func escape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`#%?"<>\^`+"`{|}", c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}
