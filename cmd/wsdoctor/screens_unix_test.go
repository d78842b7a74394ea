//go:build unix

package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/wsdoctor/probes/probetest"
	"example.com/wsdoctor/probes/standin"
	"example.com/wsdoctor/tui/screens"
	"example.com/wsdoctor/tui/tuitest"
)

// onTerminal is the real program in tmux with these settings.
func onTerminal(t *testing.T, settings string, w, h int, args ...string) *tuitest.Terminal {
	t.Helper()
	file := filepath.Join(t.TempDir(), "wsdoctor.yaml")
	if err := os.WriteFile(file, []byte(settings), 0o644); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return tuitest.InTmux(t, fmt.Sprintf("%s=1 '%s' --config '%s' %s", asMain, self, file, strings.Join(args, " ")), w, h)
}

// nodes are stand-ins that tell their names.
func nodes(t *testing.T, n int) []string {
	t.Helper()
	var out []string
	for i := range n {
		s, err := standin.Listen(t.Context(), "127.0.0.1:0", standin.Options{Name: fmt.Sprintf("node%d", i+1)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		out = append(out, s.Addr().String())
	}
	return out
}

// behindNginx runs nginx before stand-ins and returns the settings of both. location is what stands in its location
// beside proxy_pass.
func behindNginx(t *testing.T, location string, backends ...string) (settings string) {
	t.Helper()
	ln := probetest.Listen(t)
	http := "upstream nodes {\n"
	for _, b := range backends {
		http += "server " + b + ";\n"
	}
	http += fmt.Sprintf("}\nserver {\nlisten %s;\nlocation / {\nproxy_pass http://nodes;\n%s\n}\n}", ln.Addr(), location)
	s := probetest.Nginx(t, http, ln)
	_, front, _ := net.SplitHostPort(ln.Addr().String())
	_, back, _ := net.SplitHostPort(backends[0])
	return fmt.Sprintf(`version: 1
product: generic
nodes: [{name: node1, host: 127.0.0.1}]
websocket: {ports: [%s], forwarding_ports: [%s], path: /}
balancer: {kind: nginx, url: "ws://127.0.0.1:%s/", config: %q}
`, back, front, front, filepath.Join(s.Dir, "nginx.conf"))
}

// screenKey is the number key of a screen.
func screenKey(t *testing.T, title string) string {
	t.Helper()
	for _, e := range screens.All {
		if e.Title == title {
			return e.Key
		}
	}
	t.Fatalf("there is no screen %q", title)
	return ""
}

// checked waits until the first run has ended.
func checked(tm *tuitest.Terminal) {
	tm.Until("the end of the first run", func(s string) bool { return strings.Contains(s, " at ") && !strings.Contains(s, " areas") })
}

func TestConfigurationOnATerminal(t *testing.T) {
	tm := onTerminal(t, behindNginx(t, "proxy_set_header Host $http_host;", nodes(t, 1)...), 100, 30, "--only handshake,balancer,nginx")
	checked(tm)
	tm.Press(screenKey(t, "Checks"))
	tm.Press("/", "upgrade-header", "Enter", "f")
	tm.Shows(" proxy_pass http://nodes;", ": nginx/upgrade-header ─", "no Upgrade header in effect")
	tm.Press("d")
	tm.Shows("+proxy_set_header Upgrade $http_upgrade;", "+proxy_http_version 1.1;")
	tm.Press("t")
	tm.Shows("what happens to a request", "= proxied to http://nodes in HTTP/1.0")
	tm.Press("w", "/deep/er", "Enter")
	tm.Shows("/deep/er in server")
	tm.Press("q")
	tm.Restored()
}

func TestBalancerOnATerminal(t *testing.T) {
	tm := onTerminal(t, behindNginx(t, probetest.Pass, nodes(t, 2)...), 80, 24, "--only handshake,balancer")
	checked(tm)
	tm.Press(screenKey(t, "Balancer"), "Enter")
	tm.Shows("It connects at most 60 times")
	tm.Press("Enter")
	tm.Shows("the backends take turns", "ABABAB", "A = node1", "B = node2")
	tm.Press("Down", "Enter", "Enter")
	tm.Shows("40 clients are spread over 2 backends", "node1 ██", "expected 20")
	tm.Press("Down", "Enter", "Enter") // it goes on for longer than anyone here waits
	tm.Shows("0 sockets have ended", "esc stops it")
	tm.Press("Escape")
	tm.Shows("stopped; every connection was let go")
	tm.Press("q")
	tm.Restored()
}

func TestOverviewOnATerminal(t *testing.T) {
	settings := behindNginx(t, "proxy_set_header Host $http_host;", nodes(t, 1)...)
	// At 80 columns a ping of two digits more makes the picture one that stands.
	tm := onTerminal(t, settings, 100, 24, "--only handshake,balancer,nginx")
	checked(tm)
	tm.Shows("─ the path ─", "│ clients ├─ ws ", "│ ✗ nginx", "│ ✓ node1 ", "│ 101, ping", "it explains")
	tm.Do("resize-window", "-x", "60", "-y", "20")
	tm.Shows(" ▼ ws ", "✗ nginx  127.0.0.1  ", "└─ ws ", "▶ ✓ node1")
	tm.Press("Enter")
	tm.Shows("▌ ✗ handshakes are handed on in HTTP/1.1")
	tm.Press("Enter")
	tm.Shows("✗ failed", "fix")
	tm.Press("q")
	tm.Restored()
}

func TestProbeOnATerminal(t *testing.T) {
	tm := onTerminal(t, behindNginx(t, probetest.Pass, nodes(t, 1)...), 80, 24, "--only handshake,balancer")
	checked(tm)
	tm.Press(screenKey(t, "Probe"), "Enter")
	tm.Shows("upgrade ", "first message ", "✓ HTTP/1.1 101 Switching Protocols", "─ connected ─")
	tm.Press("i", "hello", "Enter", "Escape")
	tm.Shows("> hello", "< hello")
	tm.Press("Space")
	tm.Shows("pong after", "round trips", "1 ping:")
	tm.Press("h")
	tm.Shows("> Upgrade: websocket", "< HTTP/1.1 101 Switching Protocols", "< Server: nginx")
	tm.Press("h", "c")
	tm.Shows("closed from here", "─ ended ─")
	tm.Press("d")
	tm.Shows("through the balancer, and 127.0.0.1:", "lines differ, marked !", "nginx")
	tm.Press("q")
	tm.Restored()
}

func TestProxyOnATerminal(t *testing.T) {
	if !probetest.InNetns(t) {
		return
	}
	services["standin"](t, "127.0.0.1:38888")
	tm := onTerminal(t, `version: 1
product: generic
nodes: [{name: node1, host: 127.0.0.1}]
websocket: {ports: [38888], forwarding_ports: [38889], path: /}
balancer: {kind: embedded, url: "ws://127.0.0.1:38889/"}
proxy: {listen: ["127.0.0.1:38889"], timeouts: {drain: 2s}}
`, 80, 24, "--only handshake")
	checked(tm)
	tm.Press(screenKey(t, "Proxy"), "S")
	tm.Shows("Run the proxy here? It binds the first of 127.0.0.1:38889")
	tm.Press("y")
	tm.Shows("✓ serving", "127.0.0.1:38888  up")
	tm.Press(screenKey(t, "Probe"), "Enter")
	tm.Shows("✓ HTTP/1.1 101 Switching Protocols", "─ connected ─")
	tm.Press(screenKey(t, "Proxy"))
	tm.Shows("1 tunnel, by id", "101: 1")
	tm.Press("Right", "X")
	tm.Shows("Close the tunnel of 127.0.0.1 to 127.0.0.1:38888?")
	tm.Press("y")
	tm.Shows("0 tunnels, by id", "operator: 1")
	tm.Press("Left", "D")
	tm.Shows("Drain 127.0.0.1:38888?")
	tm.Press("y")
	tm.Shows("!  127.0.0.1:38888  draining")
	tm.Press("D", "y")
	tm.Shows("✓  127.0.0.1:38888  up")
	tm.Press("L")
	tm.Shows("tunnel opened", "tunnel closed")
	tm.Press("q")
	tm.Shows("drains 0 tunnels within 2.0 s: y leaves")
	tm.Press("y")
	tm.Restored()
}
