package portconfig

import (
	"fmt"
	"strconv"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/sysctl"
)

var privileged = probes.Rule[Observation]{
	ID:    "portconfig/privileged",
	Title: "every port can be bound without a privilege, or by a program that has it",
	Why: "Ports below net.ipv4.ip_unprivileged_port_start (1024 unless changed) can be bound by root or with " +
		"CAP_NET_BIND_SERVICE only (capabilities(7)); a service that an ordinary user starts gets \"permission denied\". " +
		"nginx, HAProxy and Caddy are usually started with the privilege.",
	Check: func(o Observation) []probes.Finding {
		var out []probes.Finding
		said := map[int]bool{}
		for _, role := range []Role{WebSocket, Forwarding, Balancer} {
			ports, places := o.mentions(role)
			for _, p := range ports {
				limit := o.unprivilegedFrom(role)
				if p < 1 || p >= limit || said[p] {
					continue
				}
				said[p] = true
				out = append(out, o.needsPrivilege(role, p, limit, places[p]))
			}
		}
		return out
	},
}

// unprivilegedFrom returns this host's limit if the role's program runs here, else the kernel's default.
func (o Observation) unprivilegedFrom(role Role) int {
	if role == WebSocket && o.Host.Node || role != WebSocket && o.Host.Balancer {
		return o.Host.UnprivilegedFrom
	}
	return sysctl.DefaultUnprivilegedFrom
}

func (o Observation) needsPrivilege(role Role, p, limit int, ps []place) probes.Finding {
	f := probes.Finding{
		Severity: probes.Warning, Subject: strconv.Itoa(p),
		Title:    probes.T("port %d is below %d: the service that binds it has to run as root or with CAP_NET_BIND_SERVICE", p, limit),
		Evidence: evidence(ps),
	}
	if role != WebSocket {
		f.Title = probes.T("port %d is below %d: the balancer (%s) has to be started as root or with CAP_NET_BIND_SERVICE", p, limit, string(o.BalancerKind))
		if o.BalancerKind != cluster.Embedded {
			f.Severity = probes.Info
			return f
		}
		f.Fix = []probes.Text{
			probes.Verbatim(`setcap cap_net_bind_service=+ep "$(command -v wsdoctor)"`),
			probes.T("# to take it back: %s", `setcap -r "$(command -v wsdoctor)"`),
		}
		return f
	}
	f.Fix = []probes.Text{
		probes.T("# if an ordinary user starts it: in the [Service] section of its systemd unit"),
		probes.Verbatim("AmbientCapabilities=CAP_NET_BIND_SERVICE"),
		probes.T("# to take it back, remove that line; or, for every program of this host:"),
		probes.Verbatim(fmt.Sprintf("sysctl -w %s=%d", sysctl.UnprivilegedFrom, p)),
		probes.T("# to take it back: %s", fmt.Sprintf("sysctl -w %s=%d", sysctl.UnprivilegedFrom, limit)),
	}
	return f
}
