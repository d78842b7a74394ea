package handshake

import (
	"net"
	"strings"

	"example.com/wsdoctor/probes"
)

var tlsRule = probes.Rule[Observation]{
	ID:    "handshake/tls",
	Title: "every wss:// URL speaks TLS 1.2 or later",
	Why: "A port that speaks plain HTTP, a server without a certificate for the name, and TLS 1.0 or 1.1, which browsers " +
		"refuse (RFC 8996), all end before the upgrade is asked for.",
	Applies: reaches(Securing),
	Check: func(o Observation) []probes.Finding {
		var out []probes.Finding
		for _, f := range faults(o, Securing) {
			out = append(out, f.finding(probes.Error, tlsFix(f)...))
		}
		for _, tr := range o.Traces() {
			for _, a := range tr.Attempts {
				if a.TLS != nil && a.TLS.old {
					out = append(out, probes.Finding{
						Severity: probes.Error, Subject: tr.URL,
						Title: probes.T("%s speaks \"%s\" at most, expected TLS 1.2 or 1.3: browsers refuse it", a.Address, a.TLS.Version),
						Fix:   []probes.Text{probes.T("# nginx, in the server block:"), probes.Verbatim("ssl_protocols TLSv1.2 TLSv1.3;")},
					})
				}
			}
		}
		return out
	},
}

func tlsFix(f fault) []probes.Text {
	if f.cause.Kind == PlainOnTLS {
		return []probes.Text{
			probes.T("# use this URL, if the port is meant to be plain:"),
			probes.Verbatim("ws" + strings.TrimPrefix(strings.TrimPrefix(f.trace.URL, "https"), "wss")),
			probes.T("# or nginx, to make it speak TLS:"),
			probes.Verbatim("listen " + f.trace.port() + " ssl;"),
		}
	}
	return []probes.Text{probes.Verbatim("openssl s_client -connect " + net.JoinHostPort(hostOf(f.trace.URL), f.trace.port()) + " -servername " + hostOf(f.trace.URL) + " </dev/null")}
}
