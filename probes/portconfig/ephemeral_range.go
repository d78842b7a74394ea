package portconfig

import (
	"strconv"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/sysctl"
)

var ephemeralRange = probes.Rule[Observation]{
	ID:    "portconfig/ephemeral-range",
	Title: "no outgoing connection can take a port that is to be listened on",
	Why: "An outgoing connection takes its local port from net.ipv4.ip_local_port_range (32768 to 60999 unless changed). If " +
		"that is one of the ports, the service cannot bind it until the connection is gone and, with its TIME_WAIT, 60 s " +
		"longer; SO_REUSEADDR does not help. net.ipv4.ip_local_reserved_ports keeps ports out of it " +
		"(kernel: Documentation/networking/ip-sysctl.rst).",
	Applies: func(o Observation) (probes.Status, probes.Text) { return o.Host.Status, o.Host.Reason },
	Check: func(o Observation) []probes.Finding {
		if o.Host.Status != probes.OK {
			return nil
		}
		ports, places := o.mentions(o.rolesHere()...)
		var open []int
		for _, p := range ports {
			if o.Host.Ephemeral.Contains(p) && !o.Host.Reserved.Contains(p) {
				open = append(open, p)
			}
		}
		if len(open) == 0 {
			return nil
		}
		f := probes.Finding{
			Severity: probes.Warning, Subject: sysctl.LocalReserved,
			Title: probes.T("port %d lies in the range of outgoing connections, %d to %d, and is not reserved: any of them can take it", open[0], o.Host.Ephemeral.Low, o.Host.Ephemeral.High),
			Fix:   sysctl.Set(sysctl.LocalReserved, o.Host.Reserved.With(open...).String(), o.Host.Reserved.String()),
		}
		if len(open) > 1 {
			f.Title = probes.T("ports %s lie in the range of outgoing connections, %d to %d, and are not reserved: any of them can take one", list(open), o.Host.Ephemeral.Low, o.Host.Ephemeral.High)
		}
		for _, p := range open {
			f.Evidence = append(f.Evidence, evidence(places[p])...)
		}
		f.Evidence = append(f.Evidence,
			probes.Evidence{Where: sysctl.File(sysctl.LocalPortRange), Saw: probes.T("%d %d", o.Host.Ephemeral.Low, o.Host.Ephemeral.High)},
			probes.Evidence{Where: sysctl.File(sysctl.LocalReserved), Saw: probes.T("%q", o.Host.Reserved.String())})
		return []probes.Finding{f}
	},
}

func list(ports []int) string {
	s := make([]string, len(ports))
	for i, p := range ports {
		s[i] = strconv.Itoa(p)
	}
	return strings.Join(s, ", ")
}

// rolesHere returns the roles whose ports are listened on at this host. A node of the family also tries the
// forwarding ports.
func (o Observation) rolesHere() []Role {
	var out []Role
	if o.Host.Node {
		out = append(out, WebSocket)
	}
	if o.Host.Balancer {
		out = append(out, Balancer)
	}
	if o.Host.Balancer || o.Host.Node && o.Family {
		out = append(out, Forwarding)
	}
	return out
}
