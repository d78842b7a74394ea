package nginx

import (
	"example.com/wsdoctor/probes"
)

var httpVersion = Rule{
	ID:    "nginx/http-version",
	Title: "handshakes are handed on in HTTP/1.1",
	Why:   "Before 1.29.7 nginx speaks HTTP/1.0 to backends unless told otherwise, and a WebSocket server may refuse a handshake below HTTP/1.1 (RFC 6455 section 4.1 asks for 1.1 or higher; some, such as Node's, do not look)",
	Docs:  "https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_http_version",
	Check: func(in *Input) []Finding {
		if in.Version.AtLeast(1, 29, 7) {
			return in.explicitHTTP10()
		}
		out := in.explicitHTTP10()
		for _, s := range in.sites {
			e := s.Scope.Effective("proxy_http_version")
			if e.Last() != nil || in.ate(s.Scope, "proxy_http_version") {
				continue
			}
			sev := probes.Warning
			title := probes.T("no proxy_http_version 1.1 in effect at %s: nginx before 1.29.7 sends the handshake as HTTP/1.0", s.Scope.Title())
			if in.Version.Known() {
				sev = probes.Error
				title = probes.T("no proxy_http_version 1.1 in effect at %s: nginx %s sends the handshake as HTTP/1.0", s.Scope.Title(), in.Version)
			}
			anchor := in.anchor(s)
			f := at(anchor, in.grade(s, sev, e.Unsure), title).with("proxy_http_version 1.1;")
			out = append(out, unsureNote(f.edit(insertAfter(anchor, "proxy_http_version 1.1;")...), e.Unsure))
		}
		return out
	},
}

// explicitHTTP10 reports proxy_http_version 1.0 on a WebSocket path.
func (in *Input) explicitHTTP10() []Finding {
	var out []Finding
	for _, s := range in.sites {
		if d := s.Scope.Effective("proxy_http_version").Last(); d != nil && d.Arg(0) == "1.0" {
			f := at(d, in.grade(s, probes.Error, nil), probes.T("proxy_http_version is %q at %s, expected %q", "1.0", s.Scope.Title(), "1.1"))
			out = append(out, f.with("proxy_http_version 1.1;").edit(replaceArg(d, 0, "1.1")))
		}
	}
	return out
}
