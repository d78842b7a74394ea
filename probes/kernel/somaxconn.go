package kernel

import (
	"strconv"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/sysctl"
)

const (
	// nginxBacklog is what nginx asks for on Linux unless told otherwise (ngx_http_core_module, listen, backlog).
	nginxBacklog = 511
	// maxBacklog was the kernel's limit until Linux 4.1, when the field had 16 bits.
	maxBacklog = 65535
	// burst is the share of the clients, 1 of 4, that has to fit into the queue: after a restart they come back within
	// about a second (reconnectionDelay of Socket.IO), and a server that collects garbage pauses for a quarter of one.
	burst = 4
)

var somaxconn = probes.Rule[Observation]{
	ID:    "kernel/somaxconn",
	Title: "the accept queue may be long enough for all clients to come back at once",
	Why: "A listener's queue of connections to accept is the smaller of what the program asks for (nginx 511, Netty takes " +
		"somaxconn, Java's ServerSocket 50) and net.core.somaxconn (listen(2)). When it is full, the kernel ignores the " +
		"client's packets and the client tries again a second later: a restart looks like an outage.",
	Applies: judgeable("somaxconn"),
	Check: func(o Observation) []probes.Finding {
		if o.Gaps["somaxconn"] != nil {
			return nil
		}
		need := min(max(nginxBacklog, o.Clients/burst), maxBacklog)
		if o.Somaxconn >= need {
			return nil
		}
		f := probes.Finding{
			Severity: probes.Warning, Subject: keySomaxconn,
			Title:    probes.T("%s is %d, expected at least %d for %d clients that come back after a restart", keySomaxconn, o.Somaxconn, need, o.Clients),
			Evidence: []probes.Evidence{{Where: sysctl.File(keySomaxconn), Saw: probes.Verbatim(strconv.Itoa(o.Somaxconn))}},
			Fix:      sysctl.Set(keySomaxconn, strconv.Itoa(min(max(4096, roundUp(need)), maxBacklog)), strconv.Itoa(o.Somaxconn)),
		}
		f.Fix = append(f.Fix, probes.T("# a program takes it over when it listens anew: restart or reload it afterwards"))
		return []probes.Finding{f}
	},
}

// roundUp returns n as a multiple of 1024, so that what is pasted looks chosen.
func roundUp(n int) int { return (n + 1023) / 1024 * 1024 }
