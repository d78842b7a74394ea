package balancer

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/handshake"
	"example.com/wsdoctor/probes/probetest"
	"example.com/wsdoctor/probes/standin"
)

// pass is what an nginx location needs to pass the upgrade on.
const pass = `proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;
	proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;`

// settings has one node at addr and a balancer.
func settings(node, balancer string) cluster.Config {
	cfg := cluster.Default(cluster.Generic)
	host, port, _ := net.SplitHostPort(node)
	n, _ := strconv.Atoi(port)
	cfg.Nodes = []cluster.Node{{Name: "node1", Host: host}}
	cfg.WebSocket.Ports, cfg.WebSocket.Path = []int{n}, "/"
	cfg.Balancer.URL = "ws://" + balancer
	return cfg
}

func target(cfg cluster.Config) probes.Target {
	return probes.Target{Config: cfg, Local: func() ([]netip.Addr, error) { return nil, nil }}
}

// nginx runs nginx with one server block and returns its address.
func nginx(t *testing.T, server string) string {
	ln := probetest.Listen(t)
	probetest.Nginx(t, fmt.Sprintf("server { listen %s; %s }", ln.Addr(), server), ln)
	return ln.Addr().String()
}

func stand(t *testing.T) string { return standNamed(t, "node1") }

func standNamed(t *testing.T, name string) string {
	s, err := standin.Listen(t.Context(), "127.0.0.1:0", standin.Options{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s.Addr().String()
}

// TestNginxInFrontOfNode runs both areas as a report does: whatever is wrong, each area names the one cause.
func TestNginxInFrontOfNode(t *testing.T) {
	ws, closed := probetest.NodeServer(t, probetest.WSServer), probetest.ClosedPort(t)
	for _, tc := range []struct {
		name    string
		node    string
		server  string
		verdict Kind
		failed  string // ids
	}{
		{"all fine", ws, "location / { proxy_pass http://" + ws + "; " + pass + " }", BothFine, ""},
		{"Upgrade missing", ws, "location / { proxy_pass http://" + ws + "; }", BalancerDropsUpgrade, "handshake/upgrade balancer/upgrade"},
		{"a header of its own drops the others", ws, pass + "location / { proxy_pass http://" + ws + "; proxy_set_header X-A b; }", BalancerDropsUpgrade, "handshake/upgrade balancer/upgrade"},
		{"dead upstream", ws, "location / { proxy_pass http://" + closed + "; " + pass + " }", BalancerNoUpstream, "handshake/upgrade balancer/upgrade"},
		{"backend down", closed, "location / { proxy_pass http://" + closed + "; " + pass + " }", NodesDown, "handshake/connect handshake/upgrade"},
		{"path not served", ws, "location /other { proxy_pass http://" + ws + "; " + pass + " }", BalancerNoPath, "handshake/upgrade balancer/upgrade"},
		{"redirect", ws, "return 301 https://$host$request_uri;", BalancerRedirects, "handshake/upgrade balancer/upgrade"},
		{"static page", ws, "location / { return 200 hello; }", BalancerServesPage, "handshake/upgrade balancer/upgrade"},
		{"denied", ws, "deny all;", BalancerDenies, "handshake/upgrade balancer/upgrade"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := report(t, target(settings(tc.node, nginx(t, tc.server))))
			o, _ := probes.Observed[Observation](r)
			if o.Verdict.Kind != tc.verdict || o.Kind != cluster.Nginx {
				t.Errorf("got %s (%s): %s, expected %s", o.Verdict.Kind, o.Kind, o.Verdict.Text, tc.verdict)
			}
			if got := failed(r); got != tc.failed {
				t.Errorf("failed %q, expected %q", got, tc.failed)
			}
		})
	}
	t.Run("nginx listens on another port than the settings say", func(t *testing.T) {
		nginx(t, "location / { proxy_pass http://"+ws+"; "+pass+" }")
		r := report(t, target(settings(ws, closed)))
		o, _ := probes.Observed[Observation](r)
		if o.Verdict.Kind != BalancerRefused || failed(r) != "handshake/connect balancer/upgrade" {
			t.Errorf("got %s, failed %q", o.Verdict.Kind, failed(r))
		}
	})
}

func report(t *testing.T, target probes.Target) probes.Report {
	t.Helper()
	return probes.Run(t.Context(), target, []probes.Probe{handshake.Probe(), Probe()}, probes.Options{}, nil)
}

func result(r probes.Report, id string) probes.Result {
	for _, res := range r.Results {
		if res.ID == id {
			return res
		}
	}
	return probes.Result{ID: id}
}

func failed(r probes.Report) string {
	var out []string
	for _, res := range r.Results {
		if res.Status == probes.Failed {
			out = append(out, res.ID)
		}
	}
	return strings.Join(out, " ")
}

func TestStandInShowsWhatArrives(t *testing.T) {
	node := stand(t)
	for _, tc := range []struct {
		name   string
		server string
		lost   string
		status probes.Status // of forwarded-headers
		host   string        // as it arrives; "": the balancer's authority
	}{
		{"all passed on", "location / { proxy_pass http://" + node + "; " + pass + " }", "", probes.OK, ""},
		{"nothing passed on", "location / { proxy_pass http://" + node + "; }", "Upgrade Connection HTTP/1.1", probes.Warned, node},
		{"HTTP/1.0", "location / { proxy_pass http://" + node + "; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; }", "HTTP/1.1", probes.Warned, node},
		{"no Connection", "location / { proxy_pass http://" + node + "; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; }", "Connection", probes.Warned, node},
	} {
		t.Run(tc.name, func(t *testing.T) {
			address := nginx(t, tc.server)
			r := report(t, target(settings(node, address)))
			o, _ := probes.Observed[Observation](r)
			if got := strings.Join(o.Verdict.Lost, " "); got != tc.lost {
				t.Errorf("%s: lost %q, expected %q", o.Verdict.Kind, got, tc.lost)
			}
			if tc.host == "" {
				tc.host = address
			}
			if o.Arrived == nil || o.Arrived.Host != tc.host || o.Arrived.StandIn != "node1" {
				t.Fatalf("arrived %+v", o.Arrived)
			}
			if got := result(r, "balancer/forwarded-headers"); got.Status != tc.status {
				t.Errorf("%s is %s: %v", got.ID, got.Status, got.Findings)
			}
		})
	}
}

func TestHAProxy(t *testing.T) {
	node := stand(t)
	for _, tc := range []struct {
		name, backend string
		want          Kind
	}{
		{"fine", "server a " + node, BothFine},
		{"header dropped", "http-request del-header Upgrade\n  server a " + node, BalancerDropsUpgrade},
		{"dead server", "server a " + probetest.ClosedPort(t), BalancerNoUpstream},
	} {
		t.Run(tc.name, func(t *testing.T) {
			ln := probetest.Listen(t)
			probetest.HAProxy(t, "defaults\n  mode http\n  retries 0\n  timeout connect 1s\n  timeout client 5s\n  timeout server 5s\n  timeout tunnel 1h\n"+
				"frontend f\n  bind fd@3\n  default_backend b\nbackend b\n  "+tc.backend+"\n", ln)
			cfg := settings(node, ln.Addr().String())
			cfg.Balancer.Kind = cluster.HAProxy
			o, err := Observe(t.Context(), target(cfg))
			if err != nil || o.Verdict.Kind != tc.want {
				t.Errorf("got %s: %s, %v, expected %s", o.Verdict.Kind, o.Verdict.Text, err, tc.want)
			}
		})
	}
}

// TestDeepLendsAStandIn: with nothing on the node's port, a deep run shows whether the path itself is fine.
func TestDeepLendsAStandIn(t *testing.T) {
	free := func() string {
		ln := probetest.Listen(t)
		defer ln.Close()
		return ln.Addr().String()
	}
	node := free()
	for _, tc := range []struct {
		name, node, server string
		deep               bool
		want               Kind
		reached            bool
	}{
		{"fine", node, "location / { proxy_pass http://" + node + "; " + pass + " }", true, PathFine, true},
		{"Upgrade missing", node, "location / { proxy_pass http://" + node + "; }", true, BalancerDropsUpgrade, true},
		{"dead upstream", node, "location / { proxy_pass http://" + probetest.ClosedPort(t) + "; " + pass + " }", true, BalancerNoUpstream, false},
		{"not deep", node, "location / { proxy_pass http://" + node + "; " + pass + " }", false, NodesDown, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tg := target(settings(tc.node, nginx(t, tc.server)))
			tg.Deep = tc.deep
			o, err := observe(t.Context(), tg, 0)
			if err != nil || o.Verdict.Kind != tc.want || o.StandIn != tc.deep {
				t.Errorf("got %s: %s, %v, expected %s", o.Verdict.Kind, o.Verdict.Text, err, tc.want)
			}
			if (o.Lent != nil) != tc.deep || o.Lent != nil && o.Lent.Reached != tc.reached {
				t.Errorf("lent %+v", o.Lent)
			}
			if c, err := net.Dial("tcp", tc.node); err == nil {
				c.Close()
				t.Error("something still listens on the node's port")
			}
		})
	}
}

func TestDeepSaysWhyNothingWasLent(t *testing.T) {
	taken := probetest.ClosedPort(t) // refuses, and cannot be bound
	tg := target(settings(taken, nginx(t, "location / { proxy_pass http://"+taken+"; "+pass+" }")))
	tg.Deep = true
	o, err := observe(t.Context(), tg, 0)
	if err != nil || o.StandIn || o.Lent == nil || !strings.Contains(o.Lent.Failed.String(), "in use") || o.Verdict.Kind != NodesDown {
		t.Errorf("got %s, lent %+v, %v", o.Verdict.Kind, o.Lent, err)
	}
}

// TestLendWaitsForTheBalancer: a balancer that holds its backend for dead is asked again.
func TestLendWaitsForTheBalancer(t *testing.T) {
	node := probetest.Listen(t)
	node.Close()
	ln := probetest.Listen(t)
	probetest.HAProxy(t, "defaults\n  mode http\n  retries 0\n  timeout connect 1s\n  timeout client 5s\n  timeout server 5s\n"+
		"frontend f\n  bind fd@3\n  default_backend b\nbackend b\n  server a "+node.Addr().String()+" check inter 200ms rise 2 fall 1\n", ln)
	tg := target(settings(node.Addr().String(), ln.Addr().String()))
	tg.Deep = true
	o, err := observe(t.Context(), tg, 10*time.Second)
	if err != nil || o.Verdict.Kind != PathFine {
		t.Errorf("got %s: %s, %v", o.Verdict.Kind, o.Verdict.Text, err)
	}
}

func TestObserveEnds(t *testing.T) {
	var reason *probes.Reason
	if _, err := Observe(t.Context(), target(cluster.Default(cluster.Generic))); !errors.As(err, &reason) || reason.Status != probes.Skipped {
		t.Errorf("without a balancer: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Observe(ctx, target(settings(probetest.ClosedPort(t), probetest.ClosedPort(t)))); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
