package wsclient

import (
	"bufio"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"example.com/wsdoctor/probes/handshake"
	"example.com/wsdoctor/probes/probetest"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve upgrades every connection to it and hands it over; the connection is closed afterwards.
func serve(t *testing.T, then func(*net.TCPConn, *bufio.Reader)) string {
	t.Helper()
	ln := probetest.Listen(t)
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := ln.AcceptTCP()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer c.Close()
				r := bufio.NewReader(c)
				req, err := http.ReadRequest(r)
				if err != nil {
					return
				}
				sum := sha1.Sum([]byte(req.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
				io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "+
					base64.StdEncoding.EncodeToString(sum[:])+"\r\n\r\n")
				then(c, r)
			})
		}
	})
	t.Cleanup(func() { ln.Close(); wg.Wait() })
	return "ws://" + ln.Addr().String() + "/"
}

func open(t *testing.T, url string) *Session {
	t.Helper()
	s, tr := Open(t.Context(), handshake.Request{URL: url})
	if s == nil {
		t.Fatal(tr.Cause.Text)
	}
	t.Cleanup(s.Stop)
	return s
}

// rest reads events until the end.
func rest(t *testing.T, s *Session) (all []Event, end End) {
	t.Helper()
	for e := range s.Events() {
		all = append(all, e)
		if e.End != nil {
			end = *e.End
		}
	}
	return all, end
}

// read waits for the bytes of the client's next frame, whatever they are.
func read(c net.Conn, r *bufio.Reader) { r.ReadByte() }

func TestEnds(t *testing.T) {
	send := func(raw string) func(*net.TCPConn, *bufio.Reader) {
		return func(c *net.TCPConn, r *bufio.Reader) { io.WriteString(c, raw); read(c, r) }
	}
	for _, tc := range []struct {
		name   string
		server func(*net.TCPConn, *bufio.Reader)
		close  bool // this side closes
		by     string
		how    handshake.How
		code   int
		reason string
		normal bool
	}{
		{"Close frame 1000", send("\x88\x05\x03\xe8bye"), false, "server", handshake.ByCloseFrame, 1000, "bye", true},
		{"Close frame without a code", send("\x88\x00"), false, "server", handshake.ByCloseFrame, 1005, "", true},
		{"Close frame 1001", send("\x88\x02\x03\xe9"), false, "server", handshake.ByCloseFrame, 1001, "", true},
		{"Close frame 1011", send("\x88\x02\x03\xf3"), false, "server", handshake.ByCloseFrame, 1011, "", false},
		{"Close frame of the application", send("\x88\x06\x0f\xa1\x1b[2J"), false, "server", handshake.ByCloseFrame, 4001, `\x1b[2J`, false},
		{"FIN", func(*net.TCPConn, *bufio.Reader) {}, false, "server", handshake.ByFIN, 1006, "", false},
		{"FIN within a frame", func(c *net.TCPConn, _ *bufio.Reader) { io.WriteString(c, "\x81\x05he") }, false, "server", handshake.ByFIN, 1006, "", false},
		{"RST", func(c *net.TCPConn, _ *bufio.Reader) { c.SetLinger(0) }, false, "server", handshake.ByReset, 1006, "", false},
		{"masked frame", send("\x81\x80\x00\x00\x00\x00"), false, "server", handshake.ByBadFrame, 1006, "", false},
		{"continuation of nothing", send("\x80\x01x"), false, "server", handshake.ByBadFrame, 1006, "", false},
		{"message within a message", send("\x01\x01x\x81\x01y"), false, "server", handshake.ByBadFrame, 1006, "", false},
		{"this side, answered", func(c *net.TCPConn, r *bufio.Reader) { read(c, r); io.WriteString(c, "\x88\x02\x03\xe8") }, true, "client", handshake.ByCloseFrame, 1000, "", true},
		{"this side, FIN for an answer", func(c *net.TCPConn, r *bufio.Reader) { read(c, r) }, true, "client", handshake.ByReset, 1000, "", true},
		{"this side, no answer", func(c *net.TCPConn, r *bufio.Reader) { io.Copy(io.Discard, r) }, true, "client", handshake.BySilence, 1000, "", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := open(t, serve(t, tc.server))
			if tc.close {
				s.Close(1000, "bye")
			}
			all, end := rest(t, s)
			if len(all) != 1 || all[0].Kind != Ended {
				t.Errorf("got events %+v, expected the end alone", all)
			}
			if end.How == handshake.ByFIN && tc.how == handshake.ByReset && tc.close {
				end.How = tc.how // a close with our frame unread is an RST, read in time it is a FIN
			}
			if end.By != tc.by || end.How != tc.how || end.Code != tc.code || end.Reason != tc.reason || end.Normal() != tc.normal || end.Words.String() == "" {
				t.Errorf("got %+v (%s), normal %v", end, end.Words, end.Normal())
			}
		})
	}
}

func TestMessages(t *testing.T) {
	s := open(t, serve(t, func(c *net.TCPConn, r *bufio.Reader) {
		io.WriteString(c, "\x01\x02he\x89\x02hi\x80\x03llo\x82\x02\x00\xff\x8a\x01x\x88\x02\x03\xe8")
		io.Copy(io.Discard, r)
	}))
	all, _ := rest(t, s)
	var got []string
	for _, e := range all {
		got = append(got, string(e.Kind)+":"+e.Text+e.Hex)
	}
	if want := "ping:hi message:hello message:00ff pong:x end:"; strings.Join(got, " ") != want {
		t.Errorf("got %q, expected %q", got, want)
	}
}

// TestWithWS meets the server that most Node programs use.
func TestWithWS(t *testing.T) {
	addr := probetest.NodeServer(t, probetest.WSServer)
	s := open(t, "ws://"+addr+"/")
	long := strings.Repeat("x", 70_000) // its length takes 64 bits
	for _, m := range []string{"", "hello", strings.Repeat("y", 300), long} {
		if err := s.Send(false, []byte(m)); err != nil {
			t.Fatal(err)
		}
		if e := <-s.Events(); e.Kind != Message || e.Binary || e.Text != m || e.Size != len(m) {
			t.Fatalf("sent %d bytes, got %s of %d", len(m), e.Kind, e.Size)
		}
	}
	s.Send(true, []byte{0, 0xff})
	if e := <-s.Events(); !e.Binary || e.Hex != "00ff" {
		t.Errorf("got %+v", e)
	}
	s.Ping(nil)
	if e := <-s.Events(); e.Kind != PongReceived || e.RTT <= 0 {
		t.Errorf("got %+v, expected a pong with its round trip", e)
	}
	s.Pong([]byte("unasked"))
	s.Close(3000, "done")
	if _, end := rest(t, s); end.By != "client" || end.How != handshake.ByCloseFrame || end.Code != 3000 {
		t.Errorf("got %+v", end)
	}
	if s.Send(false, nil) == nil {
		t.Error("sent on a closed connection")
	}
}

func TestStopEndsEverything(t *testing.T) {
	url := serve(t, func(c *net.TCPConn, r *bufio.Reader) {
		for {
			if _, err := io.WriteString(c, "\x81\x01x"); err != nil {
				return
			}
		}
	})
	s, _ := Open(t.Context(), handshake.Request{URL: url})
	<-s.Events()
	s.Stop() // while the next message waits to be taken
	s.Stop()
}

func TestNoConnection(t *testing.T) {
	s, tr := Open(t.Context(), handshake.Request{URL: "ws://" + probetest.ClosedPort(t)})
	if s != nil || tr.Cause.Kind != handshake.Refused {
		t.Errorf("got %s", tr.Cause.Kind)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if s, tr = Open(ctx, handshake.Request{URL: "ws://" + probetest.ClosedPort(t)}); s != nil || tr.Cause.Kind != handshake.Interrupted {
		t.Errorf("got %s", tr.Cause.Kind)
	}
}
