package nginx

import (
	"slices"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/nginx/conf"
)

var nonIdempotentRetry = Rule{
	ID:    "nginx/non-idempotent-retry",
	Title: "requests that change something are not sent twice",
	Why:   "With non_idempotent nginx repeats a POST at the next node when the first one fails in the middle: messages of the polling transport arrive twice, and at a node that does not know the session",
	Docs:  "https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_next_upstream",
	Check: func(in *Input) []Finding {
		var out []Finding
		for _, s := range in.sites {
			d := s.Scope.Effective("proxy_next_upstream").Last()
			if d == nil {
				continue
			}
			i := slices.Index(d.Texts(), "non_idempotent")
			if i < 0 {
				continue
			}
			cut := conf.Edit{File: d.File, Start: d.Args[i].Start, End: d.Args[i].End}
			if i > 0 {
				cut.Start = d.Args[i-1].End
			}
			f := at(d, in.grade(s, probes.Warning, nil), probes.T("%q is in effect at %s: a POST that fails is sent to the next server as well", "non_idempotent", s.Scope.Title()))
			out = append(out, f.with(strings.Replace(rawLine(d), " non_idempotent", "", 1)).edit(cut))
		}
		return out
	},
}
