// Package head reads and rewrites the heads of HTTP/1.1 messages (RFC 9112) for a proxy that stands in front of
// servers with laxer readers. What two readers could take in two ways is refused here: both lengths, folded lines,
// bare CR or LF, a space before the colon, two Hosts, an absolute target that contradicts Host. It works on bytes
// in place and allocates nothing for a request of ordinary size.
//
// It reads no connection, keeps no body and knows no backend; Screen watches over a body's framing but passes its
// bytes on untouched.
package head

import (
	"bytes"
	"fmt"
)

// Limits of a head. The zero value has the defaults.
type Limits struct {
	Bytes  int // whole head, the final empty line included; 0: 16 KiB, which takes two full sets of browser cookies
	Fields int // header fields; 0: 100, Apache's LimitRequestFields
}

const (
	defaultBytes  = 16 << 10
	defaultFields = 100
)

func (l Limits) bytes() int {
	if l.Bytes > 0 {
		return l.Bytes
	}
	return defaultBytes
}

func (l Limits) fields() int {
	if l.Fields > 0 {
		return l.Fields
	}
	return defaultFields
}

// Error is a message that must be refused.
type Error struct {
	Status int    // what to answer with; 502 stands for a backend's bad reply
	Reason string // for the access log and the body
}

func (e *Error) Error() string { return fmt.Sprintf("%d: %s", e.Status, e.Reason) }

// Field is one header field; both slices point into the buffer that was read.
type Field struct {
	Name, Value []byte
	kind        kind
}

// Find looks for the end of a head in b, of which the first from bytes were looked at before. end is the length of
// the head, 0 while it is incomplete; next is where to go on then. A line end other than CRLF is refused as soon as
// it is seen: waiting for the rest would only cost the handshake timeout.
func Find(b []byte, from int, lim Limits) (end, next int, err error) {
	limit := lim.bytes()
	for i := from; ; {
		k := bytes.IndexByte(b[i:], '\n')
		if k < 0 {
			if len(b) >= limit {
				return 0, 0, &Error{431, fmt.Sprintf("the head is longer than %d bytes", limit)}
			}
			return 0, i, nil
		}
		at := i + k
		if at+1 > limit {
			return 0, 0, &Error{431, fmt.Sprintf("the head is longer than %d bytes", limit)}
		}
		if at == 0 || b[at-1] != '\r' {
			return 0, 0, &Error{400, "a line ends in LF without CR"}
		}
		if at == 1 || at >= 3 && b[at-2] == '\n' {
			return at + 1, at + 1, nil
		}
		i = at + 1
	}
}

// kind tells apart the fields that a proxy looks at.
type kind uint8

const (
	other kind = iota
	host
	contentLength
	transferEncoding
	connection
	upgrade
	hopByHop // keep-alive, proxy-connection, te, trailer, proxy-authenticate, proxy-authorization (RFC 9110 section 7.6.1)
	forwardedFor
	forwardedProto
	forwardedHost
	forwarded
	realIP
	cookieField
	websocketKey
	expect
	underscore // a name with "_": CGI and its heirs read X_Real_IP as X-Real-IP, so it is dropped, as nginx does
)

var kinds = map[string]kind{
	"host": host, "content-length": contentLength, "transfer-encoding": transferEncoding, "connection": connection,
	"upgrade": upgrade, "keep-alive": hopByHop, "proxy-connection": hopByHop, "te": hopByHop, "trailer": hopByHop,
	"proxy-authenticate": hopByHop, "proxy-authorization": hopByHop, "http2-settings": hopByHop,
	"x-forwarded-for": forwardedFor, "x-forwarded-proto": forwardedProto, "x-forwarded-host": forwardedHost,
	"forwarded": forwarded, "x-real-ip": realIP, "cookie": cookieField, "sec-websocket-key": websocketKey, "expect": expect,
}

// longestKind is the length of the longest key of kinds.
const longestKind = len("proxy-authorization")

// parseFields splits the lines of b, which end in CRLF each, into fields, appended to dst.
func parseFields(dst []Field, b []byte, lim Limits) ([]Field, error) {
	for len(b) > 0 {
		if len(dst) == lim.fields() {
			return nil, &Error{431, fmt.Sprintf("more than %d header fields", lim.fields())}
		}
		end := bytes.IndexByte(b, '\n')
		line := b[:end-1]
		b = b[end+1:]
		if line[0] == ' ' || line[0] == '\t' {
			return nil, &Error{400, "a header line is folded (RFC 9112 section 5.2)"}
		}
		f, err := parseField(line)
		if err != nil {
			return nil, err
		}
		dst = append(dst, f)
	}
	return dst, nil
}

func parseField(line []byte) (Field, error) {
	var lower [longestKind]byte
	i, low := 0, false
	for ; i < len(line) && tchar[line[i]] != 0; i++ {
		if i < len(lower) {
			lower[i] = tchar[line[i]]
		}
		low = low || line[i] == '_'
	}
	if i == len(line) || line[i] != ':' || i == 0 {
		return Field{}, &Error{400, "a header name holds a character that is not allowed, or no colon follows it at once"}
	}
	value := trim(line[i+1:])
	for _, c := range value {
		if c < ' ' && c != '\t' || c == 0x7f {
			return Field{}, &Error{400, "a header value holds a control character"}
		}
	}
	f := Field{Name: line[:i], Value: value}
	if low {
		f.kind = underscore
	} else if i <= len(lower) {
		f.kind = kinds[string(lower[:i])]
	}
	return f, nil
}

func trim(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}

// tchar maps each character of a token (RFC 9110 section 5.6.2) to its lower case, others to 0.
var tchar = func() (t [256]byte) {
	for c := '!'; c <= '~'; c++ {
		if !bytes.ContainsRune([]byte(`"(),/:;<=>?@[\]{}`), c) {
			t[c] = byte(c)
		}
	}
	for c := 'A'; c <= 'Z'; c++ {
		t[c] = byte(c + 'a' - 'A')
	}
	return t
}()

// eachToken calls f with every member of a comma-separated list until it returns false.
func eachToken(list []byte, f func([]byte) bool) bool {
	for len(list) > 0 {
		item := list
		if i := bytes.IndexByte(list, ','); i >= 0 {
			item, list = list[:i], list[i+1:]
		} else {
			list = nil
		}
		if item = trim(item); len(item) > 0 && !f(item) {
			return false
		}
	}
	return true
}

func hasToken(list []byte, token string) bool {
	return !eachToken(list, func(t []byte) bool { return !equalFold(t, token) })
}

// equalFold compares with an ASCII string in lower case.
func equalFold(b []byte, lower string) bool {
	if len(b) != len(lower) {
		return false
	}
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}
