package kernel

import (
	"fmt"
	"strconv"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/sysctl"
)

// ownFiles is what a process has open besides its connections: a Java server some hundred archives, logs and pools.
const ownFiles = 256

var openFiles = probes.Rule[Observation]{
	ID:    "kernel/open-files",
	Title: "the service and the balancer may open enough files for all clients",
	Why: "A connection is an open file: a client takes one in the service, and two in the balancer, which also connects to the " +
		"backend. At the limit of \"Max open files\" in /proc/PID/limits accept fails with \"too many open files\" (EMFILE), and " +
		"new clients wait or are refused while the old ones work.",
	Applies: judgeable("open-files"),
	Check: func(o Observation) []probes.Finding {
		var out []probes.Finding
		for _, p := range o.Processes {
			if f, short := o.judgeLimit(p); short {
				out = append(out, f)
			}
		}
		if f := o.Files; f.Max > 0 && f.Open >= f.Max/100*nearlyFull {
			out = append(out, probes.Finding{
				Severity: probes.Warning, Subject: keyFileMax,
				Title:    probes.T("%d files are open on this host, expected less than %d%% of the limit %d", f.Open, nearlyFull, f.Max),
				Evidence: []probes.Evidence{{Where: sysctl.File("fs.file-nr"), Saw: probes.T("%d", f.Open)}, {Where: sysctl.File(keyFileMax), Saw: probes.T("%d", f.Max)}},
				Fix:      sysctl.Set(keyFileMax, strconv.FormatUint(2*f.Max, 10), strconv.FormatUint(f.Max, 10)),
			})
		}
		return out
	},
}

// need returns how many files a process of a role has to be able to open: its part of the clients, a quarter more for
// those that come back before their old connection is gone, and its own. Of the balancers only nginx divides its
// clients among processes.
func (o Observation) need(role Role) int {
	connections := share(o.Clients, o.Nodes)
	if role == Proxy {
		workers := 0
		for _, p := range o.Processes {
			if p.Role == Proxy {
				workers++
			}
		}
		if o.BalancerKind != cluster.Nginx {
			workers = 1
		}
		connections = (2*o.Clients + workers - 1) / max(1, workers)
	}
	return connections + connections/4 + ownFiles
}

func (o Observation) judgeLimit(p Process) (probes.Finding, bool) {
	need := o.need(p.Role)
	if p.Soft == unlimited || p.Soft >= need {
		return probes.Finding{}, false
	}
	f := probes.Finding{
		Severity: probes.Warning, Subject: p.Name,
		Title:    probes.T("%s (pid %d) may open %d files, expected at least %d for %d clients of the service", p.Name, p.PID, p.Soft, need, o.Clients),
		Evidence: []probes.Evidence{{Where: fmt.Sprintf("/proc/%d/limits", p.PID), Saw: probes.T("Max open files %s (soft), %s (hard)", limit(p.Soft), limit(p.Hard))}},
	}
	if p.Role == Proxy {
		f.Title = probes.T("%s (pid %d) may open %d files, expected at least %d for its part of %d clients, two files each", p.Name, p.PID, p.Soft, need, o.Clients)
	}
	if len(p.Ports) > 0 {
		f.Evidence = append(f.Evidence, probes.Evidence{Where: "/proc/net/tcp", Saw: probes.T("it listens on %s", strings.Trim(fmt.Sprint(p.Ports), "[]"))})
	}
	f.Fix = o.raise(p, roundUp(need))
	return f, true
}

// raise returns the lines that give a process a higher limit: where it is running, and for its next start.
func (o Observation) raise(p Process, files int) []probes.Text {
	var out []probes.Text
	if n := o.Files.NrOpen; n > 0 && uint64(files) > n {
		out = append(out, sysctl.Set(keyNrOpen, strconv.Itoa(files), strconv.FormatUint(n, 10))...)
	}
	hard := max(files, p.Hard)
	if p.Hard == unlimited {
		hard = unlimited
	}
	out = append(out,
		probes.Verbatim(fmt.Sprintf("prlimit --pid %d --nofile=%d:%s", p.PID, files, limit(hard))),
		probes.T("# to take it back: %s", fmt.Sprintf("prlimit --pid %d --nofile=%s:%s", p.PID, limit(p.Soft), limit(p.Hard))))
	switch {
	case p.Role == Proxy && o.BalancerKind == cluster.Nginx:
		return append(out,
			probes.T("# for good: in nginx.conf, outside of all braces; then reload nginx"),
			probes.Verbatim(fmt.Sprintf("worker_rlimit_nofile %d;", files)),
			probes.T("# to take it back, remove that line and reload nginx; worker_connections has to be as high"))
	case p.Unit == "":
		return append(out,
			probes.T("# for good: before the line that starts it"),
			probes.Verbatim(fmt.Sprintf("ulimit -n %d", files)),
			probes.T("# to take it back, remove that line"))
	}
	dir := "/etc/systemd/system/" + p.Unit + ".d"
	file := dir + "/wsdoctor-nofile.conf"
	return append(out,
		probes.T("# for good, from the next start of %s on:", p.Unit),
		probes.Verbatim(fmt.Sprintf(`mkdir -p '%s' && printf '[Service]\nLimitNOFILE=%d\n' > '%s' && systemctl daemon-reload`, dir, files, file)),
		probes.T("# to take it back: %s", fmt.Sprintf("rm '%s' && systemctl daemon-reload", file)))
}

func limit(n int) string {
	if n == unlimited {
		return "unlimited"
	}
	return strconv.Itoa(n)
}
