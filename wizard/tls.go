package wizard

import (
	"path/filepath"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
)

var tlsStep = Step{
	ID:    "tls",
	Title: probes.T("TLS"),
	Why:   probes.T("a page that came by https may only open wss://, and what lies between client and balancer reads what is not encrypted"),
	Ask:   fixed(probes.T("do clients connect by TLS (wss://)?")),
	Choices: fixed([]Choice{
		{"no", probes.T("no: ws://")},
		{"yes", probes.T("yes: wss://, with a certificate")},
	}),
	Default: func(d Draft) string {
		if d.Config.Proxy.TLS.Cert != "" || strings.HasPrefix(d.Config.Balancer.URL, "wss:") {
			return "yes"
		}
		return "no"
	},
	From: func(d Draft) probes.Text { return d.from(func(p cluster.WayPlaces) string { return p.Entry }) },
	Skip: noneStands,
	Apply: choose(func(d *Draft, answer string) {
		if d.Secure = answer == "yes"; !d.Secure {
			d.Config.Proxy.TLS.Cert, d.Config.Proxy.TLS.Key = "", ""
		}
		d.setURL(d.Config.Balancer.Host())
	}),
	Keys: []string{"balancer.url"},
}

var certStep = Step{
	ID:    "cert",
	Title: probes.T("certificate"),
	Why:   probes.T("the balancer shows it to clients: the certificate with its chain, as PEM"),
	Ask:   fixed(probes.T("in which file is the certificate with its chain?")),
	Default: func(d Draft) string {
		if d.Config.Proxy.TLS.Cert == "" && len(d.Found.Pairs) > 0 {
			return d.Found.Pairs[0].Cert
		}
		return d.Config.Proxy.TLS.Cert
	},
	From: fromTLS,
	Skip: needsNoPair,
	Apply: func(d *Draft, answer string) probes.Text {
		d.Config.Proxy.TLS.Cert = answer
		return absolute(answer)
	},
}

var keyStep = Step{
	ID:    "key",
	Title: probes.T("private key"),
	Why:   probes.T("only the balancer may read it; wsdoctor keeps its path and never its contents"),
	Ask:   fixed(probes.T("in which file is the private key of the certificate?")),
	Default: func(d Draft) string {
		for _, p := range d.Found.Pairs {
			if p.Cert == d.Config.Proxy.TLS.Cert {
				return p.Key
			}
		}
		return d.Config.Proxy.TLS.Key
	},
	From: fromTLS,
	Skip: needsNoPair,
	Apply: func(d *Draft, answer string) probes.Text {
		d.Config.Proxy.TLS.Key = answer
		return absolute(answer)
	},
	Keys: []string{"proxy.tls"},
}

func fromTLS(d Draft) probes.Text {
	return d.from(func(p cluster.WayPlaces) string { return p.TLS })
}

// needsNoPair is the Skip of the steps about the certificate: a balancer that this session does not set up has its own.
func needsNoPair(d Draft) bool {
	return noneStands(d) || !d.Secure || d.Config.Balancer.Kind == cluster.Other || !d.Here && !d.Embedded()
}

// absolute holds against a path that it depends on the folder wsdoctor was started in: a service has another one.
func absolute(path string) probes.Text {
	if !filepath.IsAbs(path) {
		return probes.T("found %q, expected a path from the root, such as /etc/ssl/example.pem", path)
	}
	return probes.Text{}
}
