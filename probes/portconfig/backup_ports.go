package portconfig

import (
	"slices"
	"strconv"

	"example.com/wsdoctor/probes"
)

var backupPorts = probes.Rule[Observation]{
	ID:    "portconfig/backup-ports",
	Title: "there is more than one WebSocket port to fall back to",
	Why: "When the only port is taken (another project on the host, TIME_WAIT, an outgoing connection), the service has none " +
		"left and its deployment wizard opens. The vendor advises several ports (Configuring WebSocket Port in Cluster " +
		"Environment, note 3).",
	Applies: func(o Observation) (probes.Status, probes.Text) {
		if len(o.effective(WebSocket).Ports) == 0 {
			return probes.OK, probes.Text{}
		}
		return familyOnly(o)
	},
	Check: func(o Observation) []probes.Finding {
		l := o.effective(WebSocket)
		unique := slices.Compact(slices.Sorted(slices.Values(l.Ports)))
		switch len(unique) {
		case 0:
			return []probes.Finding{{
				Severity: probes.Error, Subject: l.name(),
				Title: probes.T("found no port in %s, expected those on which the service listens", l.name()),
				Fix:   o.change(l, []int{o.spare(WebSocket)}),
			}}
		case 1:
			p := unique[0]
			return []probes.Finding{{
				Severity: probes.Warning, Subject: strconv.Itoa(p),
				Title:    probes.T("found only port %d in %s, expected a second one to fall back to", p, l.name()),
				Evidence: evidence([]place{{l, 0}}),
				Fix:      o.change(l, []int{p, o.spare(WebSocket, p)}),
			}}
		}
		return nil
	},
}
