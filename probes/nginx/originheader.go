package nginx

import (
	"example.com/wsdoctor/probes"
)

var originHeader = Rule{
	ID:    "nginx/origin-header",
	Title: "the Origin header reaches the backend as the browser wrote it",
	Why:   "Origin is how a WebSocket server tells its own pages from foreign ones (RFC 6455 section 10.2): blanked, some servers refuse the handshake; replaced, every page of the world passes",
	Docs:  "https://www.rfc-editor.org/rfc/rfc6455#section-10.2",
	Check: func(in *Input) []Finding {
		var out []Finding
		for _, s := range in.sites {
			for _, d := range headersAt(s.Scope).all("origin") {
				if d.Arg(1) == "$http_origin" {
					continue
				}
				title := probes.T("Origin is replaced by %q, expected the browser's own", d.Arg(1))
				if d.Arg(1) == "" {
					title = probes.T("Origin is blanked, expected the browser's own")
				}
				out = append(out, at(d, in.grade(s, probes.Warning, nil), title).with("proxy_set_header Origin $http_origin;").edit(replaceArg(d, 1, "$http_origin")))
			}
		}
		return out
	},
}
