package diagnosis

import (
	"testing"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/balancer"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/handshake"
)

// The path that is found has the hops of the path of the settings, and a status for each.
func TestPath(t *testing.T) {
	cfg := cluster.Default(cluster.Generic)
	cfg.Nodes = []cluster.Node{{Name: "node1", Host: "192.0.2.1"}}
	cfg.WebSocket.Ports = []int{38888}
	cfg.Balancer = cluster.Balancer{Kind: cluster.Nginx, URL: "wss://ws.example.com/"}
	plan := probes.PathOf(cfg)
	if b, n := plan.Balancer, plan.Nodes[0]; b.Edge() != "wss 443" || b.Host() != "ws.example.com" || b.Title().String() != "nginx" || n.Edge() != "ws 38888" || n.Title().String() != "node1" || n.Status != probes.Unknown || !n.Says.IsZero() {
		t.Errorf("got %+v, %+v", *b, n)
	}
	answered := func(cause handshake.Cause, code int, line string) handshake.Trace {
		return handshake.Trace{Cause: cause, Attempts: []handshake.Attempt{{Cause: cause, Ping: 1_200_000, Response: &handshake.Response{Proto: "HTTP/1.1", Code: code, StatusLine: line}}}}
	}
	none := handshake.Cause{}
	bad := handshake.Cause{Kind: handshake.BadGateway, Phase: handshake.Upgrading, Text: probes.T("answered 502")}
	refused := handshake.Cause{Kind: handshake.Refused, Phase: handshake.Connecting, Text: probes.T("refuses connections")}
	at := func(tr handshake.Trace, role handshake.Role, url string) *handshake.Trace {
		tr.Role, tr.URL = role, url
		return &tr
	}
	warned := probes.Result{ID: "nginx/stickiness", Area: "nginx", Status: probes.Warned}
	for name, c := range map[string]struct {
		balancer, node handshake.Trace
		verdict        balancer.Kind
		results        []probes.Result
		status, way    probes.Status // of the balancer
		brief          string
		node1          probes.Status
		nodeBrief      string
	}{
		"all is well":            {answered(none, 101, "HTTP/1.1 101 Switching Protocols"), answered(none, 101, ""), "", nil, probes.OK, probes.OK, "101, ping 1.2 ms", probes.OK, "101, ping 1.2 ms"},
		"a line of nginx":        {answered(none, 101, "HTTP/1.1 101 Switching Protocols"), answered(none, 101, ""), "", []probes.Result{warned}, probes.Warned, probes.OK, "101, ping 1.2 ms", probes.OK, "101, ping 1.2 ms"},
		"the balancer is broken": {answered(bad, 400, "HTTP/1.1 400 Bad Request"), answered(none, 101, ""), balancer.BalancerDropsUpgrade, nil, probes.Failed, probes.OK, "400 Bad Request", probes.OK, "101, ping 1.2 ms"},
		"the node is down":       {answered(bad, 502, "HTTP/1.1 502 Bad Gateway"), handshake.Trace{Cause: refused, Attempts: []handshake.Attempt{{Cause: refused}}}, balancer.NodesDown, nil, probes.Warned, probes.OK, "502 Bad Gateway", probes.Failed, "refused"},
		"nobody listens":         {handshake.Trace{Cause: refused, Attempts: []handshake.Attempt{{Cause: refused}}}, answered(none, 101, ""), "", nil, probes.Failed, probes.Failed, "refused", probes.OK, "101, ping 1.2 ms"},
	} {
		r := probes.Report{Results: c.results, Observed: map[string]any{
			"handshake": handshake.Observation{Nodes: []handshake.Trace{*at(c.node, handshake.Node, plan.Nodes[0].URL)}, Balancer: at(c.balancer, handshake.Balancer, plan.Balancer.URL)},
			"balancer":  balancer.Observation{Kind: cluster.Nginx, Verdict: balancer.Verdict{Kind: c.verdict}},
		}}
		Diagnose(&r)
		b, n := r.Path.Balancer, r.Path.Nodes[0]
		if b.Status != c.status || b.Way != c.way || b.Brief.String() != c.brief || n.Status != c.node1 || n.Brief.String() != c.nodeBrief || b.URL != plan.Balancer.URL || n.URL != plan.Nodes[0].URL {
			t.Errorf("%s: the balancer is %+v, the node %+v", name, *b, n)
		}
	}
}
