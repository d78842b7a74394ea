package nginx

import (
	"strings"

	"example.com/wsdoctor/probes"
)

var forwardedProto = Rule{
	ID:    "nginx/forwarded-proto",
	Title: "the backend can tell that the client came by TLS",
	Why:   "Without X-Forwarded-Proto an application takes the client for a plain one: it builds ws:// addresses that a page over https must not open, and refuses secure cookies",
	Docs:  "https://developer.mozilla.org/docs/Web/HTTP/Headers/X-Forwarded-Proto",
	Check: func(in *Input) []Finding {
		var out []Finding
		for _, s := range in.sites {
			h := headersAt(s.Scope)
			if d := h.last("x-forwarded-proto"); d != nil && strings.EqualFold(d.Arg(1), "http") && s.Server.TLS() {
				out = append(out, at(d, in.grade(s, probes.Warning, nil), probes.T("X-Forwarded-Proto is %q, and clients come by TLS, expected %q", d.Arg(1), "$scheme")).
					with("proxy_set_header X-Forwarded-Proto $scheme;").edit(replaceArg(d, 1, "$scheme")))
				continue
			}
			if len(h.all("x-forwarded-proto"))+len(h.all("forwarded"))+len(h.all("x-forwarded-scheme"))+len(h.all("x-scheme"))+len(h.all("x-forwarded-ssl")) > 0 {
				continue
			}
			line := "proxy_set_header X-Forwarded-Proto $scheme;"
			title := probes.T("no X-Forwarded-Proto in effect at %s: behind TLS the backend takes the client for a plain one", s.Scope.Title())
			out = append(out, unsureNote(at(s.Pass, probes.Info, title).with(line).edit(h.add(s.Pass, line)...), h.Unsure))
		}
		return out
	},
}
