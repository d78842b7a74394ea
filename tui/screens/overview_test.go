package screens

import (
	"strings"
	"testing"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/balancer"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/handshake"
	tea "github.com/charmbracelet/bubbletea"
)

// seenPath is a state after two runs: nginx answers 400, one node of three is down.
func seenPath() State {
	cfg := cluster.Default(cluster.FineReport)
	cfg.Nodes = []cluster.Node{{Name: "node1", Host: "192.168.6.171"}, {Name: "node2", Host: "192.168.6.172"}, {Name: "节点3", Host: "192.168.6.173"}}
	cfg.Balancer = cluster.Balancer{Kind: cluster.Nginx, URL: "wss://ws.example.com/"}
	up := handshake.Attempt{Ping: 1_200_000, Response: &handshake.Response{StatusLine: "HTTP/1.1 101 Switching Protocols", Proto: "HTTP/1.1", Code: 101}}
	refused := handshake.Cause{Kind: handshake.Refused, Phase: handshake.Connecting, Text: probes.T("connection refused")}
	bad := handshake.Cause{Kind: handshake.OtherStatus, Phase: handshake.Upgrading, Text: probes.T("answered 400, expected 101")}
	seen := handshake.Observation{Balancer: &handshake.Trace{URL: cfg.BalancerURL(), Cause: bad, Attempts: []handshake.Attempt{{Cause: bad, Response: &handshake.Response{StatusLine: "HTTP/1.1 400 Bad Request", Proto: "HTTP/1.1", Code: 400}}}}}
	for i, b := range cfg.Backends() {
		tr := handshake.Trace{URL: cfg.BackendURL(b.Address), Attempts: []handshake.Attempt{up}}
		if i == 1 {
			tr.Cause, tr.Attempts[0] = refused, handshake.Attempt{Cause: refused}
		}
		seen.Nodes = append(seen.Nodes, tr)
	}
	result := func(id string, s probes.Status) probes.Result {
		return probes.Result{ID: id, Area: strings.Split(id, "/")[0], Status: s}
	}
	before := probes.Report{Results: []probes.Result{result("handshake/connect", probes.OK), result("balancer/upgrade", probes.Failed), result("ports/holder", probes.Warned)}}
	after := probes.Report{
		Results: []probes.Result{result("handshake/connect", probes.Failed), result("balancer/upgrade", probes.Failed), result("ports/holder", probes.OK)},
		Causes: []probes.Cause{{ID: "nginx/upgrade-header", Severity: probes.Error, Title: probes.T("no Upgrade header in effect at location /, expected %q", "Upgrade: websocket"), Explains: []string{"balancer/upgrade", "handshake/upgrade"},
			Fix: []probes.Text{probes.Verbatim("# at /etc/nginx/nginx.conf:121:"), probes.Verbatim("proxy_set_header Upgrade $http_upgrade;"), probes.Verbatim("proxy_set_header Connection $connection_upgrade;")}}},
		Observed: map[string]any{"handshake": seen, "balancer": balancer.Observation{Verdict: balancer.Verdict{Kind: balancer.BalancerDropsUpgrade}}},
	}
	return State{Config: cfg, Width: 80, Height: 20}.Finished(before).Finished(after)
}

func TestOverviewIsAsRecorded(t *testing.T) {
	st := seenPath()
	d := onScreen(t, newOverview, st)
	inEveryLook(t, "overview", d.s, st)
	d.press("/")
	d.typed("节点", tea.KeyEnter)
	golden(t, "overview-filter", d.s, st)
	d.press("esc")
	early := State{Config: st.Config, Width: 80, Height: 20, Areas: []Area{{Name: "handshake"}}}.Started([]string{"handshake"})
	golden(t, "overview-early", d.s, early)
	single := State{Config: cluster.Default(cluster.FineReport), Width: 80, Height: 20}
	single.Config.Nodes = []cluster.Node{{Name: "node1", Host: "127.0.0.1"}}
	golden(t, "overview-single", d.s, single)
	golden(t, "overview-none", d.s, State{Width: 80, Height: 20})
}

func TestOverviewLeadsToTheCause(t *testing.T) {
	d := onScreen(t, newOverview, seenPath())
	d.press("enter", "y")
	if show, ok := d.asked[0].(Show); !ok || show.Screen != ChecksScreen || show.Msg != Check("nginx/upgrade-header") {
		t.Errorf("enter asked for %v", d.asked[0])
	}
	if c, ok := d.asked[1].(Copy); !ok || len(c.Lines) != 3 {
		t.Errorf("y asked for %v", d.asked[1])
	}
	d.st.Height = 10
	d.press("end")
	d.shows("ports/holder")
	if got := strings.Join(d.s.(overview).Commands(d.st), "\n"); !strings.Contains(got, "wsdoctor probe 'wss://ws.example.com/") {
		t.Errorf("by hand: %s", got)
	}
}

// A path with more nodes than fit is cut, and stands.
func TestOverviewOfManyNodes(t *testing.T) {
	st := State{Config: cluster.Default(cluster.FineReport)}
	st.Config.Balancer.URL = "ws://balancer.example.com:38889/"
	for range 40 {
		st.Config.Nodes = append(st.Config.Nodes, cluster.Node{Name: "a-node-with-quite-a-long-name-indeed", Host: "a-host-with-quite-a-long-name-indeed.example.com"})
	}
	for _, size := range sizes {
		st.Width, st.Height = size.w, size.h
		if got := strings.Count(view(newOverview((&clock{}).deps()), st), "\n") + 1; got > size.h {
			t.Errorf("%d lines in %d", got, size.h)
		}
	}
}
