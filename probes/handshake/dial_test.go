package handshake

import (
	"bufio"
	"context"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// TestCauses meets a raw server for every way of not connecting.
func TestCauses(t *testing.T) {
	simple := func(status, rest string) func(net.Conn) {
		return answer("HTTP/1.1 " + status + "\r\nContent-Length: 0\r\n" + rest + "\r\n")
	}
	body := func(status, body string) func(net.Conn) {
		return answer("HTTP/1.1 " + status + "\r\nConnection: close\r\n\r\n" + body)
	}
	banner := func(b string) func(net.Conn) { return func(c net.Conn) { c.Write([]byte(b)); hold(c) } }
	for _, tc := range []struct {
		name   string
		scheme string // "" means ws
		server func(net.Conn)
		kind   Kind
		phase  Phase
		says   string // in the text
	}{
		{"silence", "", hold, UpgradeTimeout, Upgrading, "did not answer the upgrade request within 1.0 s"},
		{"half a head", "", answer("HTTP/1.1 101 Swi"), Closed, Upgrading, "without an answer"},
		{"half a head, then silence", "", func(c net.Conn) { c.Write([]byte("HTTP/1.1 101 Switching\r\nUpg")); hold(c) }, UpgradeTimeout, Upgrading, "did not end its head"},
		{"closed at once", "", func(c net.Conn) {}, "", Upgrading, ""}, // EOF or RST: the request may not have been read
		{"closed after the request", "", answer(""), Closed, Upgrading, "closed the connection after the upgrade request"},
		{"reset", "", func(c net.Conn) { bufio.NewReader(c).ReadString('\n'); reset(c) }, Reset, Upgrading, "reset the connection after the upgrade request"},
		{"SSH", "", banner("SSH-2.0-OpenSSH_9.2p1\r\n"), NotHTTP, Upgrading, `begins with "SSH-2.0-OpenSSH_9.2p1\r\n" (an SSH server)`},
		{"MySQL", "", banner("J\x00\x00\x00\x0a8.0.33\x00\x01\x02"), NotHTTP, Upgrading, `"J\x00\x00\x00\n8.0.33\x00\x01\x02" (a MySQL server)`},
		{"escape codes", "", banner("\x1b[2Jhello"), NotHTTP, Upgrading, `"\x1b[2Jhello"`},
		{"TLS alert", "", banner("\x15\x03\x01\x00\x02\x02\x46"), TLSOnPlain, Upgrading, "wss://"},
		{"nginx's TLS port", "", body("400 Bad Request", "<center>The plain HTTP request was sent to HTTPS port</center>"), TLSOnPlain, Upgrading, "wss://"},
		{"malformed", "", answer("HTTP/1.1 abc\r\n\r\n"), Malformed, Upgrading, "no valid HTTP"},
		{"NUL in a header", "", answer("HTTP/1.1 200 OK\r\nX\x00Y: z\r\n\r\n"), Malformed, Upgrading, "no valid HTTP"},
		{"header flood", "", answer("HTTP/1.1 200 OK\r\n" + strings.Repeat("X: y\r\n", 5000)), Malformed, Upgrading, "256 lines"},
		{"endless header", "", answer("HTTP/1.1 200 OK\r\nX: " + strings.Repeat("y", 200_000)), Malformed, Upgrading, "64 KiB"},
		{"page", "", body("200 OK", "<html>"), Page, Upgrading, "a page instead of the upgrade"},
		{"endless body", "", body("200 OK", strings.Repeat("y", 1<<20)), Page, Upgrading, ""},
		{"301", "", simple("301 Moved Permanently", "Location: /ws/\r\n"), Redirect, Upgrading, "301 and sends the client to /ws/"},
		{"302", "", simple("302 Found", "Location: http://a/\u009b1m\r\n"), Redirect, Upgrading, `http://a/\u009b1m`},
		{"307", "", simple("307 Temporary Redirect", "Location: /x\r\n"), Redirect, Upgrading, "307"},
		{"308", "", simple("308 Permanent Redirect", "Location: https://h/\r\n"), Redirect, Upgrading, "308"},
		{"304", "", simple("304 Not Modified", ""), OtherStatus, Upgrading, "304"},
		{"400", "", simple("400 Bad Request", ""), BadRequest400, Upgrading, "400"},
		{"400 of Spring", "", body("400 Bad Request", `Can "Upgrade" only to "WebSocket".`), UpgradeLost, Upgrading, "lost on the way"},
		{"400 of ws", "", body("400 Bad Request", `Invalid Upgrade header`), UpgradeLost, Upgrading, "lost on the way"},
		{"400 of Socket.IO", "", body("400 Bad Request", `{"code":3,"message":"Bad request"}`), UpgradeLost, Upgrading, `Socket.IO error 3, "Bad request"`},
		{"400 session unknown", "", body("400 Bad Request", `{"code":1,"message":"Session ID unknown"}`), BadRequest400, Upgrading, "another node"},
		{"400 other EIO", "", body("400 Bad Request", `{"code":5,"message":"Unsupported protocol version"}`), EngineProtocol, Upgrading, "EIO"},
		{"401", "", simple("401 Unauthorized", ""), Unauthorized, Upgrading, "credentials"},
		{"403", "", simple("403 Forbidden", ""), Forbidden, Upgrading, "Origin"},
		{"404", "", simple("404 Not Found", ""), NotFound, Upgrading, "path"},
		{"426", "", simple("426 Upgrade Required", ""), UpgradeLost, Upgrading, "lost on the way"},
		{"429", "", simple("429 Too Many Requests", ""), TooMany, Upgrading, "too many"},
		{"499", "", simple("499 Client Closed Request", ""), ClientClosed, Upgrading, "gave up"},
		{"502", "", simple("502 Bad Gateway", ""), BadGateway, Upgrading, "backend refuses"},
		{"503", "", simple("503 Service Unavailable", ""), Unavailable, Upgrading, "no backend"},
		{"504", "", simple("504 Gateway Timeout", ""), GatewayTimeout, Upgrading, "in time"},
		{"418", "", simple("418 I'm a teapot", ""), OtherStatus, Upgrading, "HTTP/1.1 418 I'm a teapot"},
		{"interim responses", "", answer("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"), NotFound, Upgrading, ""},
		{"101 in HTTP/1.0", "", answer(strings.Replace(switching, "1.1", "1.0", 1)), HTTP10, Upgrading, "HTTP/1.0"},
		{"101 without Upgrade", "", answer(strings.Replace(switching, "Upgrade: websocket\r\n", "", 1)), NoUpgradeHeader, Upgrading, "Upgrade missing"},
		{"101 with another Upgrade", "", answer(strings.Replace(switching, "websocket", "h2c", 1)), NoUpgradeHeader, Upgrading, `"h2c"`},
		{"101 without Connection", "", answer(strings.Replace(switching, "Connection: Upgrade", "Connection: close", 1)), NoConnection, Upgrading, `"close"`},
		{"101 with a subprotocol", "", answer(strings.Replace(switching, "\r\n\r\n", "\r\nSec-WebSocket-Protocol: chat\r\n\r\n", 1)), Unasked, Upgrading, `"chat"`},
		{"101 with an extension", "", answer(strings.Replace(switching, "\r\n\r\n", "\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n", 1)), Unasked, Upgrading, "permessage-deflate"},
		{"101 without accept", "", answer("HTTP/1.1 101 OK\r\nUpgrade: WebSocket\r\nConnection: keep-alive, upgrade\r\n\r\n"), AcceptMissing, Accepting, "without Sec-WebSocket-Accept"},
		{"101 with a wrong accept", "", answer(strings.Replace(switching, "{accept}", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", 1)), AcceptWrong, Accepting, `"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="`},
		{"no pong", "", upgraded(func(c net.Conn, _ *bufio.Reader) { hold(c) }), NoPong, Pinging, "does not answer a ping within 1.0 s"},
		{"wrong pong", "", upgraded(func(c net.Conn, _ *bufio.Reader) { c.Write([]byte("\x8a\x03abc")); hold(c) }), WrongPong, Pinging, "other data"},
		{"end after 101", "", upgraded(func(c net.Conn, r *bufio.Reader) { readClientFrame(r) }), ClosedAfter, Pinging, "1006"},
		{"reset after 101", "", upgraded(func(c net.Conn, r *bufio.Reader) { readClientFrame(r); reset(c) }), ClosedAfter, Pinging, "resets"},
		{"close 1008", "", upgraded(func(c net.Conn, r *bufio.Reader) { c.Write([]byte("\x88\x04\x03\xf0no")); hold(c) }), ClosedAfter, Pinging, "1008, against the endpoint's policy"},
		{"masked frame", "", upgraded(func(c net.Conn, r *bufio.Reader) { c.Write([]byte("\x81\x81abcdx")); hold(c) }), BadFrame, Pinging, "masked"},
		{"text after 101", "", upgraded(func(c net.Conn, r *bufio.Reader) { c.Write([]byte("hello, no frames here")); hold(c) }), BadFrame, Pinging, "reserved bits"},
		{"frame flood", "", upgraded(func(c net.Conn, r *bufio.Reader) {
			for {
				if _, err := c.Write([]byte(strings.Repeat("\x81\x01x", 1000))); err != nil {
					return
				}
			}
		}), NoPong, Pinging, "1000 frames"},
		{"TLS to plain HTTP", "wss", func(c net.Conn) {
			c.Read(make([]byte, 1))
			c.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
			hold(c)
		}, PlainOnTLS, Securing, "speaks plain HTTP"},
		{"TLS to SSH", "wss", banner("SSH-2.0-x\r\n"), PlainOnTLS, Securing, `"SSH-2"`},
		{"TLS silence", "wss", hold, TLSTimeout, Securing, "said nothing in the TLS handshake within 1.0 s"},
		{"TLS alert from the server", "wss", func(c net.Conn) { c.Read(make([]byte, 4096)); c.Write([]byte("\x15\x03\x03\x00\x02\x02\x28")); hold(c) }, TLSAlert, Securing, `"handshake failure"`},
		{"TLS end", "wss", func(c net.Conn) { c.Read(make([]byte, 4096)) }, Closed, Securing, "closed the connection in the TLS handshake"},
		{"TLS reset", "wss", func(c net.Conn) { c.Read(make([]byte, 1)); reset(c) }, Reset, Securing, "reset the connection in the TLS handshake"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			scheme := tc.scheme
			if scheme == "" {
				scheme = "ws"
			}
			tr := dialFake(t, scheme+"://"+serve(t, tc.server)+"/", awaited(tc.kind))
			if tc.kind != "" && tr.Cause.Kind != tc.kind || tr.Cause.Phase != tc.phase || !strings.Contains(tr.Cause.Text.String(), tc.says) {
				t.Errorf("got %s in %s: %s\nexpected %s in %s, with %q", tr.Cause.Kind, tr.Cause.Phase, tr.Cause.Text, tc.kind, tc.phase, tc.says)
			}
			if s := tr.Cause.Text.String(); strings.ContainsFunc(s, func(r rune) bool { return r < ' ' }) || strings.Contains(s, "%!") {
				t.Errorf("not fit for a terminal: %q", s)
			}
			if got := tr.Upgraded(); got != (tc.phase == Pinging) {
				t.Errorf("Upgraded is %v", got)
			}
		})
	}
}

// readClientFrame reads one short masked frame of the client.
func readClientFrame(r *bufio.Reader) (op byte, payload []byte) {
	h := make([]byte, 6)
	if n, _ := r.Read(h); n < 6 {
		return 0, nil
	}
	payload = make([]byte, h[1]&0x7f)
	r.Read(payload)
	for i := range payload {
		payload[i] ^= h[2+i&3]
	}
	return h[0] & 0xf, payload
}

// wellBehaved greets, pings, answers pings and closes.
func wellBehaved(c net.Conn, r *bufio.Reader) {
	c.Write([]byte("\x81\x05hello\x89\x01p"))
	for {
		op, payload := readClientFrame(r)
		switch op {
		case opPing:
			c.Write(append([]byte{0x8a, byte(len(payload))}, payload...))
		case opClose:
			c.Write(append([]byte{0x88, byte(len(payload))}, payload...))
			return
		case opPong:
		default:
			return
		}
	}
}

func TestDialWorks(t *testing.T) {
	addr := serve(t, upgraded(wellBehaved))
	tr := dialFake(t, "ws://"+addr+"/a%20b?x=1")
	if tr.Cause.Kind != None || !tr.Upgraded() {
		t.Fatalf("got %s: %s", tr.Cause.Kind, tr.Cause.Text)
	}
	a := tr.Attempts[0]
	if a.Request[0] != "GET /a%20b?x=1 HTTP/1.1" || a.Request[1] != "Host: "+addr {
		t.Errorf("request %q", a.Request)
	}
	if a.Response.StatusLine != "HTTP/1.1 101 Switching Protocols" || a.Response.Header[0] != (Header{"Upgrade", "websocket"}) {
		t.Errorf("response %+v", a.Response)
	}
	if a.Message == nil || a.Message.Text != "hello" || a.AcceptGot != a.AcceptWant {
		t.Errorf("message %+v, accept %q, expected %q", a.Message, a.AcceptGot, a.AcceptWant)
	}
	if a.Close == nil || a.Close.Code != 1000 || a.Close.By != "client" {
		t.Errorf("close %+v", a.Close)
	}
	if a.TCP <= 0 || a.Upgrade <= 0 || a.Ping <= 0 || a.FirstMessage <= 0 {
		t.Errorf("times %v %v %v %v", a.TCP, a.Upgrade, a.Ping, a.FirstMessage)
	}
}

func TestEveryAddressIsTried(t *testing.T) {
	addr := serve(t, upgraded(wellBehaved))
	_, port, _ := net.SplitHostPort(addr)
	tr := dialFake(t, "ws://two.test:"+port+"/", func(r *Request) { r.Lookup = lookup("127.0.0.2", "127.0.0.1") })
	if len(tr.Attempts) != 2 || tr.Attempts[0].Cause.Kind != Refused || tr.Attempts[1].Cause.Kind != None || !tr.Upgraded() {
		t.Errorf("got %+v", tr)
	}
}

func TestNameCauses(t *testing.T) {
	fail := func(err error) func(*Request) {
		return func(r *Request) {
			r.Lookup = func(ctx context.Context, _ string) ([]netip.Addr, error) {
				if err == nil {
					<-ctx.Done()
					return nil, ctx.Err()
				}
				return nil, err
			}
		}
	}
	for _, tc := range []struct {
		name string
		url  string
		edit func(*Request)
		kind Kind
	}{
		{"not found", "ws://nowhere.test/", fail(&net.DNSError{IsNotFound: true}), NameNotFound},
		{"no address", "ws://nowhere.test/", func(r *Request) { r.Lookup = lookup() }, NameNotFound},
		{"silent resolver", "ws://nowhere.test/", fail(nil), NameTimeout},
		{"timeout", "ws://nowhere.test/", fail(&net.DNSError{IsTimeout: true}), NameTimeout},
		{"broken resolver", "ws://nowhere.test/", fail(&net.DNSError{Err: "server misbehaving"}), NameError},
		{"no scheme", "127.0.0.1:80", nil, BadRequest},
		{"another scheme", "ftp://127.0.0.1/", nil, BadRequest},
		{"no host", "ws:///x", nil, BadRequest},
		{"header injection", "ws://127.0.0.1:1/", func(r *Request) { r.Origin = "a\r\nB: c" }, BadRequest},
	} {
		t.Run(tc.name, func(t *testing.T) {
			edits := []func(*Request){awaited(tc.kind)}
			if tc.edit != nil {
				edits = append(edits, tc.edit)
			}
			tr := dialFake(t, tc.url, edits...)
			if tr.Cause.Kind != tc.kind || tr.Upgraded() {
				t.Errorf("got %s: %s, expected %s", tr.Cause.Kind, tr.Cause.Text, tc.kind)
			}
		})
	}
}

// TestSilentlyDropped connects to a listener whose queue is full: Linux drops the SYN, as a firewall does.
func TestSilentlyDropped(t *testing.T) {
	addr := fullListener(t)
	tr := dialFake(t, "ws://"+addr+"/", awaited(ConnectTimeout))
	if tr.Cause.Kind != ConnectTimeout || !strings.Contains(tr.Cause.Text.String(), "within 1.0 s") {
		t.Errorf("got %s: %s", tr.Cause.Kind, tr.Cause.Text)
	}
}

func TestCancelEndsAtOnce(t *testing.T) {
	accepted := make(chan struct{}, 1)
	addr := serve(t, func(c net.Conn) { accepted <- struct{}{}; hold(c) })
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-accepted; cancel() }()
	tr := Dial(ctx, Request{URL: "ws://" + addr + "/", Limits: Limits{Upgrade: time.Hour}})
	if tr.Cause.Kind != Interrupted {
		t.Errorf("got %s: %s", tr.Cause.Kind, tr.Cause.Text)
	}
}

func TestUpgrades(t *testing.T) {
	if !Upgrades(t.Context(), "ws://"+serve(t, upgraded(wellBehaved))+"/") {
		t.Error("a service that upgrades was not seen")
	}
	if Upgrades(t.Context(), "ws://"+serve(t, answer("HTTP/1.1 404 Not Found\r\n\r\n"))+"/") {
		t.Error("a 404 was taken for an upgrade")
	}
}
