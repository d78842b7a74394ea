package nginx

import (
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/nginx/model"
)

var http2Assumed = Rule{
	ID:    "nginx/http2-assumed",
	Title: "no WebSocket is expected over HTTP/2",
	Why:   "nginx does not support RFC 8441, WebSocket over HTTP/2: browsers open a connection in HTTP/1.1 of its own, which works; a proxy_pass in HTTP/2 or a grpc_pass carries no upgrade",
	Docs:  "https://trac.nginx.org/nginx/ticket/1992",
	Check: func(in *Input) []Finding {
		var out []Finding
		for _, s := range in.sites {
			if d := s.Scope.Effective("proxy_http_version").Last(); d != nil && strings.HasPrefix(d.Arg(0), "2") {
				out = append(out, at(d, in.grade(s, probes.Error, nil), probes.T("proxy_http_version is %q at %s, expected %q: HTTP/2 has no Upgrade", d.Arg(0), s.Scope.Title(), "1.1")).
					with("proxy_http_version 1.1;").edit(replaceArg(d, 0, "1.1")))
			}
			for _, l := range s.Server.Listens {
				if !l.HTTP2 || !in.intent(s.Scope) {
					continue
				}
				d := l.Dir
				if own := s.Server.Scope.Effective("http2").Last(); own != nil {
					d = own
				}
				if d != nil {
					out = append(out, at(d, probes.Info, probes.T("this server speaks HTTP/2, over which nginx takes no WebSocket (RFC 8441): clients have to offer HTTP/1.1 for it, as browsers do")))
				}
			}
		}
		for _, r := range in.reaches {
			if r.Out.Kind == model.Gateway && r.Out.By.Name == "grpc_pass" && in.lost(r.Path) != nil {
				// path-not-covered grades it, and says what to write instead.
				out = append(out, at(r.Out.By, probes.Info, probes.T("the path %q is handed on by grpc_pass, which speaks HTTP/2 and carries no upgrade", r.Path)))
			}
		}
		return out
	},
}
