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
			f.Evidence = append(f.Evidence, probes.Evidence{Where: where(s.At), Saw: s.Text})
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
	return in.writtenFor(r.Path, r.Out.Server.Scope)
}

// writtenFor returns the first prefix location with the upgrade below sc that a path was written for; nil where there
// is none.
func (in *Input) writtenFor(path string, sc *model.Scope) *model.Scope {
	for _, c := range sc.Children {
		if c.Level == conf.Location && c.Mod == "" && len(c.Name) > 1 && strings.HasPrefix(path, c.Name) && ownPass(c) != nil && in.intent(c) {
			return c
		}
		if found := in.writtenFor(path, c); found != nil {
			return found
		}
	}
	return nil
}

// maxTests bounds the locations that rules try, one by one, to find out where sample paths of all sites end: a file of
// thousands of regexes would take minutes. What is left is not judged by these rules.
const maxTests = 2_000_000

// reach says where a sample path of a site ends; ok is false where too many were asked already.
func (in *Input) reach(s Site, path string) (out model.Outcome, ok bool) {
	if in.tests += 1 + len(s.Server.Scope.Children); in.tests > maxTests {
		return model.Outcome{}, false
	}
	return in.Model.ReachIn(s.Server, model.Request{Host: hostFor(s.Server), Path: path}), true
}

// certain is the severity of a fault that a walk shows: advice where the walk had to guess.
func certain(out model.Outcome) probes.Severity {
	if len(out.Doubts) > 0 {
		return probes.Info
	}
	return probes.Error
}
