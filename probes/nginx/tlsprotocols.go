package nginx

import (
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/nginx/conf"
	"example.com/wsdoctor/probes/nginx/model"
)

var tlsProtocols = Rule{
	ID:    "nginx/tls-protocols",
	Title: "the TLS versions are those that clients speak",
	Why:   "Browsers dropped TLS 1.0 and 1.1 in 2020: with them alone no handshake succeeds, and beside newer ones they only weaken the server",
	Docs:  "https://www.rfc-editor.org/rfc/rfc8996",
	Check: func(in *Input) []Finding {
		var out []Finding
		for _, s := range in.Model.Servers {
			if f, bad := plainWithCertificate(s); bad {
				out = append(out, f)
			}
			e := s.Scope.Effective("ssl_protocols")
			d := e.Last()
			if d == nil || !s.TLS() && e.From != s.Scope {
				continue
			}
			var old []string
			for _, p := range d.Texts() {
				if p == "SSLv2" || p == "SSLv3" || p == "TLSv1" || p == "TLSv1.1" {
					old = append(old, p)
				}
			}
			line := "ssl_protocols TLSv1.2 TLSv1.3;"
			edit := conf.Edit{File: d.File, Start: d.Start, End: d.End, Text: line}
			switch {
			case len(old) > 0 && len(old) == len(d.Args):
				out = append(out, at(d, probes.Error, probes.T("ssl_protocols allows %s alone, which browsers no longer speak, expected TLSv1.2 or later", strings.Join(old, ", "))).with(line).edit(edit))
			case len(old) > 0:
				out = append(out, at(d, probes.Warning, probes.T("ssl_protocols still allows %s", strings.Join(old, ", "))).with(line).edit(edit))
			}
		}
		return out
	},
}

// plainWithCertificate reports a server for 443 that has a certificate and speaks plain HTTP.
func plainWithCertificate(s *model.Server) (Finding, bool) {
	if len(s.Scope.Own("ssl_certificate")) == 0 || s.TLS() {
		return Finding{}, false
	}
	for _, l := range s.Listens {
		if l.Port == 443 && l.Dir != nil && len(l.Dir.Args) > 0 {
			line := "listen " + strings.Join(append([]string{l.Dir.Arg(0), "ssl"}, l.Dir.Texts()[1:]...), " ") + ";"
			f := at(l.Dir, probes.Error, probes.T("port 443 speaks plain HTTP: there is a certificate, and listen lacks %q", "ssl")).with(line)
			end := l.Dir.Args[0].End
			return f.saw(s.Scope.Own("ssl_certificate")[0]).edit(conf.Edit{File: l.Dir.File, Start: end, End: end, Text: " ssl"}), true
		}
	}
	return Finding{}, false
}
