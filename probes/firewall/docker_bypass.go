package firewall

import (
	"strconv"

	"example.com/wsdoctor/probes"
)

var dockerBypass = probes.Rule[Observation]{
	ID:    "firewall/docker-bypass",
	Title: "no needed port goes past the rules that are meant to guard it",
	Why: "A port that Docker publishes is translated to the container's address before the rules for this host are asked " +
		"(nat PREROUTING comes before filter INPUT), and is then forwarded: what ufw or another tool denies for the host does " +
		"not hold for it. Docker's documentation names the chain DOCKER-USER as the place for such rules.",
	Applies: func(o Observation) (probes.Status, probes.Text) {
		for _, p := range o.Ports {
			if p.Verdict != "" || len(p.Bypasses) > 0 {
				return probes.OK, probes.Text{}
			}
		}
		return probes.Unknown, probes.T("no port could be judged")
	},
	Check: func(o Observation) []probes.Finding {
		var out []probes.Finding
		for _, p := range o.Ports {
			if len(p.Bypasses) == 0 {
				continue
			}
			b := p.Bypasses[0]
			out = append(out, probes.Finding{
				Severity: probes.Warning,
				Subject:  strconv.Itoa(p.Port),
				Title:    probes.T("port %d is open because it is sent to %s before the rule that denies it is asked, expected the rules of this host to hold for it", p.Port, b.To),
				Evidence: []probes.Evidence{
					{Where: where(b.NAT), Saw: probes.Verbatim(b.NAT.Rule)},
					{Where: where(b.Skipped), Saw: probes.T("not asked: %s", b.Skipped.Rule)},
				},
				Fix: []probes.Text{
					probes.T("# it works as it is; to let only some sources in, add rules to the chain DOCKER-USER, for example:"),
					probes.Verbatim("iptables -I DOCKER-USER -p tcp -m conntrack --ctorigdstport " + strconv.Itoa(p.Port) + " ! -s 192.0.2.0/24 -j DROP"),
					probes.T("# to take it back: %s", "iptables -D DOCKER-USER -p tcp -m conntrack --ctorigdstport "+strconv.Itoa(p.Port)+" ! -s 192.0.2.0/24 -j DROP"),
				},
			})
		}
		return out
	},
}
