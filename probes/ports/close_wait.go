package ports

import (
	"strings"

	"example.com/wsdoctor/probes"
)

// minCloseWait is the number below which CLOSE_WAIT is not worth a word, however few clients are expected: a browser
// that closes with all its tabs leaves some at one moment.
const minCloseWait = 10

var closeWait = probes.Rule[Observation]{
	ID:    "ports/close-wait",
	Title: "connections that clients have closed are closed by the server too",
	Why: "CLOSE_WAIT means that the peer has closed and the program has not (RFC 9293 section 3.6). A program that reads its sockets " +
		"leaves that state within one turn of its loop, so that more than one in a hundred of the clients expected, and at least 10, at " +
		"the same moment are not passing through: the program has forgotten them, and each holds a descriptor and a port for good.",
	Applies: onThisHost(nil),
	Check: func(o Observation) []probes.Finding {
		limit := max(minCloseWait, o.Expect.Clients/100)
		var out []probes.Finding
		for _, p := range o.Ports {
			if p.CloseWait.Count <= limit {
				continue
			}
			by := who(p.CloseWait.Processes, hidden(o.SeesAllProcesses))
			f := probes.Finding{
				Severity: probes.Warning,
				Subject:  p.subject(),
				Title:    probes.T("port %d has %d connections in CLOSE-WAIT, expected %d or fewer: %s does not close what its clients have closed", p.Port, p.CloseWait.Count, limit, by),
				Evidence: []probes.Evidence{{Where: "ss -tanp state close-wait 'sport = :" + p.subject() + "'", Saw: probes.T("%d sockets, %s", p.CloseWait.Count, by)}},
			}
			if list := p.CloseWait.Processes; len(list) > 0 && strings.HasSuffix(list[0].Unit, ".service") && list[0].Container == "" {
				f.Fix = []probes.Text{
					probes.T("# this frees them for now and cuts every client; the fault is in the program"),
					probes.Verbatim("systemctl restart " + list[0].Unit),
				}
			}
			out = append(out, f)
		}
		return out
	},
}
