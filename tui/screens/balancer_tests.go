package screens

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/balancer"
	"example.com/wsdoctor/probes/balancer/capacity"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/handshake"
)

// activeTest is one test that the balancer screen can start.
type activeTest struct {
	name  string // as balancer.Step calls it
	title probes.Text
	least int // of what it is asked for: connections, or seconds; 0: it takes no number
	most  int
	usual func(cluster.Config) int
	says  func(n int) probes.Text              // what it will do, before it does
	size  func(n int) probes.Text              // how much of it
	set   func(t *balancer.Tests, n int)       // asks for it
	flag  func(n int) string                   // of `wsdoctor balancer`
	made  func(a *balancer.Active) (done bool) // it is in a
	means func(a *balancer.Active) probes.Text // its verdict
}

// activeTests lists them in the order of the screen.
var activeTests = []activeTest{
	{
		name: "stickiness", title: probes.T("stickiness"), least: 6, most: balancer.MostStickiness,
		usual: func(cluster.Config) int { return balancer.UsualStickiness },
		says: func(n int) probes.Text {
			return probes.T("It connects at most %d times, one after the other: %d times each as one client, with the cookies it is given, from several addresses of this host, with several X-Forwarded-For, and beside a tunnel that it holds.", 5*n, n)
		},
		size:  func(n int) probes.Text { return probes.T("%d times each", n) },
		set:   func(t *balancer.Tests, n int) { t.Stickiness = n },
		flag:  func(n int) string { return fmt.Sprintf("--stickiness %d", n) },
		made:  func(a *balancer.Active) bool { return a.Stickiness != nil },
		means: func(a *balancer.Active) probes.Text { return a.Stickiness.Verdict.Text },
	},
	{
		name: "distribution", title: probes.T("distribution"), least: 10, most: balancer.MostDistribution,
		usual: func(cluster.Config) int { return balancer.UsualDistribution },
		says: func(n int) probes.Text {
			return probes.T("It opens %d connections, 50 in a second at most and from several addresses of this host where it has them, holds them until all are there, and lets them go.", n)
		},
		size:  func(n int) probes.Text { return probes.T("%d clients", n) },
		set:   func(t *balancer.Tests, n int) { t.Distribution = n },
		flag:  func(n int) string { return fmt.Sprintf("--distribution %d", n) },
		made:  func(a *balancer.Active) bool { return a.Distribution != nil },
		means: func(a *balancer.Active) probes.Text { return a.Distribution.Verdict.Text },
	},
	{
		name: "idle", title: probes.T("idle limit"), least: 2, most: 3600,
		usual: func(cluster.Config) int { return int(balancer.UsualIdle / time.Second) },
		says: func(n int) probes.Text {
			return probes.T("It opens about %d connections and leaves them silent, each for its own time, for %s at most; it ends sooner when one is cut. No message is sent, pings only.", 6+int(math.Log(float64(n))/math.Log(1.1)), asTime(n))
		},
		size:  func(n int) probes.Text { return probes.T("up to %s", asTime(n)) },
		set:   func(t *balancer.Tests, n int) { t.Idle = time.Duration(n) * time.Second },
		flag:  func(n int) string { return "--idle " + asTime(n) },
		made:  func(a *balancer.Active) bool { return a.Idle != nil },
		means: func(a *balancer.Active) probes.Text { return a.Idle.Verdict.Text },
	},
	{
		name: "capacity", title: probes.T("capacity"), least: 8, most: balancer.MostCapacity,
		usual: func(c cluster.Config) int { return min(max(c.Clients, 8), balancer.MostCapacity) },
		says: func(n int) probes.Text {
			return probes.T("It opens up to %d connections and holds them, until refusals last, and lets them go, 500 in a second. This is a load test: clients may be refused while it lasts.", n)
		},
		size:  func(n int) probes.Text { return probes.T("up to %d tunnels", n) },
		set:   func(t *balancer.Tests, n int) { t.Capacity = n },
		flag:  func(n int) string { return fmt.Sprintf("--capacity %d", n) },
		made:  func(a *balancer.Active) bool { return a.Capacity != nil },
		means: func(a *balancer.Active) probes.Text { return a.Capacity.Verdict.Text },
	},
	{
		name: "socketio", title: probes.T("Socket.IO"),
		usual: func(cluster.Config) int { return 0 },
		says: func(int) probes.Text {
			return probes.T("It comes as a Socket.IO client does: polling, a second request with the same sid, the upgrade, one event; a few sessions, one after the other.")
		},
		size: func(int) probes.Text { return probes.T("") },
		set:  func(t *balancer.Tests, _ int) { t.SocketIO = true },
		flag: func(int) string { return "--all" },
		made: func(a *balancer.Active) bool { return a.SocketIO != nil },
		means: func(a *balancer.Active) probes.Text {
			return probes.T("EIO %d, sessions tried: %d", a.SocketIO.Observed.EIO, len(a.SocketIO.Observed.Sessions))
		},
	},
}

// asTime writes seconds as a flag takes them.
func asTime(n int) string {
	d := time.Duration(n) * time.Second
	if n%60 == 0 && n > 0 {
		return fmt.Sprintf("%dm", n/60)
	}
	return d.String()
}

// outcome is what a test came to.
type outcome struct {
	seen  balancer.Observation
	found []probes.Finding
	err   probes.Text // why there is no result
	at    time.Time
	took  time.Duration
}

// makeTest makes one active test; it is the work of a task.
func makeTest(ctx context.Context, st State, url string, test activeTest, n int, tell func(balancer.Step)) outcome {
	start := time.Now()
	target := probes.Target{Config: st.Config}
	out := outcome{}
	if test.name == "capacity" && !capacity.Own(url, st.Config, target.Place(ctx)) {
		out.err = probes.T("%s is neither this host nor balancer.url of the settings; a ramp of connections is a load test, so it is made there only by hand: wsdoctor balancer --yes-this-is-mine", capacity.Authority(url))
		return out
	}
	if url != st.Config.BalancerURL() {
		// What the settings say of nodes and heartbeats is not about this URL.
		target.Config = cluster.Default(cluster.Generic)
		target.Config.Nodes, target.Config.Balancer.Kind = nil, cluster.Other
	}
	tests := balancer.Tests{Step: tell}
	tests.Request = handshake.Request{URL: url}
	test.set(&tests, n)
	seen, err := balancer.Test(ctx, target, url, tests)
	out.seen, out.at, out.took = seen, time.Now(), time.Since(start)
	var no balancer.ErrNoUpgrade
	switch {
	case errors.As(err, &no):
		out.err = probes.T("no connection: %s", no.Trace.Cause.Text)
	case ctx.Err() != nil:
		out.err = probes.T("stopped; every connection was let go")
	case err != nil:
		out.err = probes.Verbatim(err.Error())
	case seen.Active == nil || !test.made(seen.Active):
		out.err = probes.T("this does not apply to %s", url)
	default:
		out.found = balancer.Explain(seen)
	}
	return out
}
