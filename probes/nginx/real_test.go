package nginx

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/wsdoctor/probes/probetest"
)

const (
	// patience is how long anything on loopback may take before a test gives up.
	patience = 30 * time.Second
	// idleWait is longer than the read timeout of the idle case (300 ms): a tunnel that is still there then lives on.
	idleWait = 900 * time.Millisecond
)

// strict is a backend that takes a handshake as RFC 6455 section 4.2.1 asks and refuses all else with 400.
type strict struct {
	net.Listener
	mu    sync.Mutex
	asked string // the URI of the last request
	conns []net.Conn
	done  sync.WaitGroup
}

func newStrict(t *testing.T) *strict {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &strict{Listener: l}
	s.done.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.conns = append(s.conns, c)
			s.mu.Unlock()
			s.done.Go(func() { s.serve(c) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		s.mu.Lock()
		for _, c := range s.conns {
			c.Close()
		}
		s.mu.Unlock()
		s.done.Wait()
	})
	return s
}

func (s *strict) serve(c net.Conn) {
	defer c.Close()
	br := bufio.NewReader(c)
	head, err := readHead(br)
	if err != nil {
		return
	}
	f := strings.Fields(head[0])
	values := map[string][]string{}
	for _, l := range head[1:] {
		k, v, _ := strings.Cut(l, ":")
		k = strings.ToLower(k)
		values[k] = append(values[k], strings.ToLower(strings.TrimSpace(v)))
	}
	s.mu.Lock()
	s.asked = f[1]
	s.mu.Unlock()
	ok := f[2] == "HTTP/1.1" && len(values["host"]) == 1 && strings.Join(values["upgrade"], ",") == "websocket" && hasToken(strings.Join(values["connection"], ","), "upgrade")
	if !ok {
		fmt.Fprintf(c, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		return
	}
	fmt.Fprintf(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
	_, _ = io.Copy(c, br) // ends with the connection
}

func readHead(br *bufio.Reader) ([]string, error) {
	var head []string
	for {
		line, err := br.ReadString('\n')
		if err != nil {
			return nil, err
		}
		if line = strings.TrimRight(line, "\r\n"); line == "" {
			if len(head) == 0 {
				return nil, errors.New("an empty head")
			}
			return head, nil
		}
		head = append(head, line)
	}
}

// freePort returns a port that was free a moment ago.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

// site is a folder with a configuration for a real nginx.
type site struct {
	dir, main, fragment string
	whole               bool
}

const preamble = "daemon off; pid nginx.pid; error_log stderr;\n"

const paths = "access_log off; client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4; scgi_temp_path t5;\n"

// newSite writes text to a file of its own: a fragment of http is included by an nginx.conf around it.
func newSite(t *testing.T, text string) site {
	t.Helper()
	s := site{dir: t.TempDir(), whole: strings.Contains(text, "events {")}
	s.main, s.fragment = filepath.Join(s.dir, "nginx.conf"), filepath.Join(s.dir, "site.conf")
	if err := os.Mkdir(filepath.Join(s.dir, "html"), 0o755); err != nil {
		t.Fatal(err)
	}
	if s.whole {
		s.fragment = s.main
	} else if err := os.WriteFile(s.main, []byte(preamble+"events {}\nhttp {\n"+paths+"include site.conf;\n}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	s.write(t, text)
	return s
}

func (s site) write(t *testing.T, text string) {
	t.Helper()
	if s.whole {
		text = preamble + strings.Replace(text, "http {", "http { "+strings.TrimSpace(paths), 1)
	}
	if err := os.WriteFile(s.fragment, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// test runs nginx -t.
func (s site) test(t *testing.T) (string, error) {
	out, err := exec.CommandContext(t.Context(), probetest.Need(t, "nginx"), "-t", "-p", s.dir, "-c", s.main, "-e", "stderr").CombinedOutput()
	return string(out), err
}

// run starts nginx and waits until a port that it listens on accepts; it returns the function that ends it.
func (s site) run(t *testing.T, port string) (stop func()) {
	t.Helper()
	var log strings.Builder
	cmd := exec.Command(probetest.Need(t, "nginx"), "-p", s.dir, "-c", s.main, "-e", "stderr")
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	gone := make(chan error, 1)
	go func() { gone <- cmd.Wait() }()
	stop = sync.OnceFunc(func() {
		_ = cmd.Process.Signal(os.Interrupt) // a fast shutdown, workers and all
		<-gone
	})
	t.Cleanup(stop)
	for deadline := time.Now().Add(patience); ; {
		if c, err := net.Dial("tcp", "127.0.0.1:"+port); err == nil {
			// The listener takes connections before there is a worker: wait until one says something, or hangs up.
			_ = c.SetDeadline(deadline)
			_, _ = io.WriteString(c, "GET / HTTP/1.0\r\n\r\n")
			_, _ = c.Read(make([]byte, 1))
			c.Close()
			return stop
		}
		select {
		case err := <-gone:
			gone <- err
			t.Fatalf("nginx ended: %v\n%s", err, log.String())
		case <-time.After(5 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatalf("nginx does not listen on %s after %s", port, patience)
		}
	}
}

// shake does a handshake and returns the connection and the status.
func shake(ctx context.Context, port, path string, config *tls.Config) (net.Conn, int, error) {
	var d net.Dialer
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	c, err := d.DialContext(ctx, "tcp", "127.0.0.1:"+port)
	if err != nil {
		return nil, 0, err
	}
	if config != nil {
		tc := tls.Client(c, config)
		if err := tc.HandshakeContext(ctx); err != nil {
			c.Close()
			return nil, 0, err
		}
		c = tc
	}
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, 0, err
	}
	fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: localhost:%s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", path, port)
	head, err := readHead(bufio.NewReader(c))
	if err != nil {
		c.Close()
		return nil, 0, err
	}
	status, err := strconv.Atoi(strings.Fields(head[0])[1])
	return c, status, err
}

// works tells whether what the case is about works; the text says what was seen.
func (c ruleCase) works(t *testing.T, p places, back *strict) (bool, string) {
	t.Helper()
	kind, arg, _ := strings.Cut(c.head["real"], " ")
	path := c.head["path"]
	var config *tls.Config
	n := 1
	switch kind {
	case "tls":
		config = &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}
	case "tunnels":
		n, _ = strconv.Atoi(arg)
	case "handshake":
		if arg != "" {
			path = arg
		}
	}
	for i := range n {
		conn, status, err := shake(t.Context(), p.front, path, config)
		if err != nil || status != http.StatusSwitchingProtocols {
			return false, fmt.Sprintf("handshake %d: status %d, %v", i+1, status, err)
		}
		defer conn.Close()
		if kind == "idle" {
			if err := conn.SetReadDeadline(time.Now().Add(idleWait)); err != nil {
				t.Fatal(err)
			}
			_, err := conn.Read(make([]byte, 1))
			var timeout net.Error
			if !errors.As(err, &timeout) || !timeout.Timeout() {
				return false, fmt.Sprintf("the idle tunnel ended: %v", err)
			}
		}
	}
	if want := c.head["uri"]; want != "" {
		back.mu.Lock()
		defer back.mu.Unlock()
		if back.asked != want {
			return false, fmt.Sprintf("the backend was asked %q, expected %q", back.asked, want)
		}
	}
	return true, ""
}

// TestReal shows for each rule of severity error, with a real nginx and a strict backend, that the faulty configuration
// fails and that what --fix makes of it works.
func TestReal(t *testing.T) {
	probetest.Need(t, "nginx")
	for _, c := range ruleCases(t) {
		if c.head["real"] == "" {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			back := newStrict(t)
			p := places{freePort(t), back.Addr().String(), freePort(t), ""}
			if c.head["real"] == "tls" {
				p.cert = certificate(t)
			}
			if out, err := newSite(t, p.fill(c.good)).test(t); err != nil {
				t.Errorf("nginx refuses the good configuration: %s", out)
			}
			bad := p.fill(c.bad)
			s := newSite(t, bad)
			out, refused := s.test(t)
			switch {
			case c.head["real"] == "refused" && refused == nil:
				t.Errorf("nginx takes the faulty configuration:\n%s", bad)
			case c.head["real"] != "refused" && refused != nil && c.rule != "nginx/http2-assumed":
				t.Fatalf("nginx refuses the faulty configuration: %s", out)
			case refused == nil:
				port := p.front
				if strings.Contains(bad, "listen 127.0.0.1:"+p.other) {
					port = p.other
				}
				stop := s.run(t, port)
				if ok, _ := c.works(t, p, back); ok {
					t.Errorf("the faulty configuration works:\n%s", bad)
				}
				stop()
			}
			fixed := Fix(c.lint(t, c.bad, p))
			if len(fixed) != 1 {
				t.Fatalf("--fix changes %d files, expected 1", len(fixed))
			}
			s.write(t, string(fixed[0].New))
			if out, err := s.test(t); err != nil {
				t.Fatalf("nginx refuses the mended configuration: %s\n%s", out, fixed[0].Diff())
			}
			defer s.run(t, p.front)()
			if c.head["real"] == "refused" {
				c.head["real"] = "handshake"
			}
			if ok, why := c.works(t, p, back); !ok {
				t.Errorf("the mended configuration does not work: %s\n%s", why, fixed[0].Diff())
			}
		})
	}
}

// TestErrorsAreShown tells which rules can report an error and have no real case.
func TestErrorsAreShown(t *testing.T) {
	shown, errs := map[string]bool{}, map[string]bool{}
	for _, c := range ruleCases(t) {
		if strings.HasPrefix(c.head["want"], "error") {
			errs[c.rule] = true
			shown[c.rule] = shown[c.rule] || c.head["real"] != ""
		}
	}
	for id := range errs {
		if !shown[id] {
			t.Errorf("%s reports errors, and no case shows with a real nginx that they are", id)
		}
	}
}

// certificate writes a self-signed certificate with its key to one file.
func certificate(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	out := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: raw})...)
	file := filepath.Join(t.TempDir(), "cert.pem")
	if err := os.WriteFile(file, out, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
