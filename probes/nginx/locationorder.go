package nginx

import (
	"slices"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/nginx/conf"
	"example.com/wsdoctor/probes/nginx/model"
)

var locationOrder = Rule{
	ID:    "nginx/location-order",
	Title: "no other location wins over the WebSocket one",
	Why:   "A regex location wins over a prefix location whatever its length, and of several regexes the first in the file wins; only = and ^~ keep regexes out",
	Docs:  "https://nginx.org/en/docs/http/ngx_http_core_module.html#location",
	Check: func(in *Input) []Finding {
		var out []Finding
		for _, s := range in.sites {
			if s.Scope.Level != conf.Location || s.Scope.Mod == "@" || s.Scope.Mod == "=" || s.Scope.Name == "/" || !hasRegex(s.Server.Scope) || !in.intent(s.Scope) {
				continue // what "/" does not get is what others were written for
			}
			for _, path := range in.takenAway(s) {
				o, ok := in.reach(s, path)
				won := o.Location
				if !ok || won == nil || won.In(s.Scope) || won.Dir == nil || o.Kind == model.Proxied && in.intent(o.Scope) {
					continue
				}
				if won.Mod != "~" && won.Mod != "~*" || s.Scope.Mod == "" && len(won.Name) == 0 {
					continue
				}
				sev := in.grade(s, probes.Error, nil)
				if path != s.Scope.Name && s.Scope.Mod == "" {
					sev = min(sev, probes.Warning) // only what lies below the path is taken away
				}
				f := at(s.Scope.Dir, sev, probes.T("a request for %q reaches %s, not %s: a regex wins, and the first one in the file", path, won.Title(), s.Scope.Title())).saw(won.Dir)
				if s.Scope.Mod == "" {
					name := s.Scope.Dir.Arg(0)
					f = f.with("location ^~ " + name + " {").edit(replaceArg(s.Scope.Dir, 0, "^~ "+name))
				} else {
					f = f.with("# move " + s.Scope.Title() + " above " + won.Title())
					f = f.edit(moveBefore(s.Scope.Dir, won.Dir)...)
				}
				out = append(out, f)
				break
			}
		}
		return append(out, in.namedTakenAway()...)
	},
}

// hasRegex tells whether a regex location stands in sc, at whatever depth.
func hasRegex(sc *model.Scope) bool {
	return slices.ContainsFunc(sc.Children, func(c *model.Scope) bool { return c.Mod == "~" || c.Mod == "~*" || hasRegex(c) })
}

// takenAway returns the sample paths of a site to be judged; none for a regex of which some branch still arrives.
func (in *Input) takenAway(s Site) []string {
	paths := samples(s.Scope)
	if s.Scope.Mod != "~" && s.Scope.Mod != "~*" {
		return paths
	}
	for _, p := range paths {
		if o, ok := in.reach(s, p); !ok || o.Location == s.Scope {
			return nil
		}
	}
	return paths
}

// namedTakenAway reports the named paths of takenFrom.
func (in *Input) namedTakenAway() []Finding {
	var out []Finding
	for _, r := range in.reaches {
		if sc := in.takenFrom(r); sc != nil {
			f := at(sc.Dir, probes.Error, probes.T("a request for %q reaches %s, not %s: a regex wins over a prefix", r.Path, r.Out.Location.Title(), sc.Title())).saw(r.Out.Location.Dir)
			out = append(out, f.with("location ^~ "+sc.Name+" {").edit(replaceArg(sc.Dir, 0, "^~ "+sc.Dir.Arg(0))))
		}
	}
	return out
}

// moveBefore returns the edits that move a block, with its whole lines, before another one of the same file.
func moveBefore(d, before *conf.Directive) []conf.Edit {
	if d.File != before.File || d.Parent != before.Parent {
		return nil
	}
	cut := remove(d)
	text := string(d.File.Src[cut.Start:cut.End])
	if !strings.HasSuffix(text, "\n") {
		return nil // it shares its lines with something else
	}
	return []conf.Edit{insertBefore(before, text), cut}
}

// samples returns paths that a location was written for.
func samples(sc *model.Scope) []string {
	if sc.Mod == "~" || sc.Mod == "~*" {
		return samplesOf(sc.Name)
	}
	if strings.HasSuffix(sc.Name, "/") {
		return []string{sc.Name, sc.Name + "chat", sc.Name + "1/chat"}
	}
	return []string{sc.Name, sc.Name + "/", sc.Name + "/chat"}
}
