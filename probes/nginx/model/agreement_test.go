package model_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/wsdoctor/probes/nginx/conf"
	"example.com/wsdoctor/probes/nginx/model"
	"example.com/wsdoctor/probes/probetest"
)

// startLimit is how long nginx may take to listen; it takes a few milliseconds.
const startLimit = 30 * time.Second

// seen is what the backend received.
type seen struct {
	URI    string
	Host   string
	Header http.Header
}

// backend answers every request with what it received.
func backend(t *testing.T) string {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = json.NewEncoder(w).Encode(seen{r.RequestURI, r.Host, r.Header})
	}))
	t.Cleanup(srv.Close)
	return srv.Listener.Addr().String()
}

// runNginx starts nginx on a configuration and waits until the socket accepts.
func runNginx(t *testing.T, dir, text, socket string) {
	t.Helper()
	bin := probetest.Need(t, "nginx")
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	cmd := exec.Command(bin, "-p", dir, "-c", file, "-e", "stderr")
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	gone := make(chan error, 1)
	go func() { gone <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-gone
	})
	for deadline := time.Now().Add(startLimit); ; {
		c, err := net.Dial("unix", socket)
		if err == nil {
			c.Close()
			return
		}
		select {
		case err := <-gone:
			gone <- err
			t.Fatalf("nginx ended: %v\n%s", err, log.String())
		case <-time.After(5 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatalf("nginx does not listen after %s\n%s", startLimit, log.String())
		}
	}
}

// ask sends a handshake's headers to a socket, with the path as it is.
func ask(t *testing.T, socket, host, path string) (*http.Response, []byte) {
	t.Helper()
	tr := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", socket)
	}}
	defer tr.CloseIdleConnections()
	req, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+host, nil)
	if err != nil {
		t.Fatal(err)
	}
	p, q, _ := strings.Cut(path, "?")
	req.URL = &url.URL{Scheme: "http", Host: host, Opaque: p, RawQuery: q}
	for k, v := range map[string]string{"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="} {
		req.Header.Set(k, v)
	}
	resp, err := tr.RoundTrip(req)
	if err != nil {
		t.Fatalf("%s %s: %v", socket, path, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, body
}

// maker makes random servers.
type maker struct {
	*rand.Rand
	backend string
	n       int // locations made so far
	names   map[string]bool
}

func pick[T any](m *maker, list ...T) T { return list[m.Intn(len(list))] }

func (m *maker) headers(indent string) string {
	var b strings.Builder
	for _, l := range []string{"Upgrade $http_upgrade", "Connection $connection_upgrade", "Host $http_host", "X-A $host", `X-B "$uri;$args"`, "X-Empty \"\"", "X-C $request_uri$is_args"} {
		if m.Intn(3) == 0 {
			fmt.Fprintf(&b, "%sproxy_set_header %s;\n", indent, l)
		}
	}
	return b.String()
}

func (m *maker) location(parent, indent string, depth int) string {
	mod, name := pick(m, "", "", "", "^~", "=", "~", "~", "~*"), ""
	if mod[:min(1, len(mod))] == "~" {
		name = pick(m, `^/a`, `b$`, `^/(a|ws)/(.*)$`, `\.js$`, `/(?<seg>[^/]+)$`, `^/WS`, `c`, `^/a/b/?$`, `/$`)
	} else {
		name = parent + pick(m, "a", "a/", "b", "ws", "ws/", "b/c", "a/b/")
		if parent == "/" && m.Intn(4) == 0 {
			name = "/"
		}
	}
	key := parent + mod + name
	if mod == "^~" {
		key = parent + name
	}
	if m.names[key] {
		return ""
	}
	m.names[key] = true
	m.n++
	var b strings.Builder
	fmt.Fprintf(&b, "%slocation %s %s {\n%s  add_header X-L L%d always;\n", indent, mod, name, indent, m.n)
	b.WriteString(m.body(indent+"  ", strings.HasPrefix(mod, "~")))
	if depth < 2 && (mod == "" || mod == "^~") && strings.HasSuffix(name, "/") && m.Intn(2) == 0 {
		for range 2 {
			b.WriteString(m.location(name, indent+"  ", depth+1))
		}
	}
	fmt.Fprintf(&b, "%s}\n", indent)
	return b.String()
}

// body is what a location does.
func (m *maker) body(indent string, regex bool) string {
	var b strings.Builder
	line := func(s string) { b.WriteString(indent + s + "\n") }
	if m.Intn(3) == 0 {
		b.WriteString(m.headers(indent))
	}
	switch m.Intn(10) {
	case 0:
		line("rewrite ^/a/(.*)$ /ws/$1 " + pick(m, "last", "break", "") + ";")
	case 1:
		line("rewrite ^(.*)b$ /b$1?r=1 " + pick(m, "last", "break", "") + ";")
	case 2:
		line("if ($args ~ ^n=(.*)$) { set $n $1; rewrite ^ /a/b/$n? " + pick(m, "last", "break") + "; }")
	case 3:
		line("if ($http_upgrade = websocket) { " + pick(m, "return 418;", "set $z 1;", "rewrite ^/c(.*)$ /ws$1 last;") + " }")
	case 4:
		line("rewrite ^/(ws)/x(.*)$ /moved/$1$2 " + pick(m, "permanent", "redirect") + ";")
	}
	uri := pick(m, "", "", "/", "/x", "/x/", "/x?k=v")
	if regex {
		uri = ""
	}
	switch m.Intn(12) {
	case 0:
		line(fmt.Sprintf("return %d;", pick(m, 204, 403, 418)))
	case 1:
		line("return 302 /elsewhere$uri;")
	case 2:
		line("try_files /none " + pick(m, "@n1", "@n2", "=404", "/ws/t", "/a/b?t=1") + ";")
		if m.Intn(2) == 0 {
			line("proxy_pass http://" + m.backend + uri + ";")
		}
	case 3:
		line("set $up " + m.backend + ";")
		line("proxy_pass http://$up" + pick(m, "", "$request_uri", "/v$uri", "/v$is_args$args", "/v", "$uri") + ";")
	case 4:
		line("internal;")
		line("proxy_pass http://" + m.backend + uri + ";")
	case 5: // from disk
	default:
		line("proxy_pass http://" + m.backend + uri + ";")
	}
	return b.String()
}

func (m *maker) server(i int) string {
	m.names = map[string]bool{}
	var b strings.Builder
	fmt.Fprintf(&b, "server {\n  listen unix:s%d.sock;\n  server_name one.test;\n  add_header X-L S always;\n", i)
	if m.Intn(2) == 0 {
		b.WriteString(m.headers("  "))
	}
	if m.Intn(4) == 0 {
		b.WriteString("  rewrite ^/srv/(.*)$ /$1 " + pick(m, "last", "break", "") + ";\n")
	}
	if m.Intn(4) == 0 {
		b.WriteString("  error_page 418 = @n1;\n")
	}
	if m.Intn(6) == 0 {
		b.WriteString("  error_page 404 /ws/e;\n")
	}
	for range 3 + m.Intn(5) {
		b.WriteString(m.location("/", "  ", 0))
	}
	for _, n := range []string{"n1", "n2"} {
		m.n++
		fmt.Fprintf(&b, "  location @%s {\n    add_header X-L L%d always;\n%s    proxy_pass http://%s;\n  }\n", n, m.n, m.headers("    "), m.backend)
	}
	b.WriteString("}\n")
	return b.String()
}

var paths = []string{
	"/", "/a", "/a/", "/a/b", "/a/b/", "/a/b/c", "/ws", "/ws/", "/ws/x", "/ws/x/y?q=1", "/b", "/b/c", "/c", "/x.js", "/a/x.js?v=2", "/ab",
	"/a/b?n=7", "/WS/up", "/srv/a/b", "/srv/ws?k=1", "/a//b", "/a/./b/../c", "/a%20b", "/ws/%41%2fz?e=%20", "/b%3Fq", "/a/b/c/d/e", "/ws/a/", "/none",
}

// TestAgreement compares the model with nginx itself, on configurations made at random (from a fixed seed).
func TestAgreement(t *testing.T) {
	probetest.Need(t, "nginx")
	const servers = 120
	dir, err := os.MkdirTemp("", "wsd")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	m := &maker{Rand: rand.New(rand.NewSource(20240229)), backend: backend(t)}
	var b strings.Builder
	b.WriteString("daemon off; master_process off; pid nginx.pid; error_log stderr emerg;\nevents {}\nhttp {\n  access_log off; absolute_redirect off; root html;\n" +
		"  client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4; scgi_temp_path t5;\n" +
		"  map $http_upgrade $connection_upgrade { default upgrade; '' close; }\n  proxy_set_header X-H http;\n")
	for i := range servers {
		b.WriteString(m.server(i))
	}
	b.WriteString("}\n")
	text := strings.ReplaceAll(b.String(), "listen unix:s", "listen unix:"+dir+"/s")
	if err := os.Mkdir(filepath.Join(dir, "html"), 0o755); err != nil {
		t.Fatal(err)
	}
	runNginx(t, dir, text, filepath.Join(dir, "s0.sock"))
	c, err := conf.Parse("nginx.conf", []byte(text), conf.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range c.Problems {
		t.Errorf("nginx takes the file; found %s at %v", p.Message, p.Place())
	}
	mod := model.New(c)
	asked, proxied, differ := 0, 0, 0
	for i, srv := range mod.Servers {
		for range 14 {
			path := pick(m, paths...)
			asked++
			out := mod.WalkIn(srv, model.Request{Host: "One.test:81", Path: path})
			if out.Kind == model.Proxied {
				proxied++
			}
			resp, body := ask(t, filepath.Join(dir, fmt.Sprintf("s%d.sock", i)), "One.test:81", path)
			if why := disagreement(out, resp, body); why != "" {
				differ++
				if differ <= 10 {
					t.Errorf("server %d, %s: %s\n%s\n%v", i, path, why, srv.Scope.Dir.File.Src[srv.Scope.Dir.Start:srv.Scope.Dir.End], out.Steps)
				}
			}
		}
	}
	t.Logf("%d requests, %d of them proxied: %d differ", asked, proxied, differ)
	if asked < 500 || proxied < asked/4 {
		t.Errorf("asked %d, %d proxied, expected at least 500 and a quarter", asked, proxied)
	}
}

// disagreement says how an answer differs from what the model expects; "" where it does not.
func disagreement(out model.Outcome, resp *http.Response, body []byte) string {
	var got seen
	if strings.ContainsRune(out.UpstreamURI, ' ') {
		return "" // $uri is decoded: the request line is broken, and the backend answers 400
	}
	reached := json.Unmarshal(body, &got) == nil && got.URI != ""
	if reached != (out.Kind == model.Proxied) {
		return fmt.Sprintf("the model says %s (%d), nginx answers %d, backend reached: %v (asked %q)", out.Kind, out.Status, resp.StatusCode, reached, got.URI)
	}
	want := "S"
	for sc := out.Scope; sc != nil; sc = sc.Parent {
		if own := sc.Own("add_header"); len(own) > 0 {
			want = own[0].Arg(1)
			break
		}
	}
	// Where a missing file leads to an error page that is no backend's, the model stays with what looked for the file.
	paged := out.Kind == model.Static && len(out.Server.Scope.Own("error_page")) > 0
	if l := resp.Header.Get("X-L"); l != want && !paged && out.Status != 400 && resp.StatusCode != 500 {
		return fmt.Sprintf("the model says location %s, nginx is in %s", want, l)
	}
	switch out.Kind {
	case model.Proxied:
		if got.URI != out.UpstreamURI {
			return fmt.Sprintf("the model says the backend is asked %q, it was asked %q", out.UpstreamURI, got.URI)
		}
		return headersDiffer(out.Headers, got)
	case model.Redirect:
		if resp.StatusCode != out.Status || resp.Header.Get("Location") != strings.TrimRight(out.To, " ") { // the client trims
			return fmt.Sprintf("the model says %d %q, nginx %d %q", out.Status, out.To, resp.StatusCode, resp.Header.Get("Location"))
		}
	case model.Returned, model.Nowhere:
		if resp.StatusCode != out.Status {
			return fmt.Sprintf("the model says %d, nginx %d", out.Status, resp.StatusCode)
		}
	case model.Static:
		if resp.StatusCode != 404 && resp.StatusCode != 403 && !paged {
			return fmt.Sprintf("the model says from disk, nginx %d", resp.StatusCode)
		}
	}
	return ""
}

func headersDiffer(want []model.Header, got seen) string {
	expect := http.Header{}
	for _, h := range want {
		expect.Add(h.Name, h.Value)
	}
	got.Header.Set("Host", got.Host)
	for _, n := range []string{"Host", "Connection", "Upgrade", "X-A", "X-B", "X-C", "X-H", "X-Empty"} {
		if !slices.Equal(expect.Values(n), got.Header.Values(n)) {
			return fmt.Sprintf("the model says %s is %q, the backend got %q", n, expect.Values(n), got.Header.Values(n))
		}
	}
	return ""
}
