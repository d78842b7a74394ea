package diagnosis

import (
	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/balancer/distribution"
)

// ejectedBy shows the server lines of nginx on which one failure is enough, where nodes get no clients. Lint does not
// hold them against an upstream without hashing: there a node that is out for 10 s costs nobody a session.
var ejectedBy = detail{
	of: []string{"balancer/distribution"},
	add: func(s scene, f *fault) bool {
		lines := s.nginx.Ejects()
		if s.spread() != distribution.Missing || len(lines) == 0 {
			return false
		}
		f.f.Title = probes.T("%s; nginx leaves a server out after one failure (max_fails is 1 by default)", f.f.Title)
		f.f.Fix = []probes.Text{probes.T("# nginx, in the upstream: let it take more than one failure to leave a server out")}
		for _, l := range lines {
			f.f.Evidence = append(f.f.Evidence, probes.Evidence{Where: l.Where, Saw: probes.Verbatim(l.Line)})
			f.f.Fix = append(f.f.Fix, probes.Verbatim(l.Instead))
		}
		f.f.Fix = append(f.f.Fix, probes.T("# then, in a shell; the servers that are out are taken up again at once:"), probes.Verbatim("nginx -t && nginx -s reload"))
		return true
	},
}
