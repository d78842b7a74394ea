package wizard

import (
	"net"
	"net/url"
	"strconv"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
)

var balancerHostStep = Step{
	ID:    "host",
	Title: probes.T("address of the balancer"),
	Why:   probes.T("clients connect to it, and so do the checks; with TLS it has to be a name of the certificate"),
	Ask:   fixed(probes.T("under which name or address do clients reach the balancer? without a port")),
	Default: func(d Draft) string {
		host := d.Config.Balancer.Host()
		switch {
		case host != "" && d.IsLocal(host) == d.Here:
			return host
		case d.Here:
			return d.Found.Address()
		}
		return ""
	},
	Skip: noneStands,
	Apply: func(d *Draft, answer string) probes.Text {
		if d.IsLocal(answer) && !d.Here {
			return probes.T("found %q, which is this host, expected another one: the balancer runs elsewhere", answer)
		}
		if problem := hostProblem(answer); !problem.IsZero() {
			return problem
		}
		d.setURL(answer)
		d.Config.Balancer.SharesHost = d.sharesHost()
		return probes.Text{}
	},
	Keys: []string{"balancer.url"},
}

// hostProblem asks the rule for the host of a node, which wants the same.
func hostProblem(host string) probes.Text {
	cfg := cluster.Default(cluster.Generic)
	cfg.Nodes[0].Host = host
	for _, p := range cfg.Validate() {
		return probes.T("%s", p.Msg)
	}
	return probes.Text{}
}

// setURL makes the URL of the clients from a host, the forwarding port (else the first port) and the scheme.
func (d *Draft) setURL(host string) {
	port := 0
	if list := d.Config.WebSocket.ForwardingPorts; len(list) > 0 {
		port = list[0]
	} else if list := d.Config.WebSocket.Ports; len(list) > 0 {
		port = list[0]
	}
	u := url.URL{Scheme: "ws", Host: net.JoinHostPort(host, strconv.Itoa(port)), Path: "/"}
	if d.Secure {
		u.Scheme = "wss"
	}
	d.Config.Balancer.URL = u.String()
}
