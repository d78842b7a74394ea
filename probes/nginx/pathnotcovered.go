package nginx

import (
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/nginx/conf"
	"example.com/wsdoctor/probes/nginx/model"
)

var pathNotCovered = Rule{
	ID:    "nginx/path-not-covered",
	Title: "every WebSocket path reaches a location that hands it on",
	Why:   "A handshake that falls into a location without the upgrade, or into none, is answered by nginx itself or as a plain request",
	Docs:  "https://nginx.org/en/docs/http/ngx_http_core_module.html#location",
	Check: func(in *Input) []Finding {
		var out []Finding
		for _, path := range in.Paths {
			out = append(out, in.uncovered(path)...)
		}
		if len(in.sites) == 0 && len(in.Paths) == 0 {
			out = append(out, in.noSite()...)
		}
		return append(out, in.narrowRegexes()...)
	},
}

// uncovered reports a named path that no server hands on. One that is handed on without the upgrade is a matter of
// upgrade-header and connection-header.
func (in *Input) uncovered(path string) []Finding {
	var out []Finding
	lost := in.lost(path)
	for _, r := range lost[:min(len(lost), maxFindings)] {
		switch r.Out.Kind {
		case model.Redirect, model.Static:
			continue // redirect and static-shadow say so
		}
		if in.takenFrom(r) != nil {
			continue // location-order says so
		}
		if r.Out.By != nil && r.Out.By.Name == "try_files" && r.Out.Location != nil && ownPass(r.Out.Location) != nil {
			continue // so does static-shadow
		}
		d := in.anchorOf(r.Out)
		sev := certain(r.Out)
		if r.Out.Location != nil && len(r.Out.Location.Missing()) > 0 {
			sev = probes.Info
		}
		f := at(d, sev, probes.T("the path %q is not handed on: nginx itself answers (%s, %d)", path, r.Out.Kind, r.Out.Status))
		if r.Out.Kind == model.Gateway {
			f = at(d, sev, probes.T("the path %q is handed on by %s, which does not carry an upgrade; expected proxy_pass", path, d.Name))
		}
		lines, edits := in.cover(r.Out, path)
		out = append(out, walked(f.with(lines...).edit(edits...), r.Out))
	}
	return out
}

// noSite reports a configuration that proxies and in which nothing speaks of WebSocket.
func (in *Input) noSite() []Finding {
	for _, sc := range in.Model.All {
		if pass := ownPass(sc); pass != nil && sc.Level == conf.Location && sc.Effective("internal").Last() == nil {
			f := at(pass, probes.Info, probes.T("no location here passes the upgrade; name the WebSocket path with --path to have it judged"))
			return []Finding{f.with(in.siteLines(rawLine(pass))[0:]...)}
		}
	}
	return nil
}

// narrowRegexes reports regex locations of WebSocket paths whose character class leaves out characters that the part
// of the path may hold, where such a path then falls into another location.
func (in *Input) narrowRegexes() []Finding {
	var out []Finding
	for _, s := range in.sites {
		if s.Scope.Mod != "~" && s.Scope.Mod != "~*" || !in.intent(s.Scope) {
			continue
		}
		sample, class, odd := narrowClass(s.Scope.Name)
		if class == "" {
			continue
		}
		o, ok := in.reach(s, sample)
		if !ok || o.Location == s.Scope || o.Kind == model.Proxied && in.intent(o.Scope) {
			continue
		}
		to := "no location"
		if o.Location != nil {
			to = o.Location.Title()
		}
		f := at(s.Scope.Dir, probes.Info, probes.T("%s has no %q: a path such as %q falls into %s, which does not pass the upgrade", class, odd, sample, to))
		name := strings.Replace(s.Scope.Name, class, strings.TrimSuffix(class, "]")+odd+"]", 1)
		out = append(out, f.with("location "+s.Scope.Mod+" "+name+" {"))
	}
	return out
}
