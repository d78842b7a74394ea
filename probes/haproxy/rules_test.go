package haproxy

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"example.com/wsdoctor/probes/cluster"
)

// usual is what most cases have in front: timeouts as they should be.
const usual = `defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout client-fin 30s
  timeout server 30s
  timeout tunnel 1h
  option forwardfor
`

// two is a backend that has nothing wrong with it.
const two = `backend app
  balance source
  hash-type consistent
  server node1 192.168.6.171:38888 check
  server node2 192.168.6.172:38888 check
`

const front = `frontend ws
  bind :38889
  default_backend app
`

// reportAim is FineReport behind HAProxy with two nodes.
func reportAim() Aim {
	cfg := cluster.Default(cluster.FineReport)
	cfg.Nodes = []cluster.Node{{Name: "node1", Host: "192.168.6.171"}, {Name: "node2", Host: "192.168.6.172"}}
	cfg.Balancer = cluster.Balancer{Kind: cluster.HAProxy, URL: "ws://192.168.6.181:38889"}
	return AimOf(cfg)
}

// found writes problems as "severity id line" each, without the ids in ignore.
func found(problems []Problem, ignore ...string) []string {
	var out []string
next:
	for _, p := range problems {
		for _, i := range ignore {
			if p.ID == i {
				continue next
			}
		}
		out = append(out, fmt.Sprintf("%s %s %d", p.Severity, strings.TrimPrefix(p.ID, "haproxy/"), p.Line))
	}
	return out
}

func TestGoodConfigurationIsSilent(t *testing.T) {
	for name, text := range map[string]string{
		"tables": usual + front + two,
		"cookie": usual + front + "backend app\n  cookie SRV insert indirect nocache\n  server node1 192.168.6.171:38888 check cookie a\n  server node2 192.168.6.172:38888 check cookie b\n",
		"stick":  usual + front + "backend app\n  stick-table type ip size 200k expire 30m\n  stick on src\n  server node1 192.168.6.171:38888 check\n  server node2 192.168.6.172:38888 check\n",
		"listen": usual + "listen ws\n  bind :38889\n  balance source\n  hash-type consistent\n  server node1 192.168.6.171:38888 check\n  server node2 192.168.6.172:39888 check\n",
		"pages beside it, with a redirect and statistics": usual + `
frontend www
  bind :80
  redirect scheme https if !{ ssl_fc }
listen stats
  bind :8404
  stats enable
  stats uri /
frontend https
  bind :443 ssl crt /etc/a.pem
  bind :38889
  acl is_ws hdr(Upgrade) -i websocket
  acl sio path_beg /socket.io/
  http-request deny if { path_beg /admin } !{ src 10.0.0.0/8 }
  http-request del-header Upgrade if { hdr(Upgrade) -i h2c }
  use_backend app if sio
  use_backend app if is_ws
  default_backend www
backend www
  server w 10.0.0.1:80
` + two,
		"several defaults": "defaults slow\n  mode http\n  timeout client 1h\n  timeout server 1h\n  timeout connect 5s\n  timeout tunnel 2h\n  timeout client-fin 10s\n  option forwardfor\n" +
			"defaults quick\n  mode http\n  timeout client 1s\n  timeout server 1s\n  timeout connect 1s\nfrontend ws from slow\n  bind :38889\n  default_backend app\nbackend app from slow\n" + strings.TrimPrefix(two, "backend app\n"),
	} {
		t.Run(name, func(t *testing.T) {
			for _, p := range Lint(Options{}, reportAim(), File{"haproxy.cfg", text}) {
				t.Errorf("%s %s %s:%d %s", p.Severity, p.ID, p.File, p.Line, p.Title)
			}
		})
	}
}

func TestRules(t *testing.T) {
	v26 := Options{Version: Version{2, 6, 12}}
	for _, tc := range []struct {
		name, text string
		opts       Options
		aim        func(*Aim)
		want       string // lines of found
	}{
		{name: "no tunnel timeout, heartbeat within", text: strings.Replace(usual, "  timeout tunnel 1h\n", "", 1) + front + two,
			want: "info timeout-tunnel 11"},
		{name: "no tunnel timeout, no heartbeat", text: strings.Replace(usual, "  timeout tunnel 1h\n", "", 1) + front + two,
			aim: func(a *Aim) { a.Heartbeat = 0 }, want: "warning timeout-tunnel 11"},
		{name: "client and server cut", text: strings.ReplaceAll(strings.Replace(usual, "  timeout tunnel 1h\n", "", 1), " 30s", " 20s") + front + two,
			want: "info timeout-tunnel 11, error timeout-client 4"},
		{name: "server cuts", text: strings.ReplaceAll(strings.Replace(usual, "  timeout tunnel 1h\n", "", 1), "server 30s", "server 20s") + front + two,
			want: "info timeout-tunnel 11, error timeout-server 6"},
		{name: "tunnel below the heartbeat", text: strings.Replace(usual, "tunnel 1h", "tunnel 20s", 1) + front + two, want: "error timeout-tunnel 7"},
		{name: "tunnel hardly above the heartbeat", text: strings.Replace(usual, "tunnel 1h", "tunnel 26s", 1) + front + two, want: "warning timeout-tunnel 7"},
		{name: "tunnel without unit", text: strings.Replace(usual, "tunnel 1h", "tunnel 3600", 1) + front + two, want: "error timeout-tunnel 7"},
		{name: "tunnel 0 is none", text: strings.Replace(usual, "tunnel 1h", "tunnel 0", 1) + front + two, want: "info timeout-tunnel 12"},
		{name: "tunnel in the frontend", text: strings.Replace(usual, "  timeout tunnel 1h\n", "", 1) + front + "  timeout tunnel 1h\n" + two, want: "info timeout-tunnel 12"},
		{name: "set-timeout", text: strings.Replace(usual, "tunnel 1h", "tunnel 10s", 1) + front + two + "  http-request set-timeout tunnel 1h if { hdr(upgrade) -i websocket }\n"},
		{name: "tunnel and short silence", text: strings.Replace(usual, "tunnel 1h", "tunnel 1m", 1) + front + two, aim: func(a *Aim) { a.Heartbeat = 0 }, want: "warning timeout-tunnel 7"},
		{name: "missing timeouts", text: "defaults\n  mode http\n  option forwardfor\n" + front + two, want: "warning timeout-client 4, warning timeout-server 7"},
		{name: "client-fin", text: strings.Replace(usual, "  timeout client-fin 30s\n", "", 1) + front + two, want: "info timeout-client-fin 8"},
		{name: "http-request", text: usual + "  timeout http-request 500ms\n" + front + two, want: "warning timeout-http-request 9"},
		{name: "http-request two seconds", text: usual + "  timeout http-request 2s\n" + front + two, want: "info timeout-http-request 9"},
		{name: "independent streams", text: usual + front + "  option independent-streams\n" + two, want: "warning independent-streams 12"},

		{name: "roundrobin", text: usual + front + strings.Replace(two, "  balance source\n  hash-type consistent\n", "", 1), want: "error stickiness 12"},
		{name: "leastconn", text: usual + front + strings.Replace(two, "source", "leastconn", 1), want: "error stickiness 13"},
		{name: "roundrobin, any product", text: usual + front + strings.Replace(two, "source", "roundrobin", 1), aim: func(a *Aim) { a.Stateful = false }, want: "info stickiness 13"},
		{name: "a cookie without values", text: usual + front + strings.Replace(two, "balance source", "cookie SRV insert", 1), want: "error stickiness 15"},
		{name: "a table alone", text: usual + front + strings.Replace(two, "balance source", "stick-table type ip size 1m", 1), want: "error stickiness 13"},
		{name: "one server", text: usual + front + "backend app\n  server node1 192.168.6.171:38888\n"},
		{name: "a template", text: usual + front + "backend app\n  server-template node 3 nodes.example:38888 check\n", want: "error stickiness 12"},
		{name: "map-based", text: usual + front + strings.Replace(two, "  hash-type consistent\n", "", 1), want: "info source-hash-type 13"},
		{name: "a cookie in mode tcp", text: strings.Replace(usual, "mode http", "mode tcp", 1) + front + "backend app\n  cookie S insert\n  server node1 192.168.6.171:38888 check cookie a\n  server node2 192.168.6.172:38888 check cookie b\n",
			want: "info mode-tcp 2, error stickiness 13"},

		{name: "no check", text: usual + front + strings.ReplaceAll(two, " check", ""), want: "warning check-missing 15"},
		{name: "observe alone", text: usual + front + strings.ReplaceAll(two, " check", " observe layer4"), want: "warning check-missing 15"},
		{name: "default-server check", text: usual + front + strings.ReplaceAll(strings.Replace(two, "  server", "  default-server check\n  server", 1), "8 check", "8")},
		{name: "two backups", text: usual + front + two + "  server b1 192.168.6.171:39888 check backup\n  server b2 192.168.6.172:39888 check backup\n", want: "info backup 18"},
		{name: "all backups", text: usual + front + two + "  option allbackups\n  server b1 192.168.6.171:39888 check backup\n  server b2 192.168.6.172:39888 check backup\n"},

		{name: "global maxconn", text: "global\n  maxconn 500\n" + usual + front + two, want: "warning maxconn 2"},
		{name: "frontend maxconn", text: usual + front + "  maxconn 500\n" + two, want: "warning maxconn 12"},
		{name: "servers' maxconn", text: usual + front + strings.ReplaceAll(two, " check", " check maxconn 400"), want: "warning maxconn 15"},
		{name: "servers' maxconn is enough", text: usual + front + strings.ReplaceAll(two, " check", " check maxconn 600")},
		{name: "minconn below fullconn", text: usual + front + strings.ReplaceAll(two, " check", " check minconn 10 maxconn 1000") + "  fullconn 10000\n", want: "warning maxconn 15"},
		{name: "ulimit-n", text: "global\n  ulimit-n 2000\n" + usual + front + two, want: "warning maxconn 2"},
		{name: "enough", text: "global\n  maxconn 4096\n  ulimit-n 10000\n" + usual + front + "  maxconn 2000\n" + two},

		{name: "no address", text: strings.Replace(usual, "  option forwardfor\n", "", 1) + front + two, want: "info forwardfor 11"},
		{name: "an address by a rule", text: strings.Replace(usual, "  option forwardfor\n", "", 1) + front + "  http-request set-header X-Real-IP %[src]\n" + two},
		{name: "an address by the PROXY protocol", text: strings.Replace(usual, "  option forwardfor\n", "", 1) + front + strings.ReplaceAll(two, " check", " check send-proxy-v2")},

		{name: "httpclose", text: usual + front + "  option httpclose\n" + two, opts: v26, want: "info http-server-close 12"},
		{name: "httpclose of old", text: usual + front + "  option httpclose\n" + two, opts: Options{Version: Version{1, 4, 27}}, want: "warning http-server-close 12"},
		{name: "http-server-close, taken back", text: usual + "  option http-server-close\n" + front + "  no option http-server-close\n" + two + "  option http-keep-alive\n", opts: v26},
		{name: "forceclose", text: usual + front + "  option forceclose\n" + two, opts: v26, want: "error http-server-close 12"},
		{name: "forceclose, version unknown", text: usual + front + "  option forceclose\n" + two, want: "warning http-server-close 12"},
		{name: "forceclose of old", text: usual + front + "  option forceclose\n" + two, opts: Options{Version: Version{2, 0, 0}}, want: "info http-server-close 12"},

		{name: "Upgrade deleted", text: usual + front + "  http-request del-header Upgrade\n" + two, want: "error header-lost 12"},
		{name: "Upgrade deleted where it cannot be told", text: usual + front + "  http-request del-header Upgrade if { src 10.0.0.0/8 }\n" + two, want: "warning header-lost 12"},
		{name: "Upgrade deleted from other paths", text: usual + front + "  http-request del-header Upgrade unless { path_beg /socket.io/ }\n" + two},
		{name: "all of them", text: usual + front + "  http-request del-header Sec-WebSocket- -m beg\n" + two, want: "error header-lost 12"},
		{name: "by an expression", text: usual + front + two + "  http-request del-header ^(upgrade|te)$ -m reg\n", want: "error header-lost 17"},
		{name: "Connection set", text: usual + front + "  http-request set-header Connection keep-alive\n" + two, want: "error header-lost 12"},
		{name: "Connection set well", text: usual + front + "  http-request set-header Connection Upgrade\n  http-request set-header Upgrade %[req.hdr(upgrade)]\n" + two},
		{name: "Connection replaced", text: usual + front + two + "  http-request replace-value Connection .* close\n", want: "error header-lost 17"},
		{name: "subprotocol", text: usual + front + "  http-request del-header Sec-WebSocket-Protocol\n" + two, want: "warning header-lost 12"},
		{name: "of the answer", text: usual + front + "  http-response del-header Upgrade\n" + two, want: "error header-lost 12"},
		{name: "accept, which is made again", text: usual + front + "  http-response del-header Sec-WebSocket-Accept\n" + two, opts: v26},
		{name: "accept, before 2.4", text: usual + front + "  http-response del-header Sec-WebSocket-Accept\n" + two, opts: Options{Version: Version{2, 2, 0}}, want: "error header-lost 12"},
		{name: "reqidel", text: usual + front + "  reqidel ^upgrade:\n" + two, opts: Options{Version: Version{1, 8, 0}}, want: "error header-lost 12"},

		{name: "no backend", text: usual + "frontend ws\n  bind :38889\n" + two, want: "error path-not-routed 9"},
		{name: "another backend", text: usual + "frontend ws\n  bind :38889\n  default_backend web\nbackend web\n  server w 10.0.0.1:80\n" + two, want: "error path-not-routed 11"},
		{name: "only the upgrade is routed", text: usual + "frontend ws\n  bind :38889\n  use_backend app if { hdr(Upgrade) -i websocket }\n  default_backend web\nbackend web\n  server w 10.0.0.1:80\n" + two, want: "warning path-not-routed 11"},
		{name: "other headers leave the route known", text: usual + "frontend ws\n  bind :38889\n  http-request set-header X-Forwarded-Proto https if { ssl_fc }\n  use_backend app if { hdr(Upgrade) -i websocket } or { path_beg /socket.io }\n  default_backend web\nbackend web\n  server w 10.0.0.1:80\n" +
			strings.Replace(two, "source", "roundrobin", 1), want: "error stickiness 17"},
		{name: "one line of defaults, two backends", text: strings.ReplaceAll(strings.Replace(usual, "  timeout tunnel 1h\n", "", 1), "client 30s", "client 20s") +
			"frontend ws\n  bind :38889\n  use_backend app2 if { src ::1 }\n  default_backend app\n" + two + strings.Replace(two, "app", "app2", 1), want: "info timeout-tunnel 17, info timeout-tunnel 12, error timeout-client 4"},
		{name: "by an unknown condition", text: usual + "frontend ws\n  bind :38889\n  use_backend app if { src 10.0.0.0/8 }\n  default_backend app\n" + two},
		{name: "a missing backend", text: usual + strings.Replace(front, " app", " apt", 1) + two, want: "error backend-missing 11"},
		{name: "mixed modes", text: usual + front + two + "  mode tcp\n", want: "error backend-missing 11, info mode-tcp 17"},
		{name: "a dynamic backend", text: usual + "frontend ws\n  bind :38889\n  use_backend %[req.hdr(host),lower]\n  default_backend app\n" + two},
		{name: "redirect", text: usual + "frontend ws\n  bind :38889\n  http-request redirect scheme https unless { ssl_fc }\n  default_backend app\n" + two, want: "error answered-here 11"},
		{name: "denied", text: usual + front + two + "  http-request deny if { path_beg /socket.io }\n", want: "error answered-here 17"},
		{name: "no server", text: usual + front + "backend app\n", want: "error no-servers 12"},
		{name: "all disabled", text: usual + front + strings.ReplaceAll(two, " check", " check disabled"), want: "error no-servers 15"},
		{name: "wrong port", text: usual + front + strings.Replace(two, "171:38888", "171:8075", 1), want: "error server-port 15"},
		{name: "wrong port of an unknown host", text: usual + front + strings.Replace(two, "192.168.6.171:38888", "reports.example:8075", 1), want: "warning server-port 15"},
		{name: "no port takes the client's", text: usual + front + strings.Replace(two, "171:38888", "171", 1)},
		{name: "another bind", text: usual + strings.Replace(front, "38889", "80", 1) + two, want: "warning bind-port 9"},
		{name: "another bind caps the rest", text: usual + strings.Replace(front, "38889", "80", 1) + strings.Replace(two, "source", "roundrobin", 1), want: "warning bind-port 9, warning stickiness 13"},
		{name: "a range", text: usual + strings.Replace(front, ":38889", "10.0.0.1:38880-38890,:80", 1) + two},
		{name: "a variable", text: usual + strings.Replace(front, ":38889", `":${PORT}"`, 1) + two},

		{name: "proto h2 on bind", text: usual + strings.Replace(front, ":38889", ":38889 proto h2", 1) + two, want: "error http2-websocket 10"},
		{name: "alpn", text: usual + strings.Replace(front, ":38889", ":38889 ssl crt a.pem alpn h2,http/1.1", 1) + two, opts: v26, want: "info http2-websocket 10"},
		{name: "alpn and the workaround", text: "global\n  h2-workaround-bogus-websocket-clients\n" + usual + strings.Replace(front, ":38889", ":38889 ssl crt a.pem alpn h2,http/1.1", 1) + two, opts: v26},
		{name: "proto h2 on a server", text: usual + front + strings.Replace(two, "171:38888", "171:38888 proto h2", 1), want: "error http2-websocket 15"},
		{name: "alpn on a server with ws h1", text: usual + front + strings.Replace(two, "171:38888", "171:38888 ssl verify none alpn h2 ws h1", 1)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			aim := reportAim()
			if tc.aim != nil {
				tc.aim(&aim)
			}
			problems := Lint(tc.opts, aim, File{"haproxy.cfg", tc.text})
			if got := strings.Join(found(problems), ", "); got != tc.want {
				t.Errorf("got  %q\nwant %q\n%s", got, tc.want, numbered(tc.text))
			}
			for _, p := range problems {
				if p.Title.IsZero() || p.Subject == "" || len(p.Fix) == 0 && p.ID != "haproxy/syntax" {
					t.Errorf("%s: subject %q, title %q, fix %v", p.ID, p.Subject, p.Title, p.Fix)
				}
			}
		})
	}
}

func numbered(text string) string {
	var b strings.Builder
	n := 0
	for line := range strings.Lines(text) {
		n++
		fmt.Fprintf(&b, "%3d %s", n, line)
	}
	return b.String()
}

func TestRulesAreComplete(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range Rules() {
		if seen[r.ID] || !strings.HasPrefix(r.ID, "haproxy/") || r.Title == "" || r.Docs == "" || !strings.HasSuffix(r.Why, ".") {
			t.Errorf("%+v", r)
		}
		seen[r.ID] = true
	}
}

func TestAimOf(t *testing.T) {
	a := reportAim()
	if a.Path != "/socket.io/" || a.Query != "EIO=3&transport=websocket" || a.Port != 38889 || !a.Stateful || a.Heartbeat != 25*time.Second || a.Clients != 1000 ||
		fmt.Sprint(a.Ports, a.Nodes, a.Addresses) != "[38888 39888 38889] [192.168.6.171 192.168.6.172] [192.168.6.171:38888 192.168.6.172:38888]" {
		t.Errorf("%+v", a)
	}
	if !strings.Contains(fmt.Sprint(AimOf(cluster.Default(cluster.Generic))), "8080") {
		t.Error("the generic product's port is missing")
	}
}
