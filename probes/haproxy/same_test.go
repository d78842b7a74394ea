package haproxy

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/probetest"
)

// testEnv is the environment of the HAProxy that is compared with.
var testEnv = map[string]string{"SET": "value", "EMPTY": "", "LIST": "one two", "PATH": os.Getenv("PATH")}

// haproxyCheck runs "haproxy -c" and returns all that it wrote, without the lines that stand in every answer.
func haproxyCheck(t *testing.T, config string) (lines []string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "haproxy.cfg")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), probetest.Need(t, "haproxy"), "-c", "-f", file)
	for name, value := range testEnv {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	out, _ := cmd.CombinedOutput() // what it says is looked at, not how it ends: without a listener that is 2
	for line := range strings.Lines(string(out)) {
		lines = append(lines, strings.ReplaceAll(strings.TrimRight(line, "\n"), file, "FILE"))
	}
	return lines
}

var (
	alertAt  = regexp.MustCompile(`^\[ALERT\].*\[FILE:(\d+)\]: (.*)$`)
	noticeAt = regexp.MustCompile(`^\[NOTICE\].*\[FILE:(\d+)\]: ('.*')\.$`)
)

// batch is how many lines HAProxy is given at once: it stops at 50 errors.
const batch = 48

// TestWordsAreCutAsHAProxyDoes writes random lines behind ".notice", which says what HAProxy made of the first word,
// and whether there is a second.
func TestWordsAreCutAsHAProxyDoes(t *testing.T) {
	pieces := []string{`a`, `b`, `"`, `"`, `'`, `'`, `\`, `\`, ` `, "\t", `#`, `x41`, `\x4`, `$SET`, `${SET}`, `${NO-d}`, `${NO}`, `${EMPTY-e}`,
		`${LIST[*]}`, `${LIST[*`, `$`, `{`, `}`, `1`, `-`, "\r", "\v", "\f", "\u00e9", `\ `, `\#`, `\\`, `\$`, `\"`, `\'`}
	rnd := rand.New(rand.NewPCG(1, 2))
	differ, seen := 0, 0
	for range 60 {
		var lines []string
		for range batch {
			line := ".notice "
			for range 1 + rnd.IntN(7) {
				line += pieces[rnd.IntN(len(pieces))]
			}
			lines = append(lines, line)
		}
		config := strings.Join(lines, "\n") + "\n"
		theirs := spoken(haproxyCheck(t, config))
		ours := words(config)
		for i, line := range lines {
			seen++
			if theirs[i+1] != ours[i+1] {
				if differ++; differ < 10 {
					t.Errorf("%q:\nHAProxy %q\nwe      %q", line, theirs[i+1], ours[i+1])
				}
			}
		}
	}
	if differ > 0 {
		t.Errorf("%d of %d lines differ", differ, seen)
	}
}

var unexpected = regexp.MustCompile(`^(?i:unexpected) argument ['"](.*)['"] for '.notice'.*`)

// spoken returns what HAProxy said of each line.
func spoken(out []string) map[int]string {
	said := map[int]string{}
	for _, l := range out {
		m := alertAt.FindStringSubmatch(l)
		if m == nil {
			m = noticeAt.FindStringSubmatch(l)
		}
		if m != nil {
			n, _ := strconv.Atoi(m[1])
			said[n] = unexpected.ReplaceAllString(strings.TrimSuffix(m[2], ":"), "second word $1")
		}
	}
	return said
}

// words returns the same of our own.
func words(config string) map[int]string {
	said := map[int]string{}
	for _, f := range Parse(Options{Env: testEnv}, File{"FILE", config}).Faults {
		said[f.Line] = fmt.Sprintf("%s at position %d", f.Text, f.Column)
		if f.Text.Args != nil {
			said[f.Line] = fmt.Sprintf("second word %s", f.Text.Args[0])
		}
	}
	for i, line := range strings.Split(config, "\n") {
		if said[i+1] == "" {
			p := &parser{cfg: &Config{}, outer: testEnv, all: true, line: i + 1}
			first := ""
			if ws := split(line, p.lookup, func(int, probes.Text) {}); len(ws) > 1 {
				first = ws[1].Text
			}
			said[i+1] = "'" + first + "'"
		}
	}
	return said
}

// TestConditionsAreEvaluatedAsHAProxyDoes asks a real HAProxy, by one handshake, which of many conditions hold. What we
// decide has to agree; what we leave open is listed by the second field.
func TestConditionsAreEvaluatedAsHAProxyDoes(t *testing.T) {
	conditions := []struct {
		cond string
		open bool // we cannot tell
	}{
		{cond: "{ path /socket.io/ }"}, {cond: "{ path /socket.io }"}, {cond: "{ path_beg /socket }"}, {cond: "{ path_beg -i /SOCKET }"}, {cond: "{ path_beg /SOCKET }"},
		{cond: "{ path_end .io/ }"}, {cond: "{ path_sub ket. }"}, {cond: "{ path_dir socket.io }"}, {cond: "{ path_dir socket }"}, {cond: "{ path_dir /socket.io/ }"},
		{cond: "{ path_dom socket }"}, {cond: "{ path_dom sock }"}, {cond: "{ path_reg ^/socket\\.io/?$ }"}, {cond: "{ path_reg ^/x }"}, {cond: "{ path_len gt 5 }"}, {cond: "{ path_len 11 }"},
		{cond: "{ path -m beg /soc }"}, {cond: "{ path -m found }"}, {cond: "{ path,lower -m beg /socket }"}, {cond: "{ path_beg /a /b /socket }"}, {cond: "{ path_beg -- /socket }"},
		{cond: "{ path_beg socket }"}, {cond: "{ path_end / }"},
		{cond: "{ url /socket.io/?EIO=4&transport=websocket }"}, {cond: "{ url_sub transport=websocket }"}, {cond: "{ url_beg /socket.io/? }"}, {cond: "{ url_end websocket }"},
		{cond: "{ pathq /socket.io/?EIO=4&transport=websocket }"}, {cond: "{ query EIO=4&transport=websocket }"}, {cond: "{ urlp(transport) websocket }"}, {cond: "{ url_param(EIO) 3 }"},
		{cond: "{ urlp(sid) -m found }"}, {cond: "{ urlp(sid) x }"}, {cond: "!{ urlp(sid) x }"}, {cond: "{ urlp(EIO) -m found }"},
		{cond: "{ hdr(Upgrade) websocket }"}, {cond: "{ hdr(upgrade) -i WebSocket }"}, {cond: "{ hdr(Upgrade) WebSocket }"}, {cond: "{ req.hdr(upgrade) -m found }"}, {cond: "{ hdr_beg(upgrade) web }"},
		{cond: "{ hdr(Connection) -i upgrade }"}, {cond: "{ hdr_sub(connection) -i upgr }"}, {cond: "{ hdr(sec-websocket-version) 13 }"}, {cond: "{ hdr_cnt(upgrade) gt 0 }"}, {cond: "{ hdr_cnt(upgrade) 2 }"},
		{cond: "{ hdr(content-length) -m found }"}, {cond: "{ hdr(host) -m beg reports.exa }"}, {cond: "{ hdr_dom(host) -i example }"}, {cond: "{ hdr(host),lower -m beg reports }"},
		{cond: "{ hdr_end(host) .example }"}, {cond: "{ hdr(cookie) -m found }", open: true}, {cond: "{ hdr(origin) x }", open: true},
		{cond: "{ ssl_fc }"}, {cond: "!{ ssl_fc }"}, {cond: "{ method GET }"}, {cond: "{ method POST }"}, {cond: "{ req.ver 1.1 }"}, {cond: "{ always_true }"}, {cond: "{ always_false }"},
		{cond: "TRUE"}, {cond: "FALSE"}, {cond: "METH_GET"}, {cond: "METH_POST"}, {cond: "HTTP"}, {cond: "HTTP_1.1"}, {cond: "HTTP_1.0"}, {cond: "HTTP_URL_SLASH"}, {cond: "HTTP_URL_ABS"}, {cond: "HTTP_URL_STAR"},
		{cond: "HTTP_CONTENT"}, {cond: "METH_CONNECT"}, {cond: "LOCALHOST", open: true}, {cond: "{ src 10.0.0.0/8 }", open: true}, {cond: "{ path,url_dec -m beg /socket }", open: true},
		{cond: "is_ws sio"}, {cond: "is_ws !sio"}, {cond: "!is_ws or sio"}, {cond: "either"}, {cond: "!either"}, {cond: "is_ws FALSE || sio TRUE"}, {cond: "FALSE or FALSE TRUE"}, {cond: "! is_ws"}, {cond: "! { path_beg /x }"},
		{cond: "neither { path_beg /socket }"}, {cond: "{ src 10.0.0.0/8 } FALSE"}, {cond: "{ src 10.0.0.0/8 } or TRUE"}, {cond: "{ path_reg -i ^/SOCKET }"}, {cond: "{ base_beg reports.example }"}, {cond: "{ base_dom /socket.io/ }"},
		{cond: "{ path_len 5:20 }"}, {cond: "{ path_len lt 3 }"}, {cond: "{ path_len ge 11 }"}, {cond: "{ path_len le 10 }"}, {cond: "{ hdr_reg(host) ^reports\\. }"},
	}
	var config strings.Builder
	config.WriteString("defaults\n  mode http\n  timeout connect 1s\n  timeout client 5s\n  timeout server 5s\nfrontend f\n  bind fd@3\n" +
		"  acl is_ws hdr(Upgrade) -i websocket\n  acl sio path_beg /socket.io/\n  acl either path_beg /no\n  acl either path_beg /socket\n  acl neither path_beg /no\n  acl neither path_end .jpg\n")
	answer := ""
	for i, c := range conditions {
		for _, keyword := range []string{"if", "unless"} {
			fmt.Fprintf(&config, "  http-request set-var(txn.%s%d) int(1) %s %s\n", keyword, i, keyword, c.cond)
			answer += fmt.Sprintf("%%[var(txn.%s%d)],", keyword, i)
		}
	}
	fmt.Fprintf(&config, "  http-request return status 200 content-type text/plain lf-string \"%s\"\n", answer)

	for _, l := range haproxyCheck(t, config.String()) {
		if strings.HasPrefix(l, "[ALERT]") && strings.Contains(l, "condition") {
			t.Error(l)
		}
	}
	ln := probetest.Listen(t)
	url := "http://" + ln.Addr().String()
	probetest.HAProxy(t, config.String(), ln)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/socket.io/?EIO=4&transport=websocket", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "reports.example"
	req.Header = http.Header{"Upgrade": {"websocket"}, "Connection": {"Upgrade"}, "Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="}, "Sec-Websocket-Version": {"13"}}
	resp, err := fresh().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	theirs := strings.Split(string(body), ",")
	if len(theirs) != 2*len(conditions)+1 {
		t.Fatalf("%d answers: %d %q", len(theirs), resp.StatusCode, body)
	}

	aim := Aim{Host: "reports.example", Path: "/socket.io/", Query: "EIO=4&transport=websocket"}
	m := newModel(Parse(Options{}, File{"FILE", config.String()}), Options{}, aim)
	p := m.proxies[0]
	rules := slices.DeleteFunc(slices.Collect(p.kind("http-request")), func(l Line) bool { return actionName(l) != "set-var" })
	for i, l := range rules {
		got, want := p.holds(l, m.request(p, p.binds[0])), known(theirs[i] == "1")
		switch c := conditions[i/2]; {
		case c.open && got != maybe:
			t.Errorf("%s: decided, and it cannot be", l.Raw)
		case !c.open && got != want:
			t.Errorf("%s: HAProxy %d, we %d (1 yes, 2 no, 0 open)", l.Raw, want, got)
		}
	}
}
