package nginx

import (
	"example.com/wsdoctor/probes"
)

var singleServerFails = Rule{
	ID:    "nginx/single-server-fails",
	Title: "max_fails stands where it has an effect",
	Why:   "In a group of one server max_fails, fail_timeout and slow_start are ignored: the server is never taken out, whatever the line says",
	Docs:  "https://nginx.org/en/docs/http/ngx_http_upstream_module.html#fail_timeout",
	Check: func(in *Input) []Finding {
		var out []Finding
		ups, _ := in.groups()
		for _, u := range ups {
			if len(u.Servers) != 1 || u.Missing {
				continue
			}
			b := u.Servers[0]
			if v, ok := b.Param("max_fails"); ok && v != "0" {
				out = append(out, at(b.Dir, probes.Info, probes.T("max_fails=%s has no effect: upstream %q has one server, which nginx never takes out", v, u.Name)))
			}
		}
		return out
	},
}
