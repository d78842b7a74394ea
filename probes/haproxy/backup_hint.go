package haproxy

import "example.com/wsdoctor/probes"

var backupHint = rule{
	id:    "backup",
	title: "what backup servers do is known",
	why: "HAProxy uses a backup server when every other server is down, with hashing and cookies as well (nginx does not). Only the first one is " +
		"used, unless \"option allbackups\" is set. When the others are back, new clients go there; tunnels to the backup stay.",
	source: "HAProxy configuration manual, 5.2 \"backup\", 4.2 \"option allbackups\"",
	check: func(m *model) verdict {
		var v verdict
		for _, b := range m.backends() {
			_, backup := b.back.active()
			if _, all, _ := b.back.option("allbackups"); all || count(backup) < 2 {
				continue
			}
			line := backup[len(backup)-1].line
			v.problems = append(v.problems, at(probes.Info, line, probes.T("%q has %d backup servers, of which only the first is used", b.back.String(), count(backup)),
				m.fix(inSection(b.back), probes.Verbatim("option allbackups"))...).with(line.evidence()...))
		}
		return v
	},
}
