package nginx

import (
	"slices"
	"strings"

	"example.com/wsdoctor/probes/nginx/conf"
	"example.com/wsdoctor/probes/nginx/model"
)

// cover returns the lines and edits that make a server hand a path on: into the location of that very path where there
// is one, else as a new location, which ^~ keeps the regexes away from. There are no edits where it is not plain which
// backend is meant.
func (in *Input) cover(out model.Outcome, path string) (lines []string, edits []conf.Edit) {
	target := in.target(out.Server)
	pass := "proxy_pass " + target + ";"
	if target == "" {
		pass = "proxy_pass http://127.0.0.1:8080;"
	}
	body := in.siteLines(pass)
	lines = append(append([]string{"location ^~ " + path + " {"}, indented(body)...), "}")
	block := out.Server.Scope.Dir
	if target == "" || block == nil || block.Close >= len(block.File.Src) {
		return lines, nil
	}
	_, mapEdits, _ := in.connectionValue()
	edits = append(edits, mapEdits...)
	own := body[len(body)-5:] // without the map, which goes outside of the server
	for _, sc := range out.Server.Scope.Children {
		if sc.Level == conf.Location && sc.Name == path && (sc.Mod == "" || sc.Mod == "=" || sc.Mod == "^~") && sc.Dir.File == block.File {
			return lines, append(edits, in.fill(sc, own)...)
		}
	}
	indent := block.File.Indent(block.Start)
	var b strings.Builder
	b.WriteString(indent + "    location ^~ " + path + " {\n")
	for _, l := range own {
		b.WriteString(indent + "        " + l + "\n")
	}
	b.WriteString(indent + "    }\n")
	at := block.File.LineStart(block.Close)
	if strings.TrimSpace(string(block.File.Src[at:block.Close])) != "" {
		return lines, nil // the whole server stands on one line
	}
	return lines, append(edits, conf.Edit{File: block.File, Start: at, End: at, Text: b.String()})
}

// fill returns the edits that make a location that answers by itself hand requests on.
func (in *Input) fill(sc *model.Scope, body []string) []conf.Edit {
	var edits []conf.Edit
	for _, d := range sc.List {
		if slices.Contains([]string{"return", "try_files", "root", "alias", "rewrite", "internal", "proxy_set_header", "proxy_http_version"}, d.Name) || slices.Contains([]string{"grpc_pass", "fastcgi_pass", "uwsgi_pass", "scgi_pass"}, d.Name) {
			edits = append(edits, remove(d))
		}
	}
	indent := sc.Dir.File.Indent(sc.Dir.Start) + "    "
	text := ""
	for _, l := range body {
		text += "\n" + indent + l
	}
	return append(edits, conf.Edit{File: sc.Dir.File, Start: sc.Dir.Open + 1, End: sc.Dir.Open + 1, Text: text})
}

// target returns the one backend that a server, or the whole configuration, hands requests to; "" where there are
// several or none.
func (in *Input) target(srv *model.Server) string {
	var own []string
	for _, s := range in.sites {
		if s.Server == srv && len(own) < 2 {
			own = noteTarget(own, s.Pass.Arg(0))
		}
	}
	if len(own) == 1 {
		return own[0]
	}
	if in.targets == nil {
		in.targets = []string{}
		for _, sc := range in.Model.All {
			if pass := ownPass(sc); pass != nil && len(in.targets) < 2 {
				in.targets = noteTarget(in.targets, pass.Arg(0))
			}
		}
		for _, u := range in.Model.Upstreams {
			if u.Name != "" && len(in.targets) < 2 {
				in.targets = noteTarget(in.targets, "http://"+u.Name)
			}
		}
	}
	if len(in.targets) == 1 {
		return in.targets[0]
	}
	return ""
}

// noteTarget adds the scheme and host of a URL to a list that has them not yet.
func noteTarget(list []string, url string) []string {
	t := model.SplitTarget(url)
	if u := t.Scheme + "://" + t.Host; t.Scheme != "" && !strings.Contains(url, "$") && !slices.Contains(list, u) {
		return append(list, u)
	}
	return list
}
