package nginx

import (
	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/procfs"
)

var notReloaded = Rule{
	ID:    "nginx/not-reloaded",
	Title: "nginx runs what is in its files",
	Why:   "nginx reads its files at the start and at a reload alone: what was changed since has no effect",
	Docs:  "https://nginx.org/en/docs/control.html",
	Applies: func(in *Input) (probes.Status, probes.Text) {
		if in.Running == nil {
			return probes.Skipped, probes.T("no nginx runs on this host")
		}
		if in.Running.Loaded.IsZero() {
			return probes.Unknown, probes.T("when the running nginx last read its files could not be seen")
		}
		return probes.OK, probes.Text{}
	},
	Check: func(in *Input) []Finding {
		if in.Running == nil || in.Running.Loaded.IsZero() {
			return nil
		}
		var out []Finding
		for _, f := range in.Conf.Files {
			changed, ok := in.Running.Changed[f.Name]
			if !ok || !changed.After(in.Running.Loaded.Add(procfs.Precision)) {
				continue
			}
			out = append(out, Finding{Severity: probes.Warning, File: f, End: 1,
				Title: probes.T("%s was changed %s, after nginx read it %s: the change is not in effect", f.Name, changed.Format("2006-01-02 15:04:05"), in.Running.Loaded.Format("2006-01-02 15:04:05")),
				Fix:   []probes.Text{probes.Verbatim("nginx -t && nginx -s reload")}})
		}
		return out
	},
}
