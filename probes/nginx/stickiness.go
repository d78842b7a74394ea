package nginx

import (
	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/nginx/conf"
)

var stickiness = Rule{
	ID:    "nginx/stickiness",
	Title: "a client keeps its node",
	Why:   "Socket.IO and its like open with several requests that must meet one node: on another one the answer is 400, `Session ID unknown`; and a client that reconnects loses its session",
	Docs:  "https://socket.io/docs/v4/using-multiple-nodes/",
	Check: func(in *Input) []Finding {
		var out []Finding
		ups, sites := in.groups()
		for i, u := range ups {
			if u.Sticky() || len(u.Active()) < 2 || u.Missing {
				continue
			}
			sev := probes.Info
			title := probes.T("upstream %q has %d servers and spreads each request anew; where they keep sessions, clients lose theirs", u.Name, len(u.Active()))
			if in.stateful(sites[i]) {
				sev = probes.Warning
				if sites[i].Scope != nil {
					sev = in.grade(sites[i], sev, nil)
				}
				title = probes.T("upstream %q has %d servers and no ip_hash, hash or sticky: requests of one client reach different nodes", u.Name, len(u.Active()))
			}
			f := at(u.Dir, sev, title).with("ip_hash;")
			if u.Method == nil {
				f = f.edit(insertFirst(u.Dir, "ip_hash;")...)
			} else {
				f = f.saw(u.Method).edit(conf.Edit{File: u.Method.File, Start: u.Method.Start, End: u.Method.End, Text: "ip_hash;"})
			}
			out = append(out, f)
		}
		return out
	},
}
