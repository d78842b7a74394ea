package embedproxy

import (
	"context"
	"os/exec"
	"strings"
	"testing"

	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/probetest"
)

// runNode runs JavaScript with the npm packages of probetest and returns what it prints.
func runNode(t *testing.T, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, probetest.Need(t, "node"), args...)
	cmd.Dir = probetest.Node(t)
	if in, err := cmd.StdinPipe(); err == nil {
		defer in.Close() // wscat ends at once when its input does
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}

func before(t *testing.T, addresses ...string) (cluster.Config, *Proxy) {
	cfg := settings()
	for _, a := range addresses {
		cfg.Proxy.Backends = append(cfg.Proxy.Backends, cluster.Backend{Address: a, Weight: 1})
	}
	cfg.Proxy.TrustedProxies = []string{"127.0.0.1"} // so that one machine can be many clients
	return cfg, start(t, cfg, Options{})
}

func TestWscat(t *testing.T) {
	_, p := before(t, probetest.NodeServer(t, probetest.WSServer))
	if out := runNode(t, "node_modules/wscat/bin/wscat", "-c", "ws://"+p.at()+"/", "-x", "hello through the proxy", "-w", "1"); !strings.Contains(out, "hello through the proxy") {
		t.Errorf("wscat printed %q", out)
	}
}

// TestNodeWS sends what the package ws can make: fragments, control frames between them, compressed messages.
func TestNodeWS(t *testing.T) {
	_, p := before(t, probetest.NodeServer(t, strings.Replace(probetest.WSServer, "port: 0 }", "port: 0, perMessageDeflate: true }", 1)))
	out := runNode(t, "-e", `
const WebSocket = require('ws'), crypto = require('crypto');
const c = new WebSocket('ws://`+p.at()+`/', { perMessageDeflate: true });
const want = [], sizes = [0, 1, 125, 126, 65535, 65536, 1 << 20, 4 << 20];
let got = 0, pongs = 0;
c.on('open', async () => {
  if (!c.extensions.includes('permessage-deflate')) throw new Error('no compression: ' + c.extensions);
  for (const n of sizes) {
    const b = n % 2 ? crypto.randomBytes(n) : Buffer.alloc(n, 'wsdoctor');
    want.push(crypto.createHash('sha256').update(b).digest('hex'));
    const cut = n >> 1;
    c.send(b.subarray(0, cut), { fin: false, binary: true, compress: n > 1000 });
    c.ping('between');
    c.send(b.subarray(cut), { fin: true, compress: n > 1000 });
  }
});
c.on('pong', () => pongs++);
c.on('message', m => {
  if (crypto.createHash('sha256').update(m).digest('hex') !== want[got]) throw new Error('message ' + got + ' differs');
  if (++got === sizes.length) c.close(4001, 'done');
});
c.on('close', (code, reason) => console.log('same', got, 'pongs', pongs, 'code', code, String(reason)));`)
	if !strings.Contains(out, "same 8 pongs 8 code 4001 done") {
		t.Errorf("%s", out)
	}
}

// TestSocketIO has 24 clients poll, upgrade and talk over three nodes that know nothing of each other: a request on
// the wrong node would be answered with "Session ID unknown".
func TestSocketIO(t *testing.T) {
	server := strings.Replace(probetest.SocketIOServer, "new (require('socket.io').Server)(h);",
		"new (require('socket.io').Server)(h).on('connection', s => s.on('who', f => f(process.pid)));", 1)
	_, p := before(t, probetest.NodeServer(t, server), probetest.NodeServer(t, server), probetest.NodeServer(t, server))
	out := runNode(t, "-e", `
const { io } = require('socket.io-client');
const nodes = new Set();
let left = 24, upgraded = 0;
for (let i = 0; i < 24; i++) {
  const s = io('http://`+p.at()+`', { forceNew: true, reconnection: false, extraHeaders: { 'X-Forwarded-For': '192.0.2.' + (i + 1) } });
  s.on('connect_error', e => { console.log('error', e.message, e.context && e.context.responseText); process.exit(1); });
  const talk = async () => {
    upgraded++;
    nodes.add(await s.emitWithAck('who'));
    s.close();
    if (--left === 0) console.log('upgraded', upgraded, 'nodes', nodes.size);
  };
  s.on('connect', () => s.io.engine.transport.name === 'websocket' ? talk() : s.io.engine.on('upgrade', talk));
}`)
	if !strings.Contains(out, "upgraded 24 nodes 3") {
		t.Errorf("%s", out)
	}
}

func TestCurl(t *testing.T) {
	n := startNode(t, "n1")
	_, p := before(t, n.address())
	out, err := exec.Command(probetest.Need(t, "curl"), "-sS", "--fail", "-H", "Expect: 100-continue", "--data-binary", strings.Repeat("x", 5000), "http://"+p.at()+"/count").CombinedOutput()
	if err != nil || string(out) != "5000\n" {
		t.Errorf("%q, %v", out, err)
	}
}

// TestPythonWebsockets sends fragments, pings and binary messages with the library python3-websockets, and is closed
// by it.
func TestPythonWebsockets(t *testing.T) {
	t.Parallel()
	const python = "/usr/bin/python3" // that of the distribution, which finds the distribution's packages
	if exec.Command(python, "-c", "import websockets").Run() != nil {
		probetest.Lacks(t, "the websockets library of Python", "apt-get install -y python3-websockets")
	}
	_, p := before(t, probetest.NodeServer(t, strings.Replace(probetest.WSServer, "port: 0 }", "port: 0, perMessageDeflate: true }", 1)))
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	out, err := exec.CommandContext(ctx, python, "-c", `
import asyncio, os, websockets
async def main():
    async with websockets.connect('ws://`+p.at()+`/', max_size=None) as c:
        for n in [0, 1, 125, 126, 65535, 65536, 1 << 20]:
            for m in ['w' * n, os.urandom(n)]:
                await c.send(m)
                assert await c.recv() == m, n
        await c.send(m[i:i + 100000] for i in range(0, len(m), 100000))
        assert await c.recv() == m, 'fragments'
        await (await c.ping(b'x'))
        names = [e.name for e in c.extensions]
    print(names, c.close_code)
asyncio.run(main())`).CombinedOutput()
	if err != nil || string(out) != "['permessage-deflate'] 1000\n" {
		t.Errorf("%v\n%s", err, out)
	}
}
