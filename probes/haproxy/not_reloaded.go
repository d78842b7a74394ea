package haproxy

import (
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/procfs"
)

var notReloaded = rule{
	id:    "not-reloaded",
	title: "HAProxy runs what is in its files",
	why: "HAProxy reads its files at the start and at a reload alone: what was changed since has no effect. A reload of a file that it " +
		"cannot read leaves the old configuration running, and says so in the log only.",
	source: "HAProxy management guide, 4 \"Stopping and restarting HAProxy\"; shown with 2.6",
	whole:  true,
	applies: func(m *model) (probes.Text, bool) {
		if m.opts.Running == nil {
			return probes.T("no HAProxy runs with these files on this host"), false
		}
		return probes.Text{}, true
	},
	check: func(m *model) verdict {
		loaded := m.opts.Running.Loaded
		if loaded.IsZero() {
			return verdict{unsure: []probes.Text{probes.T("when the running HAProxy last read its files could not be seen")}}
		}
		var v verdict
		for _, name := range m.cfg.Files {
			at, known := m.opts.Running.Changed[name]
			if !known || !at.After(loaded.Add(procfs.Precision)) {
				continue
			}
			v.problems = append(v.problems, Problem{Severity: probes.Warning, File: name, Line: 1,
				Title: probes.T("%s was changed %s, after HAProxy (pid %d) read it %s: the change is not in effect", name, at.Format(time.DateTime), m.opts.Running.PID, loaded.Format(time.DateTime)),
				Fix:   m.reload()})
		}
		return v
	},
}
