package head

import (
	"bufio"
	"bytes"
	"io"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"testing"
	"testing/iotest"
)

// FuzzRequest holds the reader against net/http: what is accepted here, net/http must read the same way.
func FuzzRequest(f *testing.F) {
	f.Add([]byte(handshake + "\r\n"))
	f.Add([]byte("POST http://a/x?y HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"))
	f.Add([]byte("GET / HTTP/1.0\r\nConnection: close, X\r\nX: 1\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n"))
	f.Add([]byte("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"))
	for _, c := range hostile {
		f.Add([]byte(c.in))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		end, _, err := Find(b, 0, Limits{})
		if err != nil || end == 0 {
			return
		}
		var r Request
		if r.Parse(b[:end], Limits{}) != nil {
			return
		}
		std, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(b)))
		if err != nil {
			return // it refuses more targets and hosts than needed
		}
		if std.Method != string(r.Method) || !r.Absolute && std.Host != string(r.Host) || std.RequestURI != string(r.Target) && !r.Absolute {
			t.Errorf("%q: net/http reads %s %s of %s", b[:end], std.Method, std.RequestURI, std.Host)
		}
		if want := r.ContentLength; !r.Chunked && std.ContentLength != max(want, 0) || r.Chunked && std.ContentLength != -1 {
			t.Errorf("%q: length %d and chunked %v, net/http has %d", b[:end], want, r.Chunked, std.ContentLength)
		}
		if !r.WebSocket {
			return
		}
		a := netip.MustParseAddr("192.0.2.1")
		out := r.AppendUpgrade(nil, Hop{Peer: a, Trusted: true}, r.Prior(), a)
		end, _, err = Find(out, 0, Limits{Bytes: 1 << 20})
		var again Request
		if err != nil || end != len(out) || again.Parse(out, Limits{Bytes: 1 << 20, Fields: 200}) != nil || !again.WebSocket {
			t.Errorf("%q was rewritten to %q, which is refused", b, out)
		}
	})
}

func FuzzResponse(f *testing.F) {
	f.Add([]byte("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		end, _, err := Find(b, 0, Limits{})
		if err != nil || end == 0 {
			return
		}
		var r Response
		if r.Parse(b[:end], Limits{}) == nil && r.Switching {
			out := r.AppendSwitching(nil, nil)
			var again Response
			if err := again.Parse(out, Limits{}); err != nil || !again.Switching {
				t.Errorf("%q was rewritten to %q: %v", b, out, err)
			}
		}
	})
}

// FuzzScreen: however the bytes arrive, the same is let through.
func FuzzScreen(f *testing.F) {
	f.Add([]byte("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;x\r\nhello\r\n0\r\nT: 1\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"))
	f.Add([]byte(handshake + "\r\n\x81\x00"))
	for _, c := range hostile {
		f.Add([]byte(c.in + get()))
	}
	for _, body := range slices.Sorted(maps.Keys(chunkBodies)) {
		f.Add([]byte("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + body))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		whole, err := io.ReadAll(NewScreen(nil, bytes.NewReader(b), Limits{}))
		single, err1 := io.ReadAll(NewScreen(nil, iotest.OneByteReader(bytes.NewReader(b)), Limits{}))
		if (err == nil) != (err1 == nil) || !bytes.Equal(whole, single) {
			t.Errorf("%q: %q (%v) at once, %q (%v) by bytes", b, whole, err, single, err1)
		}
	})
}
