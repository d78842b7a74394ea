package embedproxy

import (
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/probetest"
)

// spare returns an address that nobody listens on, on a host where no outgoing connection is given the port.
func spare(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", fmt.Sprintf("127.71.%d.%d:0", 1+rand.IntN(255), rand.IntN(256)))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// talks checks that a WebSocket still echoes.
func talks(t *testing.T, c *websocket.Conn) {
	t.Helper()
	if err := c.Write(within(t), websocket.MessageText, []byte("still")); err != nil {
		t.Fatal(err)
	}
	if _, got, err := c.Read(within(t)); err != nil || string(got) != "still" {
		t.Fatalf("%q, %v", got, err)
	}
}

func open(address string) bool {
	c, err := net.Dial("tcp", address)
	if err == nil {
		c.Close()
	}
	return err == nil
}

// TestReloadRebinds changes the ports under open tunnels, which stay.
func TestReloadRebinds(t *testing.T) {
	eachWay(t, func(t *testing.T, w way, cfg *cluster.Config) {
		n := startNode(t, "n1")
		cfg.Proxy.Backends = settings(n).Proxy.Backends
		a, b, c := spare(t), spare(t), spare(t)
		cfg.Proxy.Listen = []string{a}
		p := start(t, *cfg, Options{})
		first, _ := w.hello(t, p, nil)
		reload := func(bind string, listen ...string) error {
			next := *cfg
			next.Proxy.Bind, next.Proxy.Listen = bind, listen
			return p.Reload(next)
		}
		expect := func(what string, want ...string) {
			t.Helper()
			if got := p.Addresses(); !slices.Equal(got, want) {
				t.Fatalf("%s: listens on %v, expected %v", what, got, want)
			}
			for _, x := range []string{a, b, c} {
				if open(x) != slices.Contains(want, x) {
					t.Errorf("%s: %s is open: %v", what, x, open(x))
				}
			}
			w.hello(t, p, nil)
			talks(t, first)
		}
		expect("at the start", a)
		if err := reload("first", b); err != nil {
			t.Fatal(err)
		}
		expect("another port", b)
		if err := reload("first", c, b); err != nil {
			t.Fatal(err)
		}
		expect("a port before the one that is bound", b)
		if err := reload("all", a, b, c); err != nil {
			t.Fatal(err)
		}
		expect("all", b, a, c)
		taken, err := net.Listen("tcp", "127.71.0.9:0")
		if err != nil {
			t.Fatal(err)
		}
		defer taken.Close()
		var be *BindError
		if err := reload("all", a, taken.Addr().String()); !errors.As(err, &be) || len(be.Tried) != 1 {
			t.Errorf("a port that is taken: %v", err)
		}
		expect("after a refused reload", b, a, c)
		_, port, _ := net.SplitHostPort(a)
		if err := reload("all", "0.0.0.0:"+port); err == nil || !strings.Contains(err.Error(), "needs a restart") {
			t.Errorf("the same port on every address: %v", err)
		}
		if err := reload("first", a, c); err != nil {
			t.Fatal(err)
		}
		expect("one of those that are bound", a)
	})
}

func TestReloadOfGivenSockets(t *testing.T) {
	n := startNode(t, "n1")
	own, foreign := probetest.Listen(t), probetest.Listen(t)
	next := spare(t)
	for _, c := range []struct {
		name  string
		l     *net.TCPListener
		wants string
		after string
	}{
		{"where the settings say", own, own.Addr().String(), next},
		{"elsewhere", foreign, "127.71.0.9:1", foreign.Addr().String()},
	} {
		cfg := settings(n)
		cfg.Proxy.Listen = []string{c.wants}
		p := start(t, cfg, Options{Listeners: []net.Listener{c.l}})
		cfg.Proxy.Listen = []string{next}
		if err := p.Reload(cfg); err != nil {
			t.Fatal(err)
		}
		if p.at() != c.after {
			t.Errorf("a socket that was given to the proxy, %s: now it listens on %s, expected %s", c.name, p.at(), c.after)
		}
		ways[0].hello(t, p, nil)
	}
}

func TestReloadOfAdmin(t *testing.T) {
	n := startNode(t, "n1")
	cfg := settings(n)
	cfg.Proxy.Admin = spare(t)
	p := start(t, cfg, Options{})
	before := p.AdminAddress()
	cfg.Proxy.Admin = spare(t)
	if err := p.Reload(cfg); err != nil {
		t.Fatal(err)
	}
	if p.AdminAddress() != cfg.Proxy.Admin || !open(cfg.Proxy.Admin) || open(before) {
		t.Errorf("the admin listener is at %s, expected %s, and %s closed", p.AdminAddress(), cfg.Proxy.Admin, before)
	}
	cfg.Proxy.Admin = p.at()
	if err := p.Reload(cfg); err == nil {
		t.Error("a port that is taken was taken over for the admin listener")
	}
	cfg.Proxy.Admin = ""
	if err := p.Reload(cfg); err != nil || p.AdminAddress() != "" {
		t.Errorf("without an admin listener: %q, %v", p.AdminAddress(), err)
	}
}

// certificate writes a certificate for names and returns its files.
func certificate(t *testing.T, names ...string) cluster.Certificate {
	cert, key := probetest.WritePEM(t, (*probetest.CA)(nil).Issue(t, time.Now().Add(-time.Hour), time.Now().Add(time.Hour), names...))
	return cluster.Certificate{Cert: cert, Key: key}
}

// names asks for a server name and returns what the certificate is for.
func names(t *testing.T, p *Proxy, serverName string) string {
	t.Helper()
	c, err := tls.Dial("tcp", p.at(), &tls.Config{InsecureSkipVerify: true, ServerName: serverName})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return strings.Join(c.ConnectionState().PeerCertificates[0].DNSNames, " ")
}

func TestCertificateByName(t *testing.T) {
	n := startNode(t, "n1")
	cfg := settings(n)
	first, second, third := certificate(t, "a.example"), certificate(t, "b.example", "*.b.example"), certificate(t, "c.example")
	cfg.Proxy.TLS.Cert, cfg.Proxy.TLS.Key = first.Cert, first.Key
	cfg.Proxy.TLS.Certificates = []cluster.Certificate{second}
	p := start(t, cfg, Options{})
	expect := func(pairs ...string) {
		t.Helper()
		for i := 0; i < len(pairs); i += 2 {
			if got := names(t, p, pairs[i]); got != pairs[i+1] {
				t.Errorf("asked for %q: the certificate of %q, expected that of %q", pairs[i], got, pairs[i+1])
			}
		}
	}
	expect("a.example", "a.example", "b.example", "b.example *.b.example", "x.b.example", "b.example *.b.example",
		"x.y.b.example", "a.example", "c.example", "a.example", "", "a.example")
	cfg.Proxy.TLS.Certificates = append(cfg.Proxy.TLS.Certificates, third)
	if err := p.Reload(cfg); err != nil {
		t.Fatal(err)
	}
	expect("c.example", "c.example", "b.example", "b.example *.b.example")
	bad := cfg
	bad.Proxy.TLS.Certificates = []cluster.Certificate{{Cert: third.Cert, Key: second.Key}}
	if err := p.Reload(bad); err == nil {
		t.Error("a certificate with another one's key was taken over")
	}
	expect("c.example", "c.example")
	off := settings(n)
	if err := p.Reload(off); !errors.Is(err, errTLSSwitch) {
		t.Errorf("without TLS: %v", err)
	}
	cfg.Proxy.TLS.MinVersion = "1.3"
	if err := p.Reload(cfg); err != nil {
		t.Fatal(err)
	}
	if _, err := tls.Dial("tcp", p.at(), &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12}); err == nil {
		t.Error("TLS 1.2 was taken after a reload that asks for 1.3")
	}
}

// TestCertificateFilesAreFollowed replaces the files and reloads nothing.
func TestCertificateFilesAreFollowed(t *testing.T) {
	n := startNode(t, "n1")
	cfg := settings(n)
	was, is := certificate(t, "old.example"), certificate(t, "new.example")
	cfg.Proxy.TLS.Cert, cfg.Proxy.TLS.Key = was.Cert, was.Key
	p := start(t, cfg, Options{})
	if _, err := tls.Dial("tcp", p.at(), &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS11}); err == nil {
		t.Error("TLS 1.1 was taken")
	}
	if got := names(t, p, ""); got != "old.example" {
		t.Fatal(got)
	}
	for from, to := range map[string]string{is.Cert: was.Cert, is.Key: was.Key} {
		b, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "the new certificate", func() bool { return names(t, p, "") == "new.example" })
}
