package wizard

import "example.com/wsdoctor/probes"

var pathStep = Step{
	ID:      "path",
	Title:   probes.T("path"),
	Why:     probes.T("the handshake asks for it; a service answers 404 or 400 on any other"),
	Ask:     fixed(probes.T("on which path does the service take WebSockets? with its query if it needs one")),
	Default: func(d Draft) string { return d.Config.WebSocket.Path },
	Skip:    func(d Draft) bool { return d.Stop || d.family() },
	Apply: func(d *Draft, answer string) probes.Text {
		d.Config.WebSocket.Path = answer
		return probes.Text{}
	},
	Keys: []string{"websocket.path"},
}
