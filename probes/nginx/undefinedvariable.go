package nginx

import (
	"slices"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/nginx/conf"
	"example.com/wsdoctor/probes/nginx/model"
)

var undefinedVariable = Rule{
	ID:    "nginx/undefined-variable",
	Title: "every variable is defined",
	Why:   "nginx refuses a configuration that uses a variable which neither it nor a map, set or capture defines: `unknown \"connection_upgrade\" variable`",
	Docs:  "https://nginx.org/en/docs/http/websocket.html",
	Check: func(in *Input) []Finding {
		var out []Finding
		seen := map[string]bool{}
		conf.Walk(in.Conf.Top, func(d *conf.Directive) bool {
			if !evaluates(d) || inStream(d) {
				return d.Name != "stream" && d.Name != "mail"
			}
			for i, a := range d.Args {
				if isRegexArg(d, i) {
					continue
				}
				for _, name := range model.Variables(a.Text) {
					if model.Builtin(name) || in.Model.Vars[name] != nil || seen[name] || strings.HasPrefix(d.Name, "log_format") && i == 0 {
						continue
					}
					seen[name] = true
					out = append(out, in.undefined(d, name))
				}
			}
			return true
		})
		return out
	},
}

func (in *Input) undefined(d *conf.Directive, name string) Finding {
	sev := probes.Error
	title := probes.T("$%s is used and nothing defines it: nginx refuses the file with unknown %q variable", name, name)
	// Another module may make variables of its own; what this one is called leaves no doubt where it comes from.
	foreign := slices.ContainsFunc(in.Conf.Problems, func(p conf.Problem) bool { return p.Kind == conf.Foreign })
	if !in.Conf.Whole() || foreign && !strings.Contains(name, "upgrade") {
		sev = probes.Info
		title = probes.T("$%s is used and nothing that could be read here defines it: where no other file does, nginx refuses it with unknown %q variable", name, name)
	}
	f := at(d, sev, title)
	if strings.EqualFold(d.Arg(0), "Connection") || strings.Contains(name, "upgrade") {
		f = f.with(aboveServers).with(upgradeMap(name)...)
		if e, ok := in.mapEdit(name); ok {
			f = f.edit(e)
		}
	}
	return f
}

// evaluates tells whether the arguments of a directive hold variables.
func evaluates(d *conf.Directive) bool {
	if d.Data || strings.Contains(d.Name, "_by_lua") || conf.Module(d.Name) != "" {
		return false
	}
	return conf.Known(d.Name)
}

// isRegexArg tells whether an argument is a regex, in which $ is an anchor.
func isRegexArg(d *conf.Directive, i int) bool {
	switch d.Name {
	case "location", "server_name", "proxy_redirect", "sub_filter", "valid_referers", "proxy_cookie_path", "proxy_cookie_domain", "geo":
		return true
	case "map", "split_clients":
		return i != 0
	case "rewrite":
		return i == 0
	case "if":
		return i >= 2 && strings.Contains(d.Arg(1), "~")
	case "set":
		return i == 0
	}
	return false
}

func inStream(d *conf.Directive) bool {
	for ; d != nil; d = d.Parent {
		if d.Name == "stream" || d.Name == "mail" {
			return true
		}
	}
	return false
}
