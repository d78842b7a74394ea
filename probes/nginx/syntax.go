package nginx

import (
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/nginx/conf"
)

var syntaxRule = Rule{
	ID:    "nginx/syntax",
	Title: "nginx loads the configuration",
	Why:   "nginx refuses the whole file for one fault: a start fails, and a reload leaves the old configuration running",
	Docs:  "https://nginx.org/en/docs/beginners_guide.html#conf_structure",
	Check: func(in *Input) []Finding {
		var out []Finding
		for _, p := range in.Conf.Problems {
			switch p.Kind {
			case conf.Refused:
				out = append(out, fromProblem(p, probes.Error))
			case conf.Mixed:
				out = append(out, fromProblem(p, probes.Info))
			case conf.Tolerated:
				out = append(out, fromProblem(p, in.removedSeverity()))
			}
		}
		out = append(out, in.missingIncludes()...)
		for _, p := range semantics(in) {
			out = append(out, fromProblem(p, probes.Error))
		}
		return out
	},
}

// removedSeverity is that of a directive which nginx dropped in 1.25.1.
func (in *Input) removedSeverity() probes.Severity {
	switch {
	case in.Version.AtLeast(1, 25, 1):
		return probes.Error
	case in.Version.Known():
		return probes.Info
	}
	return probes.Warning
}

// missingIncludes reports includes of which nothing could be read, each file once: on its own host nginx misses it too;
// elsewhere the file is only not at hand.
func (in *Input) missingIncludes() []Finding {
	var out []Finding
	seen := map[string]bool{}
	for _, d := range in.Conf.Missing {
		if seen[d.Arg(0)] {
			continue
		}
		seen[d.Arg(0)] = true
		f := at(d, probes.Info, probes.T("%s: what it holds was not judged", d.Unresolved))
		if in.Local && strings.Contains(d.Unresolved, "No such file") {
			f = at(d, probes.Error, probes.Verbatim(d.Unresolved)).with("# delete this line, or create " + d.Arg(0))
		}
		out = append(out, f)
	}
	return out
}
