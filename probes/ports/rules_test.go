package ports

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/sysctl"
)

// Builders of observations: a FineReport node at 10.0.0.1 with its balancer, nginx, at 10.0.0.9.

func node(ports ...Port) Observation {
	return Observation{
		Place: Place{Nodes: []string{"node1"}},
		Expect: Expect{
			Family: true, Ports: []int{38888, 39888}, ForwardingPorts: []int{38889}, ListenOrder: []int{38889, 38888, 39888},
			BackendPorts: []int{38888}, NodeAddrs: []netip.Addr{netip.MustParseAddr("10.0.0.1")},
			BalancerKind: "nginx", BalancerPort: 38889, BalancerElsewhere: true, Clients: 1000,
		},
		Ports: ports, Timers: true, SeesAllProcesses: true, Ephemeral: sysctl.Range{Low: 32768, High: 60999}, NodeWouldTake: 38888,
	}
}

// both is a host with a node and the balancer.
func both(ports ...Port) Observation {
	o := node(ports...)
	o.Place.Balancer, o.Expect.BalancerElsewhere = true, false
	return o
}

func with(o Observation, change func(*Observation)) Observation {
	change(&o)
	return o
}

// trials returns those of a port on which binds with and without SO_REUSEADDR end so.
func trials(without, withReuse Outcome) []Trial {
	var out []Trial
	for _, addr := range trialAddrs {
		out = append(out, Trial{Addr: addr, Outcome: without}, Trial{Addr: addr, ReuseAddr: true, Outcome: withReuse})
	}
	return out
}

// made gives p its state and what may be done, as an observation does.
func made(p Port) Port {
	settle(&p)
	return p
}

func free(port int, n Need) Port {
	return made(Port{Port: port, Need: n, Roles: []Role{WebSocket}, Trials: trials(Bindable, Bindable)})
}

func held(port int, n Need, b Belonging, addr string, procs ...Process) Port {
	l := Listener{Addr: netip.MustParseAddrPort(addr), Processes: procs}
	l.DualStack = l.Addr.Addr() == netip.IPv6Unspecified()
	if procs == nil {
		l.Hidden = probes.T("unknown: needs root to look into other users' processes")
	}
	role := WebSocket
	if b == Balancer || port == 38889 {
		role = Forwarding
	}
	return made(Port{Port: port, Need: n, Roles: []Role{role}, Belongs: b, Answers: No, Listeners: []Listener{l}, Trials: trials(InUse, InUse)})
}

var (
	java   = Process{PID: 812, Name: "java", Cmdline: "java -jar finereport.jar", User: "fine", Unit: "tomcat.service"}
	python = Process{PID: 77, Name: "python3", Cmdline: "python3 -m http.server 38888", User: "bob"}
	nginx  = Process{PID: 5, Name: "nginx", Cmdline: "nginx: master process", User: "root", Unit: "nginx.service"}
)

func inTimeWait(port int, n Need, reuse Outcome) Port {
	return made(Port{Port: port, Need: n, Roles: []Role{WebSocket}, TimeWait: TimeWait{Accepted: 5, Left: probes.Seconds(41200 * time.Millisecond)}, Trials: trials(InUse, reuse)})
}

func byOutgoing(port int, n Need, state string, procs ...Process) Port {
	c := Connection{Local: netip.AddrPortFrom(netip.MustParseAddr("10.0.0.1"), uint16(port)), Remote: netip.MustParseAddrPort("10.0.0.7:3306"), State: state, Processes: procs}
	p := Port{Port: port, Need: n, Roles: []Role{WebSocket}, Outgoing: []Connection{c}, Trials: trials(InUse, InUse)}
	if state == timeWaitName {
		p.TimeWait = TimeWait{Outgoing: 1, Left: probes.Seconds(10 * time.Second)}
	}
	return made(p)
}

// ruleCase is one row of a rule's table: the statuses are those of a run.
type ruleCase struct {
	o       Observation
	status  probes.Status
	subject string   // of the first finding; "" where there is none
	title   string   // a part of it
	fix     []string // lines that have to be among its fix
}

func checkRule(t *testing.T, rule probes.Rule[Observation], cases map[string]ruleCase) {
	t.Helper()
	for name, c := range cases {
		status, reason := probes.OK, probes.Text{}
		if rule.Applies != nil {
			status, reason = rule.Applies(c.o)
		}
		var found []probes.Finding
		if status != probes.Skipped {
			found = rule.Check(c.o)
		}
		worst := probes.Info
		for _, f := range found {
			worst = max(worst, f.Severity)
			if f.Title.IsZero() || strings.Contains(f.Title.String(), "%!") || f.Subject == "" {
				t.Errorf("%s: the finding %q about %q is malformed", name, f.Title, f.Subject)
			}
		}
		switch {
		case worst == probes.Error:
			status = probes.Failed
		case worst == probes.Warning:
			status = probes.Warned
		}
		if status != c.status {
			t.Errorf("%s: got %s (%s) with %v, want %s", name, status, reason, found, c.status)
			continue
		}
		if (status == probes.Skipped || status == probes.Unknown) && reason.IsZero() {
			t.Errorf("%s: %s without a reason", name, status)
		}
		if c.subject == "" {
			if len(found) > 0 {
				t.Errorf("%s: found %v, want nothing", name, found)
			}
			continue
		}
		if len(found) == 0 {
			t.Errorf("%s: found nothing, want %q", name, c.title)
			continue
		}
		if f := found[0]; f.Subject != c.subject || !strings.Contains(f.Title.String(), c.title) {
			t.Errorf("%s: got %q about %s, want %q about %s", name, f.Title, f.Subject, c.title, c.subject)
		}
		var lines []string
		for _, l := range found[0].Fix {
			lines = append(lines, l.String())
		}
		for _, want := range c.fix {
			if !slices.Contains(lines, want) {
				t.Errorf("%s: the fix %q lacks %q", name, lines, want)
			}
		}
	}
}

func TestHolder(t *testing.T) {
	waitLine := "wsdoctor wait 38888 -- your-start-command"
	checkRule(t, holder, map[string]ruleCase{
		"free":                              {status: probes.OK, o: node(free(38888, Needed), free(39888, Backup))},
		"the service runs":                  {status: probes.OK, o: node(held(38888, Needed, Service, "0.0.0.0:38888", java))},
		"nginx runs on the balancer's port": {status: probes.OK, o: both(held(38889, Needed, Balancer, "0.0.0.0:38889", nginx), free(38888, Needed))},
		"foreign on the needed port": {
			o: node(held(38888, Needed, Foreign, "127.0.0.1:38888", python)), status: probes.Failed, subject: "38888",
			title: "held by python3 (pid 77, bob), which answers no WebSocket upgrade; expected the WebSocket service",
			fix:   []string{"kill 77", "# to take it back: python3 -m http.server 38888"},
		},
		"foreign on a backup port":               {o: node(held(39888, Backup, Foreign, "0.0.0.0:39888", python), free(38888, Needed)), status: probes.Warned, subject: "39888", title: "python3"},
		"foreign on another host's port":         {status: probes.OK, o: node(held(38889, NotNeeded, Foreign, "0.0.0.0:38889", python))},
		"foreign, the service runs on its order": {o: with(node(held(38888, Needed, Foreign, "0.0.0.0:38888", python), held(39888, Backup, Service, "0.0.0.0:39888", java)), func(o *Observation) { o.Expect.BackendPorts = nil }), status: probes.Warned, subject: "38888", title: "python3"},
		"foreign, and the balancer needs it":     {o: node(held(38888, Needed, Foreign, "0.0.0.0:38888", python), held(39888, Backup, Service, "0.0.0.0:39888", java)), status: probes.Failed, subject: "38888", title: "python3"},
		"a service of systemd holds it": {
			o: both(held(38889, Needed, Foreign, "0.0.0.0:38889", java)), status: probes.Failed, subject: "38889", title: "expected the balancer (nginx)",
			fix: []string{"systemctl stop tomcat.service", "# to take it back: systemctl start tomcat.service"},
		},
		"a container holds it": {
			o: node(held(38888, Needed, Foreign, "0.0.0.0:38888", Process{PID: 9, Name: "redis", Container: "docker 4f1c09d3ab12"})), status: probes.Failed, subject: "38888", title: "docker 4f1c09d3ab12",
			fix: []string{"docker stop 4f1c09d3ab12", "# to take it back: docker start 4f1c09d3ab12"},
		},
		"java that does not answer": {o: node(held(38888, Needed, LikelyOurs, "0.0.0.0:38888", java)), status: probes.Warned, subject: "38888", title: "looks like the service"},
		"unknown holder":            {o: node(held(38888, Needed, CannotTell, "0.0.0.0:38888")), status: probes.Unknown},
		"a published port":          {o: node(held(38888, Needed, CannotTell, "0.0.0.0:38888", Process{PID: 3, Name: "docker-proxy"})), status: probes.Unknown},
		"an outgoing connection, alive": {
			o: node(byOutgoing(38888, Needed, "ESTAB", java), free(39888, Backup)), status: probes.Failed, subject: "38888",
			title: "the local port of an outgoing connection (to 10.0.0.7:3306, ESTAB, java (pid 812, fine, tomcat.service))",
			fix:   []string{"sysctl -w net.ipv4.ip_local_reserved_ports=38888,39888", "# to take it back: sysctl -w net.ipv4.ip_local_reserved_ports=", waitLine},
		},
		"an outgoing connection, closed": {
			o: with(node(byOutgoing(38888, Needed, "TIME-WAIT")), func(o *Observation) { o.Reserved = sysctl.Ports{{Low: 8080, High: 8080}} }), status: probes.Failed, subject: "38888", title: "TIME-WAIT",
			fix: []string{"sysctl -w net.ipv4.ip_local_reserved_ports=8080,38888", "# to take it back: sysctl -w net.ipv4.ip_local_reserved_ports=8080", "# the connection is closed; the kernel lets the port go in 10.0 s", waitLine},
		},
		"bound, not listening": {
			o: node(made(Port{Port: 38888, Need: Needed, Trials: trials(InUse, InUse), Bound: []Connection{{Local: netip.MustParseAddrPort("127.0.0.1:38888"), Processes: []Process{python}}}})), status: probes.Failed, subject: "38888",
			title: "is bound by python3 (pid 77, bob), which does not listen", fix: []string{"kill 77"},
		},
		"refused, and no table says why": {o: node(made(Port{Port: 38888, Need: Needed, Trials: trials(InUse, InUse)})), status: probes.Failed, subject: "38888", title: "no table lists a socket"},
		"neither node nor balancer":      {o: Observation{}, status: probes.Skipped},
		"a name that did not resolve":    {o: Observation{Place: Place{Unsure: []string{"node1"}}}, status: probes.Unknown},
	})
	reserved := with(node(byOutgoing(38888, Needed, "ESTAB", java)), func(o *Observation) { o.Reserved = sysctl.Ports{{Low: 38000, High: 39000}} })
	for _, l := range holder.Check(reserved)[0].Fix {
		if strings.Contains(l.String(), "sysctl") {
			t.Errorf("a port that is reserved already gets the fix %q", l)
		}
	}
}

func TestBindable(t *testing.T) {
	checkRule(t, bindable, map[string]ruleCase{
		"free":                      {status: probes.OK, o: node(free(38888, Needed))},
		"the service runs":          {status: probes.OK, o: node(held(38888, Needed, Service, "0.0.0.0:38888", java))},
		"TIME_WAIT":                 {o: node(inTimeWait(38888, Needed, Bindable)), status: probes.Failed, subject: "38888", title: "with SO_REUSEADDR only", fix: []string{"wsdoctor ports 38888"}},
		"foreign":                   {o: node(held(38888, Needed, Foreign, "0.0.0.0:38888", python)), status: probes.Failed, subject: "38888", title: "cannot be bound on all addresses"},
		"foreign on a backup port":  {o: node(held(39888, Backup, Foreign, "0.0.0.0:39888", python)), status: probes.Warned, subject: "39888", title: "cannot be bound"},
		"another host's port":       {status: probes.OK, o: node(held(38889, NotNeeded, Foreign, "0.0.0.0:38889", python))},
		"unknown holder":            {o: node(held(38888, Needed, CannotTell, "0.0.0.0:38888")), status: probes.Unknown},
		"no right to try":           {o: both(made(Port{Port: 80, Need: Needed, Trials: []Trial{{Addr: anyIPv4, Outcome: Denied, Why: probes.Verbatim("bind: permission denied")}}})), status: probes.Unknown},
		"no IPv6 on this host":      {status: probes.OK, o: node(made(Port{Port: 38888, Need: Needed, Trials: []Trial{{Addr: anyIPv4, Outcome: Bindable}, {Addr: anyIPv4, ReuseAddr: true, Outcome: Bindable}, {Addr: anyDual, Outcome: NoFamily}, {Addr: anyDual, ReuseAddr: true, Outcome: NoFamily}}}))},
		"neither node nor balancer": {o: Observation{}, status: probes.Skipped},
	})
}

func TestTimeWait(t *testing.T) {
	closing := func(l Leftover, cw CloseWait) Port {
		return made(Port{Port: 38888, Need: Needed, Leftover: l, CloseWait: cw, Trials: trials(InUse, Bindable)})
	}
	checkRule(t, timeWait, map[string]ruleCase{
		"none": {status: probes.OK, o: node(free(38888, Needed))},
		"with the service on it": {status: probes.OK, o: node(func() Port {
			p := held(38888, Needed, Service, "0.0.0.0:38888", java)
			p.TimeWait.Accepted = 500
			return p
		}())},
		"of the last server": {
			o: node(inTimeWait(38888, Needed, Bindable)), status: probes.Failed, subject: "38888",
			title: "(5 TIME-WAIT) keep it from servers without SO_REUSEADDR for 41.2 s", fix: []string{"wsdoctor wait 38888 -- your-start-command"},
		},
		"of a server without SO_REUSEADDR": {o: node(inTimeWait(38888, Needed, InUse)), status: probes.Failed, subject: "38888", title: "keep it from every server for 41.2 s"},
		"on a backup port":                 {o: node(inTimeWait(39888, Backup, Bindable), free(38888, Needed)), status: probes.Warned, subject: "39888", title: "41.2 s"},
		"on another host's port":           {status: probes.OK, o: node(inTimeWait(38889, NotNeeded, Bindable)), subject: "38889", title: "41.2 s"},
		"orphans in FIN_WAIT1":             {o: node(closing(Leftover{FinWait1: 2, Orphans: 2, Untimed: 2}, CloseWait{})), status: probes.Failed, subject: "38888", title: "(2 FIN-WAIT-1) keep it from servers without SO_REUSEADDR until the last of them is closed"},
		"orphans in FIN_WAIT2":             {o: node(closing(Leftover{FinWait2: 2, Orphans: 2, Left: probes.Seconds(9 * time.Second)}, CloseWait{})), status: probes.Failed, subject: "38888", title: "(2 FIN-WAIT-2) keep it from servers without SO_REUSEADDR for 9.0 s"},
		"a process keeps connections open": {
			o: node(closing(Leftover{Established: 1, Untimed: 1, Processes: []Process{java}}, CloseWait{})), status: probes.Failed, subject: "38888", title: "1 ESTAB",
			fix: []string{"systemctl stop tomcat.service", "wsdoctor wait 38888 -- your-start-command"},
		},
		"the timer has run out":     {o: node(made(Port{Port: 38888, Need: Needed, TimeWait: TimeWait{Accepted: 1}, Trials: trials(InUse, Bindable)})), status: probes.Failed, subject: "38888", title: "for a moment more"},
		"a system without timers":   {o: with(node(made(Port{Port: 38888, Need: Needed, TimeWait: TimeWait{Accepted: 1}, Trials: trials(InUse, Bindable)})), func(o *Observation) { o.Timers = false }), status: probes.Failed, subject: "38888", title: "for a time that this system does not tell"},
		"neither node nor balancer": {o: Observation{}, status: probes.Skipped},
	})
}
