package ports

import (
	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/sysctl"
)

var holder = probes.Rule[Observation]{
	ID:    "ports/holder",
	Title: "no foreign program and no outgoing connection sits on a configured port",
	Why: "A port has one holder. Where another program listens on it, the service or the balancer cannot start there, and " +
		"clients reach the wrong program. An outgoing connection can take it too: the default ports of the FineReport family lie " +
		"in the range 32768-60999 from which Linux gives local ports to outgoing connections, and such a socket keeps even a " +
		"server with SO_REUSEADDR away. Ports in net.ipv4.ip_local_reserved_ports are never given out " +
		"(Documentation/networking/ip-sysctl.rst).",
	Applies: onThisHost(holderKnown),
	Check: func(o Observation) []probes.Finding {
		var out []probes.Finding
		for _, p := range o.Ports {
			switch {
			case p.Belongs == Foreign && p.Need != NotNeeded:
				out = append(out, foreign(o, p))
			case p.Belongs == LikelyOurs && p.Need != NotNeeded:
				out = append(out, silent(o, p))
			case p.State == Outgoing:
				out = append(out, outgoing(o, p))
			case p.State == BoundOnly:
				out = append(out, boundOnly(o, p))
			}
		}
		return out
	},
}

// holderKnown is Unknown where a port that matters is held and nobody can say by what.
func holderKnown(o Observation) (probes.Status, probes.Text) {
	for _, p := range o.Ports {
		if p.Belongs != CannotTell || p.Need == NotNeeded {
			continue
		}
		switch {
		case p.Answers == NotAsked:
			return probes.Unknown, probes.T("port %d is held by %s, which could not be asked for a WebSocket upgrade", p.Port, p.holder())
		case len(p.holderNames()) == 0:
			return probes.Unknown, probes.T("port %d is held by %s, and it does not answer a WebSocket upgrade", p.Port, p.holder())
		}
		return probes.Unknown, probes.T("port %d is held by %s, and what stands behind it does not answer a WebSocket upgrade", p.Port, p.holder())
	}
	return probes.OK, probes.Text{}
}

func foreign(o Observation, p Port) probes.Finding {
	var first []Process
	for _, l := range p.Listeners {
		first = append(first, l.Processes...)
	}
	return probes.Finding{
		Severity: o.severity(p),
		Subject:  p.subject(),
		Title:    probes.T("port %d is held by %s, which answers no WebSocket upgrade; expected %s", p.Port, p.holder(), o.wanted(p)),
		Evidence: p.evidence(),
		Fix:      stopFix(first),
	}
}

// silent is about a program that looks like the service itself: whether it is broken or was asked for the wrong path,
// the handshake's own checks tell.
func silent(o Observation, p Port) probes.Finding {
	return probes.Finding{
		Severity: probes.Warning,
		Subject:  p.subject(),
		Title:    probes.T("port %d is held by %s, which looks like the service but answers no WebSocket upgrade", p.Port, p.holder()),
		Evidence: p.evidence(),
	}
}

func outgoing(o Observation, p Port) probes.Finding {
	f := probes.Finding{Severity: o.severity(p), Subject: p.subject()}
	owner := probes.Text{}
	live := false
	for i, c := range p.Outgoing {
		by := c.Hidden
		if len(c.Processes) > 0 {
			by = who(c.Processes, c.Hidden)
		}
		if i == 0 || !live && c.State != timeWaitName {
			owner = probes.T("to %s, %s, %s", c.Remote, c.State, by)
		}
		live = live || c.State != timeWaitName
		f.Evidence = append(f.Evidence, probes.Evidence{
			Where: "ss -tanp 'sport = :" + p.subject() + "'",
			Saw:   probes.T("%s %s -> %s, %s", c.State, c.Local, c.Remote, by),
		})
	}
	f.Title = probes.T("port %d is the local port of an outgoing connection (%s), which keeps every server away, with SO_REUSEADDR too; expected it free", p.Port, owner)
	if o.Ephemeral.Contains(p.Port) && !o.Reserved.Contains(p.Port) {
		f.Evidence = append(f.Evidence, probes.Evidence{
			Where: sysctl.File(sysctl.LocalPortRange),
			Saw:   probes.T("%d-%d are given to outgoing connections, and %d is not reserved", o.Ephemeral.Low, o.Ephemeral.High, p.Port),
		})
		f.Fix = append(f.Fix, sysctl.Set(sysctl.LocalReserved, o.Reserved.With(o.reservable(p.Port)...).String(), o.Reserved.String())...)
	}
	if live {
		f.Fix = append(f.Fix, probes.T("# that keeps it from happening again; the connection of now has to end: restart its program, then"))
	} else if p.May.In > 0 {
		f.Fix = append(f.Fix, probes.T("# the connection is closed; the kernel lets the port go in %s", p.May.In))
	}
	f.Fix = append(f.Fix, waitFix(p))
	return f
}

// reservable returns the configured ports that outgoing connections may take on this host, and port itself.
func (o Observation) reservable(port int) []int {
	out := []int{port}
	for _, p := range o.Ports {
		if p.Need != NotNeeded && o.Ephemeral.Contains(p.Port) {
			out = append(out, p.Port)
		}
	}
	return out
}

func boundOnly(o Observation, p Port) probes.Finding {
	f := probes.Finding{Severity: o.severity(p), Subject: p.subject()}
	if len(p.Bound) == 0 {
		f.Title = probes.T("port %d cannot be bound though no table lists a socket on it; expected it free", p.Port)
		f.Evidence = p.trialEvidence()
		f.Fix = []probes.Text{probes.T("# a socket is bound to it and does not listen: Linux lists such sockets from 6.8 on, and other network namespaces not at all")}
		return f
	}
	b := p.Bound[0]
	f.Title = probes.T("port %d is bound by %s, which does not listen on it; expected it free", p.Port, who(b.Processes, b.Hidden))
	for _, c := range p.Bound {
		f.Evidence = append(f.Evidence, probes.Evidence{
			Where: "ss -tanp state bound-inactive 'sport = :" + p.subject() + "'",
			Saw:   probes.T("bound to %s, %s", c.Local, who(c.Processes, c.Hidden)),
		})
	}
	f.Fix = stopFix(b.Processes)
	return f
}
