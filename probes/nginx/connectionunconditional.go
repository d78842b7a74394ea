package nginx

import (
	"slices"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/nginx/conf"
	"example.com/wsdoctor/probes/nginx/model"
)

var connectionUnconditional = Rule{
	ID:    "nginx/connection-unconditional",
	Title: "plain requests do not carry Connection: upgrade",
	Why:   "The word goes out on every request of the location: connections to the backend are not kept, and some backends answer 400 or 426 to plain requests that ask for an upgrade to nothing",
	Docs:  "https://nginx.org/en/docs/http/websocket.html",
	Check: func(in *Input) []Finding {
		var out []Finding
		for _, s := range in.sites {
			d := headersAt(s.Scope).last("connection")
			if d == nil {
				continue
			}
			v, known := in.Model.Eval(s.Scope, d.Arg(1), model.Request{Header: model.Plain})
			if !known || !hasToken(v, "upgrade") {
				continue
			}
			value, edits, mapLines := in.connectionValue()
			sev := probes.Info
			if up := in.Model.Upstream(model.SplitTarget(s.Pass.Arg(0)).Host); s.Scope.Name == "/" || up != nil && !wsName.MatchString(s.Scope.Name) && slices.ContainsFunc(up.List, func(d *conf.Directive) bool { return d.Name == "keepalive" }) {
				sev = in.grade(s, probes.Warning, nil)
			}
			f := at(d, sev, probes.T("Connection is %q on plain requests too, expected it on handshakes only", d.Arg(1)))
			if strings.HasPrefix(value, "$") {
				f = f.with("proxy_set_header Connection " + value + ";").with(mapLines...).edit(replaceArg(d, 1, value)).edit(edits...)
			} else {
				f = f.with("proxy_set_header Connection $connection_upgrade;", aboveServers).with(upgradeMap("connection_upgrade")...)
			}
			out = append(out, f)
		}
		return out
	},
}
