package kernel

import (
	"strconv"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/sysctl"
)

// nearlyFull is the fill in percent from which a limit is said to be near.
const nearlyFull = 90

var timeWaitBuckets = probes.Rule[Observation]{
	ID:    "kernel/time-wait-buckets",
	Title: "sockets in TIME_WAIT stay below the kernel's limit",
	Why: "Beyond net.ipv4.tcp_max_tw_buckets the kernel ends sockets in TIME_WAIT at once and only counts them " +
		"(TcpExtTCPTimeWaitOverflow). Late packets of an old connection can then meet a new one, and the many short " +
		"connections behind it usually have a cause of their own: clients that reconnect in a loop.",
	Applies: judgeable("time-wait-buckets"),
	Check: func(o Observation) []probes.Finding {
		tw := o.TimeWait
		if o.Gaps["time-wait-buckets"] != nil {
			return nil
		}
		f := probes.Finding{
			Severity: probes.Warning, Subject: keyTimeWaitMax,
			Evidence: []probes.Evidence{
				{Where: fileNetstat, Saw: probes.T("TCPTimeWaitOverflow %d", tw.Overflow)},
				{Where: fileSockstat, Saw: probes.T("tw %d", tw.Now)},
				{Where: sysctl.File(keyTimeWaitMax), Saw: probes.Verbatim(strconv.Itoa(tw.Max))},
			},
			Fix: sysctl.Set(keyTimeWaitMax, strconv.Itoa(2*tw.Max), strconv.Itoa(tw.Max)),
		}
		switch {
		case tw.Overflow > 0:
			f.Title = probes.T("%d sockets were thrown out of TIME_WAIT since boot, expected none; now there are %d of at most %d", tw.Overflow, tw.Now, tw.Max)
		case tw.Max > 0 && tw.Now >= tw.Max/100*nearlyFull:
			f.Title = probes.T("%d sockets are in TIME_WAIT, expected less than %d%% of the limit %d", tw.Now, nearlyFull, tw.Max)
		default:
			return nil
		}
		return []probes.Finding{f}
	},
}
