package nginx

import (
	"slices"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/nginx/model"
)

var staticShadow = Rule{
	ID:    "nginx/static-shadow",
	Title: "no file is looked for before a WebSocket path is handed on",
	Why:   "try_files comes before proxy_pass: where it ends in =404 or in a page, the handshake never reaches the backend; a location with root or alias alone answers from disk",
	Docs:  "https://nginx.org/en/docs/http/ngx_http_core_module.html#try_files",
	Check: func(in *Input) []Finding {
		var out []Finding
		for _, path := range in.Paths {
			for _, r := range in.lost(path) {
				if r.Out.Kind != model.Static || in.takenFrom(r) != nil || r.Out.Location != nil && len(in.prepared(r.Out.Location)) > 0 {
					continue // location-order or proxy-pass-missing says so
				}
				sev := certain(r.Out)
				if r.Out.Location != nil && len(r.Out.Location.Missing()) > 0 {
					sev = probes.Info
				}
				f := at(in.anchorOf(r.Out), sev, probes.T("the path %q is looked for on disk: it reaches no proxy_pass", path))
				lines, edits := in.cover(r.Out, path)
				out = append(out, walked(f.with(lines...).edit(edits...), r.Out))
			}
		}
		for _, sc := range in.Model.All {
			pass := ownPass(sc)
			try := sc.Own("try_files")
			if pass == nil || len(try) == 0 || len(try[0].Args) == 0 || strings.HasPrefix(try[0].Arg(len(try[0].Args)-1), "@") {
				continue
			}
			s := in.siteAt(sc)
			if s == nil && !wsName.MatchString(sc.Name) && !slices.ContainsFunc(in.reaches, func(r Reach) bool { return r.Out.By == try[0] }) {
				continue
			}
			d := try[0]
			sev := probes.Error
			if s != nil && !slices.ContainsFunc(in.reaches, func(r Reach) bool { return r.Out.By == d }) {
				sev = in.grade(*s, probes.Error, nil)
			}
			title := probes.T("try_files answers before proxy_pass of %s: nothing on disk has such a name, so nginx goes to %q", sc.Title(), d.Arg(len(d.Args)-1))
			if status, ok := strings.CutPrefix(d.Arg(len(d.Args)-1), "="); ok {
				title = probes.T("try_files answers before proxy_pass of %s: nothing on disk has such a name, so nginx answers %s", sc.Title(), status)
			}
			f := at(d, sev, title)
			out = append(out, f.with("# delete this line: "+rawLine(d)).edit(remove(d)).saw(pass))
		}
		return out
	},
}
