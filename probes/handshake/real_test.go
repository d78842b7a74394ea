package handshake

import (
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"example.com/wsdoctor/probes/probetest"
)

var (
	long = 24 * time.Hour * 365
	now  = time.Now()
)

func TestNodeWS(t *testing.T) {
	tr := Dial(t.Context(), Request{URL: "ws://" + probetest.NodeServer(t, probetest.WSServer) + "/"})
	if tr.Cause.Kind != None || tr.Attempts[0].Ping == 0 || tr.Attempts[0].Close.By != "client" {
		t.Errorf("got %s: %s, %+v", tr.Cause.Kind, tr.Cause.Text, tr.Attempts)
	}
}

func TestSocketIO(t *testing.T) {
	addr := probetest.NodeServer(t, probetest.SocketIOServer)
	tr := Dial(t.Context(), Request{URL: "ws://" + addr + "/socket.io/?EIO=4&transport=websocket"})
	if tr.Cause.Kind != None || tr.Attempts[0].Message == nil || !strings.HasPrefix(tr.Attempts[0].Message.Text, `0{"sid":`) {
		t.Errorf("got %s: %s, %+v", tr.Cause.Kind, tr.Cause.Text, tr.Attempts)
	}
	tr = Dial(t.Context(), Request{URL: "ws://" + addr + "/socket.io/?EIO=3&transport=websocket"})
	if tr.Cause.Kind != EngineProtocol {
		t.Errorf("EIO=3 at a server that speaks 4: got %s: %s", tr.Cause.Kind, tr.Cause.Text)
	}
	tr = Dial(t.Context(), Request{URL: "ws://" + addr + "/elsewhere"})
	if tr.Upgraded() {
		t.Errorf("a path that is not served: got %s: %s", tr.Cause.Kind, tr.Cause.Text)
	}
}

// proxied runs nginx with TLS in front of a WebSocket server and returns its address.
func proxied(t *testing.T, backend, cert, key string) string {
	t.Helper()
	ln := probetest.Listen(t)
	probetest.Nginx(t, fmt.Sprintf(`server {
		listen %s ssl; ssl_certificate %s; ssl_certificate_key %s;
		location / { proxy_pass http://%s; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; }
	}`, ln.Addr(), cert, key, backend), ln)
	return ln.Addr().String()
}

func TestCertificatesOfNginx(t *testing.T) {
	backend := probetest.NodeServer(t, probetest.WSServer)
	ca := probetest.NewCA(t)
	var nobody *probetest.CA
	for _, tc := range []struct {
		name     string
		ca       *probetest.CA
		from, to time.Time
		names    []string
		problems []CertFault
		status   string // of the findings
	}{
		{"valid", ca, now.Add(-long), now.Add(long), []string{"127.0.0.1"}, nil, ""},
		{"expiring", ca, now.Add(-long), now.Add(5*24*time.Hour + time.Hour), []string{"127.0.0.1"}, nil, "warning: expires in 5 days"},
		{"expired", ca, now.Add(-long), now.Add(-49 * time.Hour), []string{"127.0.0.1"}, []CertFault{CertExpired}, "error: it expired on"},
		{"not yet valid", ca, now.Add(long), now.Add(2 * long), []string{"127.0.0.1"}, []CertFault{CertNotYetValid}, "error: it is valid from"},
		{"self-signed", nobody, now.Add(-long), now.Add(long), []string{"127.0.0.1"}, []CertFault{CertSelfSigned}, "error: self-signed"},
		{"self-signed and expired", nobody, now.Add(-long), now.Add(-time.Hour), []string{"127.0.0.1"}, []CertFault{CertExpired, CertSelfSigned}, "error: expired"},
		{"another authority", probetest.NewCA(t), now.Add(-long), now.Add(long), []string{"127.0.0.1"}, []CertFault{CertUnknownIssuer}, "error: does not know its issuer"},
		{"another name", ca, now.Add(-long), now.Add(long), []string{"ws.example.test", "10.0.0.1"}, []CertFault{CertWrongName}, `error: it is for ws.example.test, 10.0.0.1, expected "127.0.0.1"`},
		{"no name", ca, now.Add(-long), now.Add(long), nil, []CertFault{CertWrongName}, "error: names no host"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			cert, key := probetest.WritePEM(t, tc.ca.Issue(t, tc.from, tc.to, tc.names...))
			tr := Dial(t.Context(), Request{URL: "wss://" + proxied(t, backend, cert, key) + "/", RootCAs: ca.Pool})
			if !tr.Upgraded() || tr.Cause.Kind != None {
				t.Fatalf("the upgrade behind the certificate was not seen: %s", tr.Cause.Text)
			}
			c := tr.Attempts[0].TLS.Certificate
			var got []CertFault
			for _, p := range c.Problems {
				got = append(got, p.Kind)
			}
			if fmt.Sprint(got) != fmt.Sprint(tc.problems) {
				t.Errorf("got problems %v, expected %v", c.Problems, tc.problems)
			}
			fs := certificateRule.Check(Observation{Balancer: &tr})
			if tc.status == "" {
				if len(fs) != 0 {
					t.Errorf("got %v", fs)
				}
				return
			}
			sev, says, _ := strings.Cut(tc.status, ": ")
			if len(fs) != 1 || fs[0].Severity.String() != sev || !strings.Contains(fs[0].Title.String(), says) || len(fs[0].Fix) == 0 {
				t.Errorf("got %v, expected %s", fs, tc.status)
			}
		})
	}
}

func TestPlainAndTLSMixedUp(t *testing.T) {
	ca := probetest.NewCA(t)
	plain := probetest.NodeServer(t, probetest.WSServer)
	cert, key := probetest.WritePEM(t, ca.Issue(t, now.Add(-long), now.Add(long), "127.0.0.1"))
	secured := proxied(t, plain, cert, key)
	if tr := Dial(t.Context(), Request{URL: "ws://" + secured + "/"}); tr.Cause.Kind != TLSOnPlain {
		t.Errorf("ws:// to nginx's TLS port: got %s: %s", tr.Cause.Kind, tr.Cause.Text)
	}
	if tr := Dial(t.Context(), Request{URL: "wss://" + plain + "/"}); tr.Cause.Kind != PlainOnTLS {
		t.Errorf("wss:// to a plain port: got %s: %s", tr.Cause.Kind, tr.Cause.Text)
	}
}

// TestTLSServers meets crypto/tls servers with settings that nginx's packages do not offer any more.
func TestTLSServers(t *testing.T) {
	ca := probetest.NewCA(t)
	cert := ca.Issue(t, now.Add(-long), now.Add(long), "127.0.0.1")
	for _, tc := range []struct {
		name   string
		config *tls.Config
		kind   Kind
		phase  Phase
		says   string
	}{
		{"TLS 1.3", &tls.Config{}, None, "", ""},
		{"TLS 1.1", &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, None, "", ""},
		{"client certificate, TLS 1.3", &tls.Config{ClientAuth: tls.RequireAnyClientCert}, TLSAlert, Securing, "certificate of the client"},
		{"client certificate, TLS 1.2", &tls.Config{ClientAuth: tls.RequireAnyClientCert, MaxVersion: tls.VersionTLS12}, TLSAlert, Securing, "alert"},
		{"another protocol only", &tls.Config{NextProtos: []string{"imap"}}, TLSAlert, Securing, "does not offer HTTP/1.1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.config.Certificates = []tls.Certificate{cert}
			addr := serve(t, func(c net.Conn) { upgraded(wellBehaved)(tls.Server(c, tc.config)) })
			tr := Dial(t.Context(), Request{URL: "wss://" + addr + "/", RootCAs: ca.Pool})
			if tr.Cause.Kind != tc.kind || tr.Cause.Phase != tc.phase || !strings.Contains(tr.Cause.Text.String(), tc.says) {
				t.Errorf("got %s in %s: %s", tr.Cause.Kind, tr.Cause.Phase, tr.Cause.Text)
			}
			if old := len(tlsRule.Check(Observation{Balancer: &tr})) > 0; old != (tc.kind != None || tc.name == "TLS 1.1") {
				t.Errorf("the rule tls found something: %v", old)
			}
		})
	}
}
