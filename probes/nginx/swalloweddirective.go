package nginx

import (
	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/nginx/conf"
)

var swallowedDirective = Rule{
	ID:    "nginx/swallowed-directive",
	Title: "no directive has become an argument of another",
	Why:   "Without its ; a directive goes on over the line end: nginx takes the next directive for arguments and loads the file without a word, and that directive has no effect",
	Docs:  "https://nginx.org/en/docs/beginners_guide.html#conf_structure",
	Check: func(in *Input) []Finding {
		var out []Finding
		for _, p := range in.Conf.Problems {
			if p.Kind == conf.Swallowed {
				out = append(out, fromProblem(p, probes.Error))
			}
		}
		return out
	},
}
