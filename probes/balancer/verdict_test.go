package balancer

import (
	"strings"
	"testing"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/handshake"
)

// trace makes the trace of a URL that ended so; a code of 0 means that no answer came.
func trace(name string, k handshake.Kind, p handshake.Phase, code int, body string, headers ...handshake.Header) handshake.Trace {
	tr := handshake.Trace{URL: "ws://" + name + ".test:80/ws", Role: handshake.Node, Name: name}
	c := handshake.Cause{}
	if k != handshake.None {
		c = handshake.Cause{Kind: k, Phase: p, Text: probes.T("words of %s", string(k))}
	}
	a := handshake.Attempt{Address: "10.0.0.1:80", Reached: p, Cause: c}
	if code != 0 {
		a.Response = &handshake.Response{Code: code, RawBody: []byte(body), Header: headers}
	}
	tr.Attempts, tr.Cause = []handshake.Attempt{a}, c
	return tr
}

func works(name string) handshake.Trace {
	return trace(name, handshake.None, handshake.Pinging, 101, "")
}

func status(name string, k handshake.Kind, code int, body string, headers ...handshake.Header) handshake.Trace {
	return trace(name, k, handshake.Upgrading, code, body, headers...)
}

func TestVerdict(t *testing.T) {
	up := works("node1")
	down := trace("node1", handshake.Refused, handshake.Connecting, 0, "")
	elsewhere := down
	elsewhere.AnswersOn = 38889
	silent := trace("node1", handshake.ConnectTimeout, handshake.Connecting, 0, "")
	node404 := status("node1", handshake.NotFound, 404, "")
	bal := func(k handshake.Kind, code int, body string) handshake.Trace {
		return status("balancer", k, code, body)
	}
	before := func(k handshake.Kind, p handshake.Phase) handshake.Trace { return trace("balancer", k, p, 0, "") }
	for _, tc := range []struct {
		name     string
		node     handshake.Trace
		balancer handshake.Trace
		want     Kind
	}{
		{"both fine", up, works("balancer"), BothFine},
		{"only through the balancer", silent, works("balancer"), BalancerOnly},
		{"nodes down", down, bal(handshake.BadGateway, 502, ""), NodesDown},
		{"nodes down, balancer waits", silent, bal(handshake.GatewayTimeout, 504, ""), NodesDown},
		{"nodes down, balancer silent", down, before(handshake.UpgradeTimeout, handshake.Upgrading), NodesDown},
		{"nothing up", down, before(handshake.Refused, handshake.Connecting), NothingUp},
		{"node on another port", elsewhere, bal(handshake.BadGateway, 502, ""), NodesElsewhere},
		{"node on another port, and upgrade lost", elsewhere, bal(handshake.UpgradeLost, 426, ""), BalancerDropsUpgrade},
		{"nodes refuse alike", node404, bal(handshake.NotFound, 404, ""), NodesRefuse},
		{"nodes refuse", node404, bal(handshake.BadGateway, 502, ""), NodesRefuse},
		{"nodes down, and the balancer redirects", down, bal(handshake.Redirect, 301, ""), BalancerRedirects},
		{"nodes out of sight, upgrade lost", silent, bal(handshake.UpgradeLost, 426, ""), BalancerDropsUpgrade},
		{"426", up, bal(handshake.UpgradeLost, 426, ""), BalancerDropsUpgrade},
		{"400 of the backend", up, bal(handshake.BadRequest400, 400, "Bad Request"), BalancerDropsUpgrade},
		{"400 of nginx itself", up, bal(handshake.BadRequest400, 400, "<hr><center>nginx/1.22.1</center>"), BalancerOther},
		{"404 of Express", up, bal(handshake.NotFound, 404, "<pre>Cannot GET /ws</pre>"), BalancerDropsUpgrade},
		{"404", up, bal(handshake.NotFound, 404, "<center>nginx</center>"), BalancerNoPath},
		{"200", up, bal(handshake.Page, 200, "<html>"), BalancerServesPage},
		{"301", up, bal(handshake.Redirect, 301, ""), BalancerRedirects},
		{"401", up, bal(handshake.Unauthorized, 401, ""), BalancerDenies},
		{"403", up, bal(handshake.Forbidden, 403, ""), BalancerDenies},
		{"502", up, bal(handshake.BadGateway, 502, ""), BalancerNoUpstream},
		{"503", up, bal(handshake.Unavailable, 503, ""), BalancerNoUpstream},
		{"504", up, bal(handshake.GatewayTimeout, 504, ""), BalancerTimesOut},
		{"418", up, bal(handshake.OtherStatus, 418, ""), BalancerOther},
		{"refused", up, before(handshake.Refused, handshake.Connecting), BalancerRefused},
		{"dropped", up, before(handshake.ConnectTimeout, handshake.Connecting), BalancerUnreachable},
		{"reset in connect", up, before(handshake.Reset, handshake.Connecting), BalancerUnreachable},
		{"no name", up, before(handshake.NameNotFound, handshake.Resolving), BalancerName},
		{"TLS alert", up, before(handshake.TLSAlert, handshake.Securing), BalancerTLS},
		{"TLS end", up, before(handshake.Closed, handshake.Securing), BalancerTLS},
		{"plain to TLS", up, bal(handshake.TLSOnPlain, 400, ""), BalancerTLS},
		{"silence", up, before(handshake.UpgradeTimeout, handshake.Upgrading), BalancerSilent},
		{"early end", up, before(handshake.Closed, handshake.Upgrading), BalancerSilent},
		{"SSH", up, before(handshake.NotHTTP, handshake.Upgrading), BalancerNotHTTP},
		{"101 without Upgrade", up, bal(handshake.NoUpgradeHeader, 101, ""), BalancerBreaksAnswer},
		{"wrong accept", up, trace("balancer", handshake.AcceptWrong, handshake.Accepting, 101, ""), BalancerBreaksAnswer},
		{"no pong through the balancer", up, trace("balancer", handshake.NoPong, handshake.Pinging, 101, ""), BalancerCutsTunnel},
		{"no pong anywhere", trace("node1", handshake.NoPong, handshake.Pinging, 101, ""), trace("balancer", handshake.NoPong, handshake.Pinging, 101, ""), BothFine},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, kind := range []cluster.BalancerKind{cluster.Nginx, cluster.HAProxy, cluster.Caddy, cluster.Embedded, cluster.Other} {
				cfg := cluster.Default(cluster.Generic)
				cfg.Balancer = cluster.Balancer{Kind: kind, URL: tc.balancer.URL}
				o := compare(cfg, handshake.Observation{Nodes: []handshake.Trace{tc.node}, Balancer: &tc.balancer})
				if o.Verdict.Kind != tc.want {
					t.Fatalf("got %s: %s, expected %s", o.Verdict.Kind, o.Verdict.Text, tc.want)
				}
				fs := upgradeRule.Check(o)
				st, why := upgradeRule.Applies(o)
				if o.Verdict.Balancers() != (len(fs) == 1) || len(fs) == 1 && (len(fs[0].Fix) == 0 || fs[0].Subject != tc.balancer.URL) {
					t.Errorf("findings %+v", fs)
				}
				if skipped := strings.HasPrefix(string(tc.want), "nodes_") || tc.want == NothingUp; (st == probes.Skipped) != skipped || skipped && why.IsZero() {
					t.Errorf("applies %s: %s", st, why)
				}
				all := o.Verdict.Text.String()
				for _, f := range fs {
					for _, l := range f.Fix {
						all += "\n" + l.String()
					}
				}
				if strings.Contains(all, "%!") {
					t.Error(all)
				}
			}
		})
	}
}

func TestFixSpeaksTheBalancersLanguage(t *testing.T) {
	up := works("node1")
	server := handshake.Header{Name: "Server", Value: "nginx/1.22.1"}
	for _, tc := range []struct {
		kind     cluster.BalancerKind
		balancer handshake.Trace
		line     string
	}{
		{cluster.Nginx, status("balancer", handshake.UpgradeLost, 400, ""), "proxy_set_header Upgrade $http_upgrade;"},
		{cluster.Nginx, status("balancer", handshake.UpgradeLost, 400, ""), "map $http_upgrade $connection_upgrade { default upgrade; '' close; }"},
		{cluster.Other, status("balancer", handshake.UpgradeLost, 400, "", server), "proxy_http_version 1.1;"},
		{cluster.Nginx, status("balancer", handshake.BadGateway, 502, ""), "server 10.0.0.1:8080;"},
		{cluster.HAProxy, status("balancer", handshake.Unavailable, 503, ""), "server 10.0.0.1_8080 10.0.0.1:8080 check"},
		{cluster.Caddy, status("balancer", handshake.BadGateway, 502, ""), "reverse_proxy 10.0.0.1:8080"},
		{cluster.Embedded, status("balancer", handshake.BadGateway, 502, ""), `  - {address: "10.0.0.1:8080"}`},
	} {
		cfg := cluster.Default(cluster.Generic)
		cfg.Nodes = []cluster.Node{{Name: "node1", Host: "10.0.0.1"}}
		cfg.Balancer = cluster.Balancer{Kind: tc.kind, URL: tc.balancer.URL}
		o := compare(cfg, handshake.Observation{Nodes: []handshake.Trace{up}, Balancer: &tc.balancer})
		found := false
		for _, l := range fix(o) {
			found = found || l.String() == tc.line
		}
		if !found {
			t.Errorf("%s, %s: no line %q in %v", tc.kind, o.Verdict.Kind, tc.line, fix(o))
		}
	}
}

func TestForwardedHeaders(t *testing.T) {
	full := func() *Arrived {
		return &Arrived{Host: "ws.test:80", HTTPVersion: "HTTP/1.1", Headers: []handshake.Header{
			{Name: "Upgrade", Value: "websocket"}, {Name: "Connection", Value: "upgrade"}, {Name: "X-Forwarded-For", Value: "10.0.0.9"}, {Name: "X-Forwarded-Proto", Value: "https"}}}
	}
	for _, tc := range []struct {
		name string
		edit func(*Observation)
		want string
	}{
		{"all there", func(*Observation) {}, ""},
		{"the upstream's name", func(o *Observation) { o.Arrived.Host = "backend" }, "warning"},
		{"the port is lost", func(o *Observation) { o.Arrived.Host = "ws.test" }, "info"},
		{"nothing about the client", func(o *Observation) { o.Arrived.Headers = nil }, "warning"},
		{"no scheme, plain", func(o *Observation) { o.Arrived.Headers = o.Arrived.Headers[:3] }, ""},
		{"no scheme, TLS", func(o *Observation) { o.secure = true; o.Arrived.Headers = o.Arrived.Headers[:3] }, "warning"},
		{"Forwarded instead", func(o *Observation) {
			o.secure = true
			o.Arrived.Headers = []handshake.Header{{Name: "Forwarded", Value: "for=10.0.0.9;proto=https"}}
		}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			o := Observation{Kind: cluster.Nginx, authority: "ws.test:80", host: "ws.test", Arrived: full()}
			tc.edit(&o)
			var got []string
			for _, f := range forwardedHeadersRule.Check(o) {
				got = append(got, f.Severity.String())
				if len(f.Fix) == 0 {
					t.Error("no fix")
				}
			}
			if strings.Join(got, " ") != tc.want {
				t.Errorf("got %q, expected %q", got, tc.want)
			}
		})
	}
	if st, why := forwardedHeadersRule.Applies(Observation{}); st != probes.Skipped || !strings.Contains(why.String(), "wsdoctor standin") {
		t.Errorf("without a stand-in: %s, %s", st, why)
	}
}

func TestRuleTexts(t *testing.T) {
	for _, r := range rules {
		if !strings.HasPrefix(r.ID, "balancer/") || r.Title == "" || r.Why == "" || strings.HasSuffix(r.Title, ".") {
			t.Errorf("%+v", r)
		}
	}
}
