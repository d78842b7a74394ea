package screens

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/ports"
	"example.com/wsdoctor/tui/widgets"
)

// details draws everything that is known of one port, each line at most width cells wide.
func (p portsScreen) details(st State, o ports.Observation, port ports.Port, width int) []string {
	t := p.d.Theme
	pg := page{d: p.d, width: width}
	p.workLines(&pg)
	fact := func(name, value probes.Text) {
		const nameWidth = 11
		label := widgets.Fit(t.Say(name), nameWidth, t.Marks.Ellipsis) + " "
		for i, line := range widgets.Wrap(t.Say(value), width-nameWidth-1, "") {
			if i > 0 {
				label = strings.Repeat(" ", nameWidth+1)
			}
			pg.lines = append(pg.lines, t.Faint.Render(label)+line)
		}
	}
	use := needWords(port.Need)
	if names := p.roles(port); names != "" {
		use = probes.T("%s; %s", names, use)
	}
	fact(probes.T("for"), use)
	p.listeners(port, fact)
	p.leftovers(o, port, fact)
	p.bindNow(o, port, fact)
	all := findings(st, port.Port)
	for _, f := range all {
		pg.gap()
		// What was seen and the fix stand with the check.
		f.Evidence, f.Fix = nil, nil
		pg.finding(f.Finding)
		pg.add(t.Faint, "  ", f.id)
	}
	if len(all) > 0 {
		pg.gap()
	}
	tried(port, fact)
	for _, unseen := range o.Unseen {
		fact(probes.T("not seen"), unseen)
	}
	return pg.lines
}

func needWords(n ports.Need) probes.Text {
	switch n {
	case ports.Needed:
		return probes.T("this host has to have it")
	case ports.Backup:
		return probes.T("taken when the one before it cannot be had")
	}
	return probes.T("nothing on this host needs it")
}

// mostHolders is how many processes of one listener are named: the workers of a server are all alike.
const mostHolders = 3

// listeners says who listens, where, and whether it is what the settings put there.
func (p portsScreen) listeners(port ports.Port, fact func(name, value probes.Text)) {
	for _, l := range port.Listeners {
		where := probes.Verbatim(l.Addr.String())
		switch {
		case l.DualStack:
			where = probes.T("%s, IPv4 too", l.Addr)
		case l.Loopback():
			where = probes.T("%s, this host alone reaches it", l.Addr)
		}
		if l.Backlog > 0 {
			where = probes.T("%s; %d of %d wait for accept", where, l.Queue, l.Backlog)
		}
		fact(probes.T("listens"), where)
		for i, proc := range l.Processes {
			if i == mostHolders {
				fact(probes.T(""), probes.T("and %d more", len(l.Processes)-i))
				break
			}
			fact(probes.T("held by"), probes.Verbatim(proc.String()))
			if proc.Cmdline != "" {
				fact(probes.T(""), probes.Verbatim(proc.Cmdline))
			}
		}
		if !l.Hidden.IsZero() {
			fact(probes.T("held by"), l.Hidden)
		}
	}
	if len(port.Listeners) > 0 {
		fact(probes.T("it is"), belongWords(port.Belongs))
	}
}

func belongWords(b ports.Belonging) probes.Text {
	switch b {
	case ports.Service:
		return probes.T("the service: it answers the WebSocket upgrade")
	case ports.Balancer:
		return probes.T("the balancer of the settings")
	case ports.LikelyOurs:
		return probes.T("a program that fits the product, but it does not answer the upgrade")
	case ports.Foreign:
		return probes.T("another program, and it does not answer the upgrade")
	}
	return probes.T("unknown: nothing answered the upgrade, and the program does not tell")
}

// leftovers says which connections keep the port, and how long.
func (p portsScreen) leftovers(o ports.Observation, port ports.Port, fact func(name, value probes.Text)) {
	if tw := port.TimeWait; tw.Accepted+tw.Outgoing > 0 {
		what := probes.T("%d accepted: they block servers that do not set SO_REUSEADDR", tw.Accepted)
		switch {
		case tw.Accepted == 0:
			what = probes.T("%d outgoing: they block every server", tw.Outgoing)
		case tw.Outgoing > 0:
			what = probes.T("%d accepted, %d outgoing: the outgoing ones block every server", tw.Accepted, tw.Outgoing)
		}
		fact(probes.T("TIME_WAIT"), what)
		switch left := p.left(o, port); {
		case !o.Timers:
			fact(probes.T(""), probes.T("how long they last cannot be seen here"))
		case left > 0:
			end := o.At.Add(tw.Left.Duration()).Format(time.TimeOnly)
			fact(probes.T(""), probes.T("the last one is gone in %s, at %s", seconds(left), end))
		default:
			fact(probes.T(""), probes.T("the last one is gone by now"))
		}
	}
	if n := port.Leftover.Blocking(); n > 0 {
		l := port.Leftover
		var parts []string
		for _, c := range []struct {
			n    int
			name string
		}{{l.Established, "ESTAB"}, {l.FinWait1, "FIN-WAIT-1"}, {l.FinWait2, "FIN-WAIT-2"}, {l.Closing, "CLOSING"}, {l.LastAck, "LAST-ACK"}} {
			if c.n > 0 {
				parts = append(parts, fmt.Sprintf("%d %s", c.n, c.name))
			}
		}
		fact(probes.T("open"), probes.T("%s; %d without a process", strings.Join(parts, ", "), l.Orphans))
	}
	if n := port.CloseWait.Count; n > 0 {
		fact(probes.T("CLOSE_WAIT"), probes.T("%d that the peer has closed and the program has not", n))
	}
	for _, c := range port.Outgoing {
		fact(probes.T("outgoing"), p.connection(c))
	}
	for _, c := range port.Bound {
		fact(probes.T("bound"), p.connection(c))
	}
}

func (p portsScreen) connection(c ports.Connection) probes.Text {
	out := probes.T("%s %s", c.Local, c.State)
	if c.Remote.IsValid() {
		out = probes.T("%s to %s, %s", c.Local, c.Remote, c.State)
	}
	for _, proc := range c.Processes {
		out = probes.T("%s, %s", out, proc)
	}
	if !c.Hidden.IsZero() {
		out = probes.T("%s, %s", out, c.Hidden)
	}
	return out
}

// bindNow says which servers can have the port now.
func (p portsScreen) bindNow(o ports.Observation, port ports.Port, fact func(name, value probes.Text)) {
	may, left := port.May, p.bindableIn(o, port)
	can := probes.T("no server can")
	switch {
	case may.WithoutReuse:
		can = probes.T("every server can")
	case may.WithReuse && left > 0:
		can = probes.T("servers that set SO_REUSEADDR (Go, nginx, Java on Unix) can; every other one in %s", seconds(left))
	case may.WithReuse:
		can = probes.T("servers that set SO_REUSEADDR (Go, nginx, Java on Unix) can; others cannot")
	case left > 0:
		can = probes.T("no server can; in %s it is free", seconds(left))
	case port.State == ports.StateUnknown:
		can = probes.T("unknown")
	}
	fact(probes.T("bind now"), can)
}

// tried says which binds were refused; addresses that were refused alike stand together.
func tried(port ports.Port, fact func(name, value probes.Text)) {
	type refusal struct {
		reuse bool
		why   string
	}
	addrs := map[refusal][]string{}
	var order []refusal
	for _, trial := range port.Trials {
		if trial.Outcome == ports.Bindable || trial.Outcome == ports.NoFamily {
			continue
		}
		r := refusal{trial.ReuseAddr, cmp.Or(trial.Why.String(), string(trial.Outcome))}
		if addrs[r] == nil {
			order = append(order, r)
		}
		addrs[r] = append(addrs[r], trial.Addr)
	}
	for _, r := range order {
		on := strings.Join(addrs[r], ", ")
		if r.reuse {
			fact(probes.T("tried"), probes.T("%s with SO_REUSEADDR: %s", on, r.why))
			continue
		}
		fact(probes.T("tried"), probes.T("%s without SO_REUSEADDR: %s", on, r.why))
	}
}
