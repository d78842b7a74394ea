package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/probetest"
)

// edge is an HAProxy in which nothing is wrong; its first listener is inherited.
const edge = `defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout client-fin 30s
  timeout server 30s
  timeout tunnel 1h
  option forwardfor
frontend ws
  bind fd@3
  default_backend app
backend app
  server node1 127.0.0.1:38888 check
`

// TestHAProxyScenarios is TestScenarios for what an HAProxy's file says and what is seen.
func TestHAProxyScenarios(t *testing.T) {
	for _, sc := range []struct {
		name, listen, service string
		change                string // what its file says afterwards, without a reload
		cause                 string
		says                  []string
	}{
		{name: "all fine", listen: "127.0.0.1:38889", service: "127.0.0.1:38888"},
		{
			name: "the node listens on another of its ports", listen: "127.0.0.1:38889", service: "127.0.0.1:39888",
			cause: "haproxy/server-port", says: []string{"nothing listens on 127.0.0.1:38888", "server node1 127.0.0.1:39888 check"},
		},
		{
			name: "not reloaded after its port was changed", listen: "127.0.0.1:38890", service: "127.0.0.1:38888",
			change: strings.Replace(edge, "fd@3", "127.0.0.1:38889", 1),
			cause:  "haproxy/not-reloaded", says: []string{"listens on 38890, expected 38889", "bind 127.0.0.1:38889", "systemctl reload haproxy"},
		},
	} {
		t.Run(sc.name, func(t *testing.T) {
			if !probetest.InNetns(t) {
				return
			}
			ephemeral(t, "50000 60999")
			services["standin"](t, sc.service)
			s := probetest.HAProxy(t, edge, held(t, sc.listen))
			answers(t, sc.listen)
			if sc.change != "" {
				file := filepath.Join(s.Dir, "haproxy.cfg")
				if err := os.WriteFile(file, []byte(sc.change), 0o600); err != nil {
					t.Fatal(err)
				}
				old := time.Now().Add(-time.Hour) // so that the file's age says nothing
				if err := os.Chtimes(file, old, old); err != nil {
					t.Fatal(err)
				}
			}
			code, r := check(t, strings.Replace(settings, "kind: nginx", "kind: haproxy", 1))
			wantCode, want := probes.ExitFindings, []string{sc.cause}
			if sc.cause == "" {
				wantCode, want = probes.ExitOK, nil
			}
			if code != wantCode || !slices.Equal(r.errors(), want) {
				t.Errorf("exit code %d, errors %v; expected %d, %v\n%s", code, r.errors(), wantCode, want, r.text())
			}
			for _, s := range sc.says {
				if !strings.Contains(r.text(), s) {
					t.Errorf("the report does not name %q:\n%s", s, r.text())
				}
			}
		})
	}
}
