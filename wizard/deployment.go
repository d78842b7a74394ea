package wizard

import (
	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
)

var deploymentStep = Step{
	ID:    "deployment",
	Title: probes.T("single server or cluster"),
	Why: probes.T("in a cluster a client has to come back to its node; and of the FineReport family a cluster node tries the " +
		"forwarding ports first and then its ports, a single server the other way round"),
	Ask: fixed(probes.T("is it a single server or a cluster?")),
	Choices: fixed([]Choice{
		{"single", probes.T("a single server")},
		{"cluster", probes.T("a cluster of several nodes")},
	}),
	Default: func(d Draft) string {
		if len(d.Config.Nodes) > 1 {
			return "cluster"
		}
		return "single"
	},
	From: fromServers,
	Skip: stopped,
	Apply: choose(func(d *Draft, answer string) {
		d.Many = answer == "cluster"
		d.Config.WebSocket.ListenOrder = cluster.PortsFirst
		if d.Many && d.family() {
			d.Config.WebSocket.ListenOrder = cluster.ForwardingFirst
		}
	}),
	Keys: []string{"websocket.listen_order"},
}
