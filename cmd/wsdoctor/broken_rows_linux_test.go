package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/wsdoctor/probes/probetest"
)

// swap is server with one thing changed.
func swap(old, new string) string {
	if !strings.Contains(server, old) {
		panic(old)
	}
	return strings.Replace(server, old, new, 1)
}

// by is settings with one thing changed.
func by(old, new string) string {
	if !strings.Contains(settings, old) {
		panic(old)
	}
	return strings.Replace(settings, old, new, 1)
}

// runHAProxy runs HAProxy as the balancer, with lines in its backend.
func runHAProxy(tunnel, backend string) func(*testing.T) {
	return func(t *testing.T) {
		probetest.HAProxy(t, "defaults\n  mode http\n  timeout connect 5s\n  timeout client 90s\n  timeout server 90s\n  timeout tunnel "+tunnel+"\n"+
			"frontend f\n  bind 127.0.0.1:38889\n  default_backend b\nbackend b\n  "+backend+"\n")
		takesConnections(t, "127.0.0.1:38889")
	}
}

// script runs a server in Node in place of the service: answer is what it sends to each request head.
func script(answer string) func(*testing.T) {
	return func(t *testing.T) {
		probetest.NodeServer(t, `const accept = k => require('crypto').createHash('sha1').update(k + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest('base64');
require('net').createServer(c => { c.on('error', () => {}); c.once('data', d => {
  const key = (/Sec-WebSocket-Key: (.*)\r/i.exec(d) || [])[1] || '';
  `+answer+` }); }).listen(38888, '127.0.0.1', () => console.log('up'))`)
	}
}

// sites are scenarios of other tests that other tools meet here.
func sites(names ...string) []brokenPath {
	var out []brokenPath
	for _, n := range names {
		found := false
		for _, sc := range append(append([]scenario{}, scenarios...), deepScenarios...) {
			if sc.name == n {
				out, found = append(out, brokenPath{scenario: sc}), true
			}
		}
		if !found {
			panic(n)
		}
	}
	return out
}

var brokenPaths = append(append(sites(
	"all fine",
	"the Upgrade header is missing",
	"the Upgrade header is missing in a balancer whose file is elsewhere",
), []brokenPath{
	{scenario: scenario{name: "the Connection header is missing", nginx: swap("proxy_set_header Connection $connection_upgrade;", "")}},
	{scenario: scenario{name: "one more header in the location drops those of the server", nginx: `server {
  listen 127.0.0.1:38889;
  proxy_http_version 1.1;
  proxy_set_header Upgrade $http_upgrade;
  proxy_set_header Connection upgrade;
  location / {
    proxy_set_header X-Real-IP $remote_addr;
    proxy_pass http://127.0.0.1:38888;
    proxy_read_timeout 75s;
  }
}`}},
	{scenario: scenario{name: "HTTP/1.0 to the service", nginx: swap("proxy_http_version 1.1;", "proxy_http_version 1.0;")}},
	{scenario: scenario{name: "nginx serves files where the WebSocket path is", settings: by("path: /}", "path: /ws/chat}"), nginx: swap("location / {", "location /ws/ { root /var/empty; }\n  location /api/ {")}},
	{scenario: scenario{name: "an earlier regular expression takes the path", settings: by("path: /}", "path: /ws/chat.php}"), nginx: swap("location / {", "location ~ \\.php$ { return 403; }\n  location /ws/ {")}},
	{scenario: scenario{name: "every request is redirected to https", nginx: swap("location / {", "return 301 https://$host$request_uri;\n  location / {")}},
	{scenario: scenario{name: "nginx redirects to the path with a slash", settings: by("path: /}", "path: /ws}"), nginx: swap("location / {", "location /ws/ {")}},
	{scenario: scenario{name: "a slash behind proxy_pass strips the path", settings: by("path: /}", "path: /ws/chat}"), service: "-", nginx: strings.Replace(swap("location / {", "location /ws/ {"), "38888;", "38888/;", 1), prepare: func(t *testing.T) {
		probetest.NodeServer(t, `const { WebSocketServer } = require('ws');
const s = new WebSocketServer({ host: '127.0.0.1', port: 38888, path: '/ws/chat' }, () => console.log('up'));`)
	}}},
	{scenario: scenario{name: "clients are not allowed", nginx: swap("location / {", "location / {\n    deny all;")}},
	{scenario: scenario{name: "a password is asked for", nginx: swap("location / {", "location / {\n    auth_basic on; auth_basic_user_file /dev/null;")}},
	{scenario: scenario{name: "limit_conn is reached", nginx: "limit_conn_zone $server_port zone=all:1m;\n" + swap("location / {", "location / {\n    limit_conn all 1;"), prepare: hold(1)}},
	{scenario: scenario{name: "worker_connections are used up", connections: 8, silent: true, prepare: hold(3)}},
}...), append(append(sites(
	"nginx listens on another port than the settings say",
	"the upstream points to a dead port",
	"the service is down",
	"the service's port is in TIME_WAIT",
	"an outgoing connection has the service's port",
), []brokenPath{
	{scenario: scenario{name: "a mail server is on the service's port", service: "-", silent: true, prepare: script(`c.end('220 mail\r\n');`)}},
	{scenario: scenario{name: "the service hangs", settings: settings + "heartbeat: 0s\n", service: "-", silent: true, nginx: swap("proxy_read_timeout 75s", "proxy_read_timeout 1s"), prepare: script("")}},
	{scenario: scenario{name: "the service is a web server", service: "-", prepare: script(`c.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi');`)}},
	{scenario: scenario{name: "the service's Sec-WebSocket-Accept is wrong", service: "-", silent: true, prepare: script(`c.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n');`)}},
	{scenario: scenario{name: "the service's 101 lacks the Upgrade header", service: "-", silent: true, prepare: script(`c.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ' + accept(key) + '\r\n\r\n');`)}},
	{scenario: scenario{name: "the service wants another path", service: "-", prepare: func(t *testing.T) {
		probetest.NodeServer(t, `const { WebSocketServer } = require('ws');
const s = new WebSocketServer({ host: '127.0.0.1', port: 38888, path: '/chat' }, () => console.log('up'));`)
	}}},
	{scenario: scenario{name: "the service listens on loopback only", service: "-", settings: remote, nginx: onRemote, listen: remoteAddress + ":38889", prepare: func(t *testing.T) { services["standin"](t, "127.0.0.1:38888") }}},
	{scenario: scenario{name: "wss where nginx speaks plain HTTP", settings: by("ws://", "wss://")}},
	{scenario: scenario{name: "ws where nginx speaks TLS", nginx: "-", silent: true, prepare: func(t *testing.T) {
		tlsNginx(t, probetest.NewCA(t), time.Now().AddDate(0, -1, 0), time.Now().AddDate(1, 0, 0))
		answers(t, "127.0.0.1:38889")
	}}},
	{scenario: scenario{name: "the certificate is for another name", settings: by("ws://127.0.0.1", "wss://localhost"), nginx: "-", prepare: func(t *testing.T) {
		tlsNginx(t, trusted(t), time.Now().AddDate(0, -1, 0), time.Now().AddDate(1, 0, 0))
	}}},
	{scenario: scenario{name: "the certificate has expired", settings: by("ws://", "wss://"), nginx: "-", prepare: func(t *testing.T) {
		tlsNginx(t, trusted(t), time.Now().AddDate(0, -2, 0), time.Now().AddDate(0, 0, -3))
	}}},
	{scenario: scenario{name: "the certificate is of an authority that nobody knows", settings: by("ws://", "wss://"), nginx: "-", prepare: func(t *testing.T) {
		tlsNginx(t, probetest.NewCA(t), time.Now().AddDate(0, -2, 0), time.Now().AddDate(1, 0, 0))
	}}},
}...), append(sites(
	"the certificate is self-signed",
), append([]brokenPath{
	{scenario: scenario{name: "nftables drops the balancer's port", settings: remote, nginx: onRemote, listen: remoteAddress + ":38889", service: remoteAddress + ":38888", silent: true,
		prepare: func(t *testing.T) {
			answers(t, remoteAddress+":38889")
			shell(t, "nft add table inet filter", `nft 'add chain inet filter input { type filter hook input priority 0; }'`, "nft add rule inet filter input tcp dport 38889 drop")
		}}, hangs: true},
	{scenario: scenario{name: "iptables rejects the balancer's port", settings: remote, nginx: onRemote, listen: remoteAddress + ":38889", service: remoteAddress + ":38888", silent: true,
		prepare: func(t *testing.T) {
			answers(t, remoteAddress+":38889")
			shell(t, "iptables-nft -A INPUT -p tcp --dport 38889 -j REJECT")
		}}},
	{scenario: scenario{name: "HAProxy removes the Upgrade header", settings: by("kind: nginx", "kind: haproxy"), nginx: "-",
		prepare: runHAProxy("1h", "http-request del-header Upgrade\n  server n1 127.0.0.1:38888")}},
	{scenario: scenario{name: "HAProxy has no server that is up", settings: by("kind: nginx", "kind: haproxy"), nginx: "-", service: "-",
		prepare: runHAProxy("1h", "server n1 127.0.0.1:38888")}},
	{scenario: scenario{name: "the embedded proxy has no backend that is up", settings: by("kind: nginx", "kind: embedded"), nginx: "-", service: "-",
		prepare: func(t *testing.T) { proxy(t, "127.0.0.1:38888") }}},
	{scenario: scenario{name: "the embedded proxy ends idle tunnels before the heartbeat comes", settings: strings.Replace(several(1, "generic", "/"), "kind: nginx", "kind: embedded", 1) + "proxy: {timeouts: {idle: 1s}}\n",
		args: []string{"--deep"}, nginx: "-", service: "-", prepare: func(t *testing.T) { standins(t, 1); proxy(t, "127.0.0.1:38888") }}, ends: true},
}, append(untilEnded(sites(
	"nginx ends idle tunnels before the heartbeat comes",
	"HAProxy ends idle tunnels before the heartbeat comes",
)), sites(
	"Socket.IO and a balancer that is not sticky",
	"two nodes of four are left out after a failure",
	"a space behind a key in the table",
	"requestPort and requestPorts in the table",
)...)...)...)...)...)

// trusted is an authority that all tools in this namespace's process trust.
func trusted(t *testing.T) *probetest.CA {
	ca := probetest.NewCA(t)
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, probetest.PEM(ca.Cert), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "CURL_CA_BUNDLE"} {
		os.Setenv(name, file)
	}
	return ca
}

// untilEnded marks paths that end what is connected.
func untilEnded(all []brokenPath) []brokenPath {
	for i := range all {
		all[i].ends = true
	}
	return all
}

// hold keeps tunnels through the balancer open until the test ends.
func hold(n int) func(*testing.T) {
	return func(t *testing.T) {
		for range n {
			c, err := net.Dial("tcp", "127.0.0.1:38889")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { c.Close() })
			fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
			head := make([]byte, 12)
			if _, err := c.Read(head); err != nil || string(head) != "HTTP/1.1 101" {
				t.Fatalf("%v: %q", err, head)
			}
		}
	}
}

// proxy runs the embedded proxy on the balancer's port before one backend, until the test ends.
func proxy(t *testing.T, backend string) {
	cmd := wsdoctor(t, "proxy", "--config", settingsFile(t, "version: 1\nproduct: generic\nproxy: {listen: [\"127.0.0.1:38889\"], admin: \"\", backends: [{address: \""+backend+"\"}], timeouts: {idle: 1s}}\n"))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	takesConnections(t, "127.0.0.1:38889")
}
