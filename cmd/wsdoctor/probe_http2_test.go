//go:build unix

package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/wsdoctor/probes/probetest"
)

// ownAddress returns an address of this host that no other test and no outgoing connection uses, for a program that
// takes no listener and no port 0.
func ownAddress() string {
	return fmt.Sprintf("127.%d.%d.%d:%d", 1+rand.IntN(254), 1+rand.IntN(254), 1+rand.IntN(254), 20_000+rand.IntN(10_000))
}

// TestProbeHTTP2: WebSocket over HTTP/2 through `wsdoctor proxy` in a process of its own, where the order in which
// packages are initialised is that of the whole program (embedproxy/h2connect).
func TestProbeHTTP2(t *testing.T) {
	ca := probetest.NewCA(t)
	address := ownAddress()
	host, _, _ := strings.Cut(address, ":")
	cert, key := probetest.WritePEM(t, ca.Issue(t, time.Now().Add(-time.Hour), time.Now().Add(time.Hour), host))
	dir := t.TempDir()
	caFile, file := filepath.Join(dir, "ca.pem"), filepath.Join(dir, "wsdoctor.yaml")
	node := probetest.NodeServer(t, scripted)
	text := fmt.Sprintf("version: 1\nproduct: generic\nproxy:\n  backends: [{address: %q}]\n  active_health: {kind: \"off\"}\n  admin: \"\"\n  tls: {cert: %q, key: %q}\n", node, cert, key)
	for name, data := range map[string][]byte{caFile: probetest.PEM(ca.Cert), file: []byte(text)} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p := startProgram(t, "--config", file, "--listen", address)
	p.await(t, "serving")
	url := "wss://" + address + "/?1"
	for _, tc := range []struct {
		args           []string
		code           int
		stdout, stderr string
	}{
		{[]string{"-x", "hello", "-w", "-1"}, 0, "hello\n", "HTTP/2 200"},
		{[]string{"--connect-only", "-v"}, 0, "> :protocol: websocket", ""},
		{[]string{"--ping", "1"}, 0, "1 ping sent, 1 answered", ""},
		{[]string{"-f", "json", "--connect-only"}, 0, `"connect_protocol":true`, ""},
		{[]string{"--direct", node}, 0, "HTTP/2 200", ""},
	} {
		code, stdout, stderr := probeWith(t.Context(), "", append([]string{url, "--http2", "--ca", caFile}, tc.args...)...)
		if code != tc.code || !strings.Contains(stdout, tc.stdout) || !strings.Contains(stderr, tc.stderr) {
			t.Errorf("%q: exit code %d\n%s%s", tc.args, code, stdout, stderr)
		}
	}
	code, stdout, stderr := probeWith(t.Context(), "", "ws://"+node, "--http2", "--connect-only")
	if code != 1 || !strings.Contains(stdout, "speaks HTTP/1, not HTTP/2") {
		t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
	}
}
