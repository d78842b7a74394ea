package handshake

import (
	"net"
	"net/url"
	"strconv"

	"example.com/wsdoctor/probes"
)

var connectRule = probes.Rule[Observation]{
	ID:    "handshake/connect",
	Title: "every node and the balancer accept TCP connections",
	Why: "Refused means that nothing listens (or a firewall rejects); silence means that a firewall or a security group " +
		"drops the packets. Both come before any question of headers.",
	Applies: reaches(Connecting),
	Check: func(o Observation) []probes.Finding {
		var out []probes.Finding
		for _, f := range faults(o, Connecting) {
			switch {
			case f.others && (f.cause.Kind == Unreachable || f.cause.Kind == Denied):
				// A host without IPv6 has no way to an AAAA address, and clients there take the other one.
			case f.trace.AnswersOn != 0:
				out = append(out, elsewhere(f, o.Balancer))
			default:
				out = append(out, connectFinding(f))
			}
		}
		return out
	},
}

func connectFinding(f fault) probes.Finding {
	sev := probes.Error
	if f.others {
		// Browsers try the next address, many libraries do not.
		sev = probes.Warning
	}
	if f.trace.Local && f.cause.Kind == Refused && len(f.attempts) > 0 {
		f.cause.Text = probes.T("nothing listens on %s (connection refused)", f.attempts[0].Address)
	}
	return f.finding(sev, connectFix(f)...)
}

// elsewhere is the finding for a node that took another port of its listen order. Where the balancer reaches a node
// all the same, or there is none, the settings are merely behind.
func elsewhere(f fault, balancer *Trace) probes.Finding {
	sev := probes.Error
	if balancer == nil || balancer.Upgraded() {
		sev = probes.Warning
	}
	address := f.attempts[0].Address
	f.cause.Text = probes.T("nothing listens on %s (connection refused); the service answers on %d, another port of its listen order", address, f.trace.AnswersOn)
	out := f.finding(sev,
		probes.Verbatim("wsdoctor ports "+f.trace.port()),
		probes.T("# free %s and restart the service, or let the balancer and wsdoctor.yaml point to %d", f.trace.port(), f.trace.AnswersOn))
	out.Evidence = append(out.Evidence, probes.Evidence{
		Where: withPort(f.trace.URL, f.trace.AnswersOn), Saw: probes.T("answers the upgrade with 101"),
	})
	return out
}

func withPort(raw string, port int) string {
	u, err := url.Parse(raw)
	if err != nil {
		return raw
	}
	if host := u.Hostname(); host != "" {
		u.Host = net.JoinHostPort(host, strconv.Itoa(port))
	}
	return u.String()
}

func connectFix(f fault) []probes.Text {
	var out []probes.Text
	switch {
	case f.cause.Kind == Refused && f.trace.Local:
		out = append(out, probes.Verbatim("wsdoctor ports "+f.trace.port()))
	case f.cause.Kind == Refused:
		out = append(out, probes.T("# on %s: wsdoctor ports %s", hostOf(f.trace.URL), f.trace.port()))
	case f.cause.Kind == ConnectTimeout || f.cause.Kind == Unreachable:
		out = append(out, probes.T("# on %s: wsdoctor check --only firewall", hostOf(f.trace.URL)))
	case f.cause.Kind == Denied:
		out = append(out, probes.Verbatim("nft list chain inet filter output; iptables -S OUTPUT"))
	}
	if f.cause.Kind == Refused {
		if f.trace.Role == Balancer {
			out = append(out, probes.T("# start the balancer, or let it listen on %s", f.trace.port()))
		} else {
			out = append(out, probes.T("# start the service, or correct websocket.ports in wsdoctor.yaml"))
		}
	}
	return out
}
