package nginx

import (
	"slices"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/nginx/conf"
	"example.com/wsdoctor/probes/nginx/model"
)

// lost returns, for a named path that no server hands on, the servers that matter: those that do more than send
// everything elsewhere, or all where there is none. nil where some server hands the path on.
func (in *Input) lost(path string) []Reach {
	var all, own []Reach
	for _, r := range in.reaches {
		if r.Path != path {
			continue
		}
		if r.Out.Kind == model.Proxied || r.Out.Kind == model.Opaque {
			return nil
		}
		all = append(all, r)
		if !sendsAway(r.Out) {
			own = append(own, r)
		}
	}
	if len(own) > 0 {
		return own
	}
	return all
}

// sendsAway tells whether a server answers everything by a redirect of its own, as one for http or www does.
func sendsAway(out model.Outcome) bool {
	return out.Kind == model.Redirect && out.Location == nil ||
		out.Kind == model.Redirect && !out.Slash && out.Location != nil && out.Location.Name == "/" && strings.Contains(out.By.Arg(out.By.NumArgs()-1), "$host")
}

// reachedAt returns what a finding about where a path ends points at.
func reachedAt(out model.Outcome) *conf.Directive {
	switch {
	case out.By != nil && out.By.File != nil:
		return out.By
	case out.Location != nil && out.Location.Dir != nil:
		return out.Location.Dir
	case out.Server != nil && out.Server.Scope.Dir != nil:
		return out.Server.Scope.Dir
	}
	return nil
}

// anchorOf is reachedAt, with the first directive of the file as a last resort.
func (in *Input) anchorOf(out model.Outcome) *conf.Directive {
	if d := reachedAt(out); d != nil {
		return d
	}
	if len(in.Conf.Top) > 0 {
		return in.Conf.Top[0]
	}
	return &conf.Directive{File: in.Conf.Main}
}

// walked adds the steps of a walk to a finding.
func walked(f Finding, out model.Outcome) Finding {
	for _, s := range out.Steps {
		if s.At.Line > 0 {
			f.Evidence = append(f.Evidence, probes.Evidence{Where: where(s.At), Saw: probes.Verbatim(s.Text)})
		}
	}
	return f
}

// siteLines are the lines that make a location a WebSocket one.
func (in *Input) siteLines(pass string) []string {
	value, _, mapLines := in.connectionValue()
	return append(slices.Clone(mapLines), pass, "proxy_http_version 1.1;", "proxy_set_header Upgrade $http_upgrade;", "proxy_set_header Connection "+value+";", "proxy_set_header Host $http_host;")
}

func indented(lines []string) []string {
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = "    " + l
	}
	return out
}

// takenFrom returns the location with the upgrade that a named path was written for and that a regex location takes it
// away from; nil where that is not so.
func (in *Input) takenFrom(r Reach) *model.Scope {
	won := r.Out.Location
	if won == nil || won.Mod != "~" && won.Mod != "~*" || r.Out.Kind == model.Proxied && in.intent(r.Out.Scope) {
		return nil
	}
	for _, sc := range in.Model.All {
		if sc.Level == conf.Location && sc.Mod == "" && in.Model.Server(sc) == r.Out.Server && len(sc.Name) > 1 && strings.HasPrefix(r.Path, sc.Name) && ownPass(sc) != nil && in.intent(sc) {
			return sc
		}
	}
	return nil
}

// certain is the severity of a fault that a walk shows: advice where the walk had to guess.
func certain(out model.Outcome) probes.Severity {
	if len(out.Doubts) > 0 {
		return probes.Info
	}
	return probes.Error
}
