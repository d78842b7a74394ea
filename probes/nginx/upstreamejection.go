package nginx

import (
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/nginx/conf"
)

var upstreamEjection = Rule{
	ID:    "nginx/upstream-ejection",
	Title: "one failed connect does not move a node's clients",
	Why:   "max_fails is 1 by default: one connect that fails takes a node out for 10 s, and with hashing its clients go to another node and come back, losing their sessions twice",
	Docs:  "https://nginx.org/en/docs/http/ngx_http_upstream_module.html#max_fails",
	Check: func(in *Input) []Finding {
		var out []Finding
		ups, _ := in.groups()
		for _, u := range ups {
			if !u.Sticky() || len(u.Active()) < 2 {
				continue
			}
			var lines []string
			var edits []conf.Edit
			for _, b := range u.Active() {
				if v, ok := b.Param("max_fails"); !ok || v == "1" {
					end := b.Dir.Args[len(b.Dir.Args)-1].End
					if !ok {
						edits = append(edits, conf.Edit{File: b.Dir.File, Start: end, End: end, Text: " max_fails=3"})
						lines = append(lines, strings.TrimSuffix(rawLine(b.Dir), ";")+" max_fails=3;")
					}
				}
			}
			if len(lines) > 0 {
				out = append(out, at(u.Dir, probes.Info, probes.T("upstream %q: one failed connect within 10 s moves all clients of a node to another one (max_fails is 1 by default)", u.Name)).with(lines...).edit(edits...))
			}
		}
		return out
	},
}
