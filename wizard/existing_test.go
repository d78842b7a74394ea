package wizard

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/wsdoctor/probes/cluster"
)

// looked answers a step with what a look at it shows, as the faces do.
func looked(t *testing.T, s *Session, text string) Seen {
	t.Helper()
	st, _ := s.Step()
	v := s.Judge(text)
	if !v.OK() {
		t.Fatalf("%s: %q was refused: %v", st.ID, text, v.Refused)
	}
	seen := st.Look(t.Context(), v)
	if len(seen.Objections)+len(seen.Refused) > 0 {
		return seen
	}
	if v, err := s.TakeSeen(text, seen); err != nil || !v.OK() {
		t.Fatalf("%s: %q: %v %v", st.ID, text, v.Refused, err)
	}
	return seen
}

// suggested walks to the end by suggestions and returns each with where it is from.
func suggested(t *testing.T, s *Session) map[string]string {
	t.Helper()
	out := map[string]string{}
	walk(t, s, nil, func(id string) {
		out[id] = s.Suggestion() + " | " + s.Origin().String()
	})
	return out
}

func inFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	put(t, path, text, 0o644)
	return path
}

const existingNginx = `events {}
http {
  map $http_upgrade $connection_upgrade { default upgrade; '' close; }
  upstream fine {
    ip_hash;
    server fine-a.example:48888 weight=3;
    server fine-b.example:48888;
    server unix:/run/fine.sock;
  }
  server {
    listen 443 ssl;
    listen 48889 ssl;
    server_name chat.example;
    ssl_certificate /etc/ssl/chat.pem;
    ssl_certificate_key /etc/ssl/chat.key;
    location / {
      proxy_pass http://fine;
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_read_timeout 2h;
    }
  }
}
`

const existingHAProxy = `defaults
  mode http
  timeout client 1m
  timeout server 1m
frontend in
  bind *:3001
  default_backend fine
backend fine
  balance leastconn
  timeout tunnel 3h
  server first 10.0.0.1:3000 check
  server second 10.0.0.2:3000 check
  server gone unix@/run/fine.sock
`

// Ports, forwarding ports, times, stickiness and TLS come from the configuration, each with its line.
func TestTakingOverAConfiguration(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       map[string]string
	}{
		{"nginx.conf", existingNginx, map[string]string{
			"product": "finebi | as in FILE:6", "deployment": "cluster | as in FILE:6", "nodes": "node1=fine-a.example, node2=fine-b.example | as in FILE:6",
			"balancer": "nginx | as in FILE", "host": "chat.example | as in FILE:11", "config": "FILE | ", "ports": "48888 | as in FILE:6",
			"forwarding": "48889, 48890, 48891 | ", // the family takes no 443
			"policy":     "ip-hash | as in FILE:5", "idle": "2h | as in FILE:21", "tls": "yes | as in FILE:11",
			"cert": "/etc/ssl/chat.pem | as in FILE:14", "key": "/etc/ssl/chat.key | as in FILE:14",
		}},
		{"haproxy.cfg", existingHAProxy, map[string]string{
			"product": "generic | as in FILE:11", "deployment": "cluster | as in FILE:11", "nodes": "node1=10.0.0.1, node2=10.0.0.2 | as in FILE:11",
			"balancer": "haproxy | as in FILE", "host": "192.168.6.171 | ", "config": "FILE | ", "ports": "3000 | as in FILE:11", "forwarding": "3001 | as in FILE:6",
			"policy": "least-conn | as in FILE:9", "idle": "3h | as in FILE:10", "tls": "no | as in FILE:6",
		}},
	} {
		file := inFile(t, c.name, c.text)
		s := session(t, here, nil)
		looked(t, s, file)
		got := map[string]string{}
		answers := map[string]string{"place": "here"}
		walk(t, s, answers, func(id string) {
			got[id] = strings.ReplaceAll(s.Suggestion()+" | "+s.Origin().String(), file, "FILE")
		})
		for id, want := range c.want {
			if got[id] != want {
				t.Errorf("%s: %s is %q, expected %q", c.name, id, got[id], want)
			}
		}
		cfg := s.Config()
		if probs := cfg.Validate(); len(probs) > 0 {
			t.Errorf("%s: %v", c.name, probs)
		}
		if c.name == "nginx.conf" && (len(cfg.Proxy.Backends) != 2 || cfg.Proxy.Backends[0].Weight != 3) {
			t.Errorf("the weights are lost: %+v", cfg.Proxy.Backends)
		}
	}
}

// What a configuration has wrong is not suggested, and it is said why.
func TestFaultsAreNotTakenOver(t *testing.T) {
	text := strings.NewReplacer("2h;", "20s;", "ip_hash;", "least_conn;").Replace(existingNginx)
	file := inFile(t, "nginx.conf", text)
	s := session(t, here, nil)
	looked(t, s, file)
	got := suggested(t, s)
	if want := "1h | longer than the 20s of " + file + ":21, which cuts tunnels between two heartbeats"; got["idle"] != want {
		t.Errorf("idle is %q, expected %q", got["idle"], want)
	}
	if want := "ip-hash | what its clients need: the least-conn of " + file + ":5 is not sticky"; got["policy"] != want {
		t.Errorf("policy is %q, expected %q", got["policy"], want)
	}
}

// Weights of nodes that are there no more, or on another port, do not stay behind.
func TestOtherNodesDropTheBackends(t *testing.T) {
	for id, answer := range map[string]string{"nodes": "10.9.9.1, 10.9.9.2", "ports": "48999"} {
		s := session(t, here, nil)
		looked(t, s, inFile(t, "nginx.conf", existingNginx))
		walk(t, s, map[string]string{id: answer}, nil)
		if cfg := s.Config(); len(cfg.Proxy.Backends) != 0 {
			t.Errorf("%s: %+v", id, cfg.Proxy.Backends)
		}
	}
}

func TestTakingOverATable(t *testing.T) {
	csv := inFile(t, "rows.csv", "id,value\nWebSocketConfig.port,\"[\"\"28888\"\",\"\"29888\"\"]\"\nWebSocketConfig.requestPorts,28889\n")
	s := session(t, here, nil)
	looked(t, s, csv)
	got := suggested(t, s)
	if got["ports"] != "28888, 29888 | as in rows.csv:2" || got["forwarding"] != "28889 | as in rows.csv:3" {
		t.Errorf("%v", got)
	}
	if a := s.Answers(); !strings.Contains(a, "existing: '-'") {
		t.Errorf("the same again would read the table: %s", a)
	}
}

// What cannot be read is said in words, and the session stays where it is.
func TestExistingThatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	plain := inFile(t, "nginx.conf", "events {} http { server { listen 80; root /srv; } }")
	for answer, want := range map[string]string{
		filepath.Join(dir, "none"): "no such file", dir: "expected the folder of the product", plain: "found nothing in it that hands WebSockets to servers",
		"postgres://fine@127.0.0.1:1/finedb": "connection refused", "oracle://h/x": "wsdoctor reads PostgreSQL", "ftp://x/y": "expected postgres or mysql",
		"postgres://fine:s3cret@127.0.0.1/x":                                            "found a password in a URL",
		inFile(t, "a.conf", existingNginx) + ", " + inFile(t, "b.cfg", existingHAProxy): "found two configurations",
	} {
		s := session(t, here, nil)
		seen := looked(t, s, answer)
		if len(seen.Objections) == 0 || !strings.Contains(seen.Objections[0].String(), want) || strings.Contains(seen.Objections[0].String(), "s3cret") {
			t.Errorf("%s: %v, expected %q", answer, seen.Objections, want)
		}
		if st, _ := s.Step(); st.ID != "existing" {
			t.Errorf("%s: it goes on at %s", answer, st.ID)
		}
	}
}

// Who comes back has what was read, also where the file is gone.
func TestWhatWasReadIsKept(t *testing.T) {
	store := StoreFor(filepath.Join(t.TempDir(), "wsdoctor.yaml"))
	file := inFile(t, "haproxy.cfg", existingHAProxy)
	s := session(t, here, store)
	looked(t, s, file)
	want := suggested(t, session(t, here, store))
	s = session(t, here, store) // all answered by now
	s.Restart()
	if got := s.Suggestion(); got != "-" {
		t.Errorf("after a restart it suggests %q", got)
	}
	looked(t, s, file)
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if got := suggested(t, session(t, here, store)); got["nodes"] != want["nodes"] || got["idle"] != "3h | as in "+file+":10" {
		t.Errorf("got %v\nexpected %v", got, want)
	}
}

func TestFillTakesOver(t *testing.T) {
	file := inFile(t, "haproxy.cfg", existingHAProxy)
	ask := func(context.Context, string) (string, error) { t.Error("asked for a password"); return "", nil }
	s := session(t, here, nil)
	if _, err := s.Fill(t.Context(), "-", []byte("existing: "+file+"\nidle: 90m\n"), ask); err != nil {
		t.Fatal(err)
	}
	if c := s.Config(); c.Proxy.Timeouts.Idle != 90*time.Minute || !slices.Equal(c.WebSocket.ForwardingPorts, []int{3001}) || c.Balancer.Kind != cluster.HAProxy {
		t.Errorf("%+v", c)
	}
	if _, err := session(t, here, nil).Fill(t.Context(), "a.yaml", []byte("existing: /no/such/file\n"), ask); err == nil || !strings.Contains(err.Error(), "a.yaml:1:1: existing: reading /no/such/file") {
		t.Errorf("%v", err)
	}
	if _, err := session(t, here, nil).Fill(t.Context(), "a.yaml", []byte("password: x\n"), ask); err == nil || !strings.Contains(err.Error(), "WSDOCTOR_DB_PASSWORD") {
		t.Errorf("%v", err)
	}
}
