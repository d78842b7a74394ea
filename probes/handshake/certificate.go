package handshake

import (
	"net"
	"slices"

	"example.com/wsdoctor/probes"
)

// expiringDays is when a certificate that is still valid becomes a warning: renewers such as certbot act 30 days
// before the end, so at 14 they have failed for half a month.
const expiringDays = 14

var certificateRule = probes.Rule[Observation]{
	ID:    "handshake/certificate",
	Title: "certificates are trusted, for the right name, and not about to expire",
	Why: "A browser breaks off without a word to the page (close code 1015 or 1006) when the certificate does not hold; a " +
		"user can make an exception for a page, not for a WebSocket on another port.",
	Applies: func(o Observation) (probes.Status, probes.Text) {
		if st, why := reaches(Securing)(o); st != probes.OK {
			return st, why
		}
		for _, tr := range o.Traces() {
			if slices.ContainsFunc(tr.Attempts, func(a Attempt) bool { return a.TLS != nil }) {
				return probes.OK, probes.Text{}
			}
		}
		return probes.Skipped, probes.T("no connection to judge")
	},
	Check: func(o Observation) []probes.Finding {
		var out []probes.Finding
		for _, tr := range o.Traces() {
			var shown []string // one finding for a certificate, though several addresses show it
			for _, a := range tr.Attempts {
				if a.TLS == nil || a.TLS.Certificate == nil || slices.Contains(shown, a.TLS.Certificate.key()) {
					continue
				}
				shown = append(shown, a.TLS.Certificate.key())
				out = append(out, certFindings(tr, a)...)
			}
		}
		return out
	},
}

func (c *Certificate) key() string { return c.Subject + c.Issuer + c.NotAfter.String() }

func certFindings(tr *Trace, a Attempt) []probes.Finding {
	c := a.TLS.Certificate
	evidence := []probes.Evidence{{Where: a.Address, Saw: probes.T("subject \"%s\", issuer \"%s\", valid from %s to %s, %d in the chain",
		c.Subject, c.Issuer, day(c.NotBefore), day(c.NotAfter), c.Chain)}}
	if len(c.Problems) == 0 {
		if c.DaysLeft >= expiringDays {
			return nil
		}
		return []probes.Finding{{
			Severity: probes.Warning, Subject: tr.URL,
			Title:    probes.T("the certificate of %s expires in %d days, on %s", a.Address, c.DaysLeft, day(c.NotAfter)),
			Evidence: evidence, Fix: []probes.Text{probes.T("# renew it, then reload the balancer")},
		}}
	}
	// One certificate, one finding: a self-signed one that has expired is replaced once.
	title := probes.T("the certificate of %s does not hold: %s", a.Address, c.Problems[0].Text)
	for _, p := range c.Problems[1:] {
		evidence = append(evidence, probes.Evidence{Where: a.Address, Saw: probes.T("also: %s", p.Text)})
	}
	if a.Upgraded() {
		evidence = append(evidence, probes.Evidence{Where: a.Address, Saw: probes.T("the upgrade behind it works: wsdoctor went on without checking the certificate")})
	}
	return []probes.Finding{{Severity: probes.Error, Subject: tr.URL, Title: title, Evidence: evidence, Fix: certFix(c.Problems[0].Kind, tr)}}
}

func certFix(k CertFault, tr *Trace) []probes.Text {
	look := probes.Verbatim("openssl s_client -connect " + net.JoinHostPort(hostOf(tr.URL), tr.port()) + " -servername " + hostOf(tr.URL) + " -showcerts </dev/null")
	switch k {
	case CertExpired:
		return []probes.Text{look, probes.T("# renew it, then reload the balancer")}
	case CertNotYetValid:
		return []probes.Text{probes.Verbatim("timedatectl"), probes.T("# set the clock of this host or of the one that issued the certificate")}
	case CertWrongName:
		return []probes.Text{look, probes.T("# use a name of the certificate in the URL, or issue one for \"%s\"", hostOf(tr.URL))}
	case CertUnknownIssuer:
		return []probes.Text{look, probes.T("# nginx: ssl_certificate has to name a file with the certificate and then its intermediates")}
	}
	return []probes.Text{look, probes.T("# use a certificate of an authority that the clients trust, or have them trust this one")}
}
