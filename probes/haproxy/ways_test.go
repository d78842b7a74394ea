package haproxy

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"example.com/wsdoctor/probes/cluster"
)

func TestWays(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"a cluster", `defaults
  mode http
  timeout client 1m
  timeout server 1m
  timeout tunnel 2h
frontend in
  bind *:38889
  bind 127.0.0.1:443 ssl crt /x
  default_backend fine
backend fine
  balance source
  server a 10.0.0.1:38888 check weight 5
  server b 10.0.0.2:38888 check backup
backend unused
  server c 10.0.0.9:1
`, `sure haproxy.cfg:10 ["10.0.0.1:38888 5" "10.0.0.2:38888 1 backup"] ip-hash 2h0m0s [:38889 127.0.0.1:443 tls]`},
		{"a listen section with cookies", `listen ws
  mode http
  bind :8000-8001
  cookie S insert
  timeout server 30s
  server a 127.0.0.1:3000 cookie a
  server b 127.0.0.1:3001 cookie b disabled
`, `sure haproxy.cfg:1 ["127.0.0.1:3000 1" "127.0.0.1:3001 1 down"] cookie 30s [:8000]`},
		{"no servers", "frontend in\n  bind :80\n  default_backend none\n", ""},
	} {
		file := File{Name: "haproxy.cfg", Text: c.text}
		ways := Ways(Options{}, "", file)
		var got []string
		for _, w := range ways {
			var servers, entries []string
			for _, s := range w.Servers {
				servers = append(servers, fmt.Sprint(s.Address, " ", s.Weight, map[bool]string{true: " backup"}[s.Backup], map[bool]string{true: " down"}[s.Down]))
			}
			for _, e := range w.Entries {
				entries = append(entries, fmt.Sprint(e.Host, ":", e.Port, map[bool]string{true: " tls"}[e.TLS]))
			}
			got = append(got, fmt.Sprintf("%s %s %q %s %v %v", map[bool]string{true: "sure", false: "likely"}[w.Sure], w.Where, servers, w.Policy, w.Idle, entries))
		}
		if s := strings.Join(got, "; "); s != c.want {
			t.Errorf("%s:\n  %s\nexpected\n  %s", c.name, s, c.want)
		}
		if len(ways) == 0 {
			continue
		}
		// What was drafted from a configuration agrees with it.
		cfg := ways[0].Draft(cluster.Config{}, cluster.HAProxy, "haproxy.cfg")
		if probs := cfg.Validate(); len(probs) > 0 {
			t.Errorf("%s: the draft is invalid: %v", c.name, probs)
		}
		for _, p := range Lint(Options{}, AimOf(cfg), file) {
			if slices.Contains([]string{"haproxy/bind-port", "haproxy/server-port", "haproxy/path-not-routed"}, p.ID) {
				t.Errorf("%s: the draft does not agree with its source: %s %s", c.name, p.ID, p.Title)
			}
		}
	}
}
