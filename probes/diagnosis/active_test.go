package diagnosis

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/balancer"
	"example.com/wsdoctor/probes/balancer/capacity"
	"example.com/wsdoctor/probes/balancer/distribution"
	"example.com/wsdoctor/probes/balancer/engineio"
	"example.com/wsdoctor/probes/balancer/idle"
	"example.com/wsdoctor/probes/handshake"
	"example.com/wsdoctor/probes/nginx"
	"example.com/wsdoctor/probes/nginx/conf"
)

// found is a check with one finding of a severity.
func found(id string, sev probes.Severity, subject string) probes.Result {
	r := failed(id, subject)
	r.Findings[0].Severity = sev
	r.Status = map[probes.Severity]probes.Status{probes.Info: probes.OK, probes.Warning: probes.Warned, probes.Error: probes.Failed}[sev]
	return r
}

// nginxSeen is what the area nginx observes of a configuration with these lines in its location and its upstream.
func nginxSeen(t *testing.T, location, upstream string) nginx.Seen {
	t.Helper()
	file := filepath.Join(t.TempDir(), "nginx.conf")
	text := `worker_processes 2; events { worker_connections 64; } http {
upstream nodes { ` + upstream + ` }
server { listen 38889; location / { proxy_pass http://nodes; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; ` + location + ` } } }`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := conf.Load(file, conf.Options{ReadFile: os.ReadFile, Glob: filepath.Glob})
	if err != nil {
		t.Fatal(err)
	}
	return nginx.Seen{Source: nginx.NewInput(c, nginx.Input{Paths: []string{"/"}})}
}

func idleAt(limit time.Duration) *balancer.Active {
	return &balancer.Active{Idle: &balancer.Idle{Verdict: idle.Verdict{Kind: idle.Limit, Limit: probes.Seconds(limit), Plus: probes.Seconds(200 * time.Millisecond)}}}
}

func ceilingAt(held int, kind handshake.Kind) *balancer.Active {
	return &balancer.Active{Capacity: &balancer.Capacity{
		Observed: capacity.Observation{Cause: handshake.Cause{Kind: kind}}, Verdict: capacity.Verdict{Kind: capacity.Ceiling, Ceiling: held},
	}}
}

func spreadAs(kind distribution.Kind) *balancer.Active {
	return &balancer.Active{Distribution: &balancer.Distribution{Verdict: distribution.Verdict{Kind: kind}}}
}

func sessions(lost bool) *balancer.Active {
	return &balancer.Active{SocketIO: &balancer.SocketIO{Observed: engineio.Observation{Sessions: []engineio.Session{{Steps: []engineio.Step{
		{What: "open", OK: true}, {What: "poll", Status: 400, Lost: lost}, {What: "upgrade", Lost: lost},
	}}}}}}
}

func TestActiveTests(t *testing.T) {
	const two = "server 10.0.0.1:1; server 10.0.0.2:1;"
	for _, c := range []struct {
		name               string
		results            []probes.Result
		active             *balancer.Active
		location, upstream string
		want               []string // "severity cause > symptom symptom"
		errors             []string // checks that fail afterwards
	}{
		{
			"the timeout of that length cuts", []probes.Result{found("nginx/read-timeout", probes.Error, "n:1"), found("balancer/idle-timeout", probes.Error, balancerURL)},
			idleAt(2900 * time.Millisecond), "proxy_read_timeout 3s;", two, []string{"error nginx/read-timeout > balancer/idle-timeout"}, []string{"nginx/read-timeout"},
		},
		{
			"another hop cuts sooner", []probes.Result{found("nginx/read-timeout", probes.Error, "n:1"), found("balancer/idle-timeout", probes.Error, balancerURL)},
			idleAt(3 * time.Second), "proxy_read_timeout 20s;", two, []string{"error nginx/read-timeout >", "error balancer/idle-timeout >"}, []string{"nginx/read-timeout", "balancer/idle-timeout"},
		},
		{
			"a timeout that was advice is shown to cut", []probes.Result{found("nginx/read-timeout", probes.Info, "n:1"), found("balancer/idle-timeout", probes.Error, balancerURL)},
			idleAt(60 * time.Second), "", two, []string{"error nginx/read-timeout > balancer/idle-timeout"}, []string{"nginx/read-timeout"},
		},
		{
			"lost sessions", []probes.Result{found("nginx/stickiness", probes.Warning, "n:1"), found("balancer/stickiness", probes.Warning, balancerURL), found("balancer/socketio-polling", probes.Error, balancerURL), found("balancer/socketio-upgrade", probes.Error, balancerURL)},
			sessions(true), "", two, []string{"error nginx/stickiness > balancer/stickiness balancer/socketio-polling balancer/socketio-upgrade"}, []string{"nginx/stickiness"},
		},
		{
			"polling that fails for another reason", []probes.Result{found("nginx/stickiness", probes.Warning, "n:1"), found("balancer/socketio-polling", probes.Error, balancerURL)},
			sessions(false), "", two, []string{"error balancer/socketio-polling >"}, []string{"balancer/socketio-polling"},
		},
		{
			"lost sessions, and no file", []probes.Result{found("balancer/stickiness", probes.Warning, balancerURL), found("balancer/socketio-polling", probes.Error, balancerURL), found("balancer/socketio-upgrade", probes.Error, balancerURL)},
			sessions(true), "", two, []string{"error balancer/socketio-polling > balancer/stickiness balancer/socketio-upgrade"}, []string{"balancer/socketio-polling"},
		},
		{
			"lost to the upgrade alone, and no file", []probes.Result{found("balancer/stickiness", probes.Warning, balancerURL), found("balancer/socketio-upgrade", probes.Error, balancerURL)},
			sessions(true), "", two, []string{"error balancer/socketio-upgrade > balancer/stickiness"}, []string{"balancer/socketio-upgrade"},
		},
		{
			"not sticky, and nothing lost", []probes.Result{found("nginx/stickiness", probes.Warning, "n:1"), found("balancer/stickiness", probes.Warning, balancerURL)},
			nil, "", two, []string{"warning nginx/stickiness > balancer/stickiness"}, nil,
		},
		{"a warning alone is no cause", []probes.Result{found("nginx/stickiness", probes.Warning, "n:1")}, nil, "", two, nil, nil},
		{
			"nobody on a node that is down", []probes.Result{found("handshake/connect", probes.Error, nodeURL), found("balancer/distribution", probes.Warning, balancerURL)},
			spreadAs(distribution.Missing), "", two, []string{"error handshake/connect > balancer/distribution"}, []string{"handshake/connect"},
		},
		{
			"nobody on nodes that answer", []probes.Result{found("nginx/upstream-ejection", probes.Info, "n:1"), found("balancer/distribution", probes.Warning, balancerURL)},
			spreadAs(distribution.Missing), "", two, []string{"warning nginx/upstream-ejection > balancer/distribution"}, nil,
		},
		{
			"nobody on nodes that answer, and no hashing", []probes.Result{found("balancer/distribution", probes.Warning, balancerURL)},
			spreadAs(distribution.Missing), "", two, []string{"warning balancer/distribution >"}, nil,
		},
		{
			"max_fails is not to blame", []probes.Result{found("balancer/distribution", probes.Warning, balancerURL)},
			spreadAs(distribution.Missing), "", "server 10.0.0.1:1 max_fails=3; server 10.0.0.2:1 max_fails=0;", nil, nil,
		},
		{
			"the workers are full", []probes.Result{found("nginx/worker-connections", probes.Error, "n:1"), found("nginx/limit-conn", probes.Warning, "n:2"), found("balancer/capacity", probes.Error, balancerURL)},
			ceilingAt(62, handshake.Reset), "", two, []string{"error nginx/worker-connections > balancer/capacity"}, []string{"nginx/worker-connections"},
		},
		{
			"a limit that answers", []probes.Result{found("nginx/worker-connections", probes.Info, "n:1"), found("nginx/limit-conn", probes.Warning, "n:2"), found("balancer/capacity", probes.Error, balancerURL)},
			ceilingAt(20, handshake.Unavailable), "", two, []string{"error nginx/limit-conn > balancer/capacity"}, []string{"nginx/limit-conn"},
		},
		{
			"more than the workers carry is another's ceiling", []probes.Result{found("nginx/worker-connections", probes.Info, "n:1"), found("balancer/capacity", probes.Error, balancerURL)},
			ceilingAt(500, handshake.Reset), "", two, []string{"error balancer/capacity >"}, []string{"balancer/capacity"},
		},
		{
			"open files", []probes.Result{found("kernel/open-files", probes.Warning, "nginx"), found("balancer/capacity", probes.Error, balancerURL)},
			ceilingAt(500, handshake.Closed), "", two, []string{"error kernel/open-files > balancer/capacity"}, []string{"kernel/open-files"},
		},
		{
			"a full table", []probes.Result{found("kernel/conntrack", probes.Warning, "nf_conntrack"), found("balancer/capacity", probes.Error, balancerURL)},
			ceilingAt(500, handshake.ConnectTimeout), "", two, []string{"error kernel/conntrack > balancer/capacity"}, []string{"kernel/conntrack"},
		},
		{
			"a full table refuses nobody", []probes.Result{found("kernel/conntrack", probes.Warning, "nf_conntrack"), found("balancer/capacity", probes.Error, balancerURL)},
			ceilingAt(500, handshake.Reset), "", two, []string{"error balancer/capacity >"}, []string{"balancer/capacity"},
		},
		{
			"what ends tunnels later breaks no handshake", []probes.Result{found("nginx/read-timeout", probes.Error, "n:1"), found("handshake/upgrade", probes.Error, balancerURL)},
			nil, "", two, []string{"error nginx/read-timeout >", "error handshake/upgrade >"}, []string{"nginx/read-timeout", "handshake/upgrade"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := probes.Report{Results: c.results, Observed: map[string]any{
				"handshake": shake(handshake.None, handshake.BadGateway), "balancer": balancer.Observation{Active: c.active}, "nginx": nginxSeen(t, c.location, c.upstream),
			}}
			Diagnose(&r)
			once := causesOf(r)
			if !slices.Equal(once, c.want) {
				t.Errorf("causes %q, expected %q", once, c.want)
			}
			var errors []string
			for _, res := range r.Results {
				if res.Status == probes.Failed {
					errors = append(errors, res.ID)
				}
			}
			if !slices.Equal(errors, c.errors) {
				t.Errorf("failed are %q, expected %q", errors, c.errors)
			}
			evidence := len(r.Results[0].Findings[0].Evidence)
			Diagnose(&r)
			if len(r.Causes) != len(c.want) || len(r.Results[0].Findings[0].Evidence) < evidence {
				t.Errorf("a second time: %q", causesOf(r))
			}
		})
	}
}

func causesOf(r probes.Report) []string {
	var out []string
	for _, cause := range r.Causes {
		out = append(out, strings.TrimSpace(cause.Severity.String()+" "+cause.ID+" > "+strings.Join(cause.Explains, " ")))
	}
	return out
}

// A cause shows what another area saw of it, once.
func TestEvidenceOfTwoAreas(t *testing.T) {
	r := probes.Report{
		Results:  []probes.Result{failed("nginx/upgrade-header", "nginx.conf:7"), failed("handshake/upgrade", balancerURL), failed("balancer/upgrade", balancerURL)},
		Observed: map[string]any{"handshake": shake(handshake.None, handshake.UpgradeLost)},
	}
	Diagnose(&r)
	var saw []string
	for _, e := range r.Results[0].Findings[0].Evidence {
		saw = append(saw, e.Where+" "+e.Saw.String())
	}
	want := []string{balancerURL + " handshake/upgrade: handshake/upgrade of " + balancerURL, balancerURL + " balancer/upgrade: balancer/upgrade of " + balancerURL}
	if !slices.Equal(saw, want) {
		t.Errorf("evidence %q, expected %q", saw, want)
	}
}
