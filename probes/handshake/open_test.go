package handshake

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/wsdoctor/probes/probetest"
)

func TestOpen(t *testing.T) {
	good, closed := serve(t, upgraded(wellBehaved)), probetest.ClosedPort(t)
	_, port, _ := net.SplitHostPort(good)
	c, tr := Open(t.Context(), Request{URL: "ws://ws.example.test:" + port, Lookup: lookup("127.0.0.2", "127.0.0.1"), From: netip.MustParseAddr("127.0.0.3")})
	if c == nil || len(tr.Attempts) != 2 || tr.Attempts[0].Cause.Kind != Refused || tr.Cause.Kind != None {
		t.Fatalf("got %+v", tr)
	}
	defer c.Close(true)
	if host, _, _ := net.SplitHostPort(c.LocalAddr().String()); host != "127.0.0.3" {
		t.Errorf("came from %s", c.LocalAddr())
	}
	if err := c.Write(OpPing, []byte("x")); err != nil {
		t.Fatal(err)
	}
	if f, err := c.Read(3); err != nil || f.Op != OpText || string(f.Payload) != "hel" || f.Size != 5 {
		t.Errorf("got %+v, %v", f, err)
	}
	if f, err := c.Read(10); err != nil || f.Op != OpPing {
		t.Errorf("got %+v, %v", f, err)
	}
	if f, err := c.Read(10); err != nil || f.Op != OpPong || string(f.Payload) != "x" {
		t.Errorf("got %+v, %v", f, err)
	}
	if c, tr := Open(t.Context(), Request{URL: "ws://" + closed}); c != nil || tr.Cause.Kind != Refused {
		t.Errorf("got %s", tr.Cause.Kind)
	}
	if c, tr := Open(t.Context(), Request{URL: "gopher://x"}); c != nil || tr.Cause.Kind != BadRequest {
		t.Errorf("got %s", tr.Cause.Kind)
	}
}

// TestClientCertificate meets an nginx that asks for one.
func TestClientCertificate(t *testing.T) {
	ca := probetest.NewCA(t)
	from, to := time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	serverCert, serverKey := probetest.WritePEM(t, ca.Issue(t, from, to, "127.0.0.1"))
	own := ca.Issue(t, from, to, "client")
	caFile := t.TempDir() + "/ca.pem"
	if err := os.WriteFile(caFile, probetest.PEM(ca.Cert), 0o600); err != nil {
		t.Fatal(err)
	}
	node := serve(t, upgraded(wellBehaved))
	ln := probetest.Listen(t)
	probetest.Nginx(t, fmt.Sprintf(`server { listen %s ssl; ssl_certificate %s; ssl_certificate_key %s; ssl_client_certificate %s; ssl_verify_client on;
		location / { proxy_pass http://%s; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; } }`,
		ln.Addr(), serverCert, serverKey, caFile, node), ln)
	req := Request{URL: "wss://" + ln.Addr().String() + "/", RootCAs: ca.Pool, Verify: true}
	if tr := Dial(t.Context(), req); tr.Code() != 400 || !strings.Contains(tr.Best().Response.Body, "No required SSL certificate") {
		t.Errorf("without a certificate: got %s: %s", tr.Cause.Kind, tr.Cause.Text)
	}
	req.Certificates = []tls.Certificate{own}
	if tr := Dial(t.Context(), req); tr.Cause.Kind != None {
		t.Errorf("with a certificate: got %s: %s", tr.Cause.Kind, tr.Cause.Text)
	}
}

// TestVerify: nothing is sent to a server whose certificate does not hold.
func TestVerify(t *testing.T) {
	ca := probetest.NewCA(t)
	cert := ca.Issue(t, time.Now().Add(-time.Hour), time.Now().Add(time.Hour), "ws.example.test")
	var mu sync.Mutex
	asked := 0
	addr := serve(t, func(c net.Conn) {
		upgraded(func(c net.Conn, r *bufio.Reader) {
			mu.Lock()
			asked++
			mu.Unlock()
			wellBehaved(c, r)
		})(tls.Server(c, &tls.Config{Certificates: []tls.Certificate{cert}}))
	})
	for _, tc := range []struct {
		name   string
		verify bool
		server string
		kind   Kind
	}{
		{"another name", true, "", CertificateFault},
		{"the right name", true, "ws.example.test", None},
		{"another name, not checked", false, "", None},
	} {
		before := asked
		tr := Dial(t.Context(), Request{URL: "wss://" + addr, RootCAs: ca.Pool, Verify: tc.verify, ServerName: tc.server, Limits: patient})
		if tr.Cause.Kind != tc.kind {
			t.Errorf("%s: got %s: %s", tc.name, tr.Cause.Kind, tr.Cause.Text)
		}
		mu.Lock()
		if (asked > before) != (tc.kind == None) {
			t.Errorf("%s: the server was asked %d times", tc.name, asked-before)
		}
		mu.Unlock()
	}
}

func TestHeadersTakeThePlaceOfOwnOnes(t *testing.T) {
	addr := serve(t, upgraded(wellBehaved))
	tr := Dial(t.Context(), Request{URL: "ws://" + addr, Header: []Header{
		{"User-Agent", "browser"}, {"Authorization", "Bearer s3cret"}, {"cookie", "sid=s3cret"}, {"Proxy-Authorization", "s3cret"},
	}})
	head := strings.Join(tr.Best().Request, "\n")
	if strings.Contains(head, "s3cret") || strings.Contains(head, "User-Agent: wsdoctor") || !strings.Contains(head, "Authorization: Bearer (not shown)") ||
		!strings.Contains(head, "cookie: (not shown)") {
		t.Errorf("got %s", head)
	}
}

// relay copies both ways until one side ends.
func relay(a, b net.Conn) {
	var wg sync.WaitGroup
	for _, p := range [][2]net.Conn{{a, b}, {b, a}} {
		wg.Go(func() { io.Copy(p[0], p[1]); p[0].Close() })
	}
	wg.Wait()
}

// connectProxy is an HTTP proxy that wants credentials.
func connectProxy(c net.Conn) {
	r := bufio.NewReader(c)
	req, err := http.ReadRequest(r)
	if err != nil {
		return
	}
	if req.Header.Get("Proxy-Authorization") != "Basic dXNlcjpwYXNz" {
		io.WriteString(c, "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
		return
	}
	up, err := net.Dial("tcp", req.Host)
	if err != nil {
		io.WriteString(c, "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
		return
	}
	io.WriteString(c, "HTTP/1.1 200 Connection established\r\n\r\n")
	relay(c, up)
}

// socksProxy speaks as much of SOCKS5 as a CONNECT to an IPv4 address or a name takes (RFC 1928).
func socksProxy(c net.Conn) {
	b := make([]byte, 256)
	if _, err := io.ReadFull(c, b[:2]); err != nil || b[0] != 5 {
		return
	}
	io.ReadFull(c, b[:b[1]])
	c.Write([]byte{5, 0})
	io.ReadFull(c, b[:5])
	var host string
	if b[3] == 1 {
		io.ReadFull(c, b[5:8])
		host = net.IP(b[4:8]).String()
	} else {
		n := b[4]
		io.ReadFull(c, b[:n])
		host = string(b[:n])
	}
	io.ReadFull(c, b[:2])
	up, err := net.Dial("tcp", net.JoinHostPort(host, fmt.Sprint(int(b[0])<<8|int(b[1]))))
	if err != nil {
		c.Write([]byte{5, 5, 0, 1, 0, 0, 0, 0, 0, 0}) // connection refused
		return
	}
	c.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0})
	relay(c, up)
}

func TestProxies(t *testing.T) {
	good, closed := serve(t, upgraded(wellBehaved)), probetest.ClosedPort(t)
	_, port, _ := net.SplitHostPort(good)
	http, socks := serve(t, connectProxy), serve(t, socksProxy)
	banner := serve(t, func(c net.Conn) { io.WriteString(c, "SSH-2.0-OpenSSH\r\n"); hold(c) })
	for _, tc := range []struct {
		name, proxy, to string
		kind            Kind
		says            string
	}{
		{"CONNECT", "http://user:pass@" + http, good, None, ""},
		{"CONNECT, the proxy resolves", "http://user:pass@" + http, "localhost:" + port, None, ""},
		{"CONNECT, no credentials", "http://" + http, good, ProxyRefused, "407"},
		{"CONNECT, wrong credentials", "http://user:s3cret@" + http, good, ProxyRefused, "407"},
		{"CONNECT, nothing listens", "http://user:pass@" + http, closed, ProxyRefused, "502"},
		{"CONNECT, no proxy", "http://" + closed, good, Refused, closed},
		{"CONNECT, no HTTP", "http://" + banner, good, ProxyError, "no HTTP answer"},
		{"SOCKS5", "socks5://" + socks, good, None, ""},
		{"SOCKS5, the proxy resolves", "socks5h://" + socks, "localhost:" + port, None, ""},
		{"SOCKS5, nothing listens", "socks5://" + socks, closed, ProxyRefused, "refused"},
		{"SOCKS5, no proxy", "socks5://" + banner, good, ProxyError, "SOCKS5"},
		{"another scheme", "ftp://" + socks, good, BadRequest, "ftp"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			u, err := url.Parse(tc.proxy)
			if err != nil {
				t.Fatal(err)
			}
			tr := Dial(t.Context(), Request{URL: "ws://" + tc.to + "/", Proxy: u, Lookup: lookup()})
			if tr.Cause.Kind != tc.kind || !strings.Contains(tr.Cause.Text.String(), tc.says) || strings.Contains(tr.Cause.Text.String(), "s3cret") {
				t.Errorf("got %s in %s: %s", tr.Cause.Kind, tr.Cause.Phase, tr.Cause.Text)
			}
		})
	}
}
