package export

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/probetest"
)

var update = flag.Bool("update", false, "write the goldens anew")

// cases are the settings that every target is written for. The certificate is a real one where TLS is wanted.
func cases(t testing.TB) map[string]cluster.Config {
	t.Helper()
	parse := func(text string) cluster.Config {
		cfg, err := cluster.Parse("case", []byte("version: 1\n"+text))
		if err != nil {
			t.Fatal(err)
		}
		return cfg
	}
	three := "nodes: [{name: node1, host: 10.0.0.1}, {name: node 2, host: 10.0.0.2}, {name: '节点三', host: node3.example}]\n"
	return map[string]cluster.Config{
		"single":   parse("product: finereport\nnodes: [{name: report, host: 10.0.0.1}]\nbalancer: {kind: nginx, url: 'ws://10.0.0.9:38889/'}\n"),
		"cluster":  parse("product: finereport\n" + three + "balancer: {kind: nginx, url: 'ws://ws.example:38889/'}\n"),
		"tls":      parse("product: finebi\n" + three + "balancer: {kind: haproxy, url: 'wss://ws.example/'}\nclients: 20000\nproxy: {tls: {cert: /etc/ssl/certs/ws.pem, key: /etc/ssl/private/ws.key}, trusted_proxies: [10.1.0.0/16, 'fd00::/8']}\n"),
		"socketio": parse("product: socketio\n" + three + "balancer: {kind: caddy, url: 'ws://ws.example/'}\nproxy: {policy: cookie, active_health: {kind: http, path: '/socket.io/?EIO=4&transport=polling'}}\n"),
		"rich": parse("product: generic\nwebsocket: {ports: [8080], path: /ws}\nbalancer: {kind: other, url: 'ws://ws.example:8443/', shares_host: true}\nheartbeat: 0\n" +
			"proxy: {listen: ['127.0.0.1:8443', '9443'], policy: least-conn, backends: [{address: 'a.example:8080', weight: 3, max_conns: 1500}, {address: '[fd00::2]:8080', backup: true}, {address: 'c.example:8080', down: true}], " +
			"limits: {per_ip: 50, total: 5000, handshakes_per_second: 20}, timeouts: {connect: 1500ms, idle: 0s, lifetime: 24h}, keepalive_ping: 30s, active_health: {kind: tcp}}\n"),
	}
}

// files renders a target for a case.
func files(t testing.TB, target string, cfg cluster.Config, o Options) []File {
	t.Helper()
	tg, ok := Lookup(target)
	if !ok {
		t.Fatalf("no target %q", target)
	}
	out, err := tg.Render(cfg, o)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestGoldens shows every file and every step as it is.
func TestGoldens(t *testing.T) {
	for name, cfg := range cases(t) {
		for _, target := range Targets {
			t.Run(target.Name+"/"+name, func(t *testing.T) {
				dir := filepath.Join("testdata", target.Name)
				for i, f := range files(t, target.Name, cfg, Options{}) {
					text := string(f.Data)
					if len(f.Steps) > 0 {
						text += "--- steps\n"
					}
					for _, s := range f.Steps {
						text += s.Do + "\n"
						if s.Undo != "" {
							text += "\tundo: " + s.Undo + "\n"
						}
						if s.Again {
							text += "\tagain when the files are put back\n"
						}
					}
					golden(t, filepath.Join(dir, name+strings.Repeat("+", i)+"."+f.Name), "# "+f.Path+" "+f.Mode.String()+" "+string(f.On)+"\n"+text)
				}
			})
		}
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		t.Errorf("%s: got\n%s\nexpected\n%s", file, got, want)
	}
}

// loadable puts a real certificate in the place of the one of a case, and resolvable hosts in the place of its
// names, so that real programs load the file.
func loadable(t testing.TB, cfg cluster.Config) cluster.Config {
	t.Helper()
	if cfg.Proxy.TLS.Cert != "" {
		now := time.Now()
		cfg.Proxy.TLS.Cert, cfg.Proxy.TLS.Key = probetest.WritePEM(t, probetest.NewCA(t).Issue(t, now.Add(-time.Hour), now.Add(24*time.Hour), "ws.example"))
	}
	nodes := append([]cluster.Node(nil), cfg.Nodes...)
	for i := range nodes {
		if strings.HasSuffix(nodes[i].Host, ".example") {
			nodes[i].Host = "10.9.9.9"
		}
	}
	cfg.Nodes = nodes
	backends := append([]cluster.Backend(nil), cfg.Proxy.Backends...)
	for i := range backends {
		host, port, _ := strings.Cut(backends[i].Address, ".example:")
		if port != "" {
			backends[i].Address = "10.9.9." + string('0'+host[0]-'a'+1) + ":" + port
		}
	}
	cfg.Proxy.Backends = backends
	return cfg
}
