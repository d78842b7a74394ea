package main

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"

	"example.com/wsdoctor/probes/probetest"
	"example.com/wsdoctor/probes/standin"
)

// several are settings of a balancer before nodes on addresses of this host; the heartbeat is short, so that the idle
// test is.
func several(nodes int, product, path string) string {
	var list []string
	for i := range nodes {
		list = append(list, fmt.Sprintf("{name: node%d, host: 127.0.0.%d}", i+1, i+1))
	}
	return fmt.Sprintf(`version: 1
product: %s
nodes: [%s]
websocket: {ports: [38888], path: %q}
balancer: {kind: nginx, url: "ws://127.0.0.1:38889/", shares_host: true}
heartbeat: 2s
clients: 20
`, product, strings.Join(list, ", "), path)
}

// behind is an nginx before those nodes, with lines in its upstream.
func behind(nodes int, lines string) string {
	for i := range nodes {
		lines += fmt.Sprintf(" server 127.0.0.%d:38888;", i+1)
	}
	return "upstream nodes {\n" + lines + "\n}\n" + strings.Replace(server, "http://127.0.0.1:38888", "http://nodes", 1)
}

// standins starts a stand-in for each node.
func standins(t *testing.T, nodes ...int) {
	for _, n := range nodes {
		s, err := standin.Listen(t.Context(), fmt.Sprintf("127.0.0.%d:38888", n), standin.Options{Name: fmt.Sprint("node", n)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
	}
}

// socketIO starts a Socket.IO server for each node.
func socketIO(t *testing.T, nodes ...int) {
	for _, n := range nodes {
		probetest.NodeServer(t, fmt.Sprintf(`const h = require('http').createServer();
new (require('socket.io').Server)(h);
h.listen(38888, '127.0.0.%d', () => console.log('up'));`, n))
	}
}

const engine = "/socket.io/?EIO=4&transport=websocket"

var deepScenarios = []scenario{
	{
		name: "all fine, with the active tests", settings: several(2, "generic", "/"), args: []string{"--deep"}, nginx: behind(2, ""), service: "-",
		prepare: func(t *testing.T) { standins(t, 1, 2) },
	},
	{
		name: "Socket.IO and a sticky balancer", settings: several(2, "socketio", engine), args: []string{"--deep"}, nginx: behind(2, "ip_hash;"), service: "-",
		prepare: func(t *testing.T) { socketIO(t, 1, 2) },
	},
	{
		name: "nginx ends idle tunnels before the heartbeat comes", settings: several(1, "generic", "/"), args: []string{"--deep"}, service: "-",
		nginx: strings.Replace(server, "proxy_read_timeout 75s", "proxy_read_timeout 1s", 1), prepare: func(t *testing.T) { standins(t, 1) },
		cause: "nginx/read-timeout", explains: "balancer/idle-timeout", says: []string{"nginx.conf:", "proxy_read_timeout 1s", "balancer/idle-timeout: a tunnel on which nothing is said is ended after"},
	},
	{
		name: "HAProxy ends idle tunnels before the heartbeat comes", settings: strings.Replace(several(1, "generic", "/"), "kind: nginx", "kind: haproxy", 1),
		args: []string{"--deep"}, nginx: "-", service: "-",
		prepare: func(t *testing.T) {
			standins(t, 1)
			probetest.HAProxy(t, "defaults\n  mode http\n  timeout connect 5s\n  timeout client 30s\n  timeout server 30s\n  timeout tunnel 1s\n"+
				"frontend f\n  bind 127.0.0.1:38889\n  default_backend b\nbackend b\n  server n1 127.0.0.1:38888\n")
			takesConnections(t, "127.0.0.1:38889")
		},
		cause: "haproxy/timeout-tunnel", explains: "balancer/idle-timeout", says: []string{"haproxy.cfg:", "timeout tunnel 1s", "balancer/idle-timeout: a tunnel on which nothing is said is ended after"},
	},
	{
		name: "Socket.IO and a balancer that is not sticky", settings: several(2, "socketio", engine), args: []string{"--deep"}, nginx: behind(2, ""), service: "-",
		prepare: func(t *testing.T) { socketIO(t, 1, 2) },
		cause:   "nginx/stickiness", explains: "balancer/socketio-polling", says: []string{"nginx.conf:", "ip_hash;", "Session ID unknown"},
	},
	{
		name: "Socket.IO and a balancer that is not sticky and whose file is elsewhere", settings: strings.Replace(several(2, "socketio", engine), "kind: nginx", "kind: other", 1),
		args: []string{"--deep"}, nginx: behind(2, ""), service: "-",
		prepare: func(t *testing.T) { socketIO(t, 1, 2) },
		cause:   "balancer/socketio-polling", says: []string{"Session ID unknown", "ip_hash;"},
	},
	{
		name: "Socket.IO and a balancer that breaks the upgrade", settings: several(2, "socketio", engine), args: []string{"--deep"}, service: "-",
		nginx:   strings.Replace(behind(2, "ip_hash;"), "proxy_set_header Upgrade $http_upgrade;", "", 1),
		prepare: func(t *testing.T) { socketIO(t, 1, 2) },
		cause:   "nginx/upgrade-header", explains: "balancer/upgrade", says: []string{"nginx.conf:", "proxy_set_header Upgrade $http_upgrade;"},
	},
	{
		name: "worker_connections are few", settings: strings.Replace(several(1, "generic", "/"), "clients: 20", "clients: 100", 1), args: []string{"--deep"}, service: "-",
		nginx: server, connections: 64, prepare: func(t *testing.T) { standins(t, 1) },
		cause: "nginx/worker-connections", explains: "balancer/capacity", says: []string{"nginx.conf:", "31 tunnels were held", "worker_connections"},
	},
	{
		name: "limit_conn takes tunnels for requests", settings: several(1, "generic", "/"), args: []string{"--deep"}, service: "-",
		nginx:   "limit_conn_zone $binary_remote_addr zone=addr:1m;\n" + strings.Replace(server, "location / {", "location / {\n    limit_conn addr 12;", 1),
		prepare: func(t *testing.T) { standins(t, 1) },
		cause:   "nginx/limit-conn", explains: "balancer/capacity", says: []string{"limit_conn addr 12", "12 tunnels were held", "503"},
	},
	{
		name: "one node of two is down", settings: several(2, "generic", "/"), args: []string{"--deep"}, nginx: behind(2, ""), service: "-",
		prepare: func(t *testing.T) { standins(t, 1) },
		cause:   "handshake/connect", explains: "balancer/distribution", says: []string{"nothing listens on 127.0.0.2:38888", "balancer/distribution"},
	},
	{
		name: "two nodes of four are left out after a failure", settings: several(4, "generic", "/"), args: []string{"--deep"}, service: "-",
		nginx:   strings.ReplaceAll(behind(4, ""), ":38888;", ":38888 fail_timeout=1h;"),
		prepare: func(t *testing.T) { standins(t, 1, 2); eject(t, "127.0.0.1:38889"); standins(t, 3, 4) },
		warning: "balancer/distribution",
		says:    []string{"expected 4", "max_fails is 1 by default", "server 127.0.0.4:38888 fail_timeout=1h max_fails=3;", "nginx.conf:"},
	},
	{
		name: "two nodes of four are left out, and clients hashed", settings: several(4, "generic", "/"), args: []string{"--deep"}, service: "-",
		nginx:   strings.ReplaceAll(behind(4, "hash $remote_addr$remote_port consistent;"), ":38888;", ":38888 fail_timeout=1h;"),
		prepare: func(t *testing.T) { standins(t, 1, 2); eject(t, "127.0.0.1:38889"); standins(t, 3, 4) },
		warning: "balancer/distribution",
	},
	{
		name: "clients of a stateful service are spread anew each time", settings: several(2, "socketio", "/"), args: []string{"--deep"}, nginx: behind(2, ""), service: "-",
		prepare: func(t *testing.T) { standins(t, 1, 2) },
		warning: "nginx/stickiness", explains: "balancer/stickiness", says: []string{"nginx.conf:", "ip_hash;", "round robin"},
	},
}

// eject sends so many requests through nginx that each node which is down has failed once.
func eject(t *testing.T, balancer string) {
	for range 200 {
		// A connection each: nginx hashes the client's port in one scenario.
		resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Get("http://" + balancer + "/")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
}

// takesConnections waits until somebody listens.
func takesConnections(t *testing.T, address string) {
	for {
		c, err := net.Dial("tcp", address)
		if err == nil {
			_ = c.(*net.TCPConn).SetLinger(0)
			c.Close()
			return
		}
		if t.Context().Err() != nil {
			t.Fatal(err)
		}
	}
}
