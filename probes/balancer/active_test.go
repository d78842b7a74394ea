package balancer

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/balancer/capacity"
	"example.com/wsdoctor/probes/balancer/distribution"
	"example.com/wsdoctor/probes/balancer/engineio"
	"example.com/wsdoctor/probes/balancer/idle"
	"example.com/wsdoctor/probes/balancer/rehearsal"
	"example.com/wsdoctor/probes/balancer/stickiness"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/handshake"
	"example.com/wsdoctor/probes/probetest"
)

// TestDeepCheck makes the active tests of a check against a real nginx, broken and mended.
func TestDeepCheck(t *testing.T) {
	one, two := stand(t), standNamed(t, "node2")
	_, port1, _ := net.SplitHostPort(one)
	_, port2, _ := net.SplitHostPort(two)
	p1, _ := strconv.Atoi(port1)
	p2, _ := strconv.Atoi(port2)
	for _, tc := range []struct {
		name        string
		upstream    string
		directives  string
		connections int
		want        string // status of each active rule
	}{
		{"as it should be", "ip_hash;", "", 256, "stickiness=ok distribution=ok idle-timeout=ok capacity=ok socketio-polling=skipped socketio-upgrade=skipped restart=skipped"},
		{"broken", "", "proxy_read_timeout 2s;", 64, "stickiness=ok distribution=ok idle-timeout=failed capacity=failed socketio-polling=skipped socketio-upgrade=skipped restart=skipped"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			ln := probetest.Listen(t)
			probetest.NginxWith(t, probetest.NginxOptions{WorkerConnections: tc.connections}, fmt.Sprintf("upstream u { %s server %s; server %s; } server { listen %s; location / { proxy_pass http://u; %s %s } }",
				tc.upstream, one, two, ln.Addr(), probetest.Pass, tc.directives), ln)
			cfg := settings(one, ln.Addr().String())
			cfg.Proxy.Backends = []cluster.Backend{{Address: net.JoinHostPort("127.0.0.1", strconv.Itoa(p1))}, {Address: net.JoinHostPort("127.0.0.1", strconv.Itoa(p2))}}
			cfg.Heartbeat = 3 * time.Second
			target := target(cfg)
			target.Deep = true
			var r probes.Report
			var got []string
			// The idle limit is measured as time, which says nothing on a machine that stalls for as long.
			for range 3 {
				r, got = report(t, target), nil
				for _, rule := range activeRules {
					res := result(r, rule.ID)
					got = append(got, strings.TrimPrefix(rule.ID, "balancer/")+"="+res.Status.String())
				}
				if strings.Join(got, " ") == tc.want {
					break
				}
			}
			if strings.Join(got, " ") != tc.want {
				t.Errorf("got      %s\nexpected %s", strings.Join(got, " "), tc.want)
				for _, res := range r.Results {
					t.Log(res.ID, res.Status, res.Reason, res.Findings)
				}
			}
		})
	}
	t.Run("as many tunnels as clients are expected", func(t *testing.T) {
		for clients, want := range map[int]int{0: deepCapacity, 5: 5, deepCapacity + 1: deepCapacity} {
			tg := target(settings(one, one))
			tg.Config.Clients = clients
			if got := deepTests(t.Context(), tg, "ws://127.0.0.1:38889/").Capacity; got != want {
				t.Errorf("%d clients: %d tunnels are held, expected %d", clients, got, want)
			}
		}
	})
	t.Run("not deep", func(t *testing.T) {
		r := report(t, target(settings(one, one)))
		for _, rule := range activeRules {
			if res := result(r, rule.ID); res.Status != probes.Skipped || !strings.Contains(res.Reason.String(), "--deep") && rule.ID != restartRule.ID {
				t.Errorf("%s is %s: %s", res.ID, res.Status, res.Reason)
			}
		}
	})
}

// TestActiveRules has a case that passes, one that does not, and one that does not apply for each rule.
func TestActiveRules(t *testing.T) {
	sec := func(n int) probes.Seconds { return probes.Seconds(time.Duration(n) * time.Second) }
	idleOf := func(k idle.Kind, limit int, heartbeat time.Duration) *Active {
		return &Active{heartbeat: heartbeat, Idle: &Idle{Verdict: idle.Verdict{Kind: k, Limit: sec(limit), Heartbeat: sec(limit / 2), Text: probes.T("x")}}}
	}
	sticky := func(p stickiness.Policy, keeps bool, backends int, stateful bool) *Active {
		return &Active{backends: backends, stateful: stateful, Stickiness: &Stickiness{Verdict: stickiness.Verdict{Policy: p, Sticky: keeps, Text: probes.T("x")}}}
	}
	shares := func(k distribution.Kind, sources int) *Active {
		return &Active{Distribution: &Distribution{distribution.Observation{Sources: sources}, distribution.Verdict{Kind: k, Text: probes.T("x")}}}
	}
	held := func(k capacity.Kind) *Active {
		return &Active{Capacity: &Capacity{Verdict: capacity.Verdict{Kind: k, Text: probes.T("x")}}}
	}
	restart := func(k rehearsal.Kind) *Active {
		return &Active{Rehearsal: &Rehearsal{Verdict: rehearsal.Verdict{Kind: k, Text: probes.T("x"), Advice: []probes.Text{probes.T("spread")}, Shares: []rehearsal.Share{{Backend: "a", Before: 2, After: 1}}}}}
	}
	engine := func(steps ...engineio.Step) *Active {
		return &Active{SocketIO: &SocketIO{engineio.Observation{Sessions: []engineio.Session{{Steps: steps}}}}}
	}
	for _, tc := range []struct {
		name   string
		rule   probes.Rule[Observation]
		active *Active
		kind   cluster.BalancerKind
		want   string // status, or severity of the finding
		fix    string
	}{
		{"sticky", stickinessRule, sticky(stickiness.IPHash, true, 2, true), "", "ok", ""},
		{"not sticky, stateful", stickinessRule, sticky(stickiness.RoundRobin, false, 2, true), cluster.Nginx, "warning", "ip_hash;"},
		{"not sticky, HAProxy", stickinessRule, sticky(stickiness.RoundRobin, false, 2, true), cluster.HAProxy, "warning", "cookie SRV"},
		{"not sticky, Caddy", stickinessRule, sticky(stickiness.RoundRobin, false, 2, true), cluster.Caddy, "warning", "lb_policy"},
		{"not sticky, the embedded proxy", stickinessRule, sticky(stickiness.RoundRobin, false, 2, true), cluster.Embedded, "warning", "policy: ip-hash"},
		{"not sticky, no matter", stickinessRule, sticky(stickiness.LeastConn, false, 0, false), cluster.Other, "info", "by its address"},
		{"one backend", stickinessRule, sticky(stickiness.OneBackend, true, 1, true), "", "skipped", ""},
		{"cannot tell", stickinessRule, sticky(stickiness.Unknown, false, 2, true), "", "unknown", ""},
		{"not tested", stickinessRule, &Active{}, "", "skipped", ""},
		{"no active tests", stickinessRule, nil, "", "skipped", ""},

		{"even", distributionRule, shares(distribution.Even, 1), "", "ok", ""},
		{"missing", distributionRule, shares(distribution.Missing, 1), "", "warning", ""},
		{"one only, one address", distributionRule, shares(distribution.OneOnly, 1), "", "info", ""},
		{"one only, many addresses", distributionRule, shares(distribution.OneOnly, 8), "", "warning", ""},
		{"uneven", distributionRule, shares(distribution.Uneven, 8), "", "info", ""},
		{"too few", distributionRule, shares(distribution.TooFew, 8), "", "unknown", ""},

		{"no limit", idleTimeoutRule, idleOf(idle.NoLimit, 0, 25*time.Second), "", "ok", ""},
		{"far above the heartbeat", idleTimeoutRule, idleOf(idle.Limit, 60, 25*time.Second), cluster.Nginx, "info", "proxy_read_timeout 3600s;"},
		{"one beat may not be lost", idleTimeoutRule, idleOf(idle.Limit, 40, 25*time.Second), cluster.HAProxy, "warning", "timeout tunnel 1h"},
		{"below the heartbeat", idleTimeoutRule, idleOf(idle.Limit, 20, 25*time.Second), cluster.Embedded, "error", "idle: 1h"},
		{"dropped below the heartbeat", idleTimeoutRule, idleOf(idle.Drop, 20, 25*time.Second), "", "error", "every 10.0 s"},
		{"no heartbeat", idleTimeoutRule, idleOf(idle.Limit, 60, 0), "", "warning", ""},
		{"lifetime", idleTimeoutRule, idleOf(idle.Lifetime, 30, 25*time.Second), "", "warning", ""},
		{"the service's own", idleTimeoutRule, idleOf(idle.Service, 30, 25*time.Second), "", "info", ""},
		{"nothing seen", idleTimeoutRule, idleOf(idle.Unknown, 0, 0), "", "unknown", ""},

		{"enough", capacityRule, held(capacity.Enough), "", "ok", ""},
		{"ceiling", capacityRule, held(capacity.Ceiling), cluster.Nginx, "error", "worker_connections"},
		{"patchy", capacityRule, held(capacity.Patchy), "", "warning", ""},
		{"own limit", capacityRule, held(capacity.OwnLimit), "", "unknown", ""},

		{"nobody dropped", restartRule, restart(rehearsal.Untouched), "", "ok", ""},
		{"told", restartRule, restart(rehearsal.Announced), "", "info", "# spread"},
		{"not told", restartRule, restart(rehearsal.Abrupt), "", "warning", "# spread"},
		{"not back", restartRule, restart(rehearsal.Stranded), "", "error", "# spread"},
		{"no tunnel", restartRule, restart(rehearsal.Unknown), "", "unknown", ""},
		{"not rehearsed", restartRule, &Active{}, "", "skipped", ""},

		{"polling fine", socketioPollingRule, engine(engineio.Step{What: "poll", OK: true}), "", "ok", ""},
		{"session lost", socketioPollingRule, engine(engineio.Step{What: "poll", Lost: true}), cluster.Nginx, "error", "ip_hash;"},
		{"no Socket.IO", socketioPollingRule, &Active{why: map[string]probes.Text{"socketio": probes.T("none")}}, "", "skipped", ""},
		{"upgrade fine", socketioUpgradeRule, engine(engineio.Step{What: "upgrade", OK: true}), "", "ok", ""},
		{"upgrade dropped", socketioUpgradeRule, engine(engineio.Step{What: "upgrade", Kind: handshake.UpgradeLost, Failed: probes.T("400")}), cluster.Nginx, "error", "proxy_set_header Upgrade"},
		{"upgrade elsewhere", socketioUpgradeRule, engine(engineio.Step{What: "upgrade", Lost: true}), cluster.Nginx, "error", "ip_hash;"},
		{"upgrade refused", socketioUpgradeRule, engine(engineio.Step{What: "upgrade", Kind: handshake.Forbidden, Failed: probes.T("403")}), cluster.Nginx, "error", ""},
		{"event acknowledged", socketioUpgradeRule, engine(engineio.Step{What: "upgrade", OK: true}, engineio.Step{What: "event", OK: true}), "", "ok", ""},
		{"event not acknowledged", socketioUpgradeRule, engine(engineio.Step{What: "upgrade", OK: true}, engineio.Step{What: "event", Failed: probes.T("silence")}), "", "warning", "--event"},
		{"no upgrade asked", socketioUpgradeRule, engine(engineio.Step{What: "poll", Lost: true}), "", "skipped", ""},
	} {
		o := Observation{URL: "ws://lb/", Kind: tc.kind, path: "/", Active: tc.active}
		status, why := tc.rule.Applies(o)
		got, fix := status.String(), ""
		if status == probes.OK {
			for _, f := range tc.rule.Check(o) {
				got = f.Severity.String()
				for _, l := range f.Fix {
					fix += l.String() + "\n"
				}
			}
		} else if why.IsZero() {
			t.Errorf("%s: no reason", tc.name)
		}
		if status == probes.Unknown && len(tc.rule.Check(o)) > 0 {
			t.Errorf("%s: unknown, and with findings", tc.name)
		}
		if got != tc.want || !strings.Contains(fix, tc.fix) {
			t.Errorf("%s: got %s, expected %s; fix:\n%s", tc.name, got, tc.want, fix)
		}
	}
}
