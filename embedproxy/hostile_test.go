package embedproxy

import (
	"crypto/tls"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the table of docs/proxy-hostile.md anew")

// ambiguous is a request that two readers could take in two ways, or that takes more than its share.
type ambiguous struct {
	what string
	send string // "…" is a pause before each further byte
	want string // the status; "200" means that it is passed on
	late string // the status where net/http reads the head (TLS, a later request); "": the same
	gone string // what the backend must not have seen of it
}

// hostileTime is the timeouts.handshake of the proxy that slow requests are sent to: short, because each waits for it,
// and long enough for all that a busy machine does before.
const hostileTime = 2 * time.Second

const hostileHead = "HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"

func getWith(lines ...string) string {
	return "GET / " + hostileHead + strings.Join(append(lines, ""), "\r\n") + "\r\n"
}

// post has a body: field is what says how long it is.
func post(field, body string) string {
	return "POST /count " + hostileHead + field + "\r\n\r\n" + body
}

func chunked(body string) string { return post("Transfer-Encoding: chunked", body) }

const anUpgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13"

var hostile = []struct {
	group string
	slow  bool
	rows  []ambiguous
}{
	{"Length of the body", false, []ambiguous{
		{what: "`Content-Length` and `Transfer-Encoding: chunked`", send: post("Content-Length: 3\r\nTransfer-Encoding: chunked", "0\r\n\r\n"), want: "400"},
		{what: "the same the other way round", send: post("Transfer-Encoding: chunked\r\nContent-Length: 3", "0\r\n\r\n"), want: "400"},
		{what: "two different `Content-Length`", send: post("Content-Length: 3\r\nContent-Length: 4", "abcd"), want: "400"},
		{what: "two equal `Content-Length`", send: post("Content-Length: 3\r\nContent-Length: 3", "abc"), want: "400"},
		{what: "`Content-Length: 3, 3`", send: post("Content-Length: 3, 3", "abc"), want: "400"},
		{what: "`Content-Length: +3`", send: post("Content-Length: +3", "abc"), want: "400"},
		{what: "`Content-Length: 0x3`", send: post("Content-Length: 0x3", "abc"), want: "400"},
		{what: "`Content-Length: -1`", send: post("Content-Length: -1", ""), want: "400"},
		{what: "an empty `Content-Length`", send: post("Content-Length:", ""), want: "400"},
		{what: "a `Content-Length` of 20 digits", send: post("Content-Length: 99999999999999999999", ""), want: "400"},
		{what: "two `Transfer-Encoding`", send: post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "0\r\n\r\n"), want: "400"},
		{what: "`Transfer-Encoding: gzip, chunked`", send: post("Transfer-Encoding: gzip, chunked", "0\r\n\r\n"), want: "501"},
		{what: "`Transfer-Encoding: identity`", send: post("Transfer-Encoding: identity", ""), want: "501"},
		{what: "`Transfer-Encoding: xchunked`", send: post("Transfer-Encoding: xchunked", "0\r\n\r\n"), want: "501"},
		{what: "`Transfer-Encoding: \\vchunked`", send: post("Transfer-Encoding: \vchunked", "0\r\n\r\n"), want: "400"},
		{what: "`Transfer-Encoding : chunked`, a blank before the colon", send: post("Transfer-Encoding : chunked", "0\r\n\r\n"), want: "400"},
		{what: "`Transfer-Encoding: chunked` in HTTP/1.0", send: strings.Replace(chunked("0\r\n\r\n"), "HTTP/1.1", "HTTP/1.0", 1), want: "400"},
	}},
	{"Chunks", false, []ambiguous{
		{what: "good chunks, an extension and a trailer", send: chunked("5;a=b\r\nhello\r\n0\r\nX: 1\r\n\r\n"), want: "200"},
		{what: "a size that ends in LF alone", send: chunked("5\nhello\r\n0\r\n\r\n"), want: "400"},
		{what: "data that ends in LF alone", send: chunked("5\r\nhello\n0\r\n\r\n"), want: "400"},
		{what: "a chunk longer than its size", send: chunked("3\r\nhello\r\n0\r\n\r\n"), want: "400"},
		{what: "a size with `0x`, a sign, or a blank on either side", send: chunked("0x5\r\nhello\r\n0\r\n\r\n"), want: "400"},
		{what: "", send: chunked("+5\r\nhello\r\n0\r\n\r\n"), want: "400"},
		{what: "", send: chunked(" 5\r\nhello\r\n0\r\n\r\n"), want: "400"},
		{what: "", send: chunked("5 \r\nhello\r\n0\r\n\r\n"), want: "400"},
		{what: "no size", send: chunked("\r\nhello\r\n0\r\n\r\n"), want: "400"},
		{what: "a size of 16 digits", send: chunked("ffffffffffffffff\r\nhello\r\n"), want: "400"},
		{what: "an extension that ends in LF alone", send: chunked("5;x\nhello\r\n0\r\n\r\n"), want: "400"},
		{what: "`Content-Length` in the trailer", send: chunked("0\r\nContent-Length: 5\r\n\r\n"), want: "400"},
		{what: "a folded trailer", send: chunked("0\r\nX: 1\r\n 2\r\n\r\n"), want: "400"},
	}},
	{"Lines", false, []ambiguous{
		{what: "a folded field (obs-fold)", send: getWith("X: 1", " 2"), want: "400"},
		{what: "a folded first field", send: "GET / HTTP/1.1\r\n Host: a\r\n\r\n", want: "400"},
		{what: "lines that end in LF alone", send: "GET / HTTP/1.1\nHost: a\n\n", want: "400"},
		{what: "one such line among others", send: "GET / HTTP/1.1\r\nHost: a\r\nX: 1\nY: 2\r\n\r\n", want: "400"},
		{what: "CR within a value", send: getWith("X: 1\rY: 2"), want: "400"},
		{what: "an empty line before the request", send: "\r\n" + getWith(), want: "400"},
		{what: "a field without a colon", send: getWith("Header"), want: "400"},
		{what: "a field without a name", send: getWith(": v"), want: "400"},
	}},
	{"Characters", false, []ambiguous{
		{what: "NUL in a value, in a name, in the target", send: getWith("X: a\x00b"), want: "400"},
		{what: "", send: getWith("X\x00: b"), want: "400"},
		{what: "", send: "GET /\x00 HTTP/1.1\r\nHost: a\r\n\r\n", want: "400"},
		{what: "DEL in a value", send: getWith("X: \x7f"), want: "400"},
		{what: "a byte above 0x7f in a name", send: getWith("X\xe9: 1"), want: "400"},
		{what: "a blank or a `#` in the target", send: "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", want: "400"},
		{what: "", send: "GET /#x HTTP/1.1\r\nHost: a\r\n\r\n", want: "400"},
		{what: "`_` in a name: it is passed on without the field", send: getWith("X_Forwarded_For: 6.6.6.6", "X_Real_IP: 6.6.6.6"), want: "200", gone: "6.6.6.6"},
	}},
	{"Host and target", false, []ambiguous{
		{what: "`http://a/` with `Host: a`", send: "GET http://a/ " + hostileHead + "\r\n", want: "200"},
		{what: "`http://b/` with `Host: a`", send: "GET http://b/ " + hostileHead + "\r\n", want: "400"},
		{what: "`http://u@a/`", send: "GET http://u@a/ " + hostileHead + "\r\n", want: "400"},
		{what: "`http://a?x`, a URL without a path", send: "GET http://a?x " + hostileHead + "\r\n", want: "400"},
		{what: "`ftp://a/`", send: "GET ftp://a/ " + hostileHead + "\r\n", want: "400"},
		{what: "a target that is no path", send: "GET x " + hostileHead + "\r\n", want: "400"},
		{what: "two `Host`, different or equal", send: "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", want: "400"},
		{what: "", send: "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", want: "400"},
		{what: "no `Host` in HTTP/1.1", send: "GET / HTTP/1.1\r\n\r\n", want: "400"},
		{what: "a `Host` with a user, a path or a comma", send: "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", want: "400"},
		{what: "", send: "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", want: "400"},
		{what: "", send: "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", want: "400"},
	}},
	{"Versions and methods", false, []ambiguous{
		{what: "HTTP/1.2, HTTP/2.0 without TLS", send: "GET / HTTP/1.2\r\nHost: a\r\n\r\n", want: "505"},
		{what: "", send: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", want: "505"},
		{what: "`http/1.1`, no version, HTTP/0.9", send: "GET / http/1.1\r\nHost: a\r\n\r\n", want: "400"},
		{what: "", send: "GET / \r\nHost: a\r\n\r\n", want: "400"},
		{what: "", send: "GET /\r\n\r\n", want: "400"},
		{what: "`CONNECT`", send: "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", want: "405"},
		{what: "TLS on a plain port", send: "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n", want: "400"},
		{what: "the word by which the proxy's own reader marks a refusal", send: "X-REFUSED /200 HTTP/1.1\r\nHost: a\r\n\r\n", want: "400"},
	}},
	{"Upgrades", false, []ambiguous{
		{what: "`Upgrade: h2c`: passed on without it", send: "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, close, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n", want: "200", gone: "h2c"},
		{what: "a WebSocket handshake by POST", send: "POST /ws HTTP/1.1\r\nHost: a\r\n" + anUpgrade + "\r\nSec-WebSocket-Key: x\r\n\r\n", want: "400"},
		{what: "one without a key, or with two", send: "GET /ws HTTP/1.1\r\nHost: a\r\n" + anUpgrade + "\r\n\r\n", want: "400"},
		{what: "", send: "GET /ws HTTP/1.1\r\nHost: a\r\n" + anUpgrade + "\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Key: y\r\n\r\n", want: "400"},
		{what: "one with a body", send: "GET /ws HTTP/1.1\r\nHost: a\r\n" + anUpgrade + "\r\nSec-WebSocket-Key: x\r\nContent-Length: 3\r\n\r\nabc", want: "400"},
		{what: "one in HTTP/1.0: passed on without the upgrade", send: "GET / HTTP/1.0\r\nHost: a\r\n" + anUpgrade + "\r\nSec-WebSocket-Key: x\r\n\r\n", want: "200", gone: "Saw-Upgrade"},
		{what: "`Connection` that names `Host`, `X-Forwarded-For` or `Authorization`", send: "GET / HTTP/1.1\r\nHost: a\r\nConnection: close, Host\r\n\r\n", want: "400"},
		{what: "", send: "GET / HTTP/1.1\r\nHost: a\r\nConnection: close, X-Forwarded-For\r\n\r\n", want: "400"},
		{what: "", send: "GET / HTTP/1.1\r\nHost: a\r\nConnection: close, Authorization\r\n\r\n", want: "400"},
	}},
	{"Too large", false, []ambiguous{
		{what: "a field, or a target, of 20 KiB", send: getWith("X: " + strings.Repeat("a", 20<<10)), want: "431"},
		{what: "", send: "GET /" + strings.Repeat("a", 20<<10) + " " + hostileHead + "\r\n", want: "431"},
		{what: "20 KiB of a head without an end", send: strings.Repeat("a", 20<<10), want: "431"},
		{what: "200 fields", send: getWith(strings.Split(strings.Repeat("X: 1\n", 199)+"X: 1", "\n")...), want: "431"},
		{what: "a chunk's extension of 300 bytes", send: chunked("5;" + strings.Repeat("a", 300) + "\r\nhello\r\n0\r\n\r\n"), want: "400"},
		{what: "5 KiB of trailers", send: chunked("0\r\nX: " + strings.Repeat("a", 5<<10) + "\r\n\r\n"), want: "431"},
	}},
	{"Too slow (`timeouts.handshake`)", true, []ambiguous{
		{what: "a connection without a byte", send: "", want: "408", late: "none"},
		{what: "half a head", send: "GET / HTTP/1.1\r\nHost: a\r\n", want: "408", late: "none"},
		{what: "a head byte by byte", send: "…GET / HTTP/1.1\r\nHost: a\r\n\r\n", want: "408", late: "none"},
		{what: "a body that stops", send: post("Content-Length: 10", "abc"), want: "408"},
		{what: "a chunk that stops", send: chunked("5\r\nhel"), want: "408"},
	}},
}

var statusLine = regexp.MustCompile(`HTTP/1\.[01] (\d{3}) `)

// say sends one row and returns the statuses of the answers until the proxy hangs up, and all of them.
func (a ambiguous) say(t *testing.T, c net.Conn, before string) (statuses, all string) {
	c.SetDeadline(time.Now().Add(4 * patience))
	text, drip := strings.CutPrefix(a.send, "…")
	var sending sync.WaitGroup
	sending.Go(func() {
		io.WriteString(c, before)
		if !drip {
			io.WriteString(c, text)
			return
		}
		for i := range len(text) {
			time.Sleep(2 * hostileTime / time.Duration(len(text)))
			if _, err := io.WriteString(c, text[i:i+1]); err != nil {
				return
			}
		}
	})
	b, _ := io.ReadAll(c)
	c.Close()
	sending.Wait()
	var codes []string
	for _, m := range statusLine.FindAllSubmatch(b, -1) {
		codes = append(codes, string(m[1]))
	}
	if len(codes) == 0 {
		codes = []string{"none"}
	}
	return strings.Join(codes, " "), string(b)
}

// TestHostileRequests sends every row of the table as the first request of a connection, as the second, and over TLS.
func TestHostileRequests(t *testing.T) {
	const good = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
	n := startNode(t, "n1")
	cfg := settings(n)
	cfg.Proxy.Timeouts.Handshake = 4 * patience
	quick := cfg
	quick.Proxy.Timeouts.Handshake = hostileTime
	plain, plainQuick := start(t, cfg, Options{}), start(t, quick, Options{})
	withTLS(t, &cfg, 1)
	withTLS(t, &quick, 1)
	secure, secureQuick := start(t, cfg, Options{}), start(t, quick, Options{})
	tcp := func(p *Proxy) (net.Conn, error) { return net.Dial("tcp", p.at()) }
	for name, way := range map[string]struct {
		before       string
		first        bool
		usual, quick *Proxy
		dial         func(*Proxy) (net.Conn, error)
	}{
		"first":  {"", true, plain, plainQuick, tcp},
		"second": {good, false, plain, plainQuick, tcp},
		"tls": {"", false, secure, secureQuick, func(p *Proxy) (net.Conn, error) {
			return tls.Dial("tcp", p.at(), &tls.Config{InsecureSkipVerify: true})
		}},
	} {
		// try sends one row and says what was wrong; "": nothing.
		try := func(row ambiguous, p *Proxy) string {
			c, err := way.dial(p)
			if err != nil {
				return err.Error()
			}
			got, all := row.say(t, c, way.before)
			want := row.want
			if !way.first && row.late != "" {
				want = row.late
			}
			if way.before != "" {
				want = strings.TrimSuffix("200 "+want, " none")
			}
			if got != want || row.gone != "" && strings.Contains(all, row.gone) {
				return fmt.Sprintf("%q, expected status %s and no %q", all, want, row.gone)
			}
			return ""
		}
		var wg sync.WaitGroup // the slow ones wait side by side
		for _, g := range hostile {
			for _, row := range g.rows {
				if !g.slow {
					if wrong := try(row, way.usual); wrong != "" {
						t.Errorf("%s, %s %.60q: %s", name, row.what, row.send, wrong)
					}
					continue
				}
				if way.before != "" && row.send == "" {
					continue // it is kept alive for webIdle
				}
				wg.Go(func() {
					wrong := try(row, way.quick)
					for again := 0; wrong != "" && again < 3; again++ { // the machine may have been slower than the client
						wrong = try(row, way.quick)
					}
					if wrong != "" {
						t.Errorf("%s, %s %.60q: %s", name, row.what, row.send, wrong)
					}
				})
			}
		}
		wg.Wait()
	}
}

// TestHostileTable keeps the table for operators and the one above the same.
func TestHostileTable(t *testing.T) {
	const file, begin = "../docs/proxy-hostile.md", "<!-- made by `go test ./embedproxy -run TestHostileTable -update` -->\n"
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, _, ok := strings.Cut(string(raw), begin)
	if !ok {
		t.Fatalf("%s has no line %q", file, begin)
	}
	var b strings.Builder
	b.WriteString(head + begin)
	for _, g := range hostile {
		fmt.Fprintf(&b, "\n## %s\n\n| what is sent | what it gets |\n| --- | --- |\n", g.group)
		for _, r := range g.rows {
			if r.what == "" {
				continue // a variant of the row above
			}
			gets := r.want
			if r.want == "200" {
				gets = "passed on"
			}
			if r.late == "none" {
				gets += "; over TLS, or on a connection that was used before, hung up on"
			}
			fmt.Fprintf(&b, "| %s | %s |\n", r.what, gets)
		}
	}
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if b.String() != string(raw) {
		t.Errorf("%s is not what the table says; write it anew with -update", file)
	}
}
