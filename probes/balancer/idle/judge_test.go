package idle

import (
	"strings"
	"testing"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/handshake"
)

func sec(f float64) probes.Seconds { return probes.Seconds(f * float64(time.Second)) }

func cut(w Way, age, idle float64, how handshake.How) Socket {
	return Socket{Way: w, Outcome: Cut, Age: sec(age), Idle: sec(idle), How: how}
}

func lived(w Way, age, idle float64) Socket {
	return Socket{Way: w, Outcome: Lived, Age: sec(age), Idle: sec(idle), Silence: sec(idle), Woke: w == Wakes}
}

func TestJudge(t *testing.T) {
	fin := handshake.ByFIN
	dropped := func(silence float64) Socket {
		return Socket{Way: Wakes, Outcome: Dropped, Silence: sec(silence), Age: sec(silence), Idle: sec(silence)}
	}
	nginx := func(s Socket) Socket { s.Server = "nginx/1.22.1"; return s }
	heard := func(s Socket) Socket { s.Heard = 3; return s }
	for _, tc := range []struct {
		name    string
		sockets []Socket
		kind    Kind
		limit   float64
		says    string
	}{
		{"nginx's default", []Socket{nginx(cut(Silent, 60.1, 60.1, fin)), nginx(cut(Silent, 60, 60, fin)), lived(Pings, 67, 1), lived(ClientOnly, 67, 1)}, Limit, 60, "proxy_read_timeout where the configuration sets none"},
		{"nginx, set", []Socket{nginx(cut(Silent, 75, 75, fin)), lived(Pings, 85, 1)}, Limit, 75, "by its Server header"},
		{"somebody's 60 s", []Socket{cut(Silent, 60, 60, fin), lived(Pings, 67, 1)}, Limit, 60, "AWS Application"},
		{"Azure", []Socket{cut(Silent, 240, 240, handshake.ByReset), lived(Pings, 270, 4)}, Limit, 240, "Azure"},
		{"NLB that tells", []Socket{cut(Silent, 351, 351, handshake.ByReset), lived(Pings, 400, 4)}, Limit, 351, "Network Load Balancer"},
		{"an hour", []Socket{cut(Silent, 3600, 3600, fin), lived(Pings, 4000, 4)}, Limit, 3600, "HAProxy"},
		{"a limit that nobody has by default", []Socket{cut(Silent, 17, 17, fin), lived(Pings, 20, 1)}, Limit, 17, "17.0 s"},
		{"a Close frame", []Socket{cut(Silent, 30, 30, handshake.ByCloseFrame), lived(Pings, 35, 1)}, Limit, 30, "speaks WebSocket itself"},
		{"our own proxy", []Socket{{Way: Silent, Outcome: Cut, Age: sec(30), Idle: sec(30), How: handshake.ByCloseFrame, Code: 1001, Reason: "idle for too long"}, lived(Pings, 35, 1)}, Limit, 30, "timeouts.idle"},
		{"a lifetime", []Socket{cut(Silent, 30, 30, fin), cut(Silent, 30, 30, fin), cut(Pings, 30.1, 0.5, fin)}, Lifetime, 30, "Google"},
		{"a busy tunnel that ends much later", []Socket{cut(Silent, 30, 30, fin), cut(Pings, 45, 1, fin)}, Limit, 30, ""},
		{"the service", []Socket{cut(Silent, 45, 45, fin), lived(Pings, 50, 1), cut(Direct, 45, 45, fin)}, Service, 45, "without the balancer"},
		{"the service lives longer", []Socket{cut(Silent, 45, 45, fin), lived(Pings, 50, 1), cut(Direct, 52, 52, fin)}, Limit, 45, ""},
		{"a heartbeat without an answer", []Socket{heard(cut(Silent, 45, 20, fin)), lived(Pings, 50, 1)}, Beats, 20, "heartbeat"},
		{"a restart", []Socket{cut(Silent, 45, 45, fin), cut(Silent, 20, 20, fin), lived(Pings, 50, 1)}, Unstable, 0, ""},
		{"no limit", []Socket{lived(Silent, 60, 60), lived(Pings, 60, 1), lived(Wakes, 55, 55)}, NoLimit, 0, "silent or not"},
		{"no limit, a server that talks", []Socket{heard(lived(Silent, 60, 10)), lived(Pings, 60, 1)}, NoLimit, 0, "of its own"},
		{"NLB that says nothing", []Socket{lived(Silent, 400, 400), lived(Wakes, 335, 335), dropped(368)}, Drop, 351.5, "Network Load Balancer"},
		{"Azure that says nothing", []Socket{lived(Silent, 400, 400), lived(Wakes, 230, 230), dropped(253)}, Drop, 241.5, "Azure"},
		{"a NAT", []Socket{lived(Silent, 400, 400), lived(Wakes, 100, 100), dropped(110), dropped(121)}, Drop, 105, "NAT"},
		{"one ping was lost", []Socket{lived(Silent, 60, 60), lived(Wakes, 50, 50), dropped(20)}, Unstable, 0, ""},
		{"nothing there", []Socket{{Way: Silent, Outcome: Refused}}, Unknown, 0, ""},
	} {
		v := Judge(Observation{Max: sec(400), Sockets: tc.sockets})
		if v.Kind != tc.kind || v.Limit != sec(tc.limit) || !strings.Contains(v.Text.String()+v.Who.String(), tc.says) {
			t.Errorf("%s: got %s, %s: %s (%s)", tc.name, v.Kind, v.Limit, v.Text, v.Who)
		}
	}
}

func TestSilences(t *testing.T) {
	all := silences(90 * time.Second)
	for i, s := range all[1:] {
		if ratio := float64(s) / float64(all[i]); ratio > step+0.01 || ratio <= 1 {
			t.Errorf("%s follows %s", s, all[i])
		}
	}
	if all[len(all)-1] != 90*time.Second || all[0] < firstWake || len(all) > 60 {
		t.Errorf("got %v", all)
	}
	if len(silences(time.Millisecond)) != 0 {
		t.Error("a test shorter than the first silence has none")
	}
}
