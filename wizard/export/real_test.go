package export

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/probetest"
)

// listeners are sockets on free ports for a server of the test's own process.
func listeners(t *testing.T) []net.Listener {
	t.Helper()
	return []net.Listener{probetest.Listen(t)}
}

// patience bounds what real programs on a busy machine take.
const patience = 2 * time.Minute

// namedServer is a Socket.IO server that answers "who" with its own address.
const namedServer = `const h = require('http').createServer();
new (require('socket.io').Server)(h).on('connection', s => s.on('who', answer => answer(h.address().port)));
h.listen(0, '127.0.0.1', () => console.log('127.0.0.1:' + h.address().port));`

// namedClients opens a client after the other, each with an address and a session of its own; each begins with polling,
// as Socket.IO does, and has to get to WebSocket. It prints the node of each.
const namedClients = `const { io } = require('socket.io-client');
(async () => {
  for (let i = 1; i <= 12; i++) {
    const headers = { 'X-Forwarded-For': '10.0.' + i + '.7', 'X-Session-Id': 'session-' + i };
    const s = io(process.argv[1], { forceNew: true, reconnection: false, extraHeaders: headers });
    await new Promise((ok, fail) => {
      s.on('connect_error', e => fail(new Error('client ' + i + ': ' + e.message + ' ' + (e.context && e.context.responseText || ''))));
      s.on('connect', () => s.io.engine.transport.name === 'websocket' ? ok() : s.io.engine.once('upgrade', ok));
    });
    console.log(await s.timeout(60000).emitWithAck('who'), s.io.engine.transport.name);
    s.disconnect();
  }
})().catch(e => { console.error(e.message); process.exit(1); });`

// threeNodes are settings for three real Socket.IO servers behind a balancer that listens at an address.
func threeNodes(t *testing.T, policy, address string) cluster.Config {
	t.Helper()
	cfg := cluster.Default(cluster.SocketIO)
	cfg.Nodes = nil
	for i := range 3 {
		cfg.Nodes = append(cfg.Nodes, cluster.Node{Name: fmt.Sprintf("node %d", i+1), Host: fmt.Sprintf("127.0.0.%d", i+1)})
		cfg.Proxy.Backends = append(cfg.Proxy.Backends, cluster.Backend{Address: probetest.NodeServer(t, namedServer), Weight: 1})
	}
	// A check that does not understand the answer takes every node out before the first client is through.
	cfg.Proxy.ActiveHealth = cluster.ActiveHealth{Kind: "websocket", Path: "/", Interval: 100 * time.Millisecond, Timeout: patience, Rise: 1, Fall: 1}
	cfg.Proxy.Policy, cfg.Proxy.Listen, cfg.Proxy.TrustedProxies = policy, []string{address}, []string{"127.0.0.0/8"}
	return cfg
}

// carries runs the clients through a balancer. Where the hash depends on the nodes' ports, which are any, all twelve
// clients meet the same of three nodes once in 177,147 runs.
func carries(t *testing.T, address string) {
	t.Helper()
	dir := probetest.Node(t)
	cmd := exec.CommandContext(t.Context(), probetest.Need(t, "node"), "-e", namedClients, "http://"+address)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	nodes := map[string]bool{}
	for line := range strings.Lines(string(out)) {
		node, transport, _ := strings.Cut(strings.TrimSpace(line), " ")
		if transport != "websocket" {
			t.Errorf("a client stayed on %q", transport)
		}
		nodes[node] = true
	}
	if len(nodes) < 2 {
		t.Errorf("the clients met %d nodes, expected several\n%s", len(nodes), out)
	}
}

func TestNginxCarriesSocketIO(t *testing.T) {
	ln := probetest.Listen(t)
	cfg := threeNodes(t, "ip-hash", ln.Addr().String())
	f := files(t, "nginx", cfg, Options{Fragment: true})[0]
	probetest.Nginx(t, string(f.Data), ln)
	carries(t, ln.Addr().String())
}

func TestHAProxyCarriesSocketIO(t *testing.T) {
	ln := probetest.Listen(t)
	cfg := threeNodes(t, "ip-hash", ln.Addr().String())
	f := files(t, "haproxy", cfg, Options{})[0]
	probetest.HAProxy(t, strings.Replace(string(f.Data), "bind "+ln.Addr().String(), "bind fd@3", 1), ln)
	carries(t, ln.Addr().String())
}

func TestCaddyCarriesSocketIO(t *testing.T) {
	dir := t.TempDir()
	socket := filepath.Join(dir, "s")
	cfg := threeNodes(t, "header", "127.0.0.1:38889")
	cfg.Proxy.ActiveHealth.Kind, cfg.Proxy.ActiveHealth.Path = "http", "/socket.io/?EIO=4&transport=polling"
	text := string(files(t, "caddy", cfg, Options{})[0].Data)
	// Caddy takes over no socket and says no port that it was given, so it listens on a path.
	text = strings.Replace(text, "bind 127.0.0.1", "bind unix/"+socket, 1)
	text = strings.Replace(text, "{\n", "{\n\tadmin off\n", 1)
	file := filepath.Join(dir, "Caddyfile")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(probetest.Need(t, "caddy"), "run", "--config", file, "--adapter", "caddyfile")
	cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir)
	var log strings.Builder
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	stop := func() { cmd.Process.Kill(); <-ended }
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		c, err := net.Dial("unix", socket)
		if err == nil {
			c.Close()
			break
		}
		select {
		case err := <-ended:
			t.Fatalf("caddy: %v\n%s", err, log.String())
		default:
		}
		if time.Now().After(deadline) {
			stop()
			t.Fatalf("caddy does not listen: %v\n%s", err, log.String())
		}
	}
	t.Cleanup(stop)
	carries(t, probetest.Relay(t, socket))
}
