package nginx

import (
	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/nginx/conf"
)

var moduleDirective = Rule{
	ID:    "nginx/module-directive",
	Title: "every directive is one of stock nginx",
	Why:   "nginx without the module answers `unknown directive` and does not start",
	Docs:  "https://nginx.org/en/docs/dirindex.html",
	Check: func(in *Input) []Finding {
		var out []Finding
		for _, p := range in.Conf.Problems {
			if p.Kind == conf.Foreign {
				out = append(out, fromProblem(p, probes.Warning).with("# nginx -V 2>&1 | tr ' ' '\\n' | grep module; ls /usr/lib/nginx/modules"))
			}
		}
		if d := in.newSticky(); d != nil {
			f := at(d, probes.Warning, probes.T("%q needs nginx 1.29.6 or NGINX Plus; the version is %s", d.Name, in.Version))
			out = append(out, f.with("ip_hash;"))
		}
		return out
	},
}

// newSticky returns a sticky directive that the version at hand may lack.
func (in *Input) newSticky() *conf.Directive {
	if in.Version.AtLeast(1, 29, 6) {
		return nil
	}
	for _, u := range in.Model.Upstreams {
		if u.Method != nil && u.Method.Name == "sticky" {
			return u.Method
		}
	}
	return nil
}
