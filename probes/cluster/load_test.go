package cluster

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestParseErrors(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		// not a settings file at all
		{"empty", "", `f: is empty, expected settings that begin with "version: 1"`},
		{"comments only", "# to be done\n", `f: is empty, expected settings that begin with "version: 1"`},
		{"an empty document", "---\n", `f: is empty, expected settings that begin with "version: 1"`},
		{"binary", "version: 1\n\x00\x01", "f: is not a text file in UTF-8, expected YAML"},
		{"latin-1", "version: 1\nproduct: \xe9", "f: is not a text file in UTF-8, expected YAML"},
		{"a list", "- a", `f:1:1: found a list, expected keys such as "version: 1"`},
		{"a text", "server { listen 80; }", `f:1:1: found "server { listen 80; }", expected keys such as "version: 1"`},
		{"two documents", "version: 1\n---\nversion: 1\n", "f: holds 2 YAML documents, expected one"},
		{"a tab", "version: 1\nnodes:\n\t- {host: a}", "f:3:1: found character '\t' that cannot start any token"},
		{"an open bracket", "version: 1\nnodes: [", "f:2:8: sequence end token ']' not found"},

		// the version
		{"no version", "product: finebi", `f: version: is missing, expected "version: 1"`},
		{"a version without a value", "version:\n", `f: version: is missing, expected "version: 1"`},
		{"a later version, whatever else it has", "version: 2\nnew_key: [1.5]", "f:1:10: version: found 2, expected 1: the file is of another version of wsdoctor, and is not read"},
		{"a version that is a text", `version: "1"`, `f:1:10: version: found "1", expected a whole number`},
		{"a version with a point", "version: 1.0", "f:1:10: version: found 1.0, expected a whole number"},

		// keys
		{"an unknown key", "version: 1\nport: 80", "f:2:1: port: unknown key, expected one of version, product, nodes, websocket, balancer, heartbeat, clients, proxy"},
		{"an unknown key below", "version: 1\nwebsocket:\n  path: /\n  port: [1]", "f:4:3: websocket.port: unknown key, expected one of ports, forwarding_ports, path, listen_order"},
		{"an unknown key in a list", "version: 1\nnodes:\n  - {host: a}\n  - {hots: b}", "f:4:6: nodes[1].hots: unknown key, expected one of name, host"},
		{"a key twice", "version: 1\nclients: 1\nclients: 2", `f:3:1: mapping key "clients" already defined at [2:1]`},
		{"a key twice below", "version: 1\nwebsocket: {path: /a, path: /b}", `f:2:23: mapping key "path" already defined at [2:13]`},
		{"a merge", "version: 1\n<<: {clients: 1}", "f:2:1: <<: unknown key, expected one of version, product, nodes, websocket, balancer, heartbeat, clients, proxy"},

		// types
		{"a port with a point", "version: 1\nwebsocket:\n  ports: [38888, 1.5]", "f:3:18: websocket.ports[1]: found 1.5, expected a whole number"},
		{"a port in quotes", `{version: 1, websocket: {ports: ["38888"]}}`, `f:1:34: websocket.ports[0]: found "38888", expected a whole number`},
		{"one port, no list", "version: 1\nwebsocket:\n  ports: 38888", "f:3:10: websocket.ports: found 38888, expected a list, such as [38888, 39888]"},
		{"a number that is too large", "version: 1\nclients: 18446744073709551615", "f:2:10: clients: found 18446744073709551615, expected a whole number that is not as large"},
		{"a number beyond all", "version: 1\nclients: 99999999999999999999", `f:2:10: clients: found "99999999999999999999", expected a whole number`},
		{"a duration without a unit", "version: 1\nheartbeat: 60", "f:2:12: heartbeat: found 60, expected a duration with its unit, such as 25s, 10m or 1h"},
		{"a duration with a blank", "version: 1\nheartbeat: 25 s", `f:2:12: heartbeat: found "25 s", expected a duration with its unit, such as 25s, 10m or 1h`},
		{"yes", "version: 1\nbalancer: {shares_host: yes}", `f:2:25: balancer.shares_host: found "yes", expected true or false`},
		{"a number for a text", "version: 1\nproxy: {tls: {min_version: 1.2}}", "f:2:28: proxy.tls.min_version: found 1.2, expected a text; put it in quotes if it is one"},
		{"a text for keys", "version: 1\nbalancer: nginx", `f:2:11: balancer: found "nginx", expected the keys kind, url, config, shares_host`},
		{"keys for a list", "version: 1\nnodes:\n  host: a", "f:3:3: nodes: found keys, expected a list, such as [{name: …}]"},
		{"an alias of another type", "version: 1\nclients: &n 60\nheartbeat: *n", "f:3:12: heartbeat: found an alias, expected the value itself"},
		{"an alias inside its own anchor", "version: 1\nnodes: &n [*n]", "f:2:12: nodes[0]: found an alias, expected the value itself"},
		{"a tag", "version: 1\nwebsocket: {path: !!str 5}", "f:2:19: websocket.path: found the tag !!str, expected a value without one"},
		{"a tag below an anchor", "version: 1\nclients: &c !!int \"5\"", "f:2:10: clients: found the tag !!int, expected a value without one"},

		// values
		{"an unknown product", "version: 1\nproduct: FineReport", `f:2:10: product: found "FineReport", expected one of finereport, finebi, finedatalink, socketio, generic`},
		{"a port that does not exist", "version: 1\nwebsocket:\n  forwarding_ports:\n    - 38889\n    - 70000", "f:5:7: websocket.forwarding_ports[1]: found 70000, expected a port from 1 to 65535"},
		{"port 0", "version: 1\nwebsocket: {ports: [0]}", "f:2:21: websocket.ports[0]: found 0, expected a port from 1 to 65535"},
		{"a negative duration", "version: 1\nheartbeat: -5s", "f:2:12: heartbeat: found -5s, expected 0s or more"},
		{"a negative number", "version: 1\nclients: -1", "f:2:10: clients: found -1, expected 0 or more"},
		{"a node without a host", "version: 1\nnodes:\n  - name: node1", "f:3:5: nodes[0].host: is missing, expected a host name or an address"},
		{"a host with a port", "version: 1\nnodes:\n  - {name: a, host: \"a:80\"}", `f:3:21: nodes[0].host: found "a:80", expected a host name or an address without a port`},
		{"two nodes of one name", "version: 1\nnodes:\n  - {name: a, host: b}\n  - {name: a, host: c}", `f:4:12: nodes[1].name: found "a" again, which nodes[0] has already; expected a name of its own`},
		{"a URL without a scheme", "version: 1\nbalancer: {url: \"192.168.6.181:38889\"}", `f:2:17: balancer.url: found "192.168.6.181:38889", expected a URL such as ws://192.168.6.181:38889/`},
		{"a URL of port 0", "version: 1\nbalancer: {url: \"ws://a:0/\"}", `f:2:17: balancer.url: found port 0, expected a port from 1 to 65535`},
		{"a path without a slash", "version: 1\nwebsocket: {path: socket.io}", `f:2:19: websocket.path: found "socket.io", expected a path that begins with one /`},
		{"a path that is a host", "version: 1\nwebsocket: {path: //evil/}", `f:2:19: websocket.path: found "//evil/", expected a path that begins with one /`},
		{"a listen order", "version: 1\nwebsocket: {listen_order: backwards}", `f:2:27: websocket.listen_order: found "backwards", expected one of forwarding-first, ports-first`},
		{"half of another certificate", "version: 1\nproxy:\n  tls:\n    cert: a.pem\n    key: b.pem\n    certificates: [{cert: c.pem}]", "f:6:20: proxy.tls.certificates[0]: found cert \"c.pem\" and key \"\", expected a file each"},
		{"certificates alone", "version: 1\nproxy:\n  tls:\n    certificates: [{cert: c.pem, key: d.pem}]", "f:4:19: proxy.tls.certificates: found certificates beside an empty cert, expected the one for clients that ask for no name in cert and key"},
		{"half a certificate", "version: 1\nproxy:\n  tls: {cert: a.pem}", "f:3:8: proxy.tls: found only one of cert and key, expected both or neither"},
		{"a policy", "version: 1\nproxy: {policy: sticky}", `f:2:17: proxy.policy: found "sticky", expected one of ip-hash, cookie, header, least-conn, round-robin, random-two`},
		{"a backend without a port", "version: 1\nproxy:\n  backends:\n    - {address: a}", `f:4:17: proxy.backends[0].address: found "a", expected host:port`},
		{"a listener", "version: 1\nproxy: {listen: [\"a:b\"]}", `f:2:18: proxy.listen[0]: found "a:b", expected a port or address:port`},
		{"a network", "version: 1\nproxy: {trusted_proxies: [10.0.0.0/33]}", `f:2:27: proxy.trusted_proxies[0]: found "10.0.0.0/33", expected an address or a network such as 10.0.0.0/8`},
		{"an admin address", "version: 1\nproxy: {admin: \"9380\"}", `f:2:16: proxy.admin: found "9380", expected host:port`},
	} {
		cfg, err := Parse("f", []byte(c.in))
		if err == nil || err.Error() != c.want {
			t.Errorf("%s:\n  says     %v\n  expected %s", c.name, err, c.want)
			continue
		}
		var fe *FileError
		if !errors.As(err, &fe) || fe.File != "f" {
			t.Errorf("%s: is a %T, expected a *FileError of f", c.name, err)
		}
		if !reflect.DeepEqual(cfg, Config{}) {
			t.Errorf("%s: returned half of it: %+v", c.name, cfg)
		}
	}
}

func TestParseDefaults(t *testing.T) {
	for _, p := range Products {
		got, err := Parse("f", fmt.Appendf(nil, "version: 1\nproduct: %s\n", p.Name))
		if err != nil {
			t.Fatal(err)
		}
		if want := Default(p.Name); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: is %+v, expected %+v", p.Name, got, want)
		}
		if !reflect.DeepEqual(got.WebSocket.Ports, p.Ports) || got.WebSocket.Path != p.Path || got.Heartbeat != p.Heartbeat {
			t.Errorf("%s: %+v does not have the product's defaults", p.Name, got)
		}
		if probs := got.Validate(); len(probs) > 0 {
			t.Errorf("%s: its defaults are not valid: %v", p.Name, probs)
		}
	}
	if got, err := Parse("f", []byte("version: 1")); err != nil || got.Product != Generic {
		t.Errorf("without a product it is %q, %v; expected generic", got.Product, err)
	}
	if Default("no such product").Product != Generic {
		t.Error("an unknown product has not the defaults of generic")
	}
}

// The defaults must not be shared: who appends to one configuration's list would change the next one's.
func TestDefaultsAreCopies(t *testing.T) {
	Default(FineReport).WebSocket.Ports[0] = 1
	if got := Default(FineReport).WebSocket.Ports[0]; got != 38888 {
		t.Errorf("the first port became %d", got)
	}
}

func TestParseValues(t *testing.T) {
	for _, c := range []struct {
		name, in string
		ok       func(Config) bool
	}{
		{"a list replaces the default's", "product: finereport\nwebsocket: {ports: [1]}", func(c Config) bool {
			return reflect.DeepEqual(c.WebSocket.Ports, []int{1}) && reflect.DeepEqual(c.WebSocket.ForwardingPorts, []int{38889})
		}},
		{"an empty list is one", "product: finereport\nwebsocket: {forwarding_ports: []}", func(c Config) bool { return len(c.WebSocket.ForwardingPorts) == 0 }},
		{"a key without a value keeps the default", "product: finereport\nwebsocket:\nheartbeat:\n", func(c Config) bool { return len(c.WebSocket.Ports) == 2 && c.Heartbeat == 25*time.Second }},
		{"0 is a duration", "product: finereport\nheartbeat: 0", func(c Config) bool { return c.Heartbeat == 0 }},
		{"durations", "proxy: {timeouts: {idle: 90m, lifetime: \"1h30m\", drain: 0s}}", func(c Config) bool {
			return c.Proxy.Timeouts == Timeouts{Connect: 5 * time.Second, Handshake: 10 * time.Second, Idle: 90 * time.Minute, Lifetime: 90 * time.Minute}
		}},
		{"one node listens ports first", "nodes: [{host: a}]", func(c Config) bool { return c.WebSocket.ListenOrder == PortsFirst && c.Nodes[0].Name == "a" }},
		{"a cluster of another product knows no order", "product: socketio\nnodes: [{host: a}, {name: n, host: b}]", func(c Config) bool { return c.WebSocket.ListenOrder == PortsFirst }},
		{"a cluster listens forwarding first", "product: finebi\nnodes: [{host: a}, {name: n, host: b}]", func(c Config) bool {
			return c.WebSocket.ListenOrder == ForwardingFirst && c.Nodes[1] == Node{"n", "b"}
		}},
		{"an order that is said stays", "nodes: [{host: a}, {host: b}]\nwebsocket: {listen_order: ports-first}", func(c Config) bool { return c.WebSocket.ListenOrder == PortsFirst }},
		{"a backend weighs 1", "proxy: {backends: [{address: \"a:1\"}, {address: \"[::1]:2\", weight: 3}]}", func(c Config) bool {
			return c.Proxy.Backends[0].Weight == 1 && c.Proxy.Backends[1].Weight == 3
		}},
		{"a listener on every address", "proxy: {listen: [\"38889\", \":38890\", \"[::]:1\"], admin: \":9380\"}", func(c Config) bool { return len(c.Proxy.Listen) == 3 }},
		{"no admin", "proxy: {admin: \"\"}", func(c Config) bool { return c.Proxy.Admin == "" }},
		{"a byte order mark and Windows line ends", "\ufeffclients: 5\r\nheartbeat: 1s\r\n", func(c Config) bool { return c.Clients == 5 && c.Heartbeat == time.Second }},
		{"an anchor that nobody uses", "clients: &c 5", func(c Config) bool { return c.Clients == 5 }},
		{"an IPv6 host", "nodes: [{host: \"fd00::1\"}]", func(c Config) bool { return c.Nodes[0].Host == "fd00::1" }},
		{"a text over lines", "balancer:\n  config: |-\n    /etc/nginx/nginx.conf\n", func(c Config) bool { return c.Balancer.Config == "/etc/nginx/nginx.conf" }},
	} {
		in := "version: 1\n" + c.in
		if rest, bom := strings.CutPrefix(c.in, "\ufeff"); bom {
			in = "\ufeffversion: 1\r\n" + rest
		}
		if got, err := Parse("f", []byte(in)); err != nil || !c.ok(got) {
			t.Errorf("%s: %v, %+v", c.name, err, got)
		}
	}
}

// The file of CONTRACT.md's example, whole.
func TestParseExample(t *testing.T) {
	cfg, err := Load(filepath.Join("testdata", "example.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Product != FineReport || cfg.Nodes[0] != (Node{"node1", "192.168.6.171"}) || cfg.Balancer.Port() != 38889 ||
		cfg.Proxy.Backends[0].Address != "192.168.6.171:38888" || cfg.Proxy.Timeouts.Idle != time.Hour || cfg.WebSocket.ListenOrder != ForwardingFirst {
		t.Errorf("is %+v", cfg)
	}
}

func TestLoadErrors(t *testing.T) {
	dir := t.TempDir()
	large := filepath.Join(dir, "large.yaml")
	if err := os.WriteFile(large, make([]byte, maxFileSize+1), 0o600); err != nil {
		t.Fatal(err)
	}
	wrong := filepath.Join(dir, "wrong.yaml")
	if err := os.WriteFile(wrong, []byte("version: 1\nclients: x"), 0o600); err != nil {
		t.Fatal(err)
	}
	missing := filepath.Join(dir, "missing.yaml")
	for _, c := range []struct{ path, want string }{
		{dir, dir + ": is a folder, expected a settings file"},
		{large, large + ": has 262145 bytes, expected a settings file of at most 262144"},
		{wrong, wrong + `:2:10: clients: found "x", expected a whole number`},
	} {
		if _, err := Load(c.path); err == nil || err.Error() != c.want {
			t.Errorf("says %v, expected %s", err, c.want)
		}
	}
	if _, err := Load(missing); !errors.Is(err, os.ErrNotExist) || !strings.HasPrefix(err.Error(), "reading "+missing+": ") || strings.Count(err.Error(), missing) != 1 {
		t.Errorf("a missing file says %v", err)
	}
}
