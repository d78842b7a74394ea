package firewall

import (
	"strconv"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/firewall/netfilter"
)

var inbound = probes.Rule[Observation]{
	ID:    "firewall/inbound",
	Title: "the firewall of this host lets connections to every port that is needed through",
	Why: "A rule that drops the SYN of a connection shows at the other end as a timeout, one that rejects it as " +
		"\"connection refused\" or \"no route to host\": both look like a service that is down, while it answers on the host " +
		"itself. The rules of nftables, iptables, ufw and firewalld are walked as the kernel does (nft(8), iptables(8)). " +
		"A filter outside this host, such as a security group, is not seen.",
	Applies: func(o Observation) (probes.Status, probes.Text) {
		for _, p := range o.Ports {
			if p.Verdict == netfilter.Unknown {
				return probes.Unknown, probes.T("port %d cannot be judged: %s", p.Port, strings.Join(p.Why, "; "))
			}
		}
		return probes.OK, probes.Text{}
	},
	Check: func(o Observation) []probes.Finding {
		var out []probes.Finding
		for _, p := range o.Ports {
			if p.Verdict == netfilter.Drop || p.Verdict == netfilter.Reject {
				out = append(out, stopped(o, p))
			}
		}
		return out
	},
}

// stopped makes the finding of a port that does not let through who must get through. Where some clients get through
// and it is not known which ones there are, it is advice or a warning.
func stopped(o Observation, p Port) probes.Finding {
	f := probes.Finding{Severity: probes.Error, Subject: strconv.Itoa(p.Port), Title: title(p), Fix: fix(o, p)}
	for _, path := range p.Paths {
		if path.Expected && path.Verdict != netfilter.Accept && !path.By.IsZero() {
			f.Evidence = append(f.Evidence, probes.Evidence{Where: where(path.By), Saw: probes.Verbatim(path.By.Rule)})
			f.Evidence = append(f.Evidence, probes.Evidence{Where: path.Interface, Saw: seen(path)})
		}
	}
	switch partial := len(p.From) == 0 && len(p.Sources) > 0; {
	case partial && p.neighbours():
		f.Severity = probes.Info
	case partial, p.Spare:
		f.Severity = probes.Warning
	}
	if len(p.Sources) > 0 {
		f.Evidence = append(f.Evidence, probes.Evidence{Where: p.Where, Saw: probes.T("accepted sources: %s", strings.Join(p.Sources, ", "))})
	}
	if p.Spare {
		f.Evidence = append(f.Evidence, probes.Evidence{Where: "websocket", Saw: probes.T("the port is only used while another one cannot be")})
	}
	return f
}

func title(p Port) probes.Text {
	from := probes.T("clients")
	switch {
	case p.Role == ForBalancer && len(p.From) > 0:
		from = probes.T("the balancer (%s)", strings.Join(p.From, ", "))
	case p.Role == ForBalancer:
		from = probes.T("the balancer")
	case len(p.Sources) > 0:
		return probes.T("port %d accepts connections from %s only, expected from clients anywhere", p.Port, strings.Join(p.Sources, ", "))
	}
	if p.Verdict == netfilter.Reject {
		return probes.T("the firewall of this host rejects connections from %s to port %d, expected to accept them", from, p.Port)
	}
	return probes.T("the firewall of this host drops connections from %s to port %d, expected to accept them", from, p.Port)
}

// seen says which packet a rule decides on.
func seen(path Path) probes.Text {
	if path.From == "" {
		return probes.T("a connection from anywhere to %s: %s", path.To, path.Verdict.String())
	}
	return probes.T("a connection from %s to %s: %s", path.From, path.To, path.Verdict.String())
}

// neighbours tells whether hosts of the networks that this host is in get through on every way that is expected.
func (p Port) neighbours() bool {
	for _, path := range p.Paths {
		if path.Expected && path.Verdict != netfilter.Accept && !path.Neighbours {
			return false
		}
	}
	return true
}
