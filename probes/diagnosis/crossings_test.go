package diagnosis

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/handshake"
	"example.com/wsdoctor/probes/nginx"
	"example.com/wsdoctor/probes/ports"
)

// line is an address of a made-up nginx.conf.
func line(host string, port, number int) nginx.Address {
	return nginx.Address{Host: host, Port: port, Where: fmt.Sprintf("nginx.conf:%d", number), Line: fmt.Sprintf("server %s:%d", host, port)}
}

// on is a listener of a process.
func on(address string, pid int) ports.Listener {
	return ports.Listener{Addr: netip.MustParseAddrPort(address), Processes: []ports.Process{{PID: pid, Name: fmt.Sprint("p", pid)}}}
}

// node is what became of the handshake with a node on another host.
func node(url string, kind handshake.Kind, answersOn int) handshake.Trace {
	t := handshake.Trace{URL: url, Role: handshake.Node, AnswersOn: answersOn, Cause: handshake.Cause{Kind: kind}}
	if kind == handshake.None {
		t.Attempts = []handshake.Attempt{{Reached: handshake.Upgrading, Response: &handshake.Response{Code: 101}}}
	}
	return t
}

func TestCrossings(t *testing.T) {
	info := func(id, where string) probes.Result {
		area, _, _ := strings.Cut(id, "/")
		return probes.Result{ID: id, Area: area, Status: probes.OK, Findings: []probes.Finding{{Severity: probes.Info, Subject: "38888",
			Title: probes.T("a node tries another port first"), Evidence: []probes.Evidence{{Where: where}}}}}
	}
	fine := func(id string) probes.Result {
		area, _, _ := strings.Cut(id, "/")
		return probes.Result{ID: id, Area: area, Status: probes.OK}
	}
	here := ports.Place{Balancer: true, Nodes: []string{"n"}}
	serving := func(port int) ports.Port { return ports.Port{Port: port, Belongs: ports.Service} }
	for _, c := range []struct {
		name    string
		nginx   nginx.Seen
		ports   ports.Observation
		shake   handshake.Observation
		results []probes.Result
		want    []string // "severity id subject" of each finding
	}{
		{
			name:    "the node of another host answers elsewhere",
			nginx:   nginx.Seen{Backends: []nginx.Address{line("10.0.0.7", 38888, 5)}},
			shake:   handshake.Observation{Nodes: []handshake.Trace{node("ws://10.0.0.7:38888/", handshake.Refused, 38889)}},
			results: []probes.Result{failed("handshake/connect", "ws://10.0.0.7:38888/"), info("nginx/upstream-port", "nginx.conf:5")},
			want:    []string{"warning handshake/connect ws://10.0.0.7:38888/", "error nginx/upstream-port 38888"},
		},
		{
			name:    "the node of another host answers where the file says, not where the settings do",
			nginx:   nginx.Seen{Backends: []nginx.Address{line("10.0.0.7", 38889, 5)}},
			shake:   handshake.Observation{Nodes: []handshake.Trace{node("ws://10.0.0.7:38888/", handshake.Refused, 38889)}},
			results: []probes.Result{failed("handshake/connect", "ws://10.0.0.7:38888/"), fine("nginx/upstream-port")},
			want:    []string{"warning handshake/connect ws://10.0.0.7:38888/"},
		},
		{
			name:    "the node is down",
			nginx:   nginx.Seen{Backends: []nginx.Address{line("10.0.0.7", 38888, 5)}},
			shake:   handshake.Observation{Nodes: []handshake.Trace{node("ws://10.0.0.7:38888/", handshake.Refused, 0)}},
			results: []probes.Result{failed("handshake/connect", "ws://10.0.0.7:38888/"), fine("nginx/upstream-port")},
			want:    []string{"error handshake/connect ws://10.0.0.7:38888/"},
		},
		{
			name:    "it was seen that the node is where the file says",
			nginx:   nginx.Seen{Backends: []nginx.Address{line("127.0.0.1", 38888, 5)}},
			ports:   ports.Observation{Place: here, Listeners: []ports.Listener{on("0.0.0.0:38888", 7)}, Ports: []ports.Port{serving(38888)}},
			results: []probes.Result{info("nginx/upstream-port", "nginx.conf:5")},
		},
		{
			name:    "one of two nodes of a host is down",
			nginx:   nginx.Seen{Backends: []nginx.Address{line("127.0.0.1", 38888, 5), line("127.0.0.1", 39888, 6)}},
			ports:   ports.Observation{Place: here, Listeners: []ports.Listener{on("0.0.0.0:38888", 7)}, Ports: []ports.Port{serving(38888)}},
			results: []probes.Result{fine("nginx/upstream-port")},
		},
		{
			name:    "loopback in the file of another host",
			nginx:   nginx.Seen{Backends: []nginx.Address{line("127.0.0.1", 38888, 5)}},
			ports:   ports.Observation{Place: ports.Place{Nodes: []string{"n"}}, Listeners: []ports.Listener{on("0.0.0.0:39888", 7)}, Ports: []ports.Port{serving(39888)}},
			results: []probes.Result{fine("nginx/upstream-port")},
		},
		{
			name:    "a port that the running nginx lacks",
			nginx:   nginx.Seen{Listens: []nginx.Address{line("*", 80, 3), line("*", 38889, 4)}, Running: &nginx.Running{PID: 7, Workers: []int{8}}},
			ports:   ports.Observation{Place: here, Expect: ports.Expect{BalancerPort: 38889}, Listeners: []ports.Listener{on("0.0.0.0:80", 8), on("0.0.0.0:38889", 99)}},
			results: []probes.Result{fine("nginx/not-reloaded")},
			want:    []string{"error nginx/not-reloaded 38889"},
		},
		{
			name:    "a port that no client needs",
			nginx:   nginx.Seen{Listens: []nginx.Address{line("*", 80, 3), line("*", 38889, 4)}, Running: &nginx.Running{PID: 7}},
			ports:   ports.Observation{Place: here, Expect: ports.Expect{BalancerPort: 38889}, Listeners: []ports.Listener{on("0.0.0.0:38889", 7)}},
			results: []probes.Result{fine("nginx/not-reloaded")},
			want:    []string{"warning nginx/not-reloaded nginx.conf:3"},
		},
		{
			name:    "a port that the file has no longer",
			nginx:   nginx.Seen{Listens: []nginx.Address{line("*", 38889, 4)}, Running: &nginx.Running{PID: 7}},
			ports:   ports.Observation{Place: here, Listeners: []ports.Listener{on("0.0.0.0:80", 7), on("0.0.0.0:38889", 7)}},
			results: []probes.Result{fine("nginx/not-reloaded")},
			want:    []string{"warning nginx/not-reloaded 80"},
		},
		{
			name:    "a port that an include may have",
			nginx:   nginx.Seen{Partial: true, Listens: []nginx.Address{line("*", 38889, 4)}, Running: &nginx.Running{PID: 7}},
			ports:   ports.Observation{Place: here, Listeners: []ports.Listener{on("0.0.0.0:80", 7), on("0.0.0.0:38889", 7)}},
			results: []probes.Result{fine("nginx/not-reloaded")},
		},
		{
			name:    "processes that cannot be looked into",
			nginx:   nginx.Seen{Listens: []nginx.Address{line("*", 38889, 4)}, Running: &nginx.Running{PID: 7}},
			ports:   ports.Observation{Place: here, Listeners: []ports.Listener{{Addr: netip.MustParseAddrPort("0.0.0.0:80")}}},
			results: []probes.Result{fine("nginx/not-reloaded")},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := probes.Report{Results: c.results, Observed: map[string]any{"nginx": c.nginx, "ports": c.ports, "handshake": c.shake}}
			for range 2 { // a report that is diagnosed again stays as it is
				Diagnose(&r)
				var got []string
				for _, res := range r.Results {
					for _, f := range res.Findings {
						got = append(got, fmt.Sprint(f.Severity, " ", res.ID, " ", f.Subject))
						if res.Area == "nginx" && (len(f.Evidence) == 0 || len(f.Fix) == 0) {
							t.Errorf("%s has no evidence or no fix", res.ID)
						}
					}
				}
				if !slices.Equal(got, c.want) {
					t.Errorf("found %q, expected %q", got, c.want)
				}
			}
		})
	}
}

// TestCrossAnswer compares the answer to a handshake with the one that the files lead to.
func TestCrossAnswer(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer nginx.Answer
		code   int
		want   probes.Status
	}{
		{"as the files say", nginx.Answer{Kind: "proxied", Upgrades: true}, 101, probes.OK},
		{"a backend that says no", nginx.Answer{Kind: "proxied", Upgrades: true}, 403, probes.OK},
		{"upgraded without the headers", nginx.Answer{Kind: "proxied"}, 101, probes.Warned},
		{"redirected as the files say", nginx.Answer{Kind: "redirect", Status: 301}, 301, probes.OK},
		{"redirected otherwise", nginx.Answer{Kind: "redirect", Status: 301}, 302, probes.Warned},
		{"upgraded where the files deny", nginx.Answer{Kind: "returned", Status: 403}, 101, probes.Warned},
		{"upgraded where the files look on the disk", nginx.Answer{Kind: "static"}, 101, probes.Warned},
		{"not on the disk", nginx.Answer{Kind: "static"}, 404, probes.OK},
		{"closed without an answer", nginx.Answer{Kind: "returned", Status: 444}, 101, probes.Skipped},
		{"answered by a module", nginx.Answer{Kind: "opaque"}, 101, probes.Skipped},
		{"no answer", nginx.Answer{Kind: "redirect", Status: 301}, 0, probes.Skipped},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.answer.URL, c.answer.Sure = balancerURL, true
			tr := handshake.Trace{URL: balancerURL, Role: handshake.Balancer, Local: true}
			if c.code != 0 {
				tr.Attempts = []handshake.Attempt{{Reached: handshake.Upgrading, Response: &handshake.Response{Code: c.code}}}
			}
			if c.code != 101 {
				tr.Cause.Kind = handshake.OtherStatus
				for i := range tr.Attempts {
					tr.Attempts[i].Cause = tr.Cause
				}
			}
			for _, sure := range []bool{true, false} {
				c.answer.Sure = sure
				r := probes.Report{
					Results:  []probes.Result{{ID: "nginx/answer", Area: "nginx", Status: probes.Skipped, Reason: probes.T("not compared")}},
					Observed: map[string]any{"nginx": nginx.Seen{Answer: &c.answer}, "handshake": handshake.Observation{Balancer: &tr}},
				}
				Diagnose(&r)
				want := c.want
				if !sure {
					want = probes.Skipped
				}
				if got := r.Results[0]; got.Status != want || want == probes.OK && !got.Reason.IsZero() {
					t.Errorf("sure %v: %s %q %v, expected %s", sure, got.Status, got.Reason, got.Findings, want)
				}
			}
		})
	}
}
