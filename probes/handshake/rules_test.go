package handshake

import (
	"strings"
	"testing"

	"example.com/wsdoctor/probes"
)

const nodeURL = "ws://10.0.0.1:38888/"

// tried makes a trace of one attempt for each cause.
func tried(causes ...Cause) Observation {
	tr := Trace{URL: nodeURL, Role: Node, Name: "node1"}
	for _, c := range causes {
		a := Attempt{Address: "10.0.0.1:38888", Reached: c.Phase, Cause: c}
		if c.Kind == None {
			a.Reached = Pinging
		}
		if order[a.Reached] >= order[Upgrading] {
			a.Request = []string{"GET / HTTP/1.1"}
		}
		if c.Kind == Redirect {
			a.Response = &Response{StatusLine: "HTTP/1.1 301 Moved", Code: 301, Header: []Header{{"Location", "/ws/"}}}
		}
		if c.Kind == ClosedAfter {
			a.Close = &Close{Code: 1008, By: "server"}
		}
		tr.Attempts = append(tr.Attempts, a)
	}
	tr.Cause = tr.Best().Cause
	return Observation{Nodes: []Trace{tr}}
}

func TestRules(t *testing.T) {
	failed := func(k Kind, p Phase) Observation { return tried(cause(k, p, "words")) }
	unresolved := Observation{Nodes: []Trace{{URL: "ws://nowhere.test/", Cause: cause(NameNotFound, Resolving, "words")}}}
	for _, tc := range []struct {
		name string
		rule probes.Rule[Observation]
		o    Observation
		want string // severities
	}{
		{"name found", resolveRule, tried(Cause{}), ""},
		{"name not found", resolveRule, unresolved, "error"},
		{"bad URL", resolveRule, Observation{Nodes: []Trace{{URL: "x", Cause: cause(BadRequest, Resolving, "words")}}}, "error"},
		{"connected", connectRule, tried(Cause{}), ""},
		{"a fault of a later phase", connectRule, failed(Page, Upgrading), ""},
		{"refused", connectRule, failed(Refused, Connecting), "error"},
		{"dropped", connectRule, failed(ConnectTimeout, Connecting), "error"},
		{"unreachable", connectRule, failed(Unreachable, Connecting), "error"},
		{"denied", connectRule, failed(Denied, Connecting), "error"},
		{"one address of two refuses", connectRule, tried(cause(Refused, Connecting, "words"), Cause{}), "warning"},
		{"no IPv6 here", connectRule, tried(cause(Unreachable, Connecting, "words"), Cause{}), ""},
		{"both refuse", connectRule, tried(cause(Refused, Connecting, "a"), cause(Refused, Connecting, "b")), "error"},
		{"both fail in other ways", connectRule, tried(cause(Refused, Connecting, "a"), cause(ConnectTimeout, Connecting, "b")), "error error"},
		{"TLS alert", tlsRule, failed(TLSAlert, Securing), "error"},
		{"TLS to a plain port", tlsRule, failed(PlainOnTLS, Securing), "error"},
		{"TLS fine", tlsRule, tried(Cause{}), ""},
		{"TLS 1.1", tlsRule, Observation{Nodes: []Trace{{Secure: true, Attempts: []Attempt{{TLS: &TLS{Version: "TLS 1.1", old: true}}}}}}, "error"},
		{"upgraded", upgradeRule, tried(Cause{}), ""},
		{"refused is not the upgrade's", upgradeRule, failed(Refused, Connecting), ""},
		{"redirect", upgradeRule, failed(Redirect, Upgrading), "error"},
		{"page", upgradeRule, failed(Page, Upgrading), "error"},
		{"502", upgradeRule, failed(BadGateway, Upgrading), "error"},
		{"403", upgradeRule, failed(Forbidden, Upgrading), "error"},
		{"not HTTP", upgradeRule, failed(NotHTTP, Upgrading), "error"},
		{"TLS port", upgradeRule, failed(TLSOnPlain, Upgrading), "error"},
		{"EIO", upgradeRule, failed(EngineProtocol, Upgrading), "error"},
		{"401: wsdoctor has no login", upgradeRule, failed(Unauthorized, Upgrading), "warning"},
		{"429", upgradeRule, failed(TooMany, Upgrading), "warning"},
		{"accept key right", acceptKeyRule, tried(Cause{}), ""},
		{"accept key wrong", acceptKeyRule, failed(AcceptWrong, Accepting), "error"},
		{"pong", pingRule, tried(Cause{}), ""},
		{"no pong", pingRule, failed(NoPong, Pinging), "warning"},
		{"closed with a Close frame", pingRule, failed(ClosedAfter, Pinging), "warning"},
		{"broken frames", pingRule, failed(BadFrame, Pinging), "error"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got []string
			for _, f := range tc.rule.Check(tc.o) {
				got = append(got, f.Severity.String())
				if f.Title.IsZero() || strings.Contains(f.Title.String(), "%!") {
					t.Errorf("title %q", f.Title)
				}
				for _, line := range f.Fix {
					if strings.Contains(line.String(), "%!") {
						t.Errorf("fix %q", line)
					}
				}
			}
			if strings.Join(got, " ") != tc.want {
				t.Errorf("got %q, expected %q", got, tc.want)
			}
		})
	}
}

func TestDroppedIsToldApart(t *testing.T) {
	c := cause(ClosedAfter, Pinging, "words")
	o := tried(c)
	o.Nodes[0].Attempts[0].Close.Code = closeAbnormal
	if fs := pingRule.Check(o); len(fs) != 1 || fs[0].Severity != probes.Error {
		t.Errorf("a tunnel cut without a Close frame: got %v", fs)
	}
}

func TestRuleTexts(t *testing.T) {
	for _, r := range rules {
		if !strings.HasPrefix(r.ID, "handshake/") || r.Title == "" || r.Why == "" || strings.HasSuffix(r.Title, ".") || r.Applies == nil {
			t.Errorf("%+v", r)
		}
	}
}
