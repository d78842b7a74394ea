package kernel

import (
	"strconv"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/sysctl"
)

// The fills in percent at which the connection tracking table is said to be filling, and full: the rest is used up by
// a burst of reconnects within seconds.
const (
	conntrackFilling = 80
	conntrackFull    = 95
)

var conntrack = probes.Rule[Observation]{
	ID:    "kernel/conntrack",
	Title: "the connection tracking table has room for all tunnels",
	Why: "When nf_conntrack_count reaches nf_conntrack_max, the kernel drops the packets of new connections (\"nf_conntrack: table " +
		"full, dropping packet\" in its log). A tunnel has one entry on a node and two on the balancer's host, and an " +
		"established one keeps its entry as long as it lives.",
	Applies: judgeable("conntrack"),
	Check: func(o Observation) []probes.Finding {
		ct := o.Conntrack
		if o.Gaps["conntrack"] != nil || ct.Max <= 0 {
			return nil
		}
		perTunnel := 1
		if o.Balancer {
			perTunnel = 2
		}
		need := o.Clients * perTunnel
		f := probes.Finding{
			Subject: keyConntrackMax,
			Evidence: []probes.Evidence{
				{Where: sysctl.File("net.netfilter.nf_conntrack_count"), Saw: probes.Verbatim(strconv.Itoa(ct.Count))},
				{Where: sysctl.File(keyConntrackMax), Saw: probes.Verbatim(strconv.Itoa(ct.Max))},
			},
			Fix: sysctl.Set(keyConntrackMax, strconv.Itoa(max(2*ct.Max, roundUp(2*need))), strconv.Itoa(ct.Max)),
		}
		percent := ct.Count * 100 / ct.Max
		switch {
		case percent >= conntrackFull:
			f.Severity = probes.Error
			f.Title = probes.T("the connection tracking table holds %d of %d entries (%d%%), expected less than %d%%: new connections are dropped when it is full", ct.Count, ct.Max, percent, conntrackFull)
		case percent >= conntrackFilling:
			f.Severity = probes.Warning
			f.Title = probes.T("the connection tracking table holds %d of %d entries (%d%%), expected less than %d%%", ct.Count, ct.Max, percent, conntrackFilling)
		case need > ct.Max:
			f.Severity = probes.Warning
			f.Title = probes.T("the connection tracking table takes %d entries, expected at least %d for %d clients", ct.Max, need, o.Clients)
		default:
			return nil
		}
		return []probes.Finding{f}
	},
}
