package nginx

import (
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/nginx/conf"
)

var headerInheritance = Rule{
	ID:    "nginx/header-inheritance",
	Title: "headers set above reach the location",
	Why:   "proxy_set_header is inherited only by a level that has none of its own: one line in a location drops every line of the levels above, Upgrade and Connection with them",
	Docs:  "https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_set_header",
	Check: func(in *Input) []Finding {
		var out []Finding
		for _, sc := range in.Model.All {
			pass := sc.Pass()
			if sc.Level != conf.Location || pass == nil || pass.Name != "proxy_pass" || sc.Effective("internal").Last() != nil || !in.drops(sc) {
				continue
			}
			own := headersAt(sc)
			above := own.Above("proxy_set_header")
			sev := probes.Info // nothing says that WebSocket is spoken here
			if s := in.siteAt(sc); s != nil {
				sev = in.grade(*s, probes.Error, own.Unsure)
			}
			var lost, names []string
			for _, d := range above.Lines {
				if len(own.all(d.Arg(0))) == 0 {
					lost = append(lost, rawLine(d))
					names = append(names, d.Arg(0))
				}
			}
			first := own.Lines[0]
			f := at(first, sev, probes.T("this line drops the headers set above: %s do not reach %s", strings.Join(names, ", "), sc.Title())).with(lost...)
			for _, d := range above.Lines {
				if n := strings.ToLower(d.Arg(0)); n == "upgrade" || n == "connection" {
					f = f.saw(d)
				}
			}
			out = append(out, f.edit(insertAfter(first, lost...)...))
		}
		return out
	},
}
