package main

import (
	"cmp"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/probetest"
)

// server is the server block of an nginx in which nothing is wrong.
const server = `map $http_upgrade $connection_upgrade { default upgrade; '' close; }
server {
  listen 127.0.0.1:38889;
  location / {
    proxy_pass http://127.0.0.1:38888;
    proxy_http_version 1.1;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection $connection_upgrade;
    proxy_set_header Host $http_host;
    proxy_read_timeout 75s;
  }
}`

// settings are those of a node and nginx on one host.
const settings = `version: 1
product: finereport
nodes: [{name: node1, host: 127.0.0.1}]
websocket: {ports: [38888, 39888], forwarding_ports: [38889], path: /}
balancer: {kind: nginx, url: "ws://127.0.0.1:38889/", shares_host: true}
clients: 100
`

// remoteAddress is one that others can reach: a firewall matters to nobody on loopback.
const remoteAddress = "10.99.0.1"

var (
	remote   = strings.ReplaceAll(settings, "127.0.0.1", remoteAddress)
	onRemote = strings.ReplaceAll(server, "127.0.0.1", remoteAddress)
)

// A scenario is a host on which one thing is wrong, and what --check has to say of it.
type scenario struct {
	name     string
	settings string   // "" means settings
	args     []string // of wsdoctor, beside --check
	nginx    string   // the http block; "" means server, "-" none
	listen   string   // where nginx listens; "" means 127.0.0.1:38889
	service  string   // where the service listens; "" means 127.0.0.1:38888, "-" nowhere
	prepare  func(t *testing.T)
	change   string   // the http block that nginx's file has afterwards, without a reload; "" means that it stays
	backdate bool     // the changed file is as old as if it had been there before nginx was started
	cause    string   // the one check with an error, and the one cause; "" means that nothing is wrong
	warning  string   // instead of cause: the one cause, which is a warning, and no error
	explains string   // a check that the cause explains
	says     []string // what the report has to name

	connections int  // worker_connections of nginx; 0: enough
	silent      bool // nothing answers where nginx should listen
}

var scenarios = []scenario{
	{name: "all fine"},
	{
		name:  "the Upgrade header is missing",
		nginx: strings.Replace(server, "proxy_set_header Upgrade $http_upgrade;", "", 1),
		cause: "nginx/upgrade-header", says: []string{"nginx.conf:", "proxy_set_header Upgrade $http_upgrade;"},
	},
	{
		name:     "the Upgrade header is missing in a balancer whose file is elsewhere",
		settings: strings.Replace(settings, "kind: nginx", "kind: other", 1),
		nginx:    strings.Replace(server, "proxy_set_header Upgrade $http_upgrade;", "", 1),
		cause:    "balancer/upgrade", says: []string{"proxy_set_header Upgrade $http_upgrade;"},
	},
	{
		name:  "nginx listens on another port than the settings say",
		nginx: strings.Replace(server, "38889", "38890", 1), listen: "127.0.0.1:38890",
		cause: "nginx/listen-port", says: []string{"38889", "listen 127.0.0.1:38890;"},
	},
	{
		name:  "the upstream points to a dead port",
		nginx: strings.Replace(server, "38888", "38887", 1),
		cause: "nginx/upstream-port", says: []string{"502", "127.0.0.1:38888"},
	},
	{
		name: "the node listens on another of its ports than the upstream names", service: "127.0.0.1:39888",
		cause: "nginx/upstream-port", says: []string{"nothing listens on 127.0.0.1:38888", "the node listens on 39888", "nginx.conf:", "proxy_pass http://127.0.0.1:39888;"},
	},
	{
		name: "the node listens on another of its ports, and the upstream names that one", service: "127.0.0.1:39888",
		nginx: strings.Replace(server, "38888", "39888", 1),
	},
	{
		name:  "nginx was not reloaded after its port was changed",
		nginx: strings.Replace(server, "38889", "38890", 1), listen: "127.0.0.1:38890", change: server,
		cause: "nginx/not-reloaded", says: []string{"127.0.0.1:38890", "nginx (pid", "listen 127.0.0.1:38889", "nginx -t && nginx -s reload"},
	},
	{
		name:  "nginx was not reloaded, and its file is no newer",
		nginx: strings.Replace(server, "38889", "38890", 1), listen: "127.0.0.1:38890", change: server, backdate: true,
		cause: "nginx/not-reloaded", says: []string{"listens on 38890, expected 38889", "listen 127.0.0.1:38889"},
	},
	{
		name:   "what works is not what the file says",
		change: strings.Replace(server, "location / {", "location / { return 403;", 1), backdate: true,
		cause: "nginx/path-not-covered", says: []string{"nginx/answer", "was answered with 101", "nginx itself answers 403", "return 403"},
	},
	{
		name: "the service is down", service: "-",
		cause: "handshake/connect", says: []string{"nothing listens on 127.0.0.1:38888"},
	},
	{
		name: "another process holds the service's port", service: "-",
		prepare: func(t *testing.T) {
			probetest.NodeServer(t, `require('net').createServer(c => c.end('220 mail\r\n')).listen(38888, '127.0.0.1', () => console.log('up'))`)
		},
		cause: "ports/holder", says: []string{"node", "38888"},
	},
	{
		name: "the service's port is in TIME_WAIT", service: "-",
		prepare: func(t *testing.T) { timeWait(t, "127.0.0.1:38888") },
		cause:   "ports/time-wait", says: []string{"wsdoctor wait 38888"},
	},
	{
		name: "an outgoing connection has the service's port", service: "-",
		prepare: func(t *testing.T) { outgoing(t, 38888); ephemeral(t, "32768 60999") },
		cause:   "ports/holder", says: []string{"net.ipv4.ip_local_reserved_ports", "127.0.0.1:2000"},
	},
	{
		name: "nftables drops the balancer's port", settings: remote, nginx: onRemote, listen: remoteAddress + ":38889", service: remoteAddress + ":38888",
		prepare: func(t *testing.T) {
			shell(t, `nft -f - <<'END'
table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    iif lo accept
    ct state established,related accept
    tcp dport { 22, 80 } accept
  }
}
END`)
		},
		cause: "firewall/inbound", says: []string{"38889", "nft ", "policy drop"},
	},
	{
		name: "iptables rejects the balancer's port", settings: remote, nginx: onRemote, listen: remoteAddress + ":38889", service: remoteAddress + ":38888",
		prepare: func(t *testing.T) {
			shell(t, "iptables-nft -A INPUT -i lo -j ACCEPT", "iptables-nft -A INPUT -p tcp --dport 38889 -j REJECT")
		},
		cause: "firewall/inbound", says: []string{"38889", "iptables ", "REJECT"},
	},
	{
		name: "ufw does not let the balancer's port in", settings: remote, nginx: onRemote, listen: remoteAddress + ":38889", service: remoteAddress + ":38888",
		prepare: func(t *testing.T) {
			ufw := exec.Command("sh", "-c", probetest.UFW(t, t.TempDir()))
			ufw.Stdin = strings.NewReader("ufw allow 22/tcp\n")
			if out, err := ufw.CombinedOutput(); err != nil {
				t.Fatalf("ufw: %v\n%s", err, out)
			}
		},
		// ufw's files are the test's own, so that what is seen here is the rules that it wrote.
		cause: "firewall/inbound", says: []string{"38889", "INPUT DROP"},
	},
	{
		name:     "the certificate is self-signed",
		settings: strings.Replace(settings, "ws://", "wss://", 1),
		prepare:  func(t *testing.T) { tlsNginx(t, nil, time.Now().AddDate(0, -1, 0), time.Now().AddDate(1, 0, 0)) }, nginx: "-",
		cause: "handshake/certificate", says: []string{"self-signed"},
	},
	{
		name:     "the certificate has expired",
		settings: strings.Replace(settings, "ws://", "wss://", 1),
		prepare: func(t *testing.T) {
			tlsNginx(t, probetest.NewCA(t), time.Now().AddDate(0, -2, 0), time.Now().AddDate(0, 0, -3))
		}, nginx: "-",
		cause: "handshake/certificate", says: []string{"expired"},
	},
	{
		name:  "a space behind a key in the table",
		args:  rows("WebSocketConfig.port =[\"38888\",\"39888\"]", "WebSocketConfig.requestPorts=38889"),
		cause: "portconfig/key-whitespace", says: []string{"WebSocketConfig.port"},
	},
	{
		name:  "requestPort and requestPorts in the table",
		args:  rows(`WebSocketConfig.port=["38888","39888"]`, "WebSocketConfig.requestPort=38889", "WebSocketConfig.requestPorts=38889"),
		cause: "portconfig/key-conflict", says: []string{"WebSocketConfig.requestPort"},
	},
}

// TestScenarios meets a real nginx in front of real services, each time in a new namespace so that the product's default
// ports are free and nothing is left on them, and wants the one thing that is wrong named as the one error.
func TestScenarios(t *testing.T) {
	for _, sc := range slices.Concat(scenarios, deepScenarios) {
		for name, serve := range services {
			if sc.service == "-" && name != "ws" {
				continue // no service runs, so they are one case
			}
			t.Run(sc.name+", "+name, func(t *testing.T) {
				if slices.Contains(sc.args, "--deep") {
					t.Parallel() // it waits for silence most of the time
				}
				if probetest.InNetns(t) {
					sc.run(t, serve)
				}
			})
		}
	}
}

// setUp builds the host of a scenario in the namespace of this process.
func (sc scenario) setUp(t *testing.T, serve func(*testing.T, string)) {
	shell(t, "ip link add net0 type veth peer name net1", "ip addr add "+remoteAddress+"/24 dev net0", "ip link set net0 up", "ip link set net1 up")
	ephemeral(t, "50000 60999") // no connection of the test's own may take a port under test by chance
	if sc.service != "-" {
		serve(t, cmp.Or(sc.service, "127.0.0.1:38888"))
	}
	listen := cmp.Or(sc.listen, "127.0.0.1:38889")
	if sc.nginx != "-" {
		nginx := probetest.NginxWith(t, probetest.NginxOptions{WorkerConnections: sc.connections}, cmp.Or(sc.nginx, server), held(t, listen))
		sc.changed(t, nginx, listen)
	}
	if sc.prepare != nil {
		sc.prepare(t)
	}
	if !sc.silent {
		answers(t, listen)
	}
}

func (sc scenario) run(t *testing.T, serve func(*testing.T, string)) {
	sc.setUp(t, serve)
	code, r := check(t, cmp.Or(sc.settings, settings), sc.args...)
	wantCode, want := probes.ExitFindings, []string{sc.cause}
	wantCauses := want
	switch {
	case sc.warning != "":
		wantCode, want, wantCauses = probes.ExitOK, nil, []string{sc.warning}
	case sc.cause == "":
		wantCode, want, wantCauses = probes.ExitOK, nil, nil
	}
	var causes, explained []string
	for _, c := range r.Causes {
		causes = append(causes, c.ID)
		explained = append(explained, c.Explains...)
	}
	if code != wantCode || !slices.Equal(r.errors(), want) || !slices.Equal(causes, wantCauses) {
		t.Errorf("exit code %d, errors %v, causes %v; expected %d, %v and %v\n%s", code, r.errors(), causes, wantCode, want, wantCauses, r.text())
	}
	if sc.explains != "" && !slices.Contains(explained, sc.explains) {
		t.Errorf("explains %v, expected %s\n%s", explained, sc.explains, r.text())
	}
	for _, s := range sc.says {
		if !strings.Contains(r.text(), s) {
			t.Errorf("the report does not name %q:\n%s", s, r.text())
		}
	}
}

// changed writes the file of a running nginx anew, where the scenario wants that.
func (sc scenario) changed(t *testing.T, nginx *probetest.Server, listen string) {
	t.Helper()
	if sc.change == "" {
		return
	}
	answers(t, listen) // it has read the old file
	file := filepath.Join(nginx.Dir, "nginx.conf")
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(raw), cmp.Or(sc.nginx, server), sc.change, 1)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	at := time.Now().Add(time.Hour)
	if sc.backdate {
		at = at.Add(-2 * time.Hour)
	}
	if err := os.Chtimes(file, at, at); err != nil {
		t.Fatal(err)
	}
}

// answers waits until nginx serves: its listener takes connections before it is up.
func answers(t *testing.T, address string) {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	if _, err := io.WriteString(c, "GET / HTTP/1.0\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	_ = c.(*net.TCPConn).SetLinger(0) // nothing stays behind on any port
	c.Close()
}

// rows are the arguments that hand rows of fine_conf_entity to --check.
func rows(lines ...string) []string {
	return []string{"--rows", strings.Join(lines, "\n")}
}

// timeWait leaves a connection in TIME_WAIT on an address: a server that closes first.
func timeWait(t *testing.T, address string) {
	ln := held(t, address)
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	if _, err := c.Read(make([]byte, 1)); err != io.EOF {
		t.Fatal(err)
	}
	ln.Close()
}

// shell runs commands that set up the namespace.
func shell(t *testing.T, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if out, err := exec.Command("sh", "-c", "PATH=$PATH:/usr/sbin:/sbin; "+line).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", line, err, out)
		}
	}
}

// ephemeral sets the range from which outgoing connections of the namespace take their ports.
func ephemeral(t *testing.T, ports string) {
	if err := os.WriteFile("/proc/sys/net/ipv4/ip_local_port_range", []byte(ports), 0); err != nil {
		t.Fatal(err)
	}
}

// outgoing holds a connection to a server on port 2000 whose own port is the given one.
func outgoing(t *testing.T, port int) {
	ln := held(t, "127.0.0.1:2000")
	c, err := (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port}}).DialContext(t.Context(), "tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.(*net.TCPConn).SetLinger(0) // a reset: nothing stays behind on the port
		c.Close()
	})
}

// tlsNginx runs nginx with a certificate for 127.0.0.1 by ca (nil: self-signed).
func tlsNginx(t *testing.T, ca *probetest.CA, from, to time.Time) {
	cert, key := probetest.WritePEM(t, ca.Issue(t, from, to, "127.0.0.1"))
	tls := strings.Replace(server, "127.0.0.1:38889;", "127.0.0.1:38889 ssl; ssl_certificate "+cert+"; ssl_certificate_key "+key+";", 1)
	probetest.Nginx(t, tls, held(t, "127.0.0.1:38889"))
}
