package portconfig

import (
	"errors"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"example.com/wsdoctor/probes/probetest"
)

func TestParseValue(t *testing.T) {
	for _, c := range []struct {
		in   string
		want []int
		err  string
	}{
		{in: `["38888","39888"]`, want: []int{38888, 39888}},
		{in: `["38888", "39888"]`, want: []int{38888, 39888}},
		{in: `[38888, 39888]`, want: []int{38888, 39888}},
		{in: `[ 38888 ]`, want: []int{38888}},
		{in: `38889`, want: []int{38889}},
		{in: `"38889"`, want: []int{38889}},
		{in: `38889,38890, 38891`, want: []int{38889, 38890, 38891}},
		{in: `388889`, want: []int{388889}},
		{in: ``, err: `found the end at character 1`},
		{in: `[]`, err: `found "]" at character 2, expected a port`},
		{in: `[38888,]`, err: `found "]" at character 8, expected a port`},
		{in: `[38888 39888]`, err: `found "3" at character 8, expected "," or "]"`},
		{in: `[38888`, err: `found the end at character 7, expected "," or "]"`},
		{in: `[38888]]`, err: `found "]" at character 8, expected nothing after "]"`},
		{in: `38888]`, err: `found "]" at character 6, expected a digit or ","`},
		{in: `["38888]`, err: `found "]" at character 8, expected a digit or the closing quote`},
		{in: `["38888 "]`, err: `found a space (U+0020) at character 8`},
		{in: `['38888']`, err: `found "'" at character 2`},
		{in: `-1`, err: `found "-" at character 1`},
		{in: `38888.0`, err: `found "." at character 6`},
		{in: `38888;39888`, err: `found ";" at character 6`},
		{in: `[“38888”]`, err: `found "“" (U+201C, a typographic quote) at character 2`},
		{in: `［38888］`, err: `found "［" (U+FF3B, a full-width bracket) at character 1`},
		{in: `３８８８８`, err: `found "３" (U+FF13, a full-width 3) at character 1`},
		{in: "[38888,\u00a039888]", err: `found a no-break space (U+00A0) at character 8`},
		{in: "[\"\"]", err: `found """ at character 3, expected a digit`},
		{in: "38888é", err: `found "é" (U+00E9) at character 6`},
		{in: "38888\x01", err: `found U+0001, which is not seen at character 6`},
		{in: "1234567890", err: `at character 10`},
	} {
		got, err := ParseValue(c.in)
		if c.err == "" && (err != nil || !slices.Equal(got, c.want)) {
			t.Errorf("%q: %v, %v, expected %v", c.in, got, err, c.want)
		}
		if c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%q: %v, %v, expected the error %q", c.in, got, err, c.err)
		}
	}
}

func FuzzParseValue(f *testing.F) {
	for _, s := range []string{`["38888","39888"]`, `38889`, `[1, 2]`, `["1"，"2"]`, ``, `[`, `"`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		ports, err := ParseValue(s)
		var m *Malformed
		switch {
		case errors.As(err, &m):
			if n := utf8.RuneCountInString(s); m.Char < 1 || m.Char > n+1 {
				t.Errorf("%q: character %d of %d", s, m.Char, n)
			}
		case err != nil:
			t.Errorf("%q: an error of another kind: %v", s, err)
		default:
			again, err := ParseValue(FormatValue(KeyPort, ports))
			if err != nil || !slices.Equal(again, ports) {
				t.Errorf("%q: %v is written as %s and read as %v (%v)", s, ports, FormatValue(KeyPort, ports), again, err)
			}
		}
	})
}

func TestNearestKey(t *testing.T) {
	for id, want := range map[string]string{
		KeyPort: KeyPort, KeyRequestPort: KeyRequestPort, KeyRequestPorts: KeyRequestPorts,
		"websocketconfig.PORT": KeyPort, "WebSocketConfig. port": KeyPort, "WebSocketConfig.ports": KeyPort,
		"WebSockeConfig.prot": "", "WebSocketConfig.prot": KeyPort, "WebSocketConfig.requestPrts": KeyRequestPorts, "WebSocketConfg.requestPort": KeyRequestPort,
		"WebSocketConfig.request": "", "SocketConfig.port": "", "": "", "WebSocketConfig": "", "WebSocketConfig.protocol": "",
	} {
		got, ok := NearestKey(id)
		if (want != "") != ok || ok && got != want {
			t.Errorf("%q: %q, %v, expected %q", id, got, ok, want)
		}
	}
}

func FuzzNearestKey(f *testing.F) {
	for _, k := range keys {
		f.Add(k)
	}
	f.Add("websocketconfig.PORT\u00a0")
	f.Fuzz(func(t *testing.T, id string) {
		NearestKey(id)
		for _, r := range Visible(id) {
			if r != ' ' && isBlank(r) {
				t.Errorf("%q is shown as %q, with U+%04X in it", id, Visible(id), r)
			}
		}
	})
}

func TestVisible(t *testing.T) {
	for in, want := range map[string]string{
		"a b": `"a b"`, " a ": `"␠a␠"`, "a\u00a0b": `"a<U+00A0>b"`, "a\t\r\n": `"a␉␍␊"`, "": `""`, "  ": `"␠␠"`, "\x1b[2Ja": `"<U+001B>[2Ja"`, "\ufeffa": `"<U+FEFF>a"`,
	} {
		if got := Visible(in); got != want {
			t.Errorf("%q: %s, expected %s", in, got, want)
		}
	}
}

func TestLiteralsAreQuoted(t *testing.T) {
	r := Row{ID: "it's ", Key: KeyPort, Value: "x'y"}
	if got := fixOfLines(renameRow(r)); !strings.Contains(got, "WHERE id = 'it''s '") {
		t.Error(got)
	}
	if got := fixOfLines(setValue(r, "1")); !strings.Contains(got, "SET value = 'x''y' WHERE") {
		t.Error(got)
	}
}

// The list against a program that implements the standard: Node's fetch refuses these ports and no other kind of
// reason gives this cause. It sends nothing to a port that it refuses.
func TestBadPortsAgainstFetch(t *testing.T) {
	node := probetest.Need(t, "node")
	var list []string
	for _, p := range badPorts {
		if p != 0 { // the standard's latest, which not every Node knows
			list = append(list, strings.TrimSpace(strings.Trim(yamlList([]int{p}), "[]")))
		}
	}
	script := `Promise.all(process.argv[1].split(",").map(p => fetch("http://127.0.0.1:" + p + "/").then(() => p, e => e.cause?.message === "bad port" ? "" : p)))
		.then(all => console.log(all.filter(Boolean).join(",")))`
	out, err := exec.Command(node, "-e", script, strings.Join(list, ",")).Output()
	if err != nil || strings.TrimSpace(string(out)) != "" {
		t.Errorf("ports that fetch does not refuse: %q (%v)", out, err)
	}
	if !slices.IsSorted(badPorts) || len(badPorts) != 83 {
		t.Errorf("%d ports, sorted: %v", len(badPorts), slices.IsSorted(badPorts))
	}
}
