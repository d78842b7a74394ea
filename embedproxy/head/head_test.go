package head

import (
	"fmt"
	"io"
	"net/netip"
	"strings"
	"testing"
	"testing/iotest"
)

const handshake = "GET /chat?room=1 HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n" +
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"

func parse(s string) (*Request, error) {
	end, _, err := Find([]byte(s), 0, Limits{})
	if err != nil {
		return nil, err
	}
	if end == 0 {
		return nil, fmt.Errorf("incomplete")
	}
	r := new(Request)
	return r, r.Parse([]byte(s)[:end], Limits{})
}

// get is a request with these fields besides Host.
func get(lines ...string) string {
	return "GET / HTTP/1.1\r\nHost: a\r\n" + strings.Join(append(lines, ""), "\r\n") + "\r\n"
}

// hostile is what the reader is tested with, and what the fuzzer begins with.
var hostile = []struct {
	name, in string
	status   int // 0: it is accepted
}{
	{"plain", get(), 0},
	{"handshake", handshake + "\r\n", 0},
	{"absolute target, same host", "GET http://a/x HTTP/1.1\r\nHost: a\r\n\r\n", 0},
	{"options *", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 0},
	{"http/1.0 without host", "GET / HTTP/1.0\r\n\r\n", 0},
	{"latin-1 value", get("X: caf\xe9"), 0},
	{"chunked", get("Transfer-Encoding: chunked"), 0},
	{"both lengths", get("Content-Length: 5", "Transfer-Encoding: chunked"), 400},
	{"two lengths", get("Content-Length: 5", "Content-Length: 5"), 400},
	{"length list", get("Content-Length: 5, 5"), 400},
	{"signed length", get("Content-Length: +5"), 400},
	{"hex length", get("Content-Length: 0x5"), 400},
	{"negative length", get("Content-Length: -1"), 400},
	{"empty length", get("Content-Length:"), 400},
	{"huge length", get("Content-Length: 99999999999999999999"), 400},
	{"two transfer encodings", get("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"), 400},
	{"identity, chunked", get("Transfer-Encoding: identity, chunked"), 501},
	{"chunked, chunked", get("Transfer-Encoding: chunked, chunked"), 501},
	{"xchunked", get("Transfer-Encoding: xchunked"), 501},
	{"chunked with vertical tab", get("Transfer-Encoding: \vchunked"), 400},
	{"transfer encoding in 1.0", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
	{"space before colon", get("Transfer-Encoding : chunked"), 400},
	{"tab before colon", get("Content-Length\t: 5"), 400},
	{"folded line", get("X: 1", " folded"), 400},
	{"folded first line", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400},
	{"no colon", get("Header"), 400},
	{"empty name", get(": v"), 400},
	{"bare LF", "GET / HTTP/1.1\nHost: a\n\n", 400},
	{"bare LF within", "GET / HTTP/1.1\r\nHost: a\nX: 1\r\n\r\n", 400},
	{"bare CR", get("X: a\rb"), 400},
	{"NUL in value", get("X: a\x00b"), 400},
	{"NUL in name", get("X\x00: b"), 400},
	{"DEL in value", get("X: \x7f"), 400},
	{"non-ASCII name", get("X\xe9: b"), 400},
	{"two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400},
	{"no host", "GET / HTTP/1.1\r\n\r\n", 400},
	{"host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
	{"host with a user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400},
	{"host with a comma", "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", 400},
	{"host with a quote", "GET / HTTP/1.1\r\nHost: a\"b\r\n\r\n", 400},
	{"absolute target, other host", "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"absolute target, user", "GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"other scheme", "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"relative target", "GET x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"connect", "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n", 405},
	{"fragment", "GET /#x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"blank in target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"tab after method", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"no version", "GET /\r\nHost: a\r\n\r\n", 400},
	{"http/2 preface", "PRI * HTTP/2.0\r\n\r\n", 505},
	{"http/1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505},
	{"lower case version", "GET / http/1.1\r\nHost: a\r\n\r\n", 400},
	{"version with a tail", "GET / HTTP/1.10\r\nHost: a\r\n\r\n", 400},
	{"leading empty line", "\r\n" + get(), 400},
	{"handshake by POST", strings.Replace(handshake, "GET", "POST", 1) + "\r\n", 400},
	{"handshake with a body", handshake + "Content-Length: 4\r\n\r\nbody", 400},
	{"handshake, chunked", handshake + "Transfer-Encoding: chunked\r\n\r\n", 400},
	{"handshake with two keys", handshake + "Sec-WebSocket-Key: x\r\n\r\n", 400},
	{"connection names host", get("Connection: close, Host"), 400},
	{"connection names the client's address", get("Connection: X-Forwarded-For"), 400},
	{"101 fields", get(strings.Split(strings.Repeat("X: 1\n", 100), "\n")[:100]...), 431},
	{"17 KiB of head", get("X: " + strings.Repeat("a", 17<<10)), 431},
	{"17 KiB without an end", strings.Repeat("a", 17<<10), 431},
}

func TestHostileRequests(t *testing.T) {
	for _, c := range hostile {
		_, err := parse(c.in)
		if e, _ := err.(*Error); c.status == 0 && err != nil || c.status != 0 && (e == nil || e.Status != c.status) {
			t.Errorf("%s: %v, expected status %d", c.name, err, c.status)
		}
	}
}

func TestRewrite(t *testing.T) {
	peer, proxy := netip.MustParseAddr("192.0.2.7"), netip.MustParseAddr("10.0.0.1")
	six := netip.MustParseAddr("2001:db8::1")
	for _, c := range []struct {
		name  string
		extra string
		hop   Hop
		want  []string
		gone  []string
	}{
		{"a client of its own word", "X-Forwarded-For: 1.2.3.4\r\nX_Real_IP: 6.6.6.6\r\nForwarded: for=9.9.9.9\r\n", Hop{Peer: peer},
			[]string{"X-Forwarded-For: 192.0.2.7\r\n", "X-Real-IP: 192.0.2.7\r\n", "X-Forwarded-Proto: http\r\n", "X-Forwarded-Host: example.com\r\n",
				"Forwarded: for=192.0.2.7;proto=http;host=\"example.com\"\r\n", "Upgrade: websocket\r\nConnection: Upgrade\r\n", "Sec-WebSocket-Version: 13\r\n"},
			[]string{"1.2.3.4", "6.6.6.6", "9.9.9.9", "keep-alive"}},
		{"a trusted proxy", "X-Forwarded-For: 6.6.6.6, 1.2.3.4\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: shop\r\nForwarded: for=1.2.3.4\r\n", Hop{Peer: proxy, Trusted: true},
			[]string{"X-Forwarded-For: 6.6.6.6, 1.2.3.4, 10.0.0.1\r\n", "X-Real-IP: 1.2.3.4\r\n", "X-Forwarded-Proto: https\r\n", "X-Forwarded-Host: shop\r\n",
				"Forwarded: for=1.2.3.4, for=10.0.0.1;"}, nil},
		{"IPv6 over TLS", "", Hop{Peer: six, TLS: true}, []string{"Forwarded: for=\"[2001:db8::1]\";proto=https", "X-Forwarded-Proto: https"}, nil},
		{"hop-by-hop", "Connection: X-Secret\r\nX-Secret: 1\r\nKeep-Alive: 5\r\nTE: trailers\r\nProxy-Authorization: x\r\nX-Kept: 1\r\n", Hop{Peer: peer},
			[]string{"X-Kept: 1\r\n"}, []string{"X-Secret", "Keep-Alive", "TE:", "Proxy-Auth"}},
		{"another protocol beside", "Upgrade: h2c\r\nHTTP2-Settings: x\r\n", Hop{Peer: peer}, nil, []string{"h2c", "HTTP2"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := parse(handshake + c.extra + "\r\n")
			if err != nil {
				t.Fatal(err)
			}
			prior := r.Prior()
			client := prior.Client(c.hop.Peer, func(a netip.Addr) bool { return a == proxy })
			out := string(r.AppendUpgrade(nil, c.hop, prior, client))
			for _, w := range c.want {
				if !strings.Contains(out, w) {
					t.Errorf("expected %q in\n%s", w, out)
				}
			}
			for _, w := range c.gone {
				if strings.Contains(out, w) {
					t.Errorf("expected no %q in\n%s", w, out)
				}
			}
			if again, err := parse(out); err != nil || !again.WebSocket {
				t.Errorf("what is sent on does not pass the own reader: %v", err)
			}
		})
	}
}

func TestAbsoluteTargetBecomesPath(t *testing.T) {
	r, err := parse("GET http://EXAMPLE.com/a?b HTTP/1.1\r\nHost: example.com\r\n\r\n")
	if err != nil || string(r.Target) != "/a?b" {
		t.Errorf("%s, %v", r.Target, err)
	}
}

func TestOnlyWebsocketIsAnUpgrade(t *testing.T) {
	for in, want := range map[string]bool{
		"Upgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Key: x\r\n":         true,
		"Upgrade: WebSocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x\r\n":         true,
		"Upgrade: h2c\r\nConnection: upgrade\r\n":                                       false,
		"Upgrade: websocket\r\n":                                                        false,
		"Connection: upgrade\r\n":                                                       false,
		"Upgrade: websocket2\r\nConnection: upgrade\r\nSec-WebSocket-Key: x\r\n":        false,
		"Upgrade: foo, websocket\r\nConnection: a, upgrade\r\nSec-WebSocket-Key: x\r\n": true,
	} {
		r, err := parse("GET / HTTP/1.1\r\nHost: a\r\n" + in + "\r\n")
		if err != nil || r.WebSocket != want {
			t.Errorf("%q: %v, %v, expected %v", in, r.WebSocket, err, want)
		}
	}
	if r, err := parse(strings.Replace(handshake, "1.1", "1.0", 1) + "\r\n"); err != nil || r.WebSocket {
		t.Errorf("HTTP/1.0: %v, %v, expected no upgrade", r.WebSocket, err)
	}
}

func TestCookieValue(t *testing.T) {
	r, _ := parse("GET / HTTP/1.1\r\nHost: a\r\nCookie: x=1; node=abc\r\nCookie: other=2\r\n\r\n")
	if v := r.Cookie("node"); string(v) != "abc" {
		t.Errorf("got %q", v)
	}
	if v := r.Cookie("nod"); v != nil {
		t.Errorf("got %q, expected none", v)
	}
}

func TestResponse(t *testing.T) {
	const ok = "HTTP/1.1 101 Switching Protocols\r\nupgrade: WebSocket\r\nConnection: upgrade, x\r\nSec-WebSocket-Accept: abc\r\nKeep-Alive: 1\r\n\r\n"
	for _, c := range []struct {
		in     string
		status int // 0: it is refused
		ws     bool
	}{
		{ok, 101, true},
		{"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", 403, false},
		{"HTTP/1.1 101 x\r\nUpgrade: h2c\r\n\r\n", 0, false},
		{"HTTP/1.1 1x1 x\r\n\r\n", 0, false},
		{"SSH-2.0-OpenSSH_9.2\r\n\r\n", 0, false},
		{"HTTP/1.1 200 ok\r\nX : 1\r\n\r\n", 0, false},
	} {
		var r Response
		err := r.Parse([]byte(c.in), Limits{})
		if (err == nil) != (c.status != 0) || err == nil && (r.Status != c.status || r.Switching != c.ws) {
			t.Errorf("%q: %d %v %v", c.in, r.Status, r.Switching, err)
		}
	}
	var r Response
	if err := r.Parse([]byte(ok), Limits{}); err != nil {
		t.Fatal(err)
	}
	want := "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: abc\r\nSet-Cookie: a=b\r\n\r\n"
	if got := string(r.AppendSwitching(nil, []byte("Set-Cookie: a=b\r\n"))); got != want {
		t.Errorf("got %q", got)
	}
}

func TestParseAllocatesNothing(t *testing.T) {
	b := []byte(handshake + "\r\n")
	out := make([]byte, 0, 2048)
	var r Request
	peer := netip.MustParseAddr("192.0.2.7")
	if n := testing.AllocsPerRun(100, func() {
		end, _, _ := Find(b, 0, Limits{})
		if r.Parse(b[:end], Limits{}) == nil {
			out = r.AppendUpgrade(out[:0], Hop{Peer: peer}, r.Prior(), peer)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// chunkBodies are bodies in chunked coding with a word of the error; "": there is none.
var chunkBodies = map[string]string{
	"5\r\nhello\r\n0\r\n\r\n":                     "",
	"5;a=b\r\nhello\r\n0\r\n\r\n":                 "",
	"A\r\n0123456789\r\n0\r\nX-T: 1\r\n\r\n":      "",
	"5\nhello\r\n0\r\n\r\n":                       "size",
	"5\r\nhello\n0\r\n\r\n":                       "longer",
	"5\r\nhelloo\r\n0\r\n\r\n":                    "longer",
	"0x5\r\nhello\r\n0\r\n\r\n":                   "size",
	" 5\r\nhello\r\n0\r\n\r\n":                    "size",
	"-5\r\nhello\r\n0\r\n\r\n":                    "size",
	"\r\nhello\r\n0\r\n\r\n":                      "size",
	"5 \r\nhello\r\n0\r\n\r\n":                    "size",
	"5;\nhello\r\n0\r\n\r\n":                      "extension",
	"5;" + strings.Repeat("a", 300) + "\r\n":      "extension",
	"ffffffffffffffffff\r\n":                      "size",
	"0\r\nX: 1\n\r\n":                             "LF",
	"0\r\nContent-Length: 4\r\n\r\n":              "head",
	"0\r\n bad\r\n\r\n":                           "name",
	"0\r\nX: " + strings.Repeat("a", 5000) + "\r": "too long",
}

func TestChunks(t *testing.T) {
	for in, want := range chunkBodies {
		for _, step := range []int{1, 3, len(in)} {
			var c Chunks
			var err error
			done, b := false, []byte(in)
			for given := 0; given < len(b) && err == nil && !done; {
				given = min(given+step, len(b))
				var n int
				n, done, err = c.Scan(b[:given])
				b, given = b[n:], given-n
			}
			if want == "" && (err != nil || !done || len(b) > 0) || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
				t.Errorf("%.40q by %d: done %v, %d left, %v; expected %q", in, step, done, len(b), err, want)
			}
		}
	}
}

func TestScreen(t *testing.T) {
	const length = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
	const chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
	const refused = "X-REFUSED /400 HTTP/1.1\r\nHost: refused\r\nConnection: close\r\n\r\n"
	for _, c := range []struct{ name, in, want, err string }{
		{"requests one after another", get() + length + chunked + get(), get() + length + chunked + get(), ""},
		{"a bad one after a good one", length + "GET / HTTP/1.1\nHost: a\n\n", length + refused, ""},
		{"nothing after a refusal", "GET /\x00 HTTP/1.1\r\nHost: a\r\n\r\n" + get(), refused, ""},
		{"a smuggled length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + get(), refused, ""},
		{"a bad chunk", strings.Replace(chunked, "0\r\n", "zz\r\n", 1), strings.TrimSuffix(chunked, "0\r\n\r\n") + poison, "size"},
		{"a bad chunk and more", strings.Replace(chunked, "5\r\n", "5;x\n", 1) + get(), strings.TrimSuffix(chunked, "5\r\nhello\r\n0\r\n\r\n") + poison, "extension"},
		{"a bad end of a chunk", get() + strings.Replace(chunked, "hello", "hell", 1), get() + strings.TrimSuffix(chunked, "o\r\n0\r\n\r\n") + "\r" + poison, "longer"},
		{"a bad trailer", strings.Replace(chunked, "0\r\n", "0\r\nX: 1\r\nHost: b\r\n", 1), strings.Replace(strings.TrimSuffix(chunked, "\r\n"), "0\r\n", "0\r\nX: 1\r\n", 1) + poison, "trailer"},
		{"a tunnel", handshake + "\r\n\x81\x00\x00\n\n", handshake + "\r\n\x81\x00\x00\n\n", ""},
		{"half a head", get() + "GET / HT", get(), ""},
		{"the refusal itself", "X-REFUSED /200 HTTP/1.1\r\nHost: a\r\n\r\n", refused, ""},
	} {
		for name, src := range map[string]io.Reader{
			"whole": strings.NewReader(c.in), "bytewise": iotest.OneByteReader(strings.NewReader(c.in)), "halves": iotest.HalfReader(strings.NewReader(c.in)),
		} {
			screen := NewScreen(nil, src, Limits{})
			got, err := io.ReadAll(screen)
			if string(got) != c.want || err != nil {
				t.Errorf("%s, %s: got %q, %v, expected %q", c.name, name, got, err, c.want)
			}
			if f := screen.Fault(); c.err == "" && f != nil || c.err != "" && (f == nil || !strings.Contains(f.Reason, c.err)) {
				t.Errorf("%s, %s: fault %v, expected %q", c.name, name, f, c.err)
			}
		}
	}
	got, err := io.ReadAll(NewScreen([]byte(get()[:9]), strings.NewReader(get()[9:]), Limits{}))
	if string(got) != get() || err != nil {
		t.Errorf("with a prefix: %q, %v", got, err)
	}
}
