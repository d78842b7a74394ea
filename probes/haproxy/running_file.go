package haproxy

import (
	"fmt"
	"strings"

	"example.com/wsdoctor/probes"
)

var runningFile = rule{
	id:    "running-file",
	title: "the running HAProxy was started with the file that the settings name",
	why: "A change of a file that no running HAProxy reads has no effect, and what is found in it is not what clients meet. Which files " +
		"those are stands in its command line, behind each -f.",
	source: "HAProxy management guide, 3 \"Starting HAProxy\"",
	whole:  true,
	applies: func(m *model) (probes.Text, bool) {
		switch {
		case m.opts.Named == "":
			return probes.T("the settings name no file of this host (balancer.config)"), false
		case m.opts.Running == nil && len(m.opts.Others) == 0:
			return probes.T("no HAProxy runs on this host"), false
		}
		return probes.Text{}, true
	},
	check: func(m *model) verdict {
		var v verdict
		if m.opts.Running != nil {
			return v
		}
		for _, r := range m.opts.Others {
			if len(r.Files) == 0 {
				v.unsure = append(v.unsure, probes.T("which files HAProxy (pid %d) was started with could not be seen", r.PID))
				continue
			}
			files := strings.Join(r.Files, ", ")
			v.problems = append(v.problems, Problem{Severity: probes.Warning, File: m.opts.Named, Line: 1, Subject: fmt.Sprint(r.PID),
				Title:    probes.T("HAProxy (pid %d) was started with %s, expected %s, which balancer.config names", r.PID, files, m.opts.Named),
				Evidence: []probes.Evidence{{Where: fmt.Sprintf("/proc/%d/cmdline", r.PID), Saw: probes.T("-f %s", files)}},
				Fix:      []probes.Text{probes.T("# where that HAProxy is the balancer, correct wsdoctor.yaml:"), probes.Verbatim("balancer: {config: " + r.Files[0] + "}")}})
		}
		return v
	},
}
