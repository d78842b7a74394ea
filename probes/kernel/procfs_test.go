package kernel

import (
	"os"
	"slices"
	"strings"
	"testing"
)

func recorded(t testing.TB, name string) string {
	t.Helper()
	raw, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestParsersOnRecordedText(t *testing.T) {
	got := parseNetstat(recorded(t, "netstat"), "TcpExt")
	if n, ok := got["ListenOverflows"]; !ok || n != 0 || got["TCPPureAcks"] == 0 || len(got) < 100 {
		t.Errorf("netstat: %d counters, ListenOverflows %d", len(got), n)
	}
	if ip := parseNetstat(recorded(t, "netstat"), "IpExt"); ip["InOctets"] == 0 || ip["ListenDrops"] != 0 {
		t.Errorf("netstat, IpExt: %v", ip)
	}
	if n, ok := parseSockstat(recorded(t, "sockstat")); n != 1 || !ok {
		t.Errorf("sockstat: %d, %v", n, ok)
	}
	if soft, hard, ok := parseLimits(recorded(t, "limits")); soft != 20000 || hard != 20000 || !ok {
		t.Errorf("limits: %d, %d, %v", soft, hard, ok)
	}
	for file, want := range map[string][]Listener{"tcp": {{40000, 0, 94431}}, "tcp6": {{38888, 0, 94429}, {38889, 0, 94430}}} {
		ls, err := parseListeners(strings.NewReader(recorded(t, file)), []int{38888, 38889, 40000})
		if err != nil || !slices.Equal(ls, want) {
			t.Errorf("%s: %v, %v, expected %v", file, ls, err, want)
		}
	}
	if unit := parseUnit(recorded(t, "cgroup")); unit != "nginx.service" {
		t.Errorf("cgroup: %q", unit)
	}
}

func TestParsersOnOddText(t *testing.T) {
	if got := parseNetstat("TcpExt: A B\nTcpExt: 1 x 3\n", "TcpExt"); len(got) != 1 || got["A"] != 1 {
		t.Errorf("netstat: %v", got)
	}
	if got := parseNetstat("TcpExt: A\n", "TcpExt"); got != nil {
		t.Errorf("netstat without values: %v", got)
	}
	if _, ok := parseSockstat("TCP6: inuse 0\nTCP: inuse 1 tw\n"); ok {
		t.Error("sockstat without a number")
	}
	for text, want := range map[string]struct {
		soft, hard int
		ok         bool
	}{
		"Max open files            unlimited            unlimited            files\n": {unlimited, unlimited, true},
		"Max open files            1024                 524288               files\n": {1024, 524288, true},
		"Max open files            many                 1                    files\n": {0, 1, false},
		"Max open files\n": {},
		"":                 {},
	} {
		if soft, hard, ok := parseLimits(text); soft != want.soft || hard != want.hard || ok != want.ok {
			t.Errorf("%q: %d, %d, %v", text, soft, hard, ok)
		}
	}
	for text, want := range map[string]string{
		"0::/system.slice/fr.service\n":                                           "fr.service",
		"0::/system.slice/docker.service/x\n":                                     "docker.service",
		"0::/user.slice/user-1000.slice/user@1000.service/app.slice/fr.service\n": "",
		"0::/user.slice/user-0.slice/session-1.scope\n":                           "",
		"9:name=systemd:/\n0::/\n":                                                "",
		"":                                                                        "",
		"nonsense":                                                                "",
		"1:name=systemd:/init.scope\n0::/system.slice/system-fr.slice/fr@1.service\n": "fr@1.service",
	} {
		if got := parseUnit(text); got != want {
			t.Errorf("%q: %q, expected %q", text, got, want)
		}
	}
	long := "header\n" + strings.Repeat("x", 2*seqPage)
	if _, err := parseListeners(strings.NewReader(long), nil); err == nil {
		t.Error("a line longer than a page is no error")
	}
}

func FuzzParsers(f *testing.F) {
	for _, name := range []string{"netstat", "sockstat", "limits", "tcp", "tcp6", "cgroup"} {
		f.Add(recorded(f, name))
	}
	f.Fuzz(func(t *testing.T, text string) {
		parseNetstat(text, "TcpExt")
		parseSockstat(text)
		if soft, hard, ok := parseLimits(text); ok && (soft < unlimited || hard < unlimited) {
			t.Errorf("limits of %d and %d", soft, hard)
		}
		parseUnit(text)
		ls, _ := parseListeners(strings.NewReader(text), []int{38888})
		for _, l := range ls {
			if l.Port != 38888 || l.Queue < 0 {
				t.Errorf("%+v", l)
			}
		}
	})
}
