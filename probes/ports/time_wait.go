package ports

import (
	"fmt"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/ports/sockdiag"
)

var timeWaitName = sockdiag.TimeWait.String()

var timeWait = probes.Rule[Observation]{
	ID:    "ports/time-wait",
	Title: "no left-over of the last server keeps a port from the next one",
	Why: "When the server closes a connection first, as it does when it is stopped, the connection stays in TIME_WAIT for 60 s on " +
		"its port (TCP_TIMEWAIT_LEN in include/net/tcp.h; RFC 9293 section 3.6.1). No sysctl shortens that: tcp_fin_timeout is about " +
		"FIN-WAIT-2, and tcp_tw_reuse about outgoing connections. A server that sets SO_REUSEADDR (Go, nginx, HAProxy, Node.js, Java " +
		"on Unix) binds all the same if the last one set it too; others have to wait. The kernel knows how long, so that nobody has to guess; its timer may fire up to 5 s late (kernel/time/timer.c).",
	Applies: onThisHost(nil),
	Check: func(o Observation) []probes.Finding {
		var out []probes.Finding
		for _, p := range o.Ports {
			if p.State == Waiting && !p.May.WithoutReuse {
				out = append(out, waiting(o, p))
			}
		}
		return out
	},
}

func waiting(o Observation, p Port) probes.Finding {
	f := probes.Finding{Severity: o.severity(p), Subject: p.subject(), Fix: []probes.Text{waitFix(p)}}
	if !p.onlyTimed() && len(p.Leftover.Processes)+len(p.CloseWait.Processes) > 0 {
		f.Fix = append(stopFix(append(p.Leftover.Processes, p.CloseWait.Processes...)), f.Fix...)
	}
	left := probes.T("for a time that this system does not tell")
	switch {
	case p.May.In > 0:
		left = probes.T("for %s", p.May.In)
	case p.onlyTimed() && o.Timers:
		left = probes.T("for a moment more")
	case !p.onlyTimed():
		left = probes.T("until the last of them is closed")
	}
	f.Title = probes.T("port %d: nothing listens, but connections of the last server (%s) keep it from servers without SO_REUSEADDR %s; expected it free", p.Port, p.leftovers(), left)
	if !p.May.WithReuse {
		f.Title = probes.T("port %d: nothing listens, but connections of the last server (%s) keep it from every server %s; expected it free", p.Port, p.leftovers(), left)
	}
	now, later := probes.T("may bind now"), probes.T("must wait %s", left)
	with := now
	if !p.May.WithReuse {
		with = probes.T("must wait as well: the last server did not set SO_REUSEADDR, so its connections keep even these away")
	}
	f.Evidence = []probes.Evidence{
		{Where: "ss -tan 'sport = :" + p.subject() + "'", Saw: probes.Verbatim(p.leftovers())},
		{Where: "Go, nginx, HAProxy, Node.js, Java (Unix)", Saw: with},
		{Where: "servers without SO_REUSEADDR", Saw: later},
	}
	return f
}

// leftovers counts what stands on p, by the names that ss prints.
func (p Port) leftovers() string {
	var parts []string
	for _, c := range []struct {
		n    int
		name string
	}{
		{p.TimeWait.Accepted, timeWaitName},
		{p.Leftover.Established, sockdiag.Established.String()},
		{p.Leftover.FinWait1, sockdiag.FinWait1.String()},
		{p.Leftover.FinWait2, sockdiag.FinWait2.String()},
		{p.Leftover.Closing, sockdiag.Closing.String()},
		{p.Leftover.LastAck, sockdiag.LastAck.String()},
		{p.CloseWait.Count, sockdiag.CloseWait.String()},
	} {
		if c.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", c.n, c.name))
		}
	}
	return strings.Join(parts, ", ")
}
