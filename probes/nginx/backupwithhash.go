package nginx

import (
	"slices"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/nginx/conf"
)

// noBackup are the methods that do not take backup servers (they lack NGX_HTTP_UPSTREAM_BACKUP).
var noBackup = []string{"ip_hash", "hash", "random"}

var backupWithHash = Rule{
	ID:    "nginx/backup-with-hash",
	Title: "no backup server stands in a hashed upstream",
	Why:   "ip_hash, hash and random know no backup: nginx refuses the word where the method comes first (`balancing method does not support parameter \"backup\"`), and takes the server for an ordinary or a lost one where it comes later",
	Docs:  "https://nginx.org/en/docs/http/ngx_http_upstream_module.html#server",
	Check: func(in *Input) []Finding {
		var out []Finding
		for _, u := range in.Model.Upstreams {
			if u.Method == nil || !slices.Contains(noBackup, u.Method.Name) {
				continue
			}
			for _, b := range u.Servers {
				i := slices.Index(b.Dir.Texts(), "backup")
				if i < 1 {
					continue // at 0 it is the address of a server called so
				}
				title := probes.T("%q on a server of an upstream with %s, which knows no backup: it is never used as one", "backup", u.Method.Name)
				sev := probes.Warning
				if b.Dir.Start > u.Method.Start && b.Dir.File == u.Method.File {
					sev = probes.Error
					title = probes.T("balancing method does not support parameter %q: %s comes before this server, so nginx refuses the file", "backup", u.Method.Name)
				}
				cut := conf.Edit{File: b.Dir.File, Start: b.Dir.Args[i-1].End, End: b.Dir.Args[i].End}
				line := strings.TrimSuffix(strings.Replace(rawLine(b.Dir), " backup", "", 1), ";") + ";"
				out = append(out, at(b.Dir, sev, title).saw(u.Method).with(line).edit(cut))
			}
		}
		return out
	},
}
