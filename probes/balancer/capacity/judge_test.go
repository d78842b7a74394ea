package capacity

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/handshake"
)

func TestJudge(t *testing.T) {
	refused := func(held int, kind handshake.Kind, server string) Observation {
		return Observation{Asked: 100_000, Held: held, Refused: sustained, First: held, Lasting: true, Server: server,
			Cause: handshake.Cause{Kind: kind, Text: probes.T("it says no")}, Kinds: map[string]int{string(kind): sustained}}
	}
	for _, tc := range []struct {
		name string
		o    Observation
		kind Kind
		says string
	}{
		{"all", Observation{Asked: 100, Held: 100}, Enough, "none was refused"},
		{"worker_connections 1024", refused(511, handshake.Reset, "nginx"), Ceiling, "(1024 - 1 listener - 1) / 2 = 511"},
		{"worker_connections 64", refused(31, handshake.Reset, "nginx"), Ceiling, "worker_connections 64"},
		{"four workers", refused(4*511, handshake.OtherStatus, "nginx"), Ceiling, "= 511 for each of 4 workers"},
		{"nginx, no common number", refused(417, handshake.Closed, "nginx"), Ceiling, "other clients have their part"},
		{"open files", refused(505, handshake.BadGateway, "nginx"), Ceiling, "ulimit -n 1024"},
		{"a limit that answers", refused(100, handshake.Unavailable, "nginx"), Ceiling, "limit_conn"},
		{"silence", refused(777, handshake.ConnectTimeout, ""), Ceiling, "somaxconn"},
		{"anything else", refused(777, handshake.Forbidden, ""), Ceiling, "a limit of the balancer or of the service"},
		{"now and then one", Observation{Asked: 100, Held: 97, Refused: 3, First: 20, Cause: handshake.Cause{Text: probes.T("502")}}, Patchy, "the first after 20"},
		{"own files, known before", Observation{Asked: 1000, Held: 200, Own: OwnLimits{OpenFiles: 256, InUse: 24}}, OwnLimit, "ulimit -n"},
		{"own ports, known before", Observation{Asked: 50_000, Held: 28_232, Own: OwnLimits{Ports: 28_232}}, OwnLimit, "ip_local_port_range"},
		{"own fault, found on the way", refused(300, handshake.ConnectError, ""), OwnLimit, "this host itself"},
		{"nothing there", refused(0, handshake.Refused, ""), Unknown, "no connection came about"},
	} {
		v := Judge(tc.o)
		says := v.Text.String()
		for _, e := range v.Explained {
			says += "\n" + e.String()
		}
		if v.Kind != tc.kind || !strings.Contains(says, tc.says) || (v.Kind == Ceiling) != (len(v.Explained) > 0) {
			t.Errorf("%s: got %s: %s", tc.name, v.Kind, says)
		}
	}
}

func TestOwn(t *testing.T) {
	cfg := cluster.Default(cluster.Generic)
	cfg.Balancer.URL = "ws://lb.example.test:38889/"
	place := probes.Place{Addrs: []netip.Addr{netip.MustParseAddr("10.0.0.7")}}
	for url, want := range map[string]bool{
		"ws://127.0.0.9:1/": true, "ws://[::1]/": true, "ws://localhost:80": true, "ws://10.0.0.7:80/x": true,
		"ws://lb.example.test:38889/other": true, "wss://lb.example.test/": false, "ws://lb.example.test:80/": false,
		"ws://10.0.0.8/": false, "ws://example.com": false, "ws://127.0.0.1.example.com": false, "::": false,
	} {
		if got := Own(url, cfg, place); got != want {
			t.Errorf("%s: got %v", url, got)
		}
	}
}

func TestSourcePorts(t *testing.T) {
	root := t.TempDir()
	file := filepath.Join(root, "proc/sys/net/ipv4/ip_local_port_range")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]int{"32768\t60999\n": 28232, "nonsense": 0, "5 1": 0} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := sourcePorts(probes.Target{Root: root}); got != want {
			t.Errorf("%q: got %d, expected %d", text, got, want)
		}
	}
	if got := sourcePorts(probes.Target{Root: t.TempDir()}); got != 0 {
		t.Errorf("got %d without the file", got)
	}
}

func TestCurve(t *testing.T) {
	var times []time.Duration
	for i := range 95 {
		times = append(times, time.Duration(i)*time.Millisecond)
	}
	got := curve(times)
	if len(got) != steps || got[0].Held != 10 || got[9].Held != 95 || got[0].Median != probes.Seconds(5*time.Millisecond) || got[0].Slow != probes.Seconds(9*time.Millisecond) {
		t.Errorf("got %v", got)
	}
	if curve(nil) != nil {
		t.Error("a curve of nothing")
	}
}
