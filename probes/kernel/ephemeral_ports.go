package kernel

import (
	"fmt"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/sysctl"
)

// wideRange is what the range may be widened to: it leaves the ports on which programs listen by custom alone.
var wideRange = sysctl.Range{Low: 15000, High: 65535}

// ephemeralSpare is the part of the range, in percent, that tunnels may take: ports in TIME_WAIT need the rest.
const ephemeralSpare = 80

var ephemeralPorts = probes.Rule[Observation]{
	ID:    "kernel/ephemeral-ports",
	Title: "the balancer has enough ports of its own for its connections to the backends",
	Why: "Each tunnel takes a local port of the balancer's host for as long as it lives, from net.ipv4.ip_local_port_range less " +
		"net.ipv4.ip_local_reserved_ports; towards one backend address and port each can be used once. When they are used up, " +
		"connecting fails with \"cannot assign requested address\" (EADDRNOTAVAIL), which clients see as 502.",
	Applies: func(o Observation) (probes.Status, probes.Text) {
		switch {
		case !o.Balancer:
			return probes.Skipped, probes.T("the balancer does not run on this host")
		case o.Backends == 0:
			return probes.Skipped, probes.T("the settings name no backend")
		}
		return judgeable("ephemeral-ports")(o)
	},
	Check: func(o Observation) []probes.Finding {
		if o.Gaps["ephemeral-ports"] != nil {
			return nil
		}
		usable := o.Ephemeral.High - o.Ephemeral.Low + 1 - o.Reserved.CountIn(o.Ephemeral)
		each, oneDown := (o.Clients+o.Backends-1)/o.Backends, share(o.Clients, o.Backends)
		f := probes.Finding{
			Severity: probes.Warning, Subject: sysctl.LocalPortRange,
			Evidence: []probes.Evidence{
				{Where: sysctl.File(sysctl.LocalPortRange), Saw: probes.T("%d %d", o.Ephemeral.Low, o.Ephemeral.High)},
				{Where: sysctl.File(sysctl.LocalReserved), Saw: probes.T("%q", o.Reserved.String())},
			},
		}
		switch {
		case each > usable:
			f.Severity = probes.Error
			f.Title = probes.T("%d ports are left for connections to each backend, expected at least %d for %d clients on %d backend(s)", usable, each, o.Clients, o.Backends)
		case oneDown > usable:
			f.Title = probes.T("%d ports are left for connections to each backend, expected at least %d for %d clients while one of %d backends is down", usable, oneDown, o.Clients, o.Backends)
		case each*100 > usable*ephemeralSpare:
			f.Title = probes.T("%d ports are left for connections to each backend, and %d clients on %d backend(s) take more than %d%% of them", usable, o.Clients, o.Backends, ephemeralSpare)
		default:
			return nil
		}
		if o.Ephemeral.Low > wideRange.Low {
			f.Fix = append(f.Fix, probes.T("# reserve the ports below %d on which programs of this host listen first (net.ipv4.ip_local_reserved_ports)", o.Ephemeral.Low))
			f.Fix = append(f.Fix, sysctl.Set(sysctl.LocalPortRange, fmt.Sprintf("%d %d", wideRange.Low, wideRange.High), fmt.Sprintf("%d %d", o.Ephemeral.Low, o.Ephemeral.High))...)
		}
		f.Fix = append(f.Fix, probes.T("# each further backend address or port has a range of its own"))
		return []probes.Finding{f}
	},
}
