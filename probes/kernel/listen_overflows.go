package kernel

import (
	"strconv"

	"example.com/wsdoctor/probes"
)

// fullQueue is how many waiting connections say that a listener is not served: Java's ServerSocket asks for a queue
// of 50 unless told otherwise, and a program that accepts leaves next to none waiting.
const fullQueue = 50

var listenOverflows = probes.Rule[Observation]{
	ID:    "kernel/listen-overflows",
	Title: "no accept queue has turned connections away",
	Why: "TcpExtListenOverflows in /proc/net/netstat counts the connections that found a listener's accept queue full, of any " +
		"program and since boot: clients saw them as slow or failed connects. Waiting connections on a configured port now " +
		"mean that the program behind it does not accept.",
	Applies: judgeable("listen-overflows"),
	Check: func(o Observation) []probes.Finding {
		var out []probes.Finding
		for _, l := range o.Listeners {
			if l.Queue < fullQueue {
				continue
			}
			out = append(out, probes.Finding{
				Severity: probes.Warning, Subject: strconv.Itoa(l.Port),
				Title:    probes.T("%d connections wait to be accepted on port %d, expected next to none: the program does not accept", l.Queue, l.Port),
				Evidence: []probes.Evidence{{Where: "/proc/net/tcp", Saw: probes.T("rx_queue %d of the listener", l.Queue)}},
				Fix:      []probes.Text{probes.T("# see whether the number falls: %s", "ss -ltn 'sport = :"+strconv.Itoa(l.Port)+"'")},
			})
		}
		saw := []probes.Evidence{{Where: fileNetstat, Saw: probes.T("ListenOverflows %d, ListenDrops %d", o.Queues.Overflows, o.Queues.Drops)}}
		watch := []probes.Text{probes.T("# see whether the numbers still grow: %s", "nstat -az TcpExtListenOverflows TcpExtListenDrops")}
		switch {
		case o.Gaps["listen-overflows"] != nil:
		case o.Queues.Overflows > 0:
			out = append(out, probes.Finding{
				Severity: probes.Warning, Subject: "ListenOverflows",
				Title:    probes.T("%d connections found an accept queue full since boot, expected none (net.core.somaxconn is %d)", o.Queues.Overflows, o.Somaxconn),
				Evidence: saw, Fix: watch,
			})
		case o.Queues.Drops > 0:
			out = append(out, probes.Finding{
				Severity: probes.Info, Subject: "ListenDrops",
				Title:    probes.T("%d connections were dropped before they were accepted since boot, none of them because a queue was full", o.Queues.Drops),
				Evidence: saw, Fix: watch,
			})
		}
		return out
	},
}
