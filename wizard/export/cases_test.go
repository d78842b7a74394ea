package export

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/firewall"
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
	three := "nodes: [{name: node1, host: 10.0.0.1}, {name: node 2, host: 10.0.0.2}, {name: '节点三', host: 'fd00::3'}]\n"
	named := "nodes: [{name: node1, host: node1.example}, {name: node1.example, host: node2.example}]\n"
	return map[string]cluster.Config{
		"single":   parse("product: finereport\nnodes: [{name: report, host: 10.0.0.1}]\nbalancer: {kind: nginx, url: 'ws://10.0.0.9:38889/'}\n"),
		"cluster":  parse("product: finereport\n" + three + "balancer: {kind: nginx, url: 'ws://ws.example:38889/'}\n"),
		"tls":      parse("product: finebi\n" + named + "balancer: {kind: haproxy, url: 'wss://ws.example/'}\nclients: 20000\nproxy: {tls: {cert: /etc/ssl/certs/ws.pem, key: /etc/ssl/private/ws.key}, trusted_proxies: [10.1.0.0/16, 'fd00::/8']}\n"),
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

// variants are the options that a target is shown with, by a name for the golden.
func variants(target string) map[string]Options {
	out := map[string]Options{"": {}}
	switch target {
	case "firewall":
		delete(out, "")
		for _, m := range firewall.Managers {
			out[string(m)+"."] = Options{Firewall: m}
		}
	case "finedb-sql":
		out["mysql."] = Options{Dialect: MySQL}
		out["rows."] = Options{Rows: &cluster.Rows{List: []cluster.Row{{ID: "WebSocketConfig.port", Value: `it's ["1"] `}, {ID: "WebSocketConfig.requestPort", Value: "2"}}}}
	case "sysctl":
		out["known."] = Options{Sysctl: map[string]string{"net.ipv4.ip_local_reserved_ports": "8080", "net.core.somaxconn": "4096", "net.ipv4.tcp_max_syn_backlog": "512"}}
	}
	return out
}

// TestGoldens shows every file and every step as it is, or why there is none.
func TestGoldens(t *testing.T) {
	for name, cfg := range cases(t) {
		for _, target := range Targets {
			for variant, o := range variants(target.Name) {
				if variant != "" && name != "cluster" && name != "single" {
					continue
				}
				t.Run(target.Name+"/"+variant+name, func(t *testing.T) {
					file := filepath.Join("testdata", target.Name, variant+name)
					fs, err := target.Render(cfg, o)
					if err != nil {
						golden(t, file+".error", err.Error()+"\n")
					}
					for _, f := range fs {
						text := "# " + f.Path + " " + f.Mode.String() + " " + string(f.On) + "\n" + string(f.Data)
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
						golden(t, file+"."+f.Name, text)
					}
				})
			}
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
