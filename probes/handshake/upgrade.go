package handshake

import (
	"strings"

	"example.com/wsdoctor/probes"
)

var upgradeRule = probes.Rule[Observation]{
	ID:    "handshake/upgrade",
	Title: "every URL answers the upgrade with 101",
	Why: "A WebSocket begins as an HTTP/1.1 request that the server has to answer with 101 and the headers of RFC 6455 " +
		"4.2.2; any other answer ends it, and the browser does not tell the page which one it was.",
	Applies: reaches(Upgrading),
	Check: func(o Observation) []probes.Finding {
		var out []probes.Finding
		for _, f := range faults(o, Upgrading) {
			sev := probes.Error
			if f.cause.Kind == Unauthorized || f.cause.Kind == TooMany {
				// The service is there and refuses wsdoctor, which has no login and comes often.
				sev = probes.Warning
			}
			out = append(out, f.finding(sev, upgradeFix(f)...))
		}
		return out
	},
}

func upgradeFix(f fault) []probes.Text {
	at := func(format string, args ...any) []probes.Text { return []probes.Text{probes.T(format, args...)} }
	switch f.cause.Kind {
	case TLSOnPlain:
		return append(at("# use this URL:"), probes.Verbatim("wss"+strings.TrimPrefix(strings.TrimPrefix(f.trace.URL, "http"), "ws")))
	case Redirect:
		return at("# use %s as the URL, if that is the service; otherwise stop the redirect for this path", f.attempts[0].Response.Get("Location"))
	case Page, NotFound:
		return at("# compare the path with the one that the application's client uses; websocket.path in wsdoctor.yaml")
	case EngineProtocol:
		return at("# compare EIO and transport in websocket.path with the application's client; EIO=3 is Socket.IO 2, EIO=4 is 3 and later")
	case Forbidden:
		return at("# allow the page's origin in the application, and pass Host unchanged in the balancer")
	case Unauthorized:
		return at("# the upgrade itself could not be judged: try with the application's own cookie or token")
	case BadGateway, Unavailable, GatewayTimeout, ClientClosed:
		return at("# look at the backend that this gateway points to, and at the gateway's error log")
	case NotHTTP:
		return at("# correct the port: something else listens there")
	}
	return nil
}
