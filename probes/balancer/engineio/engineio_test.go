package engineio

import (
	"strings"
	"testing"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/handshake"
)

func FuzzPackets(f *testing.F) {
	f.Add(4, []byte("0{\"sid\":\"x\"}\x1e40"))
	f.Add(3, []byte("96:0{\"sid\":\"x\"}2:40"))
	f.Add(3, []byte("2:4é3:中文字"))
	f.Add(3, []byte("99999999999999999999:x"))
	f.Add(3, []byte("-1:x"))
	f.Add(3, []byte("\x00\x03\xff0{}\x00\x02\xff40"))
	f.Fuzz(func(t *testing.T, eio int, raw []byte) {
		n := 0
		for _, p := range packets(eio, raw) {
			n += len(p)
		}
		if n > 3*len(raw) { // bytes that are no UTF-8 become U+FFFD
			t.Errorf("%d bytes of %d", n, len(raw))
		}
		unknownSession(raw)
	})
}

func TestPackets(t *testing.T) {
	for _, tc := range []struct {
		eio  int
		raw  string
		want string
	}{
		{4, "0{}\x1e40", "0{}|40"},
		{3, "3:0{}2:40", "0{}|40"},
		{3, "2:4é1:3", "4é|3"}, // lengths count characters
		{3, "nonsense", ""},
		{3, "9:short", ""},
		{3, "\x00\x03\xff0{}\x00\x01\x02\xff40abcdefghij", "0{}|40abcdefghij"},
		{3, "\x00\x09\xffshort", ""},
		{3, "\x00\x0a\xff", ""},
		{3, "\x01", ""},
	} {
		var got []string
		for _, p := range packets(tc.eio, []byte(tc.raw)) {
			got = append(got, string(p))
		}
		if strings.Join(got, "|") != tc.want {
			t.Errorf("EIO %d, %q: got %q", tc.eio, tc.raw, got)
		}
	}
}

func TestJudge(t *testing.T) {
	session := func(steps ...Step) Observation { return Observation{Sessions: []Session{{Steps: steps}}} }
	open := Step{What: "open", OK: true}
	for _, tc := range []struct {
		name             string
		o                Observation
		polling, upgrade string
		asked            bool
	}{
		{"fine", session(open, Step{What: "poll", OK: true, Status: 200}, Step{What: "upgrade", OK: true}), "", "", true},
		{"lost", session(open, Step{What: "post", Status: 400, Lost: true}), "1 of 1", "", false},
		{"another status", session(open, Step{What: "poll", Status: 502}), `"poll" was answered with 502`, "", false},
		{"no answer", session(open, Step{What: "poll", Failed: probes.T("refused")}), "no answer: refused", "", false},
		{"upgrade lost", session(open, Step{What: "upgrade", Lost: true}), "", "another node", true},
		{"upgrade fails", session(open, Step{What: "upgrade", Kind: handshake.UpgradeLost, Failed: probes.T("400")}), "", "but the balancer breaks the upgrade, so clients stay on polling without a word: 400", true},
		{"the application refuses", session(open, Step{What: "upgrade", Kind: handshake.Forbidden, Failed: probes.T("403")}), "", "session fails, so clients stay on polling without a word: 403", true},
		{"not offered", session(open, Step{What: "poll", OK: true, Status: 200}), "", "switched off in the service itself", true},
	} {
		p, _ := tc.o.Polling()
		fault, asked := tc.o.Upgrading()
		u := fault.Text
		if p.IsZero() != (tc.polling == "") || !strings.Contains(p.String(), tc.polling) || u.IsZero() != (tc.upgrade == "") || !strings.Contains(u.String(), tc.upgrade) || asked != tc.asked {
			t.Errorf("%s: polling %q, upgrade %q, asked %v", tc.name, p, u, asked)
		}
	}
}
