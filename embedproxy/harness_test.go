package embedproxy

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"

	"example.com/wsdoctor/probes/cluster"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what must happen; only a failing test waits that long.
const patience = 30 * time.Second

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// eventually waits until ok says so.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("this never came: %s", what)
		}
	}
}

// node is a backend: /ws echoes, what is plain tells what came.
type node struct {
	*httptest.Server
	name    string
	headers chan http.Header // of each handshake
}

func startNode(t *testing.T, name string) *node {
	n := &node{name: name, headers: make(chan http.Header, 1000)}
	n.Server = httptest.NewServer(http.HandlerFunc(n.serve))
	t.Cleanup(func() { n.CloseClientConnections(); n.Close() })
	return n
}

func (n *node) address() string { return strings.TrimPrefix(n.URL, "http://") }

func (n *node) serve(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == "/forbidden":
		http.Error(w, "not for you", http.StatusForbidden)
	case strings.HasPrefix(r.URL.Path, "/ws"):
		h := r.Header.Clone()
		h.Set("Host", r.Host)
		n.headers <- h
		c, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true, Subprotocols: []string{"chat"}})
		if err != nil {
			return
		}
		c.SetReadLimit(64 << 20)
		c.Write(r.Context(), websocket.MessageText, []byte(n.name))
		for {
			typ, b, err := c.Read(context.Background())
			if err != nil {
				return
			}
			if c.Write(context.Background(), typ, b) != nil {
				return
			}
		}
	case r.URL.Path == "/count":
		k, _ := io.Copy(io.Discard, r.Body)
		fmt.Fprintln(w, k)
	case r.URL.Path == "/stream":
		rc := http.NewResponseController(w)
		rc.EnableFullDuplex()
		s := bufio.NewScanner(r.Body)
		for s.Scan() {
			fmt.Fprintln(w, "got", s.Text())
			rc.Flush()
		}
	default:
		for k, v := range r.Header {
			w.Header()["Saw-"+k] = v
		}
		w.Header().Set("Saw-Host", r.Host)
		io.WriteString(w, n.name)
	}
}

func settings(nodes ...*node) cluster.Config {
	cfg := cluster.Default(cluster.Generic)
	cfg.Proxy.Listen = []string{"127.0.0.1:0"}
	cfg.Proxy.Admin = "127.0.0.1:0"
	cfg.Proxy.ActiveHealth.Kind = "off"
	cfg.Proxy.Timeouts.Drain = 50 * time.Millisecond
	for _, n := range nodes {
		cfg.Proxy.Backends = append(cfg.Proxy.Backends, cluster.Backend{Address: n.address(), Weight: 1})
	}
	return cfg
}

// start runs a proxy until the test ends.
func start(t *testing.T, cfg cluster.Config, o Options) *Proxy {
	t.Helper()
	p, err := New(context.Background(), cfg, o)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- p.Run(context.Background()) }()
	select {
	case <-p.Serving():
	case err := <-done:
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Kill()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return p
}

func (p *Proxy) at() string { return p.Addresses()[0] }

// way is one way for a WebSocket through the proxy.
type way struct {
	name string
	tls  bool
	open func(t *testing.T, p *Proxy, path string, h http.Header) (*websocket.Conn, *http.Response, error)
}

var ways = []way{
	{"plain", false, func(t *testing.T, p *Proxy, path string, h http.Header) (*websocket.Conn, *http.Response, error) {
		return dialWS(t, "ws://"+p.at()+path, h, &http.Transport{DisableKeepAlives: true})
	}},
	{"tls", true, func(t *testing.T, p *Proxy, path string, h http.Header) (*websocket.Conn, *http.Response, error) {
		return dialWS(t, "wss://"+p.at()+path, h, &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}})
	}},
	{"kept alive", false, func(t *testing.T, p *Proxy, path string, h http.Header) (*websocket.Conn, *http.Response, error) {
		// The same connection asks for a page first, so that it is net/http that sees the handshake.
		tr := &http.Transport{MaxConnsPerHost: 1}
		resp, err := (&http.Client{Transport: tr}).Get("http://" + p.at() + "/")
		if err != nil {
			return nil, nil, err
		}
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		return dialWS(t, "ws://"+p.at()+path, h, tr)
	}},
}

func dialWS(t *testing.T, url string, h http.Header, tr *http.Transport) (*websocket.Conn, *http.Response, error) {
	t.Cleanup(tr.CloseIdleConnections)
	c, resp, err := websocket.Dial(within(t), url, &websocket.DialOptions{HTTPHeader: h, HTTPClient: &http.Client{Transport: tr},
		Subprotocols: []string{"chat"}})
	if err == nil {
		c.SetReadLimit(64 << 20)
		t.Cleanup(func() { c.CloseNow() })
	}
	return c, resp, err
}

// hello opens a WebSocket and returns the node it landed on.
func (w way) hello(t *testing.T, p *Proxy, h http.Header) (*websocket.Conn, string) {
	t.Helper()
	c, _, err := w.open(t, p, "/ws", h)
	if err != nil {
		t.Fatal(err)
	}
	_, b, err := c.Read(within(t))
	if err != nil {
		t.Fatal(err)
	}
	return c, string(b)
}

// withTLS writes a certificate for 127.0.0.1 and names it in cfg.
func withTLS(t *testing.T, cfg *cluster.Config, serial int64) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "127.0.0.1"}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	kder, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Proxy.TLS.Cert == "" {
		dir := t.TempDir()
		cfg.Proxy.TLS.Cert, cfg.Proxy.TLS.Key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	}
	for file, block := range map[string]*pem.Block{cfg.Proxy.TLS.Cert: {Type: "CERTIFICATE", Bytes: der}, cfg.Proxy.TLS.Key: {Type: "EC PRIVATE KEY", Bytes: kder}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// raw sends bytes and returns what comes back until the proxy hangs up.
func raw(t *testing.T, address, send string) string {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	io.WriteString(c, send)
	b, _ := io.ReadAll(c)
	return string(b)
}
