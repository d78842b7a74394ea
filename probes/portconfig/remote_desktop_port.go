package portconfig

import (
	"strconv"

	"example.com/wsdoctor/probes"
)

// remoteDesktop is the port of ms-wbt-server in IANA's registry.
const remoteDesktop = 3389

var remoteDesktopPort = probes.Rule[Observation]{
	ID:    "portconfig/remote-desktop-port",
	Title: "no port is that of remote desktop connections",
	Why: "3389 serves remote connections to the server; the vendor forbids it (Configuring WebSocket Port in Cluster " +
		"Environment, note 4).",
	Applies: familyOnly,
	Check: func(o Observation) []probes.Finding {
		_, places := o.mentions(WebSocket, Forwarding)
		ps := places[remoteDesktop]
		if ps == nil {
			return nil
		}
		return []probes.Finding{{
			Severity: probes.Error, Subject: strconv.Itoa(remoteDesktop),
			Title:    probes.T("found port %d, the one of remote desktop connections, expected any other", remoteDesktop),
			Evidence: evidence(ps),
			Fix:      o.changeAll(ps, remoteDesktop),
		}}
	},
}
