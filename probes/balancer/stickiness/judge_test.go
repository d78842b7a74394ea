package stickiness

import (
	"strings"
	"testing"

	"example.com/wsdoctor/probes"
)

// series writes "aabb" as a series.
func series(w Way, names string) Series { return Series{w, strings.Split(names, "")} }

func TestJudge(t *testing.T) {
	for _, tc := range []struct {
		name   string
		series []Series
		want   Policy
	}{
		{"round robin", []Series{series(Plain, "abcabcabc"), series(Held, "abcabcabc")}, RoundRobin},
		{"round robin with weights", []Series{series(Plain, "aabaabaab"), series(Held, "aabaabaab")}, RoundRobin},
		{"least_conn", []Series{series(Plain, "abababab"), series(Held, "abbbbbbb")}, LeastConn},
		{"random", []Series{series(Plain, "aababbba"), series(Held, "abbabaab")}, Mixed},
		{"cookie", []Series{series(Plain, "abababab"), series(Cookie, "aaaaaaaa"), series(Held, "abababab")}, ByCookie},
		{"a cookie that means nothing", []Series{series(Plain, "abababab"), series(Cookie, "abababab"), series(Held, "abababab")}, RoundRobin},
		{"ip_hash", []Series{series(Plain, "aaaaaaaa"), series(Addresses, "aabbabaa"), series(Forwarded, "aaaaaaaa")}, IPHash},
		{"X-Forwarded-For", []Series{series(Plain, "aaaaaaaa"), series(Addresses, "aaaaaaaa"), series(Forwarded, "aabbabaa")}, ByForward},
		{"one backend", []Series{series(Plain, "aaaaaaaa"), series(Addresses, "aaaaaaaa"), series(Forwarded, "aaaaaaaa")}, OneBackend},
		{"one backend, one address", []Series{series(Plain, "aaaaaaaa"), series(Forwarded, "aaaaaaaa")}, OneBackend},
		{"too few", []Series{series(Plain, "aab")}, Unknown},
	} {
		if v := Judge(Observation{By: probes.Verbatim("X-Backend"), Series: tc.series}); v.Policy != tc.want || v.Text.String() == "" {
			t.Errorf("%s: got %s: %s", tc.name, v.Policy, v.Text)
		}
	}
	if v := Judge(Observation{}); v.Policy != Unknown || !strings.Contains(v.Text.String(), "told apart") {
		t.Errorf("got %s: %s", v.Policy, v.Text)
	}
}
