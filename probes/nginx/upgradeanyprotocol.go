package nginx

import (
	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/nginx/model"
)

var upgradeAnyProtocol = Rule{
	ID:    "nginx/upgrade-any-protocol",
	Title: "only WebSocket upgrades are handed on",
	Why:   "With $http_upgrade the client chooses the protocol: `Upgrade: h2c` to a backend that takes it opens a tunnel past every rule of nginx (request smuggling). A map that lets websocket alone through closes it",
	Docs:  "https://bishopfox.com/blog/h2c-smuggling-request",
	Check: func(in *Input) []Finding {
		for _, s := range in.sites {
			h := headersAt(s.Scope)
			up, conn := h.last("upgrade"), h.last("connection")
			if up == nil || conn == nil || up.Arg(1) != "$http_upgrade" {
				continue
			}
			v, known := in.Model.Eval(s.Scope, conn.Arg(1), model.Request{Header: map[string]string{"upgrade": "h2c", "connection": "Upgrade, HTTP2-Settings"}})
			if known && hasToken(v, "upgrade") {
				f := at(up, probes.Info, probes.T("Upgrade is passed for any protocol that the client names, h2c among them"))
				return []Finding{f.with("# in http { }:", "map $http_upgrade $websocket_upgrade {", "    ~*^websocket$ $http_upgrade;", "    default       '';", "}", "proxy_set_header Upgrade $websocket_upgrade;")}
			}
		}
		return nil
	},
}
