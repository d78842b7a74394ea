package nginx

import (
	"slices"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/nginx/conf"
	"example.com/wsdoctor/probes/nginx/model"
)

var undefinedUpstream = Rule{
	ID:    "nginx/undefined-upstream",
	Title: "proxy_pass names upstreams that exist",
	Why:   "A name that is no upstream is taken for a host: nginx refuses the file with `host not found in upstream`, or asks whoever answers to that name",
	Docs:  "https://nginx.org/en/docs/http/ngx_http_upstream_module.html#upstream",
	Check: func(in *Input) []Finding {
		var out []Finding
		used, streams := in.usedUpstreams(), in.streamUpstreams()
		seen := map[string]bool{}
		conf.Walk(in.Conf.Top, func(d *conf.Directive) bool {
			t := model.SplitTarget(d.Arg(0))
			if d.Name != "proxy_pass" || inStream(d) || t.Host == "" || strings.Contains(t.Host, "$") || in.Model.Upstream(t.Host) != nil || seen[t.Host] {
				return true
			}
			if strings.ContainsAny(t.Host, ":[") || t.Host == "localhost" || isAddress(t.Host) {
				return true
			}
			if u := streams[strings.ToLower(t.Host)]; u != nil {
				seen[t.Host] = true
				lines := []string{"upstream " + t.Host + " {"}
				for _, l := range u.Block {
					lines = append(lines, "    "+rawLine(l))
				}
				out = append(out, at(d, probes.Error, probes.T("proxy_pass names %q, which is an upstream of the stream block: http does not see it, and needs one of its own", t.Host)).
					with(append(lines, "}")...).saw(u))
				return true
			}
			near := in.nearUpstream(t.Host, used)
			if near == "" && strings.ContainsRune(t.Host, '.') {
				return true // a name that a resolver may well know
			}
			seen[t.Host] = true
			f := at(d, probes.Info, probes.T("proxy_pass names %q, and nothing that could be read here defines such an upstream: where no resolver knows it either, nginx refuses it with host not found in upstream", t.Host))
			if near != "" {
				sev := probes.Error
				if !alike(near, t.Host) {
					sev = probes.Warning
				}
				f = at(d, sev, probes.T("proxy_pass names %q, and there is no such upstream; the upstream here is called %q", t.Host, near))
				url := strings.Replace(d.Arg(0), t.Host, near, 1)
				f = f.with("proxy_pass " + url + ";").edit(replaceArg(d, 0, url)).saw(in.Model.Upstream(near).Dir)
			}
			out = append(out, f)
			return true
		})
		return out
	},
}

// streamUpstreams returns the upstreams of stream blocks by their names in lower case, but for those with a server of
// that very name: a resolver knows it then.
func (in *Input) streamUpstreams() map[string]*conf.Directive {
	found := map[string]*conf.Directive{}
	conf.Walk(in.Conf.Top, func(d *conf.Directive) bool {
		if d.Name == "upstream" && inStream(d) && !slices.ContainsFunc(d.Block, func(l *conf.Directive) bool {
			return l.Name == "server" && strings.EqualFold(hostName(l.Arg(0)), d.Arg(0))
		}) {
			found[strings.ToLower(d.Arg(0))] = d
		}
		return true
	})
	return found
}

func isAddress(host string) bool { return strings.Trim(host, "0123456789.") == "" }

// usedUpstreams returns the names that some directive hands requests to.
func (in *Input) usedUpstreams() map[string]bool {
	used := map[string]bool{}
	conf.Walk(in.Conf.Top, func(d *conf.Directive) bool {
		switch {
		case strings.HasSuffix(d.Name, "_pass"):
			t := model.SplitTarget(d.Arg(0))
			used[strings.ToLower(t.Host)] = true
			used[strings.ToLower(d.Arg(0))] = true
		case d.Name == "set" || d.Name == "map" || d.Name == "split_clients" || d.Name == "geo":
			// Its name may come out of a variable.
			for _, v := range append(d.Texts(), valuesOf(d)...) {
				used[strings.ToLower(model.SplitTarget(v).Host)] = true
				used[strings.ToLower(v)] = true
			}
		}
		return true
	})
	return used
}

// valuesOf returns what the entries of a data block become.
func valuesOf(d *conf.Directive) []string {
	var out []string
	for _, e := range d.Block {
		out = append(out, e.Texts()...)
	}
	return out
}

// nearUpstream returns the upstream that a name was probably meant for: one that nothing uses and that is alike, or
// the only one where nothing uses it.
func (in *Input) nearUpstream(name string, used map[string]bool) string {
	var unused []string
	for _, u := range in.Model.Upstreams {
		if u.Name != "" && !used[strings.ToLower(u.Name)] {
			unused = append(unused, u.Name)
		}
	}
	for _, u := range unused {
		if alike(u, name) {
			return u
		}
	}
	if len(unused) == 1 && !strings.ContainsRune(name, '.') {
		return unused[0]
	}
	return ""
}

// alike tells whether two names differ in punctuation, case or an addition only.
func alike(a, b string) bool {
	flat := func(s string) string {
		return strings.NewReplacer("-", "", "_", "", ".", "").Replace(strings.ToLower(s))
	}
	a, b = flat(a), flat(b)
	return a == b || len(a) > 3 && len(b) > 3 && (strings.Contains(a, b) || strings.Contains(b, a))
}
