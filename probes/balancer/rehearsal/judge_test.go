package rehearsal

import (
	"strings"
	"testing"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/handshake"
)

func sec(f float64) probes.Seconds { return probes.Seconds(f * float64(time.Second)) }

// drops makes n outages that happen apart seconds after each other.
func drops(n int, apart float64, how handshake.How, code int, back bool) []Outage {
	var out []Outage
	for i := range n {
		out = append(out, Outage{At: sec(1 + float64(i)*apart), How: how, Code: code, Back: back, After: sec(0.5), Tries: 1})
	}
	return out
}

func TestJudge(t *testing.T) {
	for _, tc := range []struct {
		name   string
		o      Observation
		kind   Kind
		says   string
		advice string // "": none
	}{
		{"nothing there", Observation{Cause: handshake.Cause{Text: probes.T("refused")}}, Unknown, "refused", ""},
		{"the command failed", Observation{Opened: 5, Failure: "exit status 1"}, Unknown, "exit status 1", ""},
		{"no drop", Observation{Opened: 5, Watched: sec(30)}, Untouched, "none of 5 tunnels was dropped within 30.0 s", ""},
		{"told, spread", Observation{Opened: 20, Outages: drops(20, 0.5, handshake.ByCloseFrame, 1001, true)}, Announced, "20 with a Close frame (1001", ""},
		{"told, all at once", Observation{Opened: 20, Outages: drops(20, 0.001, handshake.ByCloseFrame, 1012, true)}, Announced, "last after 500 ms", "within one second"},
		{"nginx", Observation{Opened: 4, Server: "nginx", Outages: drops(4, 0, handshake.ByFIN, 1006, true)}, Abrupt, "4 with a bare FIN", "worker_shutdown_timeout"},
		{"another", Observation{Opened: 4, Outages: append(drops(3, 0, handshake.ByReset, 1006, true), drops(1, 0, handshake.ByCloseFrame, 1001, true)...)}, Abrupt, "3 with an RST (clients see 1006), 1 with a Close frame", "Close frames"},
		{"silence", Observation{Opened: 1, Outages: drops(1, 0, handshake.BySilence, 1006, true)}, Abrupt, "pings were not answered", "Close frames"},
		{"one away", Observation{Opened: 4, Outages: append(drops(3, 0, handshake.ByCloseFrame, 1001, true), drops(1, 0, handshake.ByCloseFrame, 1001, false)...)}, Stranded, "1 were not back", "watch for longer"},
		{"all away", Observation{Opened: 2, Outages: drops(2, 0, handshake.ByCloseFrame, 1001, false)}, Stranded, "nobody was back", "watch for longer"},
	} {
		v := Judge(tc.o)
		advice := ""
		for _, a := range v.Advice {
			advice += a.String() + "\n"
		}
		if v.Kind != tc.kind || !strings.Contains(v.Text.String(), tc.says) || !strings.Contains(advice, tc.advice) || (tc.advice == "") != (advice == "") {
			t.Errorf("%s: got %s: %s\n%s", tc.name, v.Kind, v.Text, advice)
		}
	}
}

func TestShares(t *testing.T) {
	got := shares(Observation{Before: []string{"a", "b", "b"}, After: []string{"a", "a", ""}})
	if len(got) != 2 || got[0] != (Share{"a", 1, 2}) || got[1] != (Share{"b", 2, 0}) {
		t.Errorf("got %v", got)
	}
}

func TestBackoff(t *testing.T) {
	for tries := range 100 {
		most := time.Duration(0)
		for range 50 {
			most = max(most, backoff(tries))
		}
		if limit := min(firstBackoff<<min(tries, 10), mostBackoff); most >= limit || most == 0 {
			t.Errorf("after %d tries a wait of %s, expected below %s", tries, most, limit)
		}
	}
}

func TestPeak(t *testing.T) {
	if got := peak([]probes.Seconds{sec(0), sec(0.5), sec(0.9), sec(1.2), sec(3)}); got != 3 {
		t.Errorf("got %d", got)
	}
}
