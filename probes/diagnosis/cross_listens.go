package diagnosis

import (
	"slices"
	"strconv"

	"example.com/wsdoctor/probes"
)

// crossListens compares the ports that the file names with those that the running program has: one that was changed and
// not reloaded, or whose reload failed, has others.
func crossListens(s scene, r *probes.Report) {
	res := result(r, s.file.area+"/not-reloaded")
	held, seen := s.held()
	if res == nil || !seen {
		return
	}
	missing, extra := s.unbound(), []int(nil)
	var pid int
	var where []probes.Evidence
	for _, l := range s.ports.Listeners {
		for _, p := range l.Processes {
			if !slices.Contains(s.file.pids, p.PID) {
				continue
			}
			pid = s.file.pids[0]
			where = append(where, probes.Evidence{Where: l.Addr.String(), Saw: probes.T("%s (pid %d) listens here", p.Name, p.PID)})
			if port := int(l.Addr.Port()); !s.file.partial && !slices.ContainsFunc(s.file.listens, func(a address) bool { return a.Port == port }) {
				extra = append(extra, port)
			}
			break
		}
	}
	if len(missing) == 0 && len(extra) == 0 {
		return
	}
	f := probes.Finding{Severity: probes.Warning, Fix: slices.Clone(s.file.reload)}
	var wanted []int
	for _, a := range missing {
		wanted = append(wanted, a.Port)
		f.Evidence = append(f.Evidence, a.evidence())
		f.Evidence = append(f.Evidence, s.holders(a.Port)...)
		if f.Subject == "" {
			f.Subject = a.Where
		}
		if s.clientsPort(a.Port) {
			f.Severity, f.Subject = probes.Error, strconv.Itoa(a.Port)
		}
	}
	f.Evidence = append(f.Evidence, where...)
	switch {
	case len(missing) > 0:
		f.Title = probes.T("%s (pid %d) listens on %s, expected %s as its files say: what was changed is not in effect", s.file.area, pid, list(held), list(wanted))
	default:
		f.Subject = strconv.Itoa(extra[0])
		f.Title = probes.T("%s (pid %d) still listens on %s, which its files no longer name: what was changed is not in effect", s.file.area, pid, list(extra))
	}
	if len(res.Findings) > 0 { // that the file is newer is said already: this is what it means
		old := &res.Findings[0]
		old.Severity = max(old.Severity, f.Severity)
		support(old, f.Evidence...)
		res.Settle()
		return
	}
	add(res, f)
}

// held returns the ports on which the running program listens; seen is false where that cannot be told.
func (s scene) held() (ports []int, seen bool) {
	if len(s.file.pids) == 0 || len(s.ports.Listeners) == 0 {
		return nil, false
	}
	for _, l := range s.ports.Listeners {
		for _, p := range l.Processes {
			if slices.Contains(s.file.pids, p.PID) {
				ports = append(ports, int(l.Addr.Port()))
				break
			}
		}
	}
	return ports, len(ports) > 0 // without any, it is rather that the processes may not be looked into
}

// unbound returns the lines whose port the running program does not have, each port once.
func (s scene) unbound() []address {
	held, seen := s.held()
	if !seen {
		return nil
	}
	var out []address
	for _, a := range s.file.listens {
		if !slices.Contains(held, a.Port) && !slices.ContainsFunc(out, func(o address) bool { return o.Port == a.Port }) {
			out = append(out, a)
		}
	}
	return out
}

// clientsPort tells whether clients come by a port.
func (s scene) clientsPort(port int) bool {
	if e := s.ports.Expect; e.BalancerPort != 0 {
		return port == e.BalancerPort
	}
	return slices.Contains(s.ports.Expect.ForwardingPorts, port)
}

// holders shows who else listens on a port.
func (s scene) holders(port int) []probes.Evidence {
	var out []probes.Evidence
	for _, l := range s.ports.Listeners {
		if int(l.Addr.Port()) != port {
			continue
		}
		for _, p := range l.Processes {
			out = append(out, probes.Evidence{Where: l.Addr.String(), Saw: probes.T("%s (pid %d) listens here", p.Name, p.PID)})
			break
		}
	}
	return out
}
