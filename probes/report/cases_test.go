package report

import (
	"math"
	"strings"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
)

// The reports are made up: what they hold is what a format has to cope with.
var cases = map[string]probes.Report{
	"all-ok":      report(okCheck("ports", "bindable"), okCheck("ports", "loopback-only"), okCheck("handshake", "upgrade")),
	"one-cause":   oneCause(),
	"warnings":    warnings(),
	"unknown":     report(okCheck("ports", "bindable"), unknownCheck),
	"skipped":     report(okCheck("ports", "bindable"), skippedCheck),
	"only-skips":  report(skippedCheck),
	"interrupted": interrupted(),
	"hostile":     hostile(),
	"empty":       report(),
}

func report(results ...probes.Result) probes.Report {
	r := probes.Report{
		Version: "0.1.0", Host: "node1",
		Started: time.Date(2026, 1, 2, 11, 4, 5, 600_000_000, time.FixedZone("CST", 8*3600)),
		Took:    212 * time.Millisecond,
		Results: results,
	}
	if len(results) > 0 {
		r.Observed = map[string]any{"ports": map[string]any{"time_wait": probes.Seconds(1500 * time.Millisecond), "held": []int{38889}}}
	}
	return r
}

// plots is an observation that can be drawn.
type plots []probes.Plot

func (p plots) Plots() []probes.Plot { return p }

// measured holds every kind of plot.
func measured() probes.Report {
	const s = probes.Seconds(time.Second)
	r := report(okCheck("ports", "bindable"))
	r.Observed = map[string]any{"balancer": plots{
		{Title: probes.T("which node each connection reached"), Says: probes.T("sticky by cookie"), Notes: []probes.Text{probes.T("told apart by %s", "a name")}, Grid: &probes.Grid{
			Nodes: []string{"node1", "node2"}, Rows: []probes.GridRow{{Name: probes.T("one client"), At: []int{0, 1, 0, 1}}, {Name: probes.T("with cookies"), At: []int{1, 1, 1}}}}},
		{Title: probes.T("how many clients each node has"), Bars: []probes.Bar{{Name: "node1", Value: 30, Expected: 20}, {Name: "node2", Value: 10, Expected: 20}, {Name: "none"}}},
		{Title: probes.T("how long tunnels live"), Lives: &probes.Lives{Longest: 90 * s, Tried: probes.T("woken after"),
			Rows:   []probes.Life{{Name: probes.T("both silent"), At: 60 * s, Status: probes.Failed}, {Name: probes.T("pings"), At: 68 * s, Status: probes.OK}, {Name: probes.T("direct"), Status: probes.Skipped}},
			Points: []probes.Life{{At: s, Status: probes.OK}, {At: 70 * s, Status: probes.Unknown}}}},
		{Title: probes.T("time of a handshake"), Curve: &probes.Curve{X: probes.T("tunnels held"), Y: probes.T("time"),
			Lines: []probes.Line{{Name: probes.T("median"), Points: []probes.Point{{X: 10, Y: 0.001}, {X: 20, Y: 0.004}}}, {Name: probes.T("slow"), Points: []probes.Point{{X: 10, Y: 0.002}, {X: 20, Y: 0.01}}}}}},
		{Title: probes.T("each handshake"), Falls: []probes.Fall{{Name: "balancer", Status: probes.OK, Spans: []probes.Span{{Name: probes.T("TCP"), Took: 2_000_000}, {Name: probes.T("upgrade"), Took: 3_000_000}}}, {Name: "node1", Status: probes.Failed, Spans: []probes.Span{{Name: probes.T("TCP"), Took: 1_000_000}}}}},
	}}
	return r
}

func okCheck(area, what string) probes.Result {
	titles := map[string]string{
		"bindable":      "every configured port can be bound",
		"loopback-only": "no port listens on loopback alone",
		"upgrade":       "the upgrade is answered with 101",
	}
	return probes.Result{ID: area + "/" + what, Area: area, Title: titles[what], Status: probes.OK, Took: 3 * time.Millisecond}
}

var unknownCheck = probes.Result{
	ID: "firewall/inbound", Area: "firewall", Title: "the firewall lets clients in", Status: probes.Unknown, Took: time.Millisecond,
	Reason: probes.T("nftables answers root alone: run %s", probes.Verbatim("sudo wsdoctor --check")),
}

var skippedCheck = probes.Result{
	ID: "balancer/stickiness", Area: "balancer", Title: "a client comes back to its node", Status: probes.Skipped,
	Reason: probes.T("there is %d node; with one there is nothing to stick to", 1),
}

func oneCause() probes.Report {
	fix := []probes.Text{
		probes.Verbatim("# in location /socket.io/ of /etc/nginx/nginx.conf:"),
		probes.Verbatim("proxy_set_header Upgrade $http_upgrade;"),
		probes.Verbatim("# then: nginx -t && systemctl reload nginx"),
	}
	title := probes.T("%s sends no Upgrade header to the backend, expected %q", "location /socket.io/", "$http_upgrade")
	r := report(
		okCheck("ports", "bindable"),
		probes.Result{
			ID: "ports/holder", Area: "ports", Title: "what holds a port belongs on it", Status: probes.Failed, Took: 2 * time.Millisecond,
			Reason: probes.T("the processes of other users are hidden from uid %d", 1000),
			Findings: []probes.Finding{
				{
					Severity: probes.Error, Subject: "38889",
					Title:    probes.T("held by %q (pid %d), expected the service or nobody", "java", 4242),
					Evidence: []probes.Evidence{{Where: "ss -tlnp", Saw: probes.Verbatim("LISTEN 0 50 *:38889 users:((\"java\",pid=4242,fd=7))")}},
					Fix:      []probes.Text{probes.Verbatim("kill 4242"), probes.Verbatim("# to take it back: systemctl start reports")},
				},
				{Severity: probes.Warning, Subject: "39888", Title: probes.T("port 39888 is held by an outgoing connection, expected it to be free")},
			},
		},
		probes.Result{
			ID: "nginx/upgrade-header", Area: "nginx", Title: "the Upgrade header reaches the backend", Status: probes.Failed, Took: time.Millisecond,
			Findings: []probes.Finding{{
				Severity: probes.Error, Subject: "ws://192.168.6.181:38889/", Title: title,
				Evidence: []probes.Evidence{{Where: "/etc/nginx/nginx.conf:121", Saw: probes.Verbatim("proxy_pass http://fr;")}},
				Fix:      fix,
			}},
		},
		probes.Result{
			ID: "balancer/upgrade", Area: "balancer", Title: "the upgrade passes the balancer", Status: probes.Failed, Took: 40 * time.Millisecond,
			ExplainedBy: "nginx/upgrade-header",
			Findings: []probes.Finding{{
				Severity: probes.Error, Subject: "ws://192.168.6.181:38889/", Title: probes.T("answered %q, expected %q", "400 Bad Request", "101 Switching Protocols"),
			}},
		},
		skippedCheck,
		unknownCheck,
	)
	r.Path = probes.Path{
		Balancer: &probes.Hop{Kind: "nginx", URL: "ws://192.168.6.181:38889/", Status: probes.Failed, Way: probes.OK, Says: probes.T("%s answers 400, Bad Request", "192.168.6.181:38889")},
		Nodes: []probes.Hop{
			{Name: "node1", URL: "ws://192.168.6.171:38888/", Status: probes.OK, Way: probes.OK, Says: probes.T("101 Switching Protocols, ping %s", probes.Seconds(1200*time.Microsecond))},
			{Name: "node2", URL: "ws://192.168.6.172:38888/", Status: probes.Unknown},
		},
	}
	r.Causes = []probes.Cause{{ID: "nginx/upgrade-header", Severity: probes.Error, Title: title, Explains: []string{"balancer/upgrade"}, Fix: fix}}
	return r
}

func warnings() probes.Report {
	return report(
		okCheck("ports", "bindable"),
		probes.Result{
			ID: "kernel/somaxconn", Area: "kernel", Title: "the listen queue is long enough", Status: probes.Warned, Took: time.Millisecond,
			Findings: []probes.Finding{
				{
					Severity: probes.Warning, Subject: "net.core.somaxconn",
					Title:    probes.T("net.core.somaxconn is %d, expected at least %d for %d clients", 128, 1024, 1000),
					Evidence: []probes.Evidence{{Where: "/proc/sys/net/core/somaxconn", Saw: probes.Verbatim("128")}},
					Fix:      []probes.Text{probes.Verbatim("sysctl -w net.core.somaxconn=1024"), probes.Verbatim("# to take it back: sysctl -w net.core.somaxconn=128")},
				},
				{Severity: probes.Info, Title: probes.T("100%% of the queue was in use once")},
			},
		},
		probes.Result{
			ID: "kernel/conntrack", Area: "kernel", Title: "the connection table has room", Status: probes.OK, Took: time.Millisecond,
			Findings: []probes.Finding{{Severity: probes.Info, Subject: "nf_conntrack", Title: probes.T("%d%% of the table is used", 3)}},
		},
	)
}

func interrupted() probes.Report {
	late := unknownCheck
	late.Reason = probes.T("interrupted")
	r := report(okCheck("ports", "bindable"), late)
	r.Interrupted = true
	return r
}

// nasty holds what a stranger may send to break out of a format.
const nasty = "\x1b[31mred\x07\x00 ]]> <script>alert('1')</script> | a || b ``` ` \"quoted\" 'single' \\ %s %d &amp; 中文，标题。\n" +
	"not ok 99 - forged\r\n# SKIP me\twww.example.org http://example.org/ $a$ *b* _c_ [l](http://e) ~~s~~ #1 @you \u202etxt.exe\u00a0\xff\u2028\u009b2J\U000e0041{\"a\":1}"

func hostile() probes.Report { return saying(nasty) }

// saying is a report in which everything that a stranger chooses is s.
func saying(s string) probes.Report {
	r := report(
		probes.Result{
			ID: "handshake/upgrade", Area: "handshake", Title: "the upgrade is 100% answered with 101 # always", Status: probes.Failed, Took: time.Microsecond,
			Findings: []probes.Finding{{
				Severity: probes.Error, Subject: s, Title: probes.T("the header Server is %s, expected none", s),
				Evidence: []probes.Evidence{{Where: s, Saw: probes.Verbatim(s)}, {Saw: probes.Verbatim(strings.Repeat("long", 500))}, {Where: "nowhere"}},
				Fix:      []probes.Text{probes.Verbatim(s), probes.T("# %s", s), probes.Verbatim("printf '%s\\n' 100% | tee /dev/null")},
			}},
		},
		probes.Result{ID: "handshake/ping", Area: "handshake", Title: "a ping is answered", Status: probes.Skipped, Reason: probes.Verbatim(s)},
		probes.Result{ID: "handshake/tls", Area: "handshake", Title: "TLS is agreed on", Status: probes.Unknown, Reason: probes.Verbatim(s)},
	)
	r.Host, r.Version = s, s
	r.Path = probes.Path{
		Balancer: &probes.Hop{Name: s, Kind: cluster.BalancerKind(s), URL: s, Status: probes.Failed, Says: probes.Verbatim(s)},
		Nodes:    []probes.Hop{{Name: s, URL: s, Says: probes.Verbatim(strings.Repeat("\u6d4b", 300))}},
	}
	r.Causes = []probes.Cause{{ID: "handshake/upgrade", Severity: probes.Error, Title: probes.Verbatim(s), Explains: nil, Fix: []probes.Text{probes.Verbatim(s)}}}
	r.Observed = map[string]any{"handshake": struct {
		Server string  `json:"server"`
		RTT    float64 `json:"rtt_seconds"`
	}{s, math.SmallestNonzeroFloat64}, "balancer": plots{
		{Title: probes.Verbatim(s), Says: probes.Verbatim(s), Notes: []probes.Text{probes.Verbatim(s)}, Bars: []probes.Bar{{Name: s, Value: 1e300, Expected: 1}}},
		{Title: probes.Verbatim(s), Grid: &probes.Grid{Nodes: []string{s}, Rows: []probes.GridRow{{Name: probes.Verbatim(s), At: []int{0}}}}},
		{Title: probes.Verbatim(s), Falls: []probes.Fall{{Name: s, Spans: []probes.Span{{Name: probes.Verbatim(s), Took: 1}}}}},
	}}
	return r
}
