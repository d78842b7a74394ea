package nginx

import (
	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/nginx/model"
)

var connectionHeader = Rule{
	ID:    "nginx/connection-header",
	Title: "the Connection header asks for the upgrade",
	Why:   "Without `upgrade` in Connection the backend must ignore Upgrade (RFC 9110 section 7.8); nginx sends `Connection: close` unless told otherwise",
	Docs:  "https://nginx.org/en/docs/http/websocket.html",
	Check: func(in *Input) []Finding {
		var out []Finding
		for _, s := range in.sites {
			h := headersAt(s.Scope)
			if in.dropped(s) || in.ate(s.Scope, "proxy_set_header", "Connection") {
				continue
			}
			d := h.last("connection")
			if d == nil {
				value, edits, mapLines := in.connectionValue()
				line := "proxy_set_header Connection " + value + ";"
				f := at(s.Pass, in.grade(s, probes.Error, h.Unsure), probes.T("no Connection header in effect at %s, expected one with %q: nginx sends %q", s.Scope.Title(), "upgrade", "close"))
				f = f.with(line).with(mapLines...).edit(h.add(s.Pass, line)...).edit(edits...)
				out = append(out, unsureNote(f, h.Unsure))
				continue
			}
			v, known := in.Model.Eval(s.Scope, d.Arg(1), model.Request{})
			if !known || hasToken(v, "upgrade") {
				continue
			}
			title := probes.T("Connection is set to %q, which is %q in a handshake, expected %q", d.Arg(1), v, "upgrade")
			if v == "" {
				title = probes.T("Connection is set to %q, which sends no Connection header, expected %q", d.Arg(1), "upgrade")
			}
			f := at(d, in.grade(s, probes.Error, nil), title)
			if m := in.mapOf(d.Arg(1)); m != nil {
				f = f.saw(m.Dir)
				if mend := mended(m); mend != nil {
					out = append(out, f.with(upgradeMap(m.Target)...).edit(mend...))
					continue
				}
			}
			value, edits, mapLines := in.connectionValue()
			out = append(out, f.with("proxy_set_header Connection "+value+";").with(mapLines...).edit(replaceArg(d, 1, value)).edit(edits...))
		}
		return out
	},
}
