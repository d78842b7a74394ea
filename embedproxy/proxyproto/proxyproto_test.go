package proxyproto

import (
	"strings"
	"testing"
)

const v4 = "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c\xc0\x00\x02\x01\x7f\x00\x00\x01\x1f\x90\x00\x50"
const v6 = "\r\n\r\n\x00\r\nQUIT\n\x21\x21\x00\x24" + "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01" +
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01" + "\x1f\x90\x00\x50"

// headers is what the parser is tested with, and what the fuzzer begins with.
var headers = []struct{ name, in, src, err string }{
	{"v1", "PROXY TCP4 192.0.2.1 127.0.0.1 8080 80\r\n", "192.0.2.1:8080", ""},
	{"v1 over IPv6", "PROXY TCP6 2001:db8::1 ::1 8080 80\r\n", "[2001:db8::1]:8080", ""},
	{"v1 unknown", "PROXY UNKNOWN\r\n", "invalid AddrPort", ""},
	{"v1 unknown with more", "PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n", "invalid AddrPort", ""},
	{"v2", v4, "192.0.2.1:8080", ""},
	{"v2 over IPv6", v6, "[2001:db8::1]:8080", ""},
	{"v2 local", "\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00", "invalid AddrPort", ""},
	{"v2 unix socket", "\r\n\r\n\x00\r\nQUIT\n\x21\x31\x00\x00", "invalid AddrPort", ""},
	{"v2 with a TLV", strings.Replace(v4, "\x11\x00\x0c", "\x11\x00\x10", 1) + "\x03\x00\x01a", "192.0.2.1:8080", ""},
	{"none", "GET / HTTP/1.1\r\n", "", "does not begin"},
	{"v1 with LF", "PROXY TCP4 192.0.2.1 127.0.0.1 8080 80\n", "", "version 1"},
	{"v1, wrong family", "PROXY TCP4 ::1 ::1 1 1\r\n", "", "version 1"},
	{"v1, two blanks", "PROXY TCP4  192.0.2.1 127.0.0.1 8080 80\r\n", "", "version 1"},
	{"v1, big port", "PROXY TCP4 192.0.2.1 127.0.0.1 80800 80\r\n", "", "version 1"},
	{"v1, zero before port", "PROXY TCP4 192.0.2.1 127.0.0.1 080 80\r\n", "", "version 1"},
	{"v1 without an end", "PROXY " + strings.Repeat("a", 200), "", "too long"},
	{"v2 of version 3", strings.Replace(v4, "\x21\x11", "\x31\x11", 1), "", "version 2"},
	{"v2 too short", "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x04\x00\x00\x00\x00", "", "version 2"},
	{"v2 too long", "\r\n\r\n\x00\r\nQUIT\n\x21\x11\xff\xff", "", "too long"},
}

func TestParse(t *testing.T) {
	for _, c := range headers {
		n, src, err := Parse([]byte(c.in + "rest")[:len(c.in)])
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: %v, expected %q", c.name, err, c.err)
			}
			continue
		}
		if err != nil || n != len(c.in) || src.String() != c.src {
			t.Errorf("%s: %d, %v, %v; expected %d, %s", c.name, n, src, err, len(c.in), c.src)
		}
		for i := range len(c.in) {
			if n, _, err := Parse([]byte(c.in[:i])); n != 0 || err != nil {
				t.Errorf("%s, first %d bytes: %d, %v; expected more to be asked for", c.name, i, n, err)
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, c := range headers {
		f.Add([]byte(c.in))
		f.Add([]byte(c.in + "GET / HTTP/1.1\r\n"))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		n, _, err := Parse(b)
		if n < 0 || n > len(b) || n > 0 && err != nil {
			t.Fatalf("%q: %d, %v", b, n, err)
		}
		if n > 0 {
			if m, _, err := Parse(b[:n]); m != n || err != nil {
				t.Errorf("%q: %d alone, %d with more behind, %v", b, m, n, err)
			}
		}
	})
}
