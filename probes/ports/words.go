package ports

import (
	"strconv"
	"strings"

	"example.com/wsdoctor/probes"
)

// subject is the bare port, by which findings of several areas are matched.
func (p Port) subject() string { return strconv.Itoa(p.Port) }

// String says who p is in one line, such as "nginx (pid 812, root, nginx.service)".
func (p Process) String() string {
	in := []string{"pid " + strconv.Itoa(p.PID)}
	for _, s := range []string{p.User, p.Unit, p.Container} {
		if s != "" {
			in = append(in, s)
		}
	}
	name := p.Name
	if name == "" {
		name = "?"
	}
	return name + " (" + strings.Join(in, ", ") + ")"
}

// who names the first of several processes and counts the rest; hidden says why there is none.
func who(list []Process, hidden probes.Text) probes.Text {
	switch len(list) {
	case 0:
		return probes.T("a process that is %s", hidden)
	case 1:
		return probes.Verbatim(list[0].String())
	}
	return probes.T("%s and %d more", list[0], len(list)-1)
}

// holder names what listens on p.
func (p Port) holder() probes.Text {
	var all []Process
	var why probes.Text
	seen := map[int]bool{}
	for _, l := range p.Listeners {
		why = l.Hidden
		for _, proc := range l.Processes {
			if !seen[proc.PID] {
				seen[proc.PID] = true
				all = append(all, proc)
			}
		}
	}
	return who(all, why)
}

// addresses lists where p is listened on.
func (p Port) addresses() string {
	var out []string
	for _, l := range p.Listeners {
		out = append(out, l.Addr.String())
	}
	return strings.Join(out, ", ")
}

// evidence shows p's listeners as they stand in the kernel's table.
func (p Port) evidence() []probes.Evidence {
	var out []probes.Evidence
	for _, l := range p.Listeners {
		for _, proc := range l.Processes {
			out = append(out, probes.Evidence{Where: "/proc/" + strconv.Itoa(proc.PID) + "/cmdline", Saw: probes.Verbatim(proc.Cmdline)})
			break // a master's workers have the same command line but for a word
		}
		out = append(out, probes.Evidence{Where: "ss -tlnp 'sport = :" + p.subject() + "'", Saw: blocks(l)})
	}
	return out
}

// blocks says which binds a listener keeps others from: a wildcard and a specific address conflict (inet_rcv_saddr_equal
// in net/ipv4/inet_connection_sock.c), an IPv6-only socket and an IPv4 one do not.
func blocks(l Listener) probes.Text {
	a := l.Addr.Addr()
	port := l.Addr.Port()
	switch {
	case l.DualStack:
		return probes.T("listens on %s for IPv6 and IPv4: it keeps others from every address of this port", l.Addr)
	case a.Is6():
		return probes.T("listens on %s for IPv6 only: it keeps others from [::]:%d, not from 0.0.0.0:%d", l.Addr, port, port)
	case a.IsUnspecified():
		return probes.T("listens on %s: it keeps others from every IPv4 address and from a dual-stack [::]:%d, not from an IPv6-only one", l.Addr, port)
	}
	return probes.T("listens on %s: it keeps others from 0.0.0.0:%d and a dual-stack [::]:%d too, not from an IPv6-only one", l.Addr, port, port)
}

// stopFix returns the lines that stop a process in the way that fits how it was started.
func stopFix(list []Process) []probes.Text {
	if len(list) == 0 {
		return nil
	}
	p := list[0]
	runtime, id, _ := strings.Cut(p.Container, " ")
	stop, start := "kill "+strconv.Itoa(p.PID), p.Cmdline
	switch {
	case runtime == "docker" || runtime == "podman":
		stop, start = runtime+" stop "+id, runtime+" start "+id
	case p.Container == "" && strings.HasSuffix(p.Unit, ".service"):
		stop, start = "systemctl stop "+p.Unit, "systemctl start "+p.Unit
	}
	return []probes.Text{
		probes.T("# give %s another port, or, if nobody needs it, stop it:", p.Name),
		probes.Verbatim(stop),
		probes.T("# to take it back: %s", start),
	}
}

// waitFix is the line that starts a server at the moment the port is free.
func waitFix(p Port) probes.Text {
	return probes.Verbatim("wsdoctor wait " + p.subject() + " -- your-start-command")
}

// Blocker says in one line what keeps p from being bound, for how long where that is known.
func (p Port) Blocker() probes.Text {
	switch p.State {
	case Held:
		return probes.T("held by %s at %s", p.holder(), p.addresses())
	case Outgoing:
		c := p.Outgoing[0]
		return probes.T("the local port of an outgoing connection to %s (%s)", c.Remote, c.State)
	case BoundOnly:
		if len(p.Bound) > 0 {
			return probes.T("bound by %s, which does not listen", who(p.Bound[0].Processes, p.Bound[0].Hidden))
		}
		return probes.T("bound by a socket that no table lists")
	case Waiting:
		return probes.Verbatim(p.leftovers())
	case Free:
		return probes.T("free")
	}
	return p.refusal()
}
