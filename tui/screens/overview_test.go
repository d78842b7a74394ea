package screens

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/balancer"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/diagnosis"
	"example.com/wsdoctor/probes/handshake"
	"example.com/wsdoctor/tui/widgets"
	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"
)

// seenPath is a state after two runs: nginx answers 400, one node of three is down.
func seenPath() State {
	cfg := cluster.Default(cluster.FineReport)
	cfg.Nodes = []cluster.Node{{Name: "node1", Host: "192.168.6.171"}, {Name: "node2", Host: "192.168.6.172"}, {Name: "节点3", Host: "192.168.6.173"}}
	cfg.Balancer = cluster.Balancer{Kind: cluster.Nginx, URL: "wss://ws.example.com/"}
	up := handshake.Attempt{Ping: 1_200_000, Response: &handshake.Response{StatusLine: "HTTP/1.1 101 Switching Protocols", Proto: "HTTP/1.1", Code: 101}}
	refused := handshake.Cause{Kind: handshake.Refused, Phase: handshake.Connecting, Text: probes.T("connection refused")}
	bad := handshake.Cause{Kind: handshake.OtherStatus, Phase: handshake.Upgrading, Text: probes.T("answered 400, expected 101")}
	seen := handshake.Observation{Balancer: &handshake.Trace{URL: cfg.BalancerURL(), Role: handshake.Balancer, Cause: bad, Attempts: []handshake.Attempt{{Cause: bad, Response: &handshake.Response{StatusLine: "HTTP/1.1 400 Bad Request", Proto: "HTTP/1.1", Code: 400}}}}}
	for i, b := range cfg.Backends() {
		tr := handshake.Trace{URL: cfg.BackendURL(b.Address), Role: handshake.Node, Name: cfg.Nodes[i].Name, Attempts: []handshake.Attempt{up}}
		if i == 1 {
			tr.Cause, tr.Attempts[0] = refused, handshake.Attempt{Cause: refused}
		}
		seen.Nodes = append(seen.Nodes, tr)
	}
	result := func(id string, s probes.Status) probes.Result {
		return probes.Result{ID: id, Area: strings.Split(id, "/")[0], Status: s}
	}
	started := time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)
	held := func(id, subject string, severity probes.Severity, title probes.Text) probes.Result {
		r := result(id, probes.OK)
		r.Findings = []probes.Finding{{Severity: severity, Subject: subject, Title: title}}
		r.Settle()
		return r
	}
	before := probes.Report{Started: started, Took: 212 * time.Millisecond, Results: []probes.Result{result("handshake/connect", probes.OK), held("balancer/upgrade", cfg.BalancerURL(), probes.Error, probes.T("%s answered 400, expected 101", cfg.BalancerURL())), held("ports/holder", "39888", probes.Warning, probes.T("port 39888 is held by an outgoing connection, expected it to be free"))}}
	node2 := cfg.BackendURL(cfg.Backends()[1].Address)
	after := probes.Report{
		Started: started.Add(time.Minute), Took: 5 * time.Second,
		Results:  []probes.Result{held("handshake/connect", node2, probes.Error, probes.T("%s refuses connections: nothing listens there", node2)), before.Results[1], result("ports/holder", probes.OK)},
		Observed: map[string]any{"handshake": seen, "balancer": balancer.Observation{Kind: cluster.Nginx, Verdict: balancer.Verdict{Kind: balancer.BalancerDropsUpgrade}}},
	}
	diagnosis.Diagnose(&after)
	after.Causes = []probes.Cause{{ID: "nginx/upgrade-header", Severity: probes.Error, Title: probes.T("no Upgrade header in effect at location /, expected %q", "Upgrade: websocket"), Explains: []string{"balancer/upgrade", "handshake/upgrade"},
		Fix: []probes.Text{probes.Verbatim("# at /etc/nginx/nginx.conf:121:"), probes.Verbatim("proxy_set_header Upgrade $http_upgrade;"), probes.Verbatim("proxy_set_header Connection $connection_upgrade;")}}}
	var areas []Area
	for _, r := range after.Results {
		areas = append(areas, Area{Name: r.Area, Rules: []probes.RuleInfo{{ID: r.ID}}})
	}
	return State{Config: cfg, Areas: areas, Width: 80, Height: 20}.Finished(before).Finished(after)
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
	d.st.Globals = "--config /srv/a.yaml"
	if got := d.s.(overview).Commands(d.st)[0]; got != "wsdoctor --config /srv/a.yaml check" {
		t.Errorf("by hand: %s", got)
	}
	if got := strings.Join(d.s.(overview).Commands(d.st), "\n"); !strings.Contains(got, "wsdoctor probe 'wss://ws.example.com/") {
		t.Errorf("by hand: %s", got)
	}
}

// manyNodes is a path of n nodes, of which the third is down, as it was found.
func manyNodes(n int) State {
	st := State{Config: cluster.Default(cluster.FineReport)}
	st.Config.Balancer = cluster.Balancer{Kind: cluster.HAProxy, URL: "ws://balancer.example.com:38889/"}
	st.Config.Nodes = nil
	for i := range n {
		st.Config.Nodes = append(st.Config.Nodes, cluster.Node{Name: fmt.Sprintf("node%d", i+1), Host: fmt.Sprintf("192.168.6.%d", 171+i)})
	}
	p := probes.PathOf(st.Config)
	p.Balancer.Status, p.Balancer.Way, p.Balancer.Says, p.Balancer.Brief = probes.Warned, probes.OK, probes.T("101"), probes.T("101, ping 1.0 ms")
	for i := range p.Nodes {
		h := &p.Nodes[i]
		h.Status, h.Way, h.Says, h.Brief = probes.OK, probes.OK, probes.T("101"), probes.T("101, ping 1.2 ms")
		if i == 2 {
			h.Status, h.Way, h.Brief = probes.Failed, probes.Failed, probes.T("refused")
		}
	}
	st.Report.Path = p
	return st
}

func TestOverviewOfNodesIsAsRecorded(t *testing.T) {
	for _, n := range []int{1, 2, 12} {
		golden(t, fmt.Sprintf("overview-%d-nodes", n), newOverview((&clock{}).deps()), manyNodes(n))
	}
}

// A path with more nodes than fit is folded: those that do not answer are shown, the others are counted.
func TestOverviewFoldsNodes(t *testing.T) {
	st := manyNodes(40)
	for _, size := range sizes {
		st.Width, st.Height = size.w, size.h
		got := view(newOverview((&clock{}).deps()), st)
		if n := strings.Count(got, "\n") + 1; n > size.h {
			t.Errorf("%d lines in %d", n, size.h)
		}
		for _, want := range []string{"node3 ", "refused", " more ", "all answer"} {
			if !strings.Contains(got, want) {
				t.Errorf("%dx%d: no %q in\n%s", size.w, size.h, want, got)
			}
		}
	}
	for i := range st.Report.Path.Nodes {
		st.Report.Path.Nodes[i].Status = probes.Failed
	}
	if got := view(newOverview((&clock{}).deps()), st); !strings.Contains(got, "of them do not answer as they should") {
		t.Errorf("nodes that do not answer are hidden:\n%s", got)
	}
}

// Whatever the names, the picture keeps to its width.
func TestOverviewKeepsToItsWidth(t *testing.T) {
	for _, long := range []string{strings.Repeat("a-long-name-", 20), strings.Repeat("节点", 40), "\x1b[31m\u202e"} {
		for nodes := range 4 {
			st := manyNodes(nodes)
			for i := range st.Report.Path.Nodes {
				st.Report.Path.Nodes[i].Name, st.Report.Path.Nodes[i].URL, st.Report.Path.Nodes[i].Brief = long, "ws://"+long+":1/", probes.Verbatim(long)
			}
			st.Report.Path.Balancer.Brief, st.Report.Path.Balancer.URL = probes.Verbatim(long), "wss://"+long+"/"
			for _, st.Width = range []int{60, 76, 80, 100, 120, 200} {
				for _, st.Height = range []int{16, 20, 36} {
					for _, line := range newOverview((&clock{}).deps()).(overview).picture(st) {
						if widgets.Width(line) > st.Width {
							t.Fatalf("%d nodes, %dx%d: %d cells: %q", nodes, st.Width, st.Height, widgets.Width(line), ansi.Strip(line))
						}
					}
				}
			}
		}
	}
}
