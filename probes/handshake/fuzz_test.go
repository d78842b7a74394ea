package handshake

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode"
)

func FuzzResponse(f *testing.F) {
	f.Add([]byte(strings.ReplaceAll(switching, "{accept}", "x") + "\x81\x02hi"))
	f.Add([]byte("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 400 Bad Request\r\nContent-Length: 3\r\n\r\nabc"))
	f.Add([]byte("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n3\r\nabc\r\n0\r\n\r\n"))
	f.Add([]byte("SSH-2.0-OpenSSH\r\n"))
	f.Add([]byte("HTTP/1.1 200\r\n: \x00\r\n\r\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		r := bufio.NewReader(bytes.NewReader(raw))
		resp, head, err := readResponse(r)
		if len(head) > maxHead+4096 {
			t.Fatalf("kept %d bytes of head", len(head))
		}
		if err != nil {
			printable(t, upgradeCause("a:1", false, head, err, Limits{}).Text.String())
			return
		}
		ev := newResponse(resp, head)
		ev.RawBody, _ = io.ReadAll(io.LimitReader(resp.Body, maxKept))
		ev.Body = Escape(ev.RawBody, maxBody)
		printable(t, ev.StatusLine+ev.Body+statusCause("a:1", false, ev).Text.String())
		for _, h := range ev.Header {
			printable(t, h.Name+h.Value)
		}
		if resp.StatusCode == 101 {
			rest, _ := io.ReadAll(r)
			if !bytes.HasSuffix(raw, rest) || !bytes.HasSuffix(raw[:len(raw)-len(rest)], head) {
				t.Errorf("bytes after the head were lost: %q", rest)
			}
			switchCause("a:1", target{}, ev)
			acceptCause("a:1", "x", ev)
		}
	})
}

func FuzzFrame(f *testing.F) {
	f.Add([]byte("\x81\x05hello\x88\x02\x03\xe8"))
	f.Add([]byte("\x82\x7e\x00\x80" + strings.Repeat("x", 128)))
	f.Add([]byte("\x82\x7f\x00\x00\x00\x00\xff\xff\xff\xff"))
	f.Add([]byte("\x8a\x00\x89\x7d"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		r := bufio.NewReader(bytes.NewReader(raw))
		for {
			fr, err := readFrame(r, maxKept)
			if len(fr.payload) > maxKept || fr.size < len(fr.payload) {
				t.Fatalf("kept %d of %d bytes", len(fr.payload), fr.size)
			}
			var bad errFrame
			if err != nil {
				if !errors.Is(err, io.EOF) && !errors.As(err, &bad) {
					t.Fatalf("error %v", err)
				}
				return
			}
			if fr.op == opClose {
				printable(t, closeOf(fr.payload).Reason)
			}
		}
	})
}

func printable(t *testing.T, s string) {
	t.Helper()
	for _, r := range s {
		if !unicode.IsPrint(r) {
			t.Fatalf("%q holds %q", s, r)
		}
	}
}

func TestEscape(t *testing.T) {
	for _, tc := range []struct {
		raw, want string
		limit     int
	}{
		{"plain \"text\" \\ ü 中", "plain \"text\" \\ ü 中", 99},
		{"\x1b]0;x\x07\r\n\t\x00", `\x1b]0;x\a\r\n\t\x00`, 99},
		{"\x80\xff\u009b\u202e", `\x80\xff\u009b\u202e`, 99},
		{"abcdef", "abc…", 3},
	} {
		if got := Escape([]byte(tc.raw), tc.limit); got != tc.want {
			t.Errorf("%q: got %q, expected %q", tc.raw, got, tc.want)
		}
	}
}
