package screens

import (
	"strings"
	"testing"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/balancer"
	"example.com/wsdoctor/probes/balancer/capacity"
	"example.com/wsdoctor/probes/balancer/distribution"
	"example.com/wsdoctor/probes/balancer/idle"
	"example.com/wsdoctor/probes/balancer/stickiness"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/probetest"
	"example.com/wsdoctor/probes/standin"
	tea "github.com/charmbracelet/bubbletea"
)

// madeUpOutcomes are what four tests came to, with fixed texts.
func madeUpOutcomes() map[string]outcome {
	const s = probes.Seconds(time.Second)
	made := func(a *balancer.Active, found ...probes.Finding) outcome {
		return outcome{seen: balancer.Observation{Active: a}, found: found, at: at, took: 3 * time.Second}
	}
	sockets := []idle.Socket{
		{Way: idle.Silent, Outcome: idle.Cut, Age: 60 * s}, {Way: idle.Silent, Outcome: idle.Cut, Age: 60 * s},
		{Way: idle.Pings, Outcome: idle.Lived, Age: 68 * s}, {Way: idle.ClientOnly, Outcome: idle.Lived, Age: 68 * s},
		{Way: idle.Direct, Outcome: idle.Refused},
	}
	for n := 1.0; n < 90; n *= 1.3 {
		o := idle.Lived
		if n > 60 {
			o = idle.Dropped
		}
		sockets = append(sockets, idle.Socket{Way: idle.Wakes, Silence: probes.Seconds(n * float64(time.Second)), Age: probes.Seconds(n * float64(time.Second)), Woke: true, Outcome: o})
	}
	var steps []capacity.Step
	for i := 1; i <= 10; i++ {
		steps = append(steps, capacity.Step{Held: 31 * i / 10, Median: probes.Seconds(i*i) * probes.Seconds(time.Millisecond)})
	}
	return map[string]outcome{
		"stickiness": made(&balancer.Active{Stickiness: &balancer.Stickiness{
			Observed: stickiness.Observation{By: probes.T("a stand-in's name"), Series: []stickiness.Series{
				{Way: stickiness.Plain, Backends: []string{"node1", "node2", "node1", "node2", "node1", "node2"}},
				{Way: stickiness.Cookie, Backends: []string{"node2", "node2", "node2", "node2", "node2", "node2"}},
			}},
			Verdict: stickiness.Verdict{Text: probes.T("sticky by cookie")},
		}}),
		"distribution": made(&balancer.Active{Distribution: &balancer.Distribution{
			Observed: distribution.Observation{Failed: 1},
			Verdict: distribution.Verdict{Text: probes.T("the clients are on 2 backends, expected 3: 1 gets nobody"), Chi2: 12.1, P: 0.002,
				Shares: []distribution.Share{{Backend: "192.168.6.171:38888", Clients: 30, Expected: 13.3}, {Backend: "192.168.6.172:38888", Clients: 10, Expected: 13.3}},
				Likely: []probes.Text{probes.T("the balancer has ejected it: one failure is enough, unless max_fails says otherwise")}},
		}}, probes.Finding{Severity: probes.Error, Title: probes.T("1 backend gets nobody"), Fix: []probes.Text{probes.Verbatim("server 192.168.6.173:38888 max_fails=0;")}}),
		"idle": made(&balancer.Active{Idle: &balancer.Idle{
			Observed: idle.Observation{Max: 90 * s, Took: 68 * s, Sockets: sockets},
			Verdict:  idle.Verdict{Text: probes.T("a tunnel on which nothing is said is ended after 60.0 s"), Who: probes.T("nginx's default proxy_read_timeout"), Heartbeat: 30 * s},
		}}, probes.Finding{Severity: probes.Warning, Title: probes.T("an idle tunnel is ended after 60.0 s, expected longer than the heartbeat")}),
		"capacity": made(&balancer.Active{Capacity: &balancer.Capacity{
			Observed: capacity.Observation{Held: 31, Refused: 8, Lost: 2, Steps: steps},
			Verdict:  capacity.Verdict{Text: probes.T("31 tunnels were held, expected 100"), Explained: []probes.Text{probes.T("worker_connections 64: two for each tunnel")}},
		}}),
		"socketio": {err: probes.T("this does not apply to ws://192.168.6.181:38889/")},
	}
}

func onBalancer(t *testing.T, url string) *screen {
	cfg := cluster.Default(cluster.FineReport)
	cfg.Balancer.URL = url
	return onScreen(t, newBalancer, State{Width: 80, Height: 20, Config: cfg})
}

func TestBalancerIsAsRecorded(t *testing.T) {
	d := onBalancer(t, "ws://192.168.6.181:38889/")
	golden(t, "balancer", d.s, d.st)
	d.press("down", "down", "down", "enter")
	golden(t, "balancer-asks", d.s, d.st)
	d.press("esc", "home")
	b := d.s.(balancerScreen)
	b.outcomes = madeUpOutcomes()
	d.s = b
	for _, test := range activeTests {
		if test.name == "stickiness" || test.name == "idle" {
			inEveryLook(t, "balancer-"+test.name, d.s, d.st)
		} else {
			golden(t, "balancer-"+test.name, d.s, d.st)
		}
		d.press("down")
	}
	b = d.s.(balancerScreen)
	b.running, b.test, b.selected = &task{}, "capacity", 3
	for i := range 40 {
		b.curve = append(b.curve, float64(min(i*2, 62)))
	}
	b.step = balancer.Step{Test: "capacity", Done: 62, Of: 100, Bad: 3}
	golden(t, "balancer-running", b, d.st)
	d.press("/")
	d.typed("failed", tea.KeyEnter)
	golden(t, "balancer-filter", d.s, d.st)
	d.press("/")
	d.typed("nowhere", tea.KeyEnter)
	d.shows("nothing matches")
	d.press("esc", "home")
	d.clicks(9, 3, "▌ ! idle limit")
	d.press("r")
	d.shows("starts it, esc leaves it")
}

// standinAt is a stand-in's address.
func standinAt(t *testing.T) string {
	t.Helper()
	node, err := standin.Listen(t.Context(), "127.0.0.1:0", standin.Options{Name: "node1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { node.Close() })
	return node.Addr().String()
}

// A test says what it will do, runs on the next enter, and its result is drawn.
func TestBalancerTestsARealNode(t *testing.T) {
	d := onBalancer(t, "ws://"+standinAt(t)+"/")
	d.press("down", "-", "-", "-", "-", "-", "-", "enter")
	d.shows("It opens 10 connections", "starts it")
	d.press("enter")
	d.shows("10 clients are on node1", "expected 10")
	if b := d.s.(balancerScreen); b.running != nil {
		t.Error("the test is still running")
	}
	d.press("down", "down", "enter")
	d.shows("This is a load test")
	d.press("esc")
	for range 30 {
		d.press("-")
	}
	d.press("enter", "enter")
	d.shows("8 tunnels were held at once, none was refused")
	if got := strings.Join(d.s.(balancerScreen).Commands(d.st), "\n"); !strings.Contains(got, "--capacity 8") {
		t.Errorf("by hand: %s", got)
	}
}

func TestBalancerWithoutAConnection(t *testing.T) {
	d := onBalancer(t, "")
	d.shows("the settings name no balancer.url")
	if k := keyNamed(d, "enter"); k.Off.IsZero() {
		t.Error("a test can be started without a URL")
	}
	d.press("u")
	d.typed("http://example.com", tea.KeyEnter)
	d.shows(`found "http://example.com", expected ws://`)
	d.press("u")
	d.typed(probetest.ClosedPort(t), tea.KeyEnter)
	d.press("enter", "enter")
	d.shows("no connection: ")
	d.press("u")
	d.typed("192.0.2.1:38889", tea.KeyEnter) // TEST-NET-1
	d.press("end", "up", "enter", "enter")
	d.shows("a ramp of connections is a load test")
}

// What a stopped test still tells, and what belongs to another one, changes nothing.
func TestAStoppedTest(t *testing.T) {
	d := onBalancer(t, "ws://127.0.0.1:1/")
	b := d.s.(balancerScreen)
	stopped := 0
	b.running, b.test = &task{stop: func() { stopped++ }, wake: make(chan struct{}, 1)}, "idle"
	d.s = b
	d.press("esc")
	if stopped != 1 {
		t.Errorf("stopped %d times", stopped)
	}
	if k := keyNamed(d, "enter"); k.Off.IsZero() {
		t.Error("a second test can be started beside the first")
	}
	d.send(told{&task{}, balancer.Step{Test: "idle", Done: 7}})
	if d.s.(balancerScreen).step.Done == 7 {
		t.Error("another task was heard")
	}
	d.send(over{b.running})
	if d.s.(balancerScreen).running != nil {
		t.Error("it still runs")
	}
}

func TestTasksKeepTheNewestProgress(t *testing.T) {
	var tk task
	tk.wake = make(chan struct{}, 1)
	for i := range 5 {
		tk.put(i, true)
	}
	tk.put("message", false)
	tk.put(7, true)
	tk.put(nil, false)
	var got []tea.Msg
	for {
		m := tk.take()
		if _, end := m.(over); end {
			break
		}
		got = append(got, m.(told).msg)
	}
	if len(got) != 3 || got[0] != 4 || got[1] != "message" || got[2] != 7 {
		t.Errorf("got %v", got)
	}
}

func TestThinned(t *testing.T) {
	var points []float64
	for i := range 10 * mostPoints {
		points = thinned(append(points, float64(i)))
	}
	if len(points) > mostPoints || points[len(points)-1] != 10*mostPoints-1 {
		t.Errorf("%d points, the last %v", len(points), points[len(points)-1])
	}
}
