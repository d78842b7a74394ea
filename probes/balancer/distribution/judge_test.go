package distribution

import (
	"math"
	"strings"
	"testing"

	"example.com/wsdoctor/probes"
)

// clients writes "a30 b10" as the backends of 40 clients that came in turn, and "a30,b10" as one group after another.
func clients(text string) []string {
	var out []string
	for group := range strings.SplitSeq(text, ",") {
		left := map[string]int{}
		var names []string
		for _, f := range strings.Fields(group) {
			n := 0
			for _, d := range f[1:] {
				n = n*10 + int(d-'0')
			}
			left[f[:1]] = n
			names = append(names, f[:1])
		}
		for more := true; more; {
			more = false
			for _, n := range names {
				if left[n] > 0 {
					left[n]--
					out = append(out, n)
					more = true
				}
			}
		}
	}
	return out
}

func TestJudge(t *testing.T) {
	for _, tc := range []struct {
		name     string
		clients  string
		weights  map[string]int
		backends int
		sources  int
		want     Kind
		says     string // in the text or the likely causes
	}{
		{"even", "a20 b20", nil, 2, 8, Even, "as their weights say"},
		{"nearly even", "a25 b15", nil, 2, 8, Even, ""},
		{"as the weights say", "a60 b20", map[string]int{"a": 3}, 2, 8, Even, ""},
		{"against the weights", "a40 b40", map[string]int{"a": 3}, 2, 8, Uneven, "weights differ"},
		{"one of two, one address", "a40", nil, 2, 1, OneOnly, "first three octets"},
		{"one of two, several addresses", "a40", nil, 2, 8, OneOnly, "max_fails"},
		{"the only one", "a40", nil, 1, 1, Even, "the only backend"},
		{"one of three missing", "a20 b20", nil, 3, 8, Missing, "expected 3"},
		// The third seed: two of four nodes failed once and were out.
		{"2/2/250/250", "a2 b2 c2 d2,c248 d248", nil, 4, 8, Missing, "max_fails"},
		{"uneven", "a30 b3,a5 b2", nil, 2, 100, Uneven, "ejected"},
		{"uneven, few addresses", "a30 b3,a5 b2", nil, 2, 4, Uneven, "4 of them are too few"},
		{"too few", "a3 b3", nil, 2, 8, TooFew, "expected 10 or more"},
	} {
		o := Observation{By: probes.Verbatim("X-Backend"), Clients: clients(tc.clients), Sources: tc.sources}
		o.Opened = len(o.Clients)
		v := Judge(o, tc.weights, tc.backends)
		says := v.Text.String()
		for _, l := range v.Likely {
			says += "\n" + l.String()
		}
		if v.Kind != tc.want || !strings.Contains(says, tc.says) {
			t.Errorf("%s: got %s (p %.3g): %s", tc.name, v.Kind, v.P, says)
		}
		if (v.Kind == Missing || v.Kind == OneOnly || v.Kind == Uneven) != (len(v.Likely) > 0) {
			t.Errorf("%s: likely causes %v", tc.name, v.Likely)
		}
	}
	for _, o := range []Observation{{}, {Opened: 3}} {
		if v := Judge(o, nil, 2); v.Kind != Unknown {
			t.Errorf("got %s", v.Kind)
		}
	}
	if v := Judge(Observation{By: probes.Verbatim("x"), Clients: clients("a5 b5"), Failed: 20}, nil, 2); v.Kind != Refusals {
		t.Errorf("got %s", v.Kind)
	}
}

// TestChiSquare compares with values from tables (NIST, "Critical Values of the Chi-Square Distribution").
func TestChiSquare(t *testing.T) {
	for _, tc := range []struct{ freedom, x, p float64 }{
		{1, 3.841, 0.05}, {1, 10.828, 0.001}, {2, 5.991, 0.05}, {3, 11.345, 0.01}, {10, 18.307, 0.05}, {100, 124.342, 0.05},
		{1, 0, 1}, {4, 0.711, 0.95},
	} {
		if got := upperGamma(tc.freedom/2, tc.x/2); math.Abs(got-tc.p) > 0.0005 {
			t.Errorf("Q(%g, %g) = %g, expected %g", tc.freedom, tc.x, got, tc.p)
		}
	}
	// Two backends, 30 and 10 clients: x² = 10; a third that got nobody adds its 13.3.
	if x, _ := chiSquare(shares(clients("a30 b10"), nil), 0); math.Abs(x-10) > 1e-9 {
		t.Errorf("x² is %g, expected 10", x)
	}
	if x, p := chiSquare(shares(clients("a20 b20"), nil), 1); math.Abs(x-20) > 1e-9 || p > 1e-4 {
		t.Errorf("x² is %g, expected 20; p %g", x, p)
	}
}
