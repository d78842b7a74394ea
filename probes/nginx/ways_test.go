package nginx

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/nginx/conf"
)

const upgrade = "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade; proxy_set_header Host $http_host;"

func TestWays(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"a cluster", `events {} http { map $http_upgrade $connection_upgrade { default upgrade; '' close; }
upstream fine { ip_hash; server 10.0.0.1:38888 weight=2 max_conns=9; server 10.0.0.2:38888; server 10.0.0.3:38888 down; }
server { listen 38889; server_name _; location / { proxy_pass http://fine; proxy_read_timeout 1h; ` + upgrade + ` } } }`,
			`sure /  ["10.0.0.1:38888 2 9" "10.0.0.2:38888 1 0" "10.0.0.3:38888 1 0 down"] ip-hash 1h0m0s [:38889]`},
		{"TLS, a name, one server, no upstream", `events {} http { map $http_upgrade $connection_upgrade { default upgrade; '' close; }
server { listen 80; location / { return 301 https://$host$request_uri; } }
server { listen 443 ssl; listen [::]:443 ssl; server_name *.x chat.example; location / { root /srv; } location /socket.io/ { proxy_pass http://127.0.0.1:3000; ` + upgrade + ` } } }`,
			`sure /socket.io/ chat.example ["127.0.0.1:3000 1 0"]  1m0s [:443 tls]`},
		{"a location that is only called so", `events {} http { upstream websocket { least_conn; server a:8080; server b backup; } server { listen 127.0.0.1:8000; location /x { proxy_pass http://websocket; } } }`,
			`likely /x  ["a:8080 1 0" "b:80 1 0 backup"] least-conn 1m0s [127.0.0.1:8000]`},
		{"nothing", `events {} http { server { location / { proxy_pass http://a; } } }`, ""},
		{"a variable, a socket", `events {} http { server { listen 1; location /ws { proxy_pass http://$backend; ` + upgrade + ` } location /ws2 { proxy_pass http://unix:/x; ` + upgrade + ` } } }`,
			"sure /ws  []  1m0s [:1]; sure /ws2  []  1m0s [:1]"},
	} {
		parsed, err := conf.Parse("nginx.conf", []byte(c.text), conf.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		ways := Ways(parsed)
		for _, w := range ways {
			var servers, entries []string
			for _, s := range w.Servers {
				servers = append(servers, strings.TrimSpace(fmt.Sprint(s.Address, " ", s.Weight, " ", s.MaxConns, map[bool]string{true: " backup"}[s.Backup], map[bool]string{true: " down"}[s.Down])))
			}
			for _, e := range w.Entries {
				entries = append(entries, fmt.Sprint(e.Host, ":", e.Port, map[bool]string{true: " tls"}[e.TLS]))
			}
			got = append(got, fmt.Sprintf("%s %s %s %q %s %s %v", map[bool]string{true: "sure", false: "likely"}[w.Sure], w.Path, strings.Join(w.Names, ","), servers, w.Policy, w.Idle, entries))
		}
		if s := strings.Join(got, "; "); s != c.want {
			t.Errorf("%s:\n  %s\nexpected\n  %s", c.name, s, c.want)
		}
		if len(ways) == 0 || len(ways[0].Servers) == 0 {
			continue
		}
		// What was drafted from a configuration agrees with it.
		cfg := ways[0].Draft(cluster.Config{}, cluster.Nginx, "nginx.conf")
		if probs := cfg.Validate(); len(probs) > 0 {
			t.Errorf("%s: the draft is invalid: %v", c.name, probs)
		}
		for _, f := range Lint(NewInput(parsed, Input{Paths: []string{cfg.WebSocket.Path}, Cluster: &cfg})) {
			if slices.Contains([]string{"nginx/listen-port", "nginx/path-not-covered"}, f.ID) {
				t.Errorf("%s: the draft does not agree with its source: %s %s", c.name, f.ID, f.Title)
			}
		}
	}
}
