package nginx

import (
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/nginx/model"
)

var upgradeHeader = Rule{
	ID:    "nginx/upgrade-header",
	Title: "the Upgrade header is handed on",
	Why:   "Upgrade is hop-by-hop (RFC 9110 section 7.8): nginx keeps it from the backend unless proxy_set_header passes it, and the backend then answers as to a plain request, mostly with 400, 404 or 426",
	Docs:  "https://nginx.org/en/docs/http/websocket.html",
	Check: func(in *Input) []Finding {
		var out []Finding
		for _, s := range in.sites {
			h := headersAt(s.Scope)
			if in.dropped(s) || in.ate(s.Scope, "proxy_set_header", "Upgrade") {
				continue // header-inheritance or swallowed-directive names the cause
			}
			d := h.last("upgrade")
			line := "proxy_set_header Upgrade $http_upgrade;"
			if d == nil {
				f := at(s.Pass, in.grade(s, probes.Error, h.Unsure), probes.T("no Upgrade header in effect at %s, expected %q: the handshake reaches the backend as a plain request", s.Scope.Title(), "Upgrade: websocket"))
				out = append(out, unsureNote(f.with(line).edit(h.add(s.Pass, line)...), h.Unsure))
				continue
			}
			v, known := in.Model.Eval(s.Scope, d.Arg(1), model.Request{})
			if known && !strings.EqualFold(strings.TrimSpace(v), "websocket") {
				f := at(d, in.grade(s, probes.Error, nil), probes.T("Upgrade is set to %q, which is %q in a handshake, expected the client's own %q", d.Arg(1), v, "websocket"))
				out = append(out, f.with(line).edit(replaceArg(d, 1, "$http_upgrade")))
			} else if !known && strings.Contains(d.Arg(1), "connection") {
				f := at(d, in.grade(s, probes.Error, h.Unsure), probes.T("Upgrade is set to %q, by its name the value of Connection, expected %q", d.Arg(1), "$http_upgrade"))
				out = append(out, f.with(line).edit(replaceArg(d, 1, "$http_upgrade")))
			} else if !strings.Contains(d.Arg(1), "$") {
				out = append(out, at(d, probes.Info, probes.T("Upgrade is %q on plain requests too, expected the client's own", d.Arg(1))).with(line))
			}
		}
		return out
	},
}
