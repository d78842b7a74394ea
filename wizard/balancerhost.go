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
		case d.namedHost():
			return host
		case host != "" && d.IsLocal(host) == d.Here:
			return host
		case d.Here:
			return d.Found.Address()
		}
		return ""
	},
	From: func(d Draft) probes.Text {
		if d.namedHost() {
			return d.from(func(p cluster.WayPlaces) string { return p.Entry })
		}
		return probes.Text{}
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

// namedHost tells that the configuration that was taken over names the host under which clients come.
func (d Draft) namedHost() bool {
	return d.Taken.Way != nil && len(d.Taken.Way.Names) > 0 && d.Config.Balancer.Host() == d.Taken.Way.Names[0]
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
