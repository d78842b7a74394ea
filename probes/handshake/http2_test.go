package handshake

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/probetest"
	"example.com/wsdoctor/probes/probetest/embedded"
	"example.com/wsdoctor/probes/standin"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// haproxyHTTP2 runs HAProxy with TLS and HTTP/2 on the first address and HTTP/2 with prior knowledge on the second.
func haproxyHTTP2(t *testing.T, cert, key, node string) (overTLS, plain string) {
	t.Helper()
	var both []byte
	for _, file := range []string{cert, key} {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		both = append(both, raw...)
	}
	file := filepath.Join(t.TempDir(), "both.pem")
	if err := os.WriteFile(file, both, 0o600); err != nil {
		t.Fatal(err)
	}
	a, b := probetest.Listen(t), probetest.Listen(t)
	probetest.HAProxy(t, `defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  timeout tunnel 60s
frontend f
  bind fd@3 ssl crt `+file+` alpn h2,http/1.1
  bind fd@4 proto h2
  http-request deny deny_status 403 if { path /forbidden }
  default_backend b
backend b
  server n1 `+node+"\n", a, b)
	return a.Addr().String(), b.Addr().String()
}

func TestHTTP2(t *testing.T) {
	ca := probetest.NewCA(t)
	cert, key := probetest.WritePEM(t, ca.Issue(t, time.Now().Add(-time.Hour), time.Now().Add(time.Hour), "127.0.0.1"))
	node, err := standin.Listen(t.Context(), "127.0.0.1:0", standin.Options{Name: "node1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { node.Close() })
	own := embedded.Start(t, func(c *cluster.Config) { c.Proxy.TLS.Cert, c.Proxy.TLS.Key = cert, key }, node.Addr().String()).Addresses()[0]
	haTLS, haPlain := haproxyHTTP2(t, cert, key, node.Addr().String())
	nginx := func(listen, more string) string {
		ln := probetest.Listen(t)
		probetest.Nginx(t, fmt.Sprintf("server { listen %s %s; %s location / { proxy_pass http://%s; %s } }", ln.Addr(), listen, more, node.Addr(), probetest.Pass), ln)
		return ln.Addr().String()
	}
	tls := fmt.Sprintf("ssl_certificate %s; ssl_certificate_key %s;", cert, key)
	for _, tc := range []struct {
		name, url string
		kind      Kind
		says      string // in the cause's text
	}{
		{"our own proxy", "wss://" + own + "/chat?a=b", None, ""},
		{"HAProxy", "wss://" + haTLS + "/chat?a=b", None, ""},
		{"HAProxy, prior knowledge", "ws://" + haPlain + "/chat?a=b", None, ""},
		{"refused", "wss://" + haTLS + "/forbidden", Forbidden, "403"},
		{"nginx with HTTP/2", "wss://" + nginx("ssl http2", tls) + "/", NoConnectProtocol, "does not offer SETTINGS_ENABLE_CONNECT_PROTOCOL"},
		{"nginx without HTTP/2", "wss://" + nginx("ssl", tls) + "/", NoHTTP2, `ALPN chose "http/1.1", expected "h2"`},
		{"HTTP/1.1 without TLS", "ws://" + nginx("", "") + "/", NoHTTP2, `it answers "HTTP/1.1 400 Bad Request"`},
		{"TLS on a plain port", "wss://" + nginx("", "") + "/", PlainOnTLS, ""},
		{"nothing listens", "ws://" + probetest.ClosedPort(t), Refused, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			req := Request{URL: tc.url, HTTP2: true, RootCAs: ca.Pool, Verify: true, Subprotocols: []string{"chat"}, Origin: "http://page.test",
				Header: []Header{{"Authorization", "Bearer s3cret"}, {"Connection", "keep-alive"}}}
			tr := Dial(t.Context(), req)
			if tr.Cause.Kind != tc.kind || !strings.Contains(tr.Cause.Text.String(), tc.says) {
				t.Fatalf("got %s: %s\n%+v", tr.Cause.Kind, tr.Cause.Text, tr.Best())
			}
			if tc.kind != None {
				if c, _ := Open(t.Context(), req); c != nil {
					t.Error("open")
				}
				return
			}
			a := tr.Best()
			head := strings.Join(a.Request, "\n")
			for _, want := range []string{":method: CONNECT", ":protocol: websocket", ":path: /chat?a=b", "sec-websocket-version: 13", "authorization: Bearer (not shown)", "origin: http://page.test"} {
				if !strings.Contains(head, want) {
					t.Errorf("%q is missing in\n%s", want, head)
				}
			}
			if strings.Contains(head, "keep-alive") || a.Response.Code != 200 || !a.HTTP2.ConnectProtocol || a.Subprotocol != "chat" || a.Ping <= 0 || a.Upgrade <= 0 || a.Message == nil || a.Close == nil {
				t.Errorf("got %+v", a)
			}
			echo(t, req)
		})
	}
}

// echo sends more than the first window of either side, and wants it back.
func echo(t *testing.T, req Request) {
	t.Helper()
	c, tr := Open(t.Context(), req)
	if c == nil {
		t.Fatal(tr.Cause.Text)
	}
	defer c.Close(true)
	sent := make([]byte, 700<<10)
	rand.Read(sent)
	wrote := make(chan error, 1)
	go func() {
		var err error
		for range 4 {
			if e := c.Write(OpBinary, sent); e != nil {
				err = e
			}
		}
		wrote <- err
	}()
	c.SetReadDeadline(time.Now().Add(30 * time.Second))
	for n := 0; n < 4; {
		f, err := c.Read(1 << 20)
		if err != nil {
			t.Fatal(err)
		}
		if f.Op != OpBinary {
			continue // the greeting
		}
		n++
		if !bytes.Equal(f.Payload, sent) {
			t.Fatalf("message %d: %d bytes came back, not those that were sent", n, f.Size)
		}
	}
	if err := <-wrote; err != nil {
		t.Error(err)
	}
	c.SetReadDeadline(time.Now().Add(time.Millisecond))
	if _, err := c.Read(1); !isTimeout(err) {
		t.Errorf("got %v, expected the deadline", err)
	}
	if err := c.WriteClose(1000, ""); err != nil {
		t.Error(err)
	}
	c.SetReadDeadline(time.Now().Add(30 * time.Second))
	if f, err := c.Read(100); err != nil || f.Op != OpClose {
		t.Errorf("got %+v, %v, expected the answer to the Close frame", f, err)
	}
}

// http2Server speaks just enough HTTP/2 for a test to break it off where it likes.
func http2Server(t *testing.T, act func(f *http2.Framer)) string {
	return serve(t, func(c net.Conn) {
		if _, err := io.ReadFull(c, make([]byte, len(http2.ClientPreface))); err != nil {
			return
		}
		f := http2.NewFramer(c, c)
		f.WriteSettings(http2.Setting{ID: settingConnectProtocol, Val: 1}, http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1000})
		for {
			in, err := f.ReadFrame()
			if err != nil {
				return
			}
			if in.Header().Type == http2.FrameHeaders {
				break
			}
		}
		act(f)
		io.Copy(io.Discard, c)
	})
}

// TestHTTP2Ends: by what a stream ends is told, as with the ends of TCP.
func TestHTTP2Ends(t *testing.T) {
	ok := func(f *http2.Framer) {
		var b bytes.Buffer
		hpack.NewEncoder(&b).WriteField(hpack.HeaderField{Name: ":status", Value: "200"})
		f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: b.Bytes(), EndHeaders: true})
	}
	for _, tc := range []struct {
		name string
		act  func(*http2.Framer)
		kind Kind // of the opening; None: it opens
		how  How
		what string
	}{
		{"END_STREAM", func(f *http2.Framer) { ok(f); f.WriteData(1, true, nil) }, None, ByFIN, "END_STREAM"},
		{"RST_STREAM", func(f *http2.Framer) { ok(f); f.WriteRSTStream(1, http2.ErrCodeCancel) }, None, ByReset, "RST_STREAM with CANCEL"},
		{"GOAWAY", func(f *http2.Framer) { ok(f); f.WriteGoAway(0, http2.ErrCodeInternal, nil) }, None, ByReset, "GOAWAY with INTERNAL_ERROR"},
		{"GOAWAY that lets the stream live", func(f *http2.Framer) {
			ok(f)
			f.WriteGoAway(1, http2.ErrCodeNo, nil)
			f.WriteDataPadded(1, false, []byte{0x88, 0}, make([]byte, 9))
		}, None, ByCloseFrame, ""},
		{"refused", func(f *http2.Framer) { f.WriteRSTStream(1, http2.ErrCodeRefusedStream) }, Reset, "", "REFUSED_STREAM"},
		{"silence", func(f *http2.Framer) {}, UpgradeTimeout, "", ""},
		{"nonsense", func(f *http2.Framer) { f.WriteRawFrame(http2.FrameData, 0, 0, []byte("x")) }, NotHTTP, "", "breaks HTTP/2"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			req := Request{URL: "ws://" + http2Server(t, tc.act), HTTP2: true}
			if tc.kind == UpgradeTimeout {
				req.Limits.Upgrade = 100 * time.Millisecond
			}
			c, tr := Open(t.Context(), req)
			if tr.Cause.Kind != tc.kind || tc.kind != None && !strings.Contains(tr.Cause.Text.String(), tc.what) {
				t.Fatalf("got %s: %s", tr.Cause.Kind, tr.Cause.Text)
			}
			if c == nil {
				return
			}
			defer c.Close(false)
			f, err := c.Read(10)
			if tc.how == ByCloseFrame {
				if err != nil || f.Op != OpClose {
					t.Errorf("got %+v, %v", f, err)
				}
				return
			}
			if how, what := EndOf(err); how != tc.how || what != tc.what {
				t.Errorf("got %s, %q", how, what)
			}
		})
	}
}

// TestHTTP2Window: a server that grants no more keeps a writer waiting until its deadline, and no longer.
func TestHTTP2Window(t *testing.T) {
	c, tr := Open(t.Context(), Request{HTTP2: true, URL: "ws://" + http2Server(t, func(f *http2.Framer) {
		var b bytes.Buffer
		hpack.NewEncoder(&b).WriteField(hpack.HeaderField{Name: ":status", Value: "200"})
		f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: b.Bytes(), EndHeaders: true})
	})})
	if c == nil {
		t.Fatal(tr.Cause.Text)
	}
	defer c.Close(false)
	if n, err := c.conn.Write(make([]byte, 1000)); n != 1000 || err != nil {
		t.Fatalf("%d bytes of the window's 1000 were written, %v", n, err)
	}
	c.conn.SetWriteDeadline(time.Now().Add(50 * time.Millisecond))
	if n, err := c.conn.Write(make([]byte, 4000)); n != 0 || !isTimeout(err) {
		t.Errorf("%d bytes more were written, %v; expected the deadline", n, err)
	}
}
