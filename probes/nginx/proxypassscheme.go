package nginx

import (
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/nginx/conf"
	"example.com/wsdoctor/probes/nginx/model"
)

var proxyPassScheme = Rule{
	ID:    "nginx/proxy-pass-scheme",
	Title: "addresses of backends begin as nginx expects them",
	Why:   "proxy_pass takes http:// and https:// only, the upgrade rides on HTTP: for ws:// nginx says `invalid URL prefix`; a server line in an upstream takes no scheme at all: `invalid host in upstream`",
	Docs:  "https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_pass",
	Check: func(in *Input) []Finding {
		var out []Finding
		conf.Walk(in.Conf.Top, func(d *conf.Directive) bool {
			v := d.Arg(0)
			scheme, rest, has := strings.Cut(v, "://")
			switch {
			case d.Name == "proxy_pass" && len(d.Args) == 1 && !inStream(d):
				if t := model.SplitTarget(v); t.Scheme != "" || strings.HasPrefix(v, "$") {
					break
				}
				want := map[string]string{"wss": "https"}[strings.ToLower(scheme)]
				if want == "" {
					want = "http"
				}
				if !has {
					rest = v
				}
				out = append(out, at(d, probes.Error, probes.T("proxy_pass is %q, expected %q: nginx refuses it with invalid URL prefix", v, want+"://"+rest)).
					with("proxy_pass "+want+"://"+rest+";").edit(replaceArg(d, 0, want+"://"+rest)))
			case d.Name == "server" && !d.HasBlock && has && d.Parent != nil && d.Parent.Name == "upstream":
				host, _, _ := strings.Cut(rest, "/")
				out = append(out, at(d, probes.Error, probes.T("server is %q, expected %q: nginx refuses it with invalid host in upstream", v, host)).
					with("server "+host+";").edit(replaceArg(d, 0, host)))
			case d.Name == "server" && !d.HasBlock && strings.Contains(v, "/") && !strings.HasPrefix(v, "unix:") && d.Parent != nil && d.Parent.Name == "upstream":
				host, _, _ := strings.Cut(v, "/")
				out = append(out, at(d, probes.Error, probes.T("server is %q, expected %q: a path cannot stand here, nginx refuses it with invalid host in upstream", v, host)).
					with("server "+host+";").edit(replaceArg(d, 0, host)))
			}
			return true
		})
		return out
	},
}
