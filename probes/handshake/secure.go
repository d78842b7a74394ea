package handshake

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"strings"
	"time"

	"example.com/wsdoctor/probes"
)

// secure makes conn a TLS connection. The certificate is not verified by crypto/tls but afterwards, so that one with
// a fault does not hide what lies behind it. Versions that browsers refuse are accepted for the same reason.
func secure(ctx context.Context, conn net.Conn, t target) (*tls.Conn, error) {
	cfg := &tls.Config{
		ServerName:         t.serverName,
		InsecureSkipVerify: true,
		MinVersion:         tls.VersionTLS10,
		NextProtos:         []string{"http/1.1"}, // what browsers offer for wss
		Certificates:       t.Certificates,
	}
	if t.HTTP2 {
		cfg.NextProtos = []string{"h2", "http/1.1"} // the second so that a server without the first still answers
	}
	tc := tls.Client(conn, cfg)
	ctx, cancel := context.WithTimeout(ctx, t.Limits.TLS)
	defer cancel()
	return tc, tc.HandshakeContext(ctx)
}

// describe says what was agreed on, and judges the certificate.
func describe(s tls.ConnectionState, t target) *TLS {
	return &TLS{
		Version:     tls.VersionName(s.Version),
		Cipher:      tls.CipherSuiteName(s.CipherSuite),
		ALPN:        Escape([]byte(s.NegotiatedProtocol), 50),
		Certificate: inspect(s.PeerCertificates, t.serverName, t.RootCAs, t.Now()),
		old:         s.Version < tls.VersionTLS12,
	}
}

// inspect judges a chain as a client would, but goes on after the first fault. nil for an empty chain.
func inspect(chain []*x509.Certificate, name string, roots *x509.CertPool, now time.Time) *Certificate {
	if len(chain) == 0 {
		return nil
	}
	leaf := chain[0]
	c := &Certificate{
		Subject: Escape([]byte(leaf.Subject.String()), 200), Issuer: Escape([]byte(leaf.Issuer.String()), 200),
		NotBefore: leaf.NotBefore.UTC(), NotAfter: leaf.NotAfter.UTC(),
		DaysLeft: days(leaf.NotAfter.Sub(now)), Chain: len(chain),
	}
	for _, n := range leaf.DNSNames {
		c.Names = append(c.Names, Escape([]byte(n), 255))
	}
	for _, ip := range leaf.IPAddresses {
		c.Names = append(c.Names, ip.String())
	}
	add := func(k CertFault, format string, args ...any) {
		c.Problems = append(c.Problems, CertProblem{k, probes.T(format, args...)})
	}

	// The chain is verified at a moment when the leaf was valid, so that an expired one is still told from an
	// untrusted one.
	at := now
	switch {
	case now.After(leaf.NotAfter):
		at = leaf.NotAfter
		add(CertExpired, "it expired on %s, %d days ago", day(leaf.NotAfter), -c.DaysLeft)
	case now.Before(leaf.NotBefore):
		at = leaf.NotBefore
		add(CertNotYetValid, "it is valid from %s on, and this host's clock says %s", leaf.NotBefore.UTC().Format(time.DateTime), now.UTC().Format(time.DateTime))
	}
	between := x509.NewCertPool()
	for _, ca := range chain[1:] {
		between.AddCert(ca)
	}
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: at}); err != nil {
		k, text := chainFault(err, chain, c)
		c.Problems = append(c.Problems, CertProblem{k, text})
	}
	if leaf.VerifyHostname(strings.TrimSuffix(name, ".")) != nil {
		if len(c.Names) == 0 {
			add(CertWrongName, "it names no host in its subject alternative names, expected %q; clients ignore the common name", name)
		} else {
			add(CertWrongName, "it is for %s, expected %q", strings.Join(c.Names, ", "), name)
		}
	}
	return c
}

func chainFault(err error, chain []*x509.Certificate, c *Certificate) (CertFault, probes.Text) {
	var invalid x509.CertificateInvalidError
	var unknown x509.UnknownAuthorityError
	switch {
	case selfSigned(chain[0]):
		return CertSelfSigned, probes.T("it is self-signed, and this host does not trust it")
	case errors.As(err, &unknown) && len(chain) == 1:
		return CertUnknownIssuer, probes.T("this host does not know its issuer \"%s\", and the server sends no intermediate certificate", c.Issuer)
	case errors.As(err, &unknown):
		return CertUnknownIssuer, probes.T("its chain of %d ends at an authority that this host does not know", len(chain))
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return CertExpired, probes.T("a certificate of its chain has expired or is not yet valid: \"%s\"", Escape([]byte(invalid.Cert.Subject.String()), 200))
	}
	return CertInvalid, probes.T("verifying it: %s", Escape([]byte(err.Error()), 200))
}

func selfSigned(c *x509.Certificate) bool {
	return string(c.RawIssuer) == string(c.RawSubject) && c.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) == nil
}

// days counts whole days, downwards: a certificate that expired an hour ago has -1 left.
func days(d time.Duration) int {
	n := int(d / (24 * time.Hour))
	if d < 0 {
		n--
	}
	return n
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }
