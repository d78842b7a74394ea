package nginx

import (
	"slices"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/nginx/conf"
	"example.com/wsdoctor/probes/nginx/model"
)

var redirectRule = Rule{
	ID:    "nginx/redirect",
	Title: "no WebSocket path is answered with a redirect",
	Why:   "Browsers and most clients do not follow a redirect of a handshake (the WebSocket standard forbids it): the connection fails",
	Docs:  "https://websockets.spec.whatwg.org/#concept-websocket-establish",
	Check: func(in *Input) []Finding {
		var out []Finding
		for _, path := range in.Paths {
			for _, r := range in.lost(path) {
				if r.Out.Kind != model.Redirect {
					continue
				}
				d := in.anchorOf(r.Out)
				if r.Out.Slash {
					f := at(r.Out.Location.Dir, certain(r.Out), probes.T("nginx answers %q with 301 to %q: the location has a slash at its end and the path has none", path, r.Out.To))
					out = append(out, walked(f.with("location = "+path+" {", "    # the directives of "+r.Out.Location.Title(), "}").edit(in.slashless(r.Out, path)...), r.Out))
					continue
				}
				f := at(d, certain(r.Out), probes.T("the path %q is answered with %d to %q, which WebSocket clients do not follow", path, r.Out.Status, r.Out.To))
				lines, edits := in.cover(r.Out, path)
				out = append(out, walked(f.with(lines...).edit(edits...), r.Out))
			}
		}
		for _, sc := range in.Model.All {
			if len(in.prepared(sc)) == 0 {
				continue
			}
			sev := probes.Error
			if s := in.siteAt(sc); s != nil {
				sev = in.grade(*s, sev, nil)
			} else if len(in.Paths) > 0 {
				sev = probes.Info
			}
			for _, d := range sc.List {
				if redirects(d) && !slices.ContainsFunc(in.reaches, func(r Reach) bool { return r.Out.By == d }) {
					out = append(out, at(d, sev, probes.T("%s sets the headers of an upgrade and answers with a redirect, which WebSocket clients do not follow", sc.Title())).with("# delete this line").edit(remove(d)))
				}
			}
		}
		return out
	},
}

// redirects tells whether a directive of a location answers every request with a redirect.
func redirects(d *conf.Directive) bool {
	switch code, flag := d.Arg(0), d.Arg(max(0, d.NumArgs()-1)); d.Name {
	case "return":
		return len(code) == 3 && code[0] == '3' && len(d.Args) == 2
	case "rewrite":
		return (flag == "permanent" || flag == "redirect") && always(d.Arg(0))
	}
	return false
}

// always tells whether a regex matches every URI.
func always(re string) bool {
	return slices.Contains([]string{"^", "^/", ".*", "^.*", "^(.*)", "^(.*)$", "^/(.*)$", "(.*)"}, re)
}

// slashless returns the edit that makes a location with a slash at its end match the path without it as well, where
// what it hands on stays the same.
func (in *Input) slashless(out model.Outcome, path string) []conf.Edit {
	pass := ownPass(out.Location)
	if pass == nil || model.SplitTarget(pass.Arg(0)).HasURI {
		return nil
	}
	d := out.Location.Dir
	return []conf.Edit{replaceArg(d, len(d.Args)-1, path)}
}
