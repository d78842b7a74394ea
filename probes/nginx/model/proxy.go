package model

import (
	"strings"

	"example.com/wsdoctor/probes/nginx/conf"
)

// Target is a proxy_pass taken apart, as ngx_http_proxy_pass and ngx_http_proxy_eval do.
type Target struct {
	Scheme string // "http" or "https"; "" where it begins with neither
	Host   string // host, host:port, [v6]:port or unix:/path
	URI    string // "" where proxy_pass has none
	HasURI bool
}

// SplitTarget takes an evaluated proxy_pass apart.
func SplitTarget(url string) Target {
	var t Target
	lower := strings.ToLower(url)
	rest := ""
	switch {
	case strings.HasPrefix(lower, "http://"):
		t.Scheme, rest = "http", url[7:]
	case strings.HasPrefix(lower, "https://"):
		t.Scheme, rest = "https", url[8:]
	default:
		return t
	}
	if strings.HasPrefix(rest, "unix:") {
		sock, uri, has := strings.Cut(rest[5:], ":")
		t.Host, t.URI, t.HasURI = "unix:"+sock, uri, has && uri != ""
		return t
	}
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		t.Host, t.URI, t.HasURI = rest[:i], rest[i:], true
		if t.URI[0] == '?' {
			t.URI = "/" + t.URI
		}
		return t
	}
	t.Host = rest
	return t
}

// HostHeader is $proxy_host: the host, with its port if that is not the scheme's own.
func (t Target) HostHeader() string {
	if strings.HasPrefix(t.Host, "unix:") {
		return "localhost"
	}
	def := map[string]string{"http": ":80", "https": ":443"}[t.Scheme]
	return strings.TrimSuffix(t.Host, def)
}

// proxy computes what the backend is asked, as ngx_http_proxy_create_request does.
func (w *walker) proxy(pass *conf.Directive) Outcome {
	out := Outcome{Kind: Proxied, By: pass}
	url, known := w.expand(pass.Arg(0))
	t := SplitTarget(url)
	if known && strings.Contains(pass.Arg(0), "$") && (t.Host == "" || t.Scheme == "") {
		w.note(pass, "%s becomes %q, which is no URL: nginx answers 500", pass.Head(), url)
		return Outcome{Kind: Nowhere, Status: 500, By: pass}
	}
	out.Scheme, out.Address, out.Exact = t.Scheme, t.Host, known
	out.Upstream = w.m.Upstream(t.Host)
	w.proxyHost = t.HostHeader()
	variable := strings.Contains(pass.Arg(0), "$")
	switch {
	case variable && t.HasURI:
		out.UpstreamURI = t.URI
	case !t.HasURI && w.pristine:
		out.UpstreamURI = w.unparsed
	default:
		prefix := 0
		if w.inLocation && t.HasURI {
			if loc := enclosing(w.scope); loc.Mod != "~" && loc.Mod != "~*" && loc.Mod != "@" {
				prefix = min(len(loc.Name), len(w.uri))
			}
		}
		base := ""
		if w.inLocation {
			base = t.URI
		}
		out.UpstreamURI = base + escape(w.uri[prefix:])
		if w.args != "" {
			out.UpstreamURI += "?" + w.args
		}
	}
	def := "1.0"
	if w.m.Modern {
		def = "1.1"
	}
	out.Version = w.scope.Effective("proxy_http_version").Text(def)
	if !w.quiet {
		out.Headers = w.headers()
	}
	w.note(pass, "%s: the backend is asked %s", pass.Head(), out.UpstreamURI)
	return out
}

func enclosing(s *Scope) *Scope {
	for s.Level != conf.Location && s.Parent != nil {
		s = s.Parent
	}
	return s
}

// defaults are the headers that nginx sets where proxy_set_header does not (ngx_http_proxy_headers); those with no
// value are kept from the backend.
var defaults = []Header{
	{Name: "Host", Value: "$proxy_host"}, {Name: "Connection", Value: "close"},
	{Name: "Content-Length"}, {Name: "Transfer-Encoding"}, {Name: "TE"}, {Name: "Keep-Alive"}, {Name: "Expect"}, {Name: "Upgrade"},
}

// headers returns what nginx itself sets of the headers that the backend receives.
func (w *walker) headers() []Header {
	var out []Header
	seen := map[string]bool{}
	for _, d := range w.scope.Effective("proxy_set_header").Lines {
		seen[strings.ToLower(d.Arg(0))] = true
		v, known := w.expand(d.Arg(1))
		if v != "" || !known {
			out = append(out, Header{d.Arg(0), v, known, d})
		}
	}
	for _, h := range defaults {
		if seen[strings.ToLower(h.Name)] || h.Value == "" || h.Name == "Connection" && w.m.Modern {
			continue
		}
		h.Value, h.Known = w.expand(h.Value)
		out = append(out, h)
	}
	return out
}
