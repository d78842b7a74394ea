package backend

import (
	"strings"
	"testing"

	"example.com/wsdoctor/probes/handshake"
)

func TestTell(t *testing.T) {
	header := func(name string, values ...string) []Sample {
		var out []Sample
		for _, v := range values {
			out = append(out, Sample{Header: []handshake.Header{{Name: name, Value: v}}})
		}
		return out
	}
	message := func(texts ...string) []Sample {
		var out []Sample
		for _, m := range texts {
			out = append(out, Sample{Message: m})
		}
		return out
	}
	for _, tc := range []struct {
		name    string
		samples []Sample
		by      string // "": they do not tell
		want    string
	}{
		{"stand-in", header("x-wsdoctor-standin", "n1", "n2", "n1"), "X-Wsdoctor-Standin", "n1 n2 n1"},
		{"header that is missing once", append(header("X-Backend", "n1", "n2"), Sample{}), "", ""},
		{"a terminal's escape in it", header("X-Backend", "\x1b[2J", "n2"), "X-Backend", `\x1b[2J n2`},
		{"one backend that names itself", header("X-Backend", "n1", "n1"), "X-Backend", "n1 n1"},
		{"a header that may name the balancer", header("X-Served-By", "lb", "lb"), "", ""},
		{"cookie of HAProxy", header("Set-Cookie", "SRV=a; path=/", "SRV=b; path=/", "SRV=a", "SRV=b"), "cookie SRV", "a b a b"},
		{"cookie that is new each time", header("Set-Cookie", "SRV=a", "SRV=b", "SRV=c", "SRV=d"), "", ""},
		{"jvmRoute", header("Set-Cookie", "JSESSIONID=123.node1; path=/", "JSESSIONID=456.node2"), "cookie JSESSIONID", "node1 node2"},
		{"greetings of two nodes", message("I am a", "I am b", "I am a", "I am b"), "first message", "I am a I am b I am a I am b"},
		{"the same greeting everywhere", message("hello", "hello", "hello", "hello"), "", ""},
		{"a greeting with a session id and a node", message(`{"sid":"1","node":"a"}`, `{"sid":"2","node":"b"}`, `{"sid":"3","node":"a"}`, `{"sid":"4","node":"b"}`), `field "node" of the first message`, "a b a b"},
		{"session ids", message(`0{"sid":"1"}`, `0{"sid":"2"}`), "", ""},
		{"nothing", make([]Sample, 3), "", ""},
		{"no samples", nil, "", ""},
	} {
		by, names, ok := Tell(tc.samples)
		if by.String() != tc.by || ok != (tc.by != "") || ok && strings.Join(names, " ") != tc.want {
			t.Errorf("%s: got %q, %q", tc.name, by, names)
		}
	}
}

func TestSources(t *testing.T) {
	if got := Sources("127.0.0.1:80"); len(got) != 8 || got[0] == got[1] || !got[0].IsLoopback() {
		t.Errorf("got %v", got)
	}
	for _, a := range []string{"10.0.0.1:80", "[::1]:80", "nonsense"} {
		if got := Sources(a); got != nil {
			t.Errorf("%s: got %v", a, got)
		}
	}
}
