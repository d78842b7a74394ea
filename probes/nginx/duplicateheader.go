package nginx

import (
	"slices"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/nginx/conf"
	"example.com/wsdoctor/probes/nginx/model"
)

var duplicateHeader = Rule{
	ID:    "nginx/duplicate-header",
	Title: "no header is set twice at one level",
	Why:   "nginx sends each line that is not empty: a backend that gets two Host headers must answer 400 (RFC 9112 section 3.2), and an empty line beside another one has no effect",
	Docs:  "https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_set_header",
	Check: func(in *Input) []Finding {
		var out []Finding
		for _, sc := range in.Model.All {
			lines := sc.Own("proxy_set_header")
			for i, d := range lines {
				j := slices.IndexFunc(lines[:i], func(o *conf.Directive) bool { return strings.EqualFold(o.Arg(0), d.Arg(0)) })
				if j < 0 || len(d.Args) < 2 {
					continue
				}
				out = append(out, in.duplicate(sc, lines[j], d))
			}
		}
		return out
	},
}

func (in *Input) duplicate(sc *model.Scope, first, second *conf.Directive) Finding {
	name := first.Arg(0)
	sev, idle := probes.Info, second
	title := probes.T("%s is set twice at one level, to %q and to %q: the backend receives both", name, first.Arg(1), second.Arg(1))
	switch lower := strings.ToLower(name); {
	case first.Arg(1) == "" || second.Arg(1) == "":
		title = probes.T("%s is set twice at one level, to %q and to %q: the empty line has no effect", name, first.Arg(1), second.Arg(1))
		if lower == "connection" || lower == "upgrade" {
			sev = probes.Warning
		}
		if first.Arg(1) == "" {
			idle = first
		}
	case lower == "host" && first.Arg(1) != second.Arg(1):
		sev = probes.Error
	case lower == "host", lower == "connection", lower == "upgrade":
		sev = probes.Warning
	}
	if in.siteAt(sc) == nil && sc.Level == conf.Location {
		sev = min(sev, probes.Warning)
	}
	keep := first
	if idle == first {
		keep = second
	}
	return at(second, sev, title).saw(first).with("# keep one: " + rawLine(keep)).edit(remove(idle))
}
