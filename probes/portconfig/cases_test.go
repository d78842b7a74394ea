package portconfig

import (
	"strings"
	"testing"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/sysctl"
)

const healthyRows = "WebSocketConfig.port=[\"38888\",\"39888\"]\nWebSocketConfig.requestPorts=38889\nServerConfig.name=x\n"

func ports(p ...int) func(*cluster.Config) {
	return func(c *cluster.Config) { c.WebSocket.Ports = p }
}

func forwarding(p ...int) func(*cluster.Config) {
	return func(c *cluster.Config) { c.WebSocket.ForwardingPorts = p }
}

func both(edits ...func(*cluster.Config)) func(*cluster.Config) {
	return func(c *cluster.Config) {
		for _, e := range edits {
			e(c)
		}
	}
}

func sharesHost(c *cluster.Config) { c.Balancer.SharesHost = true }

func nodes(hosts ...string) func(*cluster.Config) {
	return func(c *cluster.Config) {
		c.Nodes = nil
		for _, h := range hosts {
			c.Nodes = append(c.Nodes, cluster.Node{Name: h, Host: h})
		}
	}
}

func balancer(kind cluster.BalancerKind, url string) func(*cluster.Config) {
	return func(c *cluster.Config) { c.Balancer.Kind, c.Balancer.URL = kind, url }
}

var rowCases = []judged{
	{rule: "key-name", name: "healthy", rows: healthyRows},
	{rule: "key-name", name: "no rows", skipped: "--rows FILE"},
	{rule: "key-name", name: "another product", product: cluster.Generic, rows: healthyRows, skipped: "FineReport family"},
	{rule: "key-name", name: "case", rows: "websocketconfig.port=[\"38888\"]\n",
		want: []string{`error WebSocketConfig.port: found the key "websocketconfig.port", expected "WebSocketConfig.port": keys are case-sensitive`},
		fix:  "UPDATE fine_conf_entity SET id = 'WebSocketConfig.port' WHERE id = 'websocketconfig.port';\n# to take it back: UPDATE fine_conf_entity SET id = 'websocketconfig.port' WHERE id = 'WebSocketConfig.port';"},
	{rule: "key-name", name: "typo", rows: "WebSocketConfig.ports=[\"38888\"]\nWebSocektConfig.requestPorts=38889\n",
		want: []string{`error WebSocketConfig.port: "WebSocketConfig.ports", expected "WebSocketConfig.port"`, `error WebSocketConfig.requestPorts: "WebSocektConfig.requestPorts"`}},
	{rule: "key-name", name: "case of both forwarding keys", rows: "WebSocketConfig.requestports=38889\nWebSocketConfig.requestport=38889\n",
		want: []string{`error WebSocketConfig.requestPorts: "WebSocketConfig.requestports"`, `error WebSocketConfig.requestPort: "WebSocketConfig.requestport"`}},
	{rule: "key-name", name: "full-width", rows: "ＷebSocketConfig．port=[\"38888\"]\n",
		want: []string{`error WebSocketConfig.port: "ＷebSocketConfig．port", expected "WebSocketConfig.port"`}},
	{rule: "key-name", name: "leftover", rows: "WebSocketConfig.Port=[\"1\"]\n" + healthyRows,
		want: []string{`warning WebSocketConfig.port: found the key "WebSocketConfig.Port"`},
		fix:  "DELETE FROM fine_conf_entity WHERE id = 'WebSocketConfig.Port';\n# to take it back: INSERT INTO fine_conf_entity (id, value) VALUES ('WebSocketConfig.Port', '[\"1\"]');"},
	{rule: "key-name", name: "the old key alone", rows: "WebSocketConfig.requestPort=38889\n",
		want: []string{`info WebSocketConfig.requestPort: builds dated before 2019-11-08`}},
	{rule: "key-name", name: "a blank is another rule's", rows: "WebSocketConfig.port =[\"38888\"]\n"},

	{rule: "key-whitespace", name: "healthy", rows: healthyRows},
	{rule: "key-whitespace", name: "no rows", skipped: "--rows FILE"},
	{rule: "key-whitespace", name: "key", rows: "id,value\nWebSocketConfig.port ,\"[\"\"38888\"\"]\"\n",
		want: []string{`error WebSocketConfig.port: found the key "WebSocketConfig.port␠" with a space (U+0020) in it, expected "WebSocketConfig.port"`},
		fix:  "SET id = 'WebSocketConfig.port' WHERE id = 'WebSocketConfig.port ';\n# to take it back: UPDATE fine_conf_entity SET id = 'WebSocketConfig.port ' WHERE"},
	{rule: "key-whitespace", name: "value", rows: "WebSocketConfig.requestPorts=38889  \n",
		want: []string{`error WebSocketConfig.requestPorts: found the value "38889␠␠" of WebSocketConfig.requestPorts with a space (U+0020) at its end, expected "38889"`},
		fix:  "SET value = '38889' WHERE id = 'WebSocketConfig.requestPorts';\n# to take it back: UPDATE fine_conf_entity SET value = '38889  ' WHERE"},
	{rule: "key-whitespace", name: "no-break space", rows: "WebSocketConfig.port\u00a0=[\"38888\"]\n",
		want: []string{`error WebSocketConfig.port: "WebSocketConfig.port<U+00A0>" with a no-break space (U+00A0) in it`},
		fix:  "WHERE id LIKE 'WebSocketConfig.port_';"},
	{rule: "key-whitespace", name: "tab and zero-width", rows: "WebSocketConfig.port=[\"38888\"]\t\nWebSocketConfig.requestPorts\u200b=38889\n",
		want: []string{`error WebSocketConfig.port: "["38888"]␉" of WebSocketConfig.port with a tab (U+0009)`, `error WebSocketConfig.requestPorts: <U+200B>`}},
	{rule: "key-whitespace", name: "before the value", rows: "id,value\nWebSocketConfig.requestPorts, 38889\n",
		want: []string{`warning WebSocketConfig.requestPorts: "␠38889" of WebSocketConfig.requestPorts with a space (U+0020) at its start`}},
	{rule: "key-whitespace", name: "key and value", rows: "WebSocketConfig.port\u3000=38888 \n",
		want: []string{`error WebSocketConfig.port: found the key "WebSocketConfig.port<U+3000>" with a full-width space`, `error WebSocketConfig.port: found the value "38888␠"`}},

	{rule: "key-conflict", name: "healthy", rows: healthyRows},
	{rule: "key-conflict", name: "both", rows: "WebSocketConfig.requestPorts=38889\nWebSocketConfig.requestPort=38889\n",
		want: []string{`error WebSocketConfig.requestPorts: found both "WebSocketConfig.requestPort" and "WebSocketConfig.requestPorts"`},
		fix:  "# if the build is dated 2019-11-08 or later, take out the old key:\nDELETE FROM fine_conf_entity WHERE id = 'WebSocketConfig.requestPort';\n# to take it back: INSERT INTO"},
	{rule: "key-conflict", name: "twice", rows: healthyRows + "WebSocketConfig.port=38888\n",
		want: []string{`warning WebSocketConfig.port: found "WebSocketConfig.port" 2 times, expected it once`}},

	{rule: "value-format", name: "healthy", rows: healthyRows},
	{rule: "value-format", name: "other spellings", rows: "WebSocketConfig.port=[38888, 39888]\nWebSocketConfig.requestPorts=38889,38890\n"},
	{rule: "value-format", name: "blanks around it are another rule's", rows: "WebSocketConfig.port= 38888 \n"},
	{rule: "value-format", name: "full-width comma", rows: "WebSocketConfig.port=[\"38888\"，\"39888\"]\n",
		want: []string{`error WebSocketConfig.port: found "，" (U+FF0C, a full-width comma) at character 9, expected "," or "]"`},
		fix:  `SET value = '["38888","39888"]' WHERE id = 'WebSocketConfig.port';`},
	{rule: "value-format", name: "empty", rows: "WebSocketConfig.requestPorts=\n",
		want: []string{`error WebSocketConfig.requestPorts: found the end at character 1`}, fix: "SET value = '38889'"},

	{rule: "settings-agree", name: "healthy", rows: healthyRows},
	{rule: "settings-agree", name: "no rows", skipped: "--rows FILE"},
	{rule: "settings-agree", name: "other ports", rows: healthyRows, edit: ports(40001),
		want: []string{`error WebSocketConfig.port: the row WebSocketConfig.port names [38888, 39888], the settings name [40001]`},
		fix:  "  ports: [38888, 39888]\n# to take it back: ports: [40001]"},
	{rule: "settings-agree", name: "other order", rows: healthyRows, edit: ports(39888, 38888),
		want: []string{`warning WebSocketConfig.port: the same ports in the order [39888, 38888]`}},
	{rule: "settings-agree", name: "no row, not the default", rows: "WebSocketConfig.requestPorts=38889\n", edit: ports(40001),
		want: []string{`warning WebSocketConfig.port: no row WebSocketConfig.port was found, so that the product takes its default [38888, 39888]`}},
	{rule: "settings-agree", name: "no row, the default", rows: "ServerConfig.name=x\n"},
	{rule: "settings-agree", name: "an ineffective row that means the same", rows: "WebSocketConfig.port =[40001]\nWebSocketConfig.requestPorts=38889\n", edit: ports(40001)},
	{rule: "settings-agree", name: "a malformed row", rows: "WebSocketConfig.port=[40001\nWebSocketConfig.requestPorts=38889\n"},
	{rule: "settings-agree", name: "a leftover", rows: "websocketconfig.port=1\n" + healthyRows},
	{rule: "settings-agree", name: "both keys", rows: "WebSocketConfig.port=38888,39888\nWebSocketConfig.requestPorts=1\nWebSocketConfig.requestPort=38889\n"},
}

var portCases = []judged{
	{rule: "range", name: "healthy"},
	{rule: "range", name: "the ends", edit: ports(1025, 65535)},
	{rule: "range", name: "too low", edit: ports(1024, 39888), want: []string{"error 1024: found port 1024, expected one from 1025 to 65535"},
		fix: "  ports: [38888, 39888]\n# to take it back: ports: [1024, 39888]"},
	{rule: "range", name: "too high in a row", rows: "WebSocketConfig.requestPorts=388889\n", want: []string{"error 388889: expected one from 1025 to 65535"},
		fix: "SET value = '38890' WHERE"},
	{rule: "range", name: "another product takes 80", product: cluster.Generic, edit: ports(80)},
	{rule: "range", name: "no product takes 0", product: cluster.Generic, edit: ports(0), want: []string{"error 0: expected one from 1 to 65535"}},

	{rule: "remote-desktop-port", name: "healthy"},
	{rule: "remote-desktop-port", name: "forwarding", edit: forwarding(3389), want: []string{"error 3389: remote desktop"}, fix: "forwarding_ports: [38889]"},
	{rule: "remote-desktop-port", name: "another product", product: cluster.SocketIO, edit: ports(3389), skipped: "FineReport family"},

	{rule: "duplicate", name: "healthy"},
	{rule: "duplicate", name: "three times", edit: ports(38888, 38888, 38888, 39888), want: []string{"warning 38888: twice in websocket.ports"}, fix: "  ports: [38888, 39888]"},
	{rule: "duplicate", name: "in the settings and the row", edit: ports(38888, 38888), rows: "WebSocketConfig.port=38888,38888\n", want: []string{"warning 38888: twice in websocket.ports"}},
	{rule: "duplicate", name: "in the row", rows: "WebSocketConfig.port=38888,38888\n", want: []string{"warning 38888: twice in WebSocketConfig.port"}, fix: `SET value = '["38888"]'`},
	{rule: "duplicate", name: "two addresses of a proxy", edit: both(balancer(cluster.Embedded, ""), func(c *cluster.Config) { c.Proxy.Listen = []string{"0.0.0.0:8081", "[::]:8081"} })},
	{rule: "duplicate", name: "across lists is overlap's", edit: forwarding(38888)},

	{rule: "backup-ports", name: "healthy"},
	{rule: "backup-ports", name: "one", edit: ports(38888), want: []string{"warning 38888: found only port 38888 in websocket.ports"}, fix: "  ports: [38888, 39888]"},
	{rule: "backup-ports", name: "the row decides", edit: ports(38888), rows: healthyRows},
	{rule: "backup-ports", name: "one in the row", rows: "WebSocketConfig.port=38888\n", want: []string{"warning 38888: found only port 38888 in WebSocketConfig.port"}},
	{rule: "backup-ports", name: "another product", product: cluster.Generic, skipped: "FineReport family"},
	{rule: "backup-ports", name: "none", product: cluster.Generic, edit: ports(), want: []string{"error websocket.ports: found no port"}, fix: "  ports: [8080]"},

	{rule: "forwarding-count", name: "healthy", edit: both(nodes("a", "b"), forwarding(38889, 38890, 38891))},
	{rule: "forwarding-count", name: "a single server", skipped: "no cluster"},
	{rule: "forwarding-count", name: "another product", product: cluster.Generic, edit: nodes("a", "b"), skipped: "FineReport family"},
	{rule: "forwarding-count", name: "hosts of their own", edit: nodes("a", "b"), want: []string{"info websocket.forwarding_ports: 1 forwarding port(s) for 2 nodes"}},
	{rule: "forwarding-count", name: "a shared host", edit: nodes("a", "A", "b"), want: []string{`warning websocket.forwarding_ports: for 3 nodes, of which 2 share the host "a"`},
		fix: "forwarding_ports: [38889, 38890, 38891, 38892]"},

	{rule: "overlap", name: "healthy", edit: sharesHost},
	{rule: "overlap", name: "shared host", edit: both(sharesHost, forwarding(38888, 38889)), want: []string{"error 38888: is both a WebSocket port and a forwarding port, and the balancer runs on the host of a node"},
		fix: "  ports: [38890, 39888]"},
	{rule: "overlap", name: "the same host by name", edit: both(nodes("n1"), balancer(cluster.Nginx, "ws://N1:38889/"), forwarding(39888, 38889)), want: []string{"error 39888: both"}},
	{rule: "overlap", name: "hosts of their own", edit: forwarding(38888), want: []string{"info 38888: works as long as the balancer has a host of its own"}},
	{rule: "overlap", name: "the balancer's URL", product: cluster.Generic, edit: both(sharesHost, balancer(cluster.Nginx, "ws://x:8080/")), want: []string{"warning 8080: the balancer listens on port 8080"}},
	{rule: "overlap", name: "the same port on another host", product: cluster.Generic, edit: balancer(cluster.Nginx, "ws://x:8080/")},
	{rule: "overlap", name: "proxy.listen", product: cluster.Generic, edit: both(sharesHost, balancer(cluster.Embedded, "ws://x:8081/"), func(c *cluster.Config) { c.Proxy.Listen = []string{"8081", "127.0.0.1:8080"} }),
		want: []string{"warning 8080: balancer"}},

	{rule: "browser-blocked", name: "healthy"},
	{rule: "browser-blocked", name: "no balancer", product: cluster.Generic, edit: ports(6000), want: []string{"error 6000: browsers refuse to connect to port 6000"}, fix: "  ports: [8080]"},
	{rule: "browser-blocked", name: "behind a balancer", product: cluster.Generic, edit: both(ports(6000), balancer(cluster.Nginx, "wss://x/"))},
	{rule: "browser-blocked", name: "the balancer's own", edit: both(forwarding(10080), balancer(cluster.Nginx, "ws://x:6666/")), want: []string{"error 10080: ", "error 6666: "}},
}

var linux = sysctl.Range{Low: 32768, High: 60999}

var hostCases = []judged{
	{rule: "ephemeral-range", name: "not this host", skipped: "not looked at"},
	{rule: "ephemeral-range", name: "all reserved", host: Host{Node: true, Ephemeral: linux, Reserved: sysctl.Ports{{Low: 38888, High: 38889}, {Low: 39888, High: 39888}}, Status: probes.OK}},
	{rule: "ephemeral-range", name: "outside", product: cluster.Generic, host: Host{Node: true, Ephemeral: linux, Status: probes.OK}},
	{rule: "ephemeral-range", name: "keeps what is reserved", host: Host{Node: true, Ephemeral: linux, Reserved: sysctl.Ports{{Low: 39888, High: 39889}}, Status: probes.OK},
		want: []string{"warning net.ipv4.ip_local_reserved_ports: ports 38888, 38889 lie in the range of outgoing connections, 32768 to 60999, and are not reserved"},
		fix:  "sysctl -w net.ipv4.ip_local_reserved_ports=38888-38889,39888-39889\n# to take it back: sysctl -w net.ipv4.ip_local_reserved_ports=39888-39889\necho '"},
	{rule: "ephemeral-range", name: "the balancer's host", edit: balancer(cluster.Nginx, "ws://x:40000/"), host: Host{Balancer: true, Ephemeral: linux, Status: probes.OK},
		want: []string{"warning net.ipv4.ip_local_reserved_ports: ports 38889, 40000 lie"}},
	{rule: "ephemeral-range", name: "one port", product: cluster.Generic, edit: ports(40000), host: Host{Node: true, Ephemeral: linux, Status: probes.OK},
		want: []string{"warning net.ipv4.ip_local_reserved_ports: port 40000 lies"}},

	{rule: "privileged", name: "healthy"},
	{rule: "privileged", name: "the service", product: cluster.Generic, edit: ports(80), want: []string{"warning 80: below 1024: the service that binds it has to run as root"}, fix: "AmbientCapabilities=CAP_NET_BIND_SERVICE"},
	{rule: "privileged", name: "nginx", product: cluster.Generic, edit: balancer(cluster.Nginx, "wss://x/"), want: []string{"info 443: the balancer (nginx)"}},
	{rule: "privileged", name: "the embedded proxy", product: cluster.Generic, edit: balancer(cluster.Embedded, "wss://x/"), want: []string{"warning 443: the balancer (embedded)"}, fix: "setcap cap_net_bind_service"},
	{rule: "privileged", name: "allowed on this host", product: cluster.Generic, edit: ports(80), host: Host{Node: true, UnprivilegedFrom: 80, Status: probes.OK}},
	{rule: "privileged", name: "forbidden on this host", host: Host{Node: true, UnprivilegedFrom: 39000, Status: probes.OK}, want: []string{"warning 38888: below 39000"},
		also: func(t *testing.T, f []probes.Finding) {
			if !strings.Contains(fixOf(f[0]), "# to take it back: sysctl -w net.ipv4.ip_unprivileged_port_start=39000") {
				t.Errorf("fix:\n%s", fixOf(f[0]))
			}
		}},
}
