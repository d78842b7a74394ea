package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"example.com/wsdoctor/probes/probetest"
	"example.com/wsdoctor/probes/standin"
)

// twoNodes starts two stand-ins behind an nginx with few connections, which ends silent tunnels after idle.
func twoNodes(t *testing.T, upstream, idle string) string {
	t.Helper()
	for i := range 2 {
		s, err := standin.Listen(t.Context(), "127.0.0.1:0", standin.Options{Name: fmt.Sprint("node", i+1)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		upstream += fmt.Sprintf(" server %s;", s.Addr())
	}
	ln := probetest.Listen(t)
	probetest.NginxWith(t, probetest.NginxOptions{WorkerConnections: 64}, fmt.Sprintf(`upstream u { %s } server { listen %s; location / { proxy_pass http://u; proxy_read_timeout %s; %s } }`,
		upstream, ln.Addr(), idle, probetest.Pass), ln)
	return "ws://" + ln.Addr().String() + "/"
}

func TestBalancer(t *testing.T) {
	settings := filepath.Join(t.TempDir(), "wsdoctor.yaml")
	url := twoNodes(t, "", "2s")
	patient := twoNodes(t, "", "1h") // none of its tunnels ends while the ramp goes up
	if err := os.WriteFile(settings, []byte("version: 1\nproduct: generic\nheartbeat: 3s\nbalancer: {kind: nginx, url: '"+url+"'}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name           string
		args           []string
		code           int
		stdout, stderr string
	}{
		{"stickiness", []string{url, "--stickiness", "8"}, 0, "stickiness: not sticky: the backends take turns", ""},
		{"nothing named", []string{url}, 0, "chi-square 0.0", ""},
		{"idle limit below the heartbeat", []string{"--config", settings, "--idle", "3s"}, 1, "proxy_read_timeout 3600s;", ""},
		{"idle limit, heartbeat unknown", []string{url, "--idle", "3s"}, 0, "warning: a tunnel on which nothing is said is ended after ", ""},
		{"capacity", []string{patient, "--capacity", "50"}, 1, "(64 - 1 listener - 1) / 2 = 31", ""},
		{"a foreign target", []string{"ws://192.0.2.1/", "--capacity", "50"}, 2, "", "--yes-this-is-mine"},
		{"nothing listens", []string{"ws://" + probetest.ClosedPort(t), "--stickiness", "8"}, 1, "", "no connection"},
		{"no URL", nil, 2, "", "expected a URL"},
		{"two URLs", []string{url, url}, 2, "", "one URL at most"},
		{"too short", []string{url, "--idle", "5ms"}, 2, "", "1s or more"},
		{"too many", []string{url, "--capacity", "1000000"}, 2, "", "expected 1 to"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			code, stdout, stderr := command(t.Context(), append([]string{"balancer"}, tc.args...)...)
			// What is measured is time: a machine that stalls for as long as the limit is measures something else.
			for tries := 0; tries < 4 && slices.Contains(tc.args, "--idle") && !strings.Contains(stdout, tc.stdout); tries++ {
				t.Logf("again: %s", stdout)
				code, stdout, stderr = command(t.Context(), append([]string{"balancer"}, tc.args...)...)
			}
			if code != tc.code || !strings.Contains(stdout, tc.stdout) || !strings.Contains(stderr, tc.stderr) {
				t.Errorf("exit code %d, expected %d\n%s%s", code, tc.code, stdout, stderr)
			}
		})
	}
	t.Run("json", func(t *testing.T) {
		code, stdout, _ := command(t.Context(), "balancer", url, "--distribution", "20", "-f", "json")
		var got struct {
			Schema, URL  string
			Stickiness   *struct{}
			Distribution *struct {
				Verdict struct {
					Kind   string
					Shares []struct{ Clients int }
				}
			}
			Findings []struct{}
		}
		if err := json.Unmarshal([]byte(stdout), &got); err != nil || code != 0 || got.Schema != "wsdoctor/balancer/v1" || got.Stickiness != nil ||
			got.Distribution == nil || got.Distribution.Verdict.Kind != "even" || len(got.Distribution.Verdict.Shares) != 2 || got.Findings == nil {
			t.Errorf("exit code %d, %v: %s", code, err, stdout)
		}
	})
	t.Run("interrupted", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if code, _, _ := command(ctx, "balancer", url, "--idle", "60s"); code != 130 {
			t.Errorf("exit code %d", code)
		}
	})
}

// TestBalancerSocketIO: two nodes without stickiness lose sessions, and with ip_hash they do not.
func TestBalancerSocketIO(t *testing.T) {
	acknowledging := strings.Replace(probetest.SocketIOServer, "(h);", "(h).on('connection', s => s.on('hello', ack => ack(1)));", 1)
	a, b := probetest.NodeServer(t, acknowledging), probetest.NodeServer(t, acknowledging)
	for _, tc := range []struct {
		policy, event string
		code          int
		says          string
	}{
		{"", "", 1, "Session ID unknown"},
		{"ip_hash;", "", 0, "Socket.IO: EIO 4"},
		{"ip_hash;", "hello", 0, "the event was acknowledged in 4 of 4 sessions"},
		{"ip_hash;", "unheard", 0, "warning: no acknowledgment of \"unheard\""},
	} {
		ln := probetest.Listen(t)
		probetest.Nginx(t, fmt.Sprintf("upstream u { %s server %s; server %s; } server { listen %s; location / { proxy_pass http://u; %s } }",
			tc.policy, a, b, ln.Addr(), probetest.Pass), ln)
		code, stdout, stderr := command(t.Context(), "balancer", "ws://"+ln.Addr().String()+"/socket.io/?EIO=4&transport=websocket", "--event", tc.event)
		if code != tc.code || !strings.Contains(stdout, tc.says) || tc.code == 1 && !strings.Contains(stdout, "ip_hash;") {
			t.Errorf("%q: exit code %d\n%s%s", tc.policy, code, stdout, stderr)
		}
	}
}
