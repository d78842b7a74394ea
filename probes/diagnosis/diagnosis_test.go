package diagnosis

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/firewall"
	"example.com/wsdoctor/probes/firewall/netfilter"
	"example.com/wsdoctor/probes/handshake"
	"example.com/wsdoctor/probes/ports"
)

const (
	nodeURL     = "ws://127.0.0.1:38888/"
	balancerURL = "ws://127.0.0.1:38889/"
)

// failed is a check with one error for each subject.
func failed(id string, subjects ...string) probes.Result {
	area, _, _ := strings.Cut(id, "/")
	r := probes.Result{ID: id, Area: area, Status: probes.Failed}
	for _, s := range subjects {
		r.Findings = append(r.Findings, probes.Finding{Severity: probes.Error, Subject: s, Title: probes.T("%s of %s", id, s)})
	}
	return r
}

// shake is an observation in which the node and the balancer came to the given kinds.
func shake(node, balancer handshake.Kind) handshake.Observation {
	trace := func(url string, role handshake.Role, kind handshake.Kind) handshake.Trace {
		cause := handshake.Cause{Kind: kind, Phase: handshake.Upgrading}
		return handshake.Trace{URL: url, Role: role, Local: true, Cause: cause, Attempts: []handshake.Attempt{{Cause: cause}}}
	}
	b := trace(balancerURL, handshake.Balancer, balancer)
	return handshake.Observation{Nodes: []handshake.Trace{trace(nodeURL, handshake.Node, node)}, Balancer: &b}
}

func TestDiagnose(t *testing.T) {
	for _, c := range []struct {
		name    string
		results []probes.Result
		shake   handshake.Observation
		want    []string // "cause > symptom symptom"
	}{
		{
			name: "one fault alone is its own cause", results: []probes.Result{failed("portconfig/key-whitespace", "WebSocketConfig.port")},
			want: []string{"portconfig/key-whitespace >"},
		},
		{
			name:    "what the balancer does is what the client sees",
			results: []probes.Result{failed("handshake/upgrade", balancerURL), failed("balancer/upgrade", balancerURL)},
			shake:   shake(handshake.None, handshake.UpgradeLost),
			want:    []string{"balancer/upgrade > handshake/upgrade"},
		},
		{
			name:    "no balancer can reach a node that is down",
			results: []probes.Result{failed("handshake/connect", nodeURL), failed("handshake/upgrade", balancerURL), failed("balancer/upgrade", balancerURL)},
			shake:   shake(handshake.Refused, handshake.BadGateway),
			want:    []string{"handshake/connect > handshake/upgrade balancer/upgrade"},
		},
		{
			name:    "with one node up, the balancer's 502 is its own",
			results: []probes.Result{failed("handshake/connect", "ws://10.0.0.9:1/"), failed("handshake/upgrade", balancerURL)},
			shake:   shake(handshake.None, handshake.BadGateway),
			want:    []string{"handshake/connect >", "handshake/upgrade >"},
		},
		{
			name: "who holds the port is why everything behind it fails",
			results: []probes.Result{
				failed("ports/bindable", "38888"), failed("ports/holder", "38888"),
				failed("handshake/connect", nodeURL), failed("handshake/upgrade", balancerURL),
			},
			shake: shake(handshake.Refused, handshake.BadGateway),
			want:  []string{"ports/holder > ports/bindable handshake/connect handshake/upgrade"},
		},
		{
			name:    "another port explains nothing",
			results: []probes.Result{failed("ports/time-wait", "39888"), failed("handshake/connect", nodeURL)},
			shake:   shake(handshake.Refused, handshake.None),
			want:    []string{"ports/time-wait >", "handshake/connect >"},
		},
		{
			name:    "a rule that drops the port drops the probe",
			results: []probes.Result{failed("firewall/inbound", "38889"), failed("handshake/connect", balancerURL)},
			shake:   shake(handshake.None, handshake.ConnectTimeout),
			want:    []string{"firewall/inbound > handshake/connect"},
		},
		{
			name:    "a refusal is not a drop",
			results: []probes.Result{failed("firewall/inbound", "38889"), failed("handshake/connect", balancerURL)},
			shake:   shake(handshake.None, handshake.Refused),
			want:    []string{"firewall/inbound >", "handshake/connect >"},
		},
		{
			name:    "a balancer that cannot be reached changes nothing on the way",
			results: []probes.Result{failed("handshake/connect", balancerURL), failed("balancer/upgrade", balancerURL)},
			shake:   shake(handshake.None, handshake.Refused),
			want:    []string{"handshake/connect > balancer/upgrade"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := probes.Report{Results: c.results, Observed: map[string]any{"handshake": c.shake}}
			Diagnose(&r)
			var got []string
			for _, cause := range r.Causes {
				got = append(got, strings.TrimSpace(cause.ID+" > "+strings.Join(cause.Explains, " ")))
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("causes %q, expected %q", got, c.want)
			}
			for _, res := range r.Results {
				root := slices.ContainsFunc(r.Causes, func(cause probes.Cause) bool { return cause.ID == res.ID })
				if root != (res.Status == probes.Failed) || root == (res.ExplainedBy != "") {
					t.Errorf("%s is %s, explained by %q", res.ID, res.Status, res.ExplainedBy)
				}
			}
			Diagnose(&r)
			if len(r.Causes) != len(c.want) {
				t.Errorf("a second time: %d causes, expected the same", len(r.Causes))
			}
		})
	}
}

// Of two findings of one check, one explained and one not, the check still fails.
func TestPartlyExplained(t *testing.T) {
	r := probes.Report{
		Results: []probes.Result{
			failed("ports/holder", "38888"),
			failed("handshake/connect", nodeURL, "ws://10.0.0.9:38888/"),
		},
		Observed: map[string]any{"handshake": shake(handshake.Refused, handshake.None)},
	}
	Diagnose(&r)
	res := r.Results[1]
	if res.Status != probes.Failed || res.ExplainedBy != "" {
		t.Errorf("status %s, explained by %q; expected it to stand for itself", res.Status, res.ExplainedBy)
	}
	if got := []probes.Severity{res.Findings[0].Severity, res.Findings[1].Severity}; !slices.Equal(got, []probes.Severity{probes.Warning, probes.Error}) {
		t.Errorf("severities %v, expected a warning and an error", got)
	}
}

func TestBalancerElsewhere(t *testing.T) {
	r := probes.Report{
		Results: []probes.Result{failed("handshake/connect", balancerURL)},
		Observed: map[string]any{
			"handshake": shake(handshake.None, handshake.Refused),
			"ports": ports.Observation{
				Expect: ports.Expect{BalancerKind: "nginx"},
				Listeners: []ports.Listener{
					{Addr: netip.MustParseAddrPort("127.0.0.1:38888"), Processes: []ports.Process{{PID: 7, Name: "java"}}},
					{Addr: netip.MustParseAddrPort("0.0.0.0:38890"), Processes: []ports.Process{{PID: 12, Name: "nginx"}, {PID: 13, Name: "nginx"}}},
				},
			},
		},
	}
	Diagnose(&r)
	const want = "nothing listens on 127.0.0.1:38889, where balancer.url expects nginx: it listens on 38890"
	if got := r.Causes[0].Title.String(); got != want {
		t.Errorf("title %q, expected %q", got, want)
	}
	if e := r.Results[0].Findings[0].Evidence; len(e) != 1 || e[0].Where != "0.0.0.0:38890" || e[0].Saw.String() != "nginx (pid 12) listens here" {
		t.Errorf("evidence %v", e)
	}
	if fix := r.Causes[0].Fix; len(fix) < 2 || !slices.ContainsFunc(fix, func(t probes.Text) bool { return t.String() == "listen 38889;" }) {
		t.Errorf("fix %v", fix)
	}
}

// A balancer on this host that cannot be reached at its public address, though the rules here accept its port, is
// stopped before this host; one on another host is not judged by the rules of this one.
func TestFilteredOutside(t *testing.T) {
	for _, c := range []struct {
		name    string
		here    bool
		verdict netfilter.Verdict
		want    bool
	}{
		{"accepted here", true, netfilter.Accept, true},
		{"dropped here", true, netfilter.Drop, false},
		{"not known", true, netfilter.Unknown, false},
		{"on another host", false, netfilter.Accept, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := probes.Report{
				Results: []probes.Result{failed("handshake/connect", balancerURL)},
				Observed: map[string]any{
					"handshake": shake(handshake.None, handshake.ConnectTimeout),
					"ports":     ports.Observation{Place: ports.Place{Balancer: c.here}},
					"firewall":  firewall.Observation{Ports: []firewall.Port{{Port: 38889, Verdict: c.verdict}}},
				},
			}
			Diagnose(&r)
			said := strings.Contains(r.Causes[0].Title.String()+fmt.Sprint(r.Causes[0].Fix), "security group")
			if said != c.want || len(r.Results[0].Findings[0].Evidence) > 0 != c.want {
				t.Errorf("named a security group: %v, expected %v: %v", said, c.want, r.Causes[0].Fix)
			}
		})
	}
}
