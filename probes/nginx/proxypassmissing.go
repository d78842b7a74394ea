package nginx

import (
	"example.com/wsdoctor/probes"
)

var proxyPassMissing = Rule{
	ID:    "nginx/proxy-pass-missing",
	Title: "a location with WebSocket headers proxies",
	Why:   "Without proxy_pass the headers have no effect: nginx looks for a file and answers 404",
	Docs:  "https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_pass",
	Check: func(in *Input) []Finding {
		var out []Finding
		for _, sc := range in.Model.All {
			lines := in.prepared(sc)
			if len(lines) == 0 || leadsOn(sc) {
				continue
			}
			d := setting(lines, "upgrade")
			if len(d) == 0 {
				d = lines
			}
			sev := probes.Error
			if sc.Dir == nil || len(sc.Missing()) > 0 {
				sev = probes.Info // a snippet, whose proxy_pass stands elsewhere, or one that may stand in a file not read
			}
			f := at(d[0], sev, probes.T("%s sets the headers of an upgrade and has no proxy_pass", sc.Title()))
			name := "http://127.0.0.1:8080"
			if len(in.Model.Upstreams) == 1 && in.Model.Upstreams[0].Name != "" {
				name = "http://" + in.Model.Upstreams[0].Name
				f = f.edit(insertAfter(lines[len(lines)-1], "proxy_pass "+name+";")...)
			}
			out = append(out, f.with("proxy_pass "+name+";"))
		}
		return out
	},
}
