package head

import (
	"bytes"
	"strings"
)

// Request is the head of a request. Its slices point into the buffer that Parse was given. A Request can be used
// again; Parse forgets what was there.
type Request struct {
	Method   []byte
	Target   []byte // origin form: path and query, or "*"
	Host     []byte
	HTTP10   bool // HTTP/1.0, else HTTP/1.1
	Absolute bool // it came in absolute form
	Fields   []Field

	ContentLength int64 // -1: none was sent
	Chunked       bool
	WebSocket     bool // an RFC 6455 handshake
	Close         bool // the client wants the connection closed after the answer

	first [16]Field // the usual number of fields needs no allocation
}

// Parse reads the head that fills b (Find tells how long it is). The error is an *Error.
func (r *Request) Parse(b []byte, lim Limits) error {
	*r = Request{Fields: r.Fields[:0], ContentLength: -1}
	if cap(r.Fields) == 0 {
		r.Fields = r.first[:0]
	}
	line := b[:bytes.IndexByte(b, '\n')+1]
	if err := r.requestLine(line[:len(line)-2]); err != nil {
		return err
	}
	var err error
	if r.Fields, err = parseFields(r.Fields, b[len(line):len(b)-2], lim); err != nil {
		return err
	}
	return r.judge()
}

func (r *Request) requestLine(line []byte) error {
	m := bytes.IndexByte(line, ' ')
	v := bytes.LastIndexByte(line, ' ')
	if m <= 0 || v <= m+1 {
		return &Error{400, "the request line is not method, target and version"}
	}
	r.Method, r.Target = line[:m], line[m+1:v]
	for _, c := range r.Method {
		if tchar[c] == 0 {
			return &Error{400, "the method holds a character that is not allowed"}
		}
	}
	for _, c := range r.Target {
		if c <= ' ' || c >= 0x7f || c == '#' {
			return &Error{400, "the target holds a blank, a fragment or a character that must be escaped"}
		}
	}
	switch version := string(line[v+1:]); {
	case version == "HTTP/1.1":
	case version == "HTTP/1.0":
		r.HTTP10 = true
	case len(version) == 8 && strings.HasPrefix(version, "HTTP/"):
		return &Error{505, "the version is none that is served"}
	default:
		return &Error{400, "the request line does not end in a version"}
	}
	return nil
}

// judge checks what the fields say together.
func (r *Request) judge() error {
	hosts, keys := 0, 0
	var wantsUpgrade, websocket, te bool
	for i := range r.Fields {
		f := &r.Fields[i]
		switch f.kind {
		case host:
			hosts++
			r.Host = f.Value
		case contentLength:
			if r.ContentLength >= 0 {
				return &Error{400, "Content-Length is there twice"}
			}
			n, ok := parseLength(f.Value)
			if !ok {
				return &Error{400, "Content-Length is not a number"}
			}
			r.ContentLength = n
		case transferEncoding:
			if te {
				return &Error{400, "Transfer-Encoding is there twice"}
			}
			te = true
			if !equalFold(f.Value, "chunked") {
				return &Error{501, "Transfer-Encoding is not \"chunked\""}
			}
		case connection:
			wantsUpgrade = wantsUpgrade || hasToken(f.Value, "upgrade")
			r.Close = r.Close || hasToken(f.Value, "close")
			if !eachToken(f.Value, mayBeHopByHop) {
				return &Error{400, "Connection names a field that belongs to the whole path"}
			}
		case upgrade:
			websocket = websocket || hasToken(f.Value, "websocket")
		case websocketKey:
			keys++
		}
	}
	switch {
	case hosts > 1:
		return &Error{400, "Host is there twice"}
	case hosts == 0 && !r.HTTP10:
		return &Error{400, "Host is missing"}
	case !validHost(r.Host):
		return &Error{400, "Host is not a host name or address"}
	case te && r.ContentLength >= 0:
		return &Error{400, "both Content-Length and Transfer-Encoding are there"}
	case te && r.HTTP10:
		return &Error{400, "Transfer-Encoding in HTTP/1.0"}
	}
	r.Chunked = te
	if err := r.target(); err != nil {
		return err
	}
	// RFC 9110 section 7.8: an upgrade asked for in HTTP/1.0 is ignored.
	if wantsUpgrade && websocket && !r.HTTP10 {
		switch {
		case string(r.Method) != "GET":
			return &Error{400, "a WebSocket handshake that is not GET (RFC 6455 section 4.1)"}
		case keys != 1:
			return &Error{400, "a WebSocket handshake needs Sec-WebSocket-Key once (RFC 6455 section 4.1)"}
		case r.Chunked || r.ContentLength > 0:
			return &Error{400, "a WebSocket handshake with a body"}
		}
		r.WebSocket = true
	}
	return nil
}

// target brings the target into origin form.
func (r *Request) target() error {
	t := r.Target
	if t[0] == '/' {
		return nil
	}
	if string(t) == "*" && string(r.Method) == "OPTIONS" {
		return nil
	}
	if string(r.Method) == "CONNECT" {
		return &Error{405, "CONNECT is not served"}
	}
	var rest []byte
	switch {
	case len(t) > 7 && equalFold(t[:7], "http://"):
		rest = t[7:]
	case len(t) > 8 && equalFold(t[:8], "https://"):
		rest = t[8:]
	default:
		return &Error{400, "the target is neither a path nor a URL"}
	}
	authority, path := rest, []byte("/")
	if i := bytes.IndexAny(rest, "/?"); i >= 0 {
		authority, path = rest[:i], rest[i:]
		if path[0] == '?' {
			return &Error{400, "the target is a URL without a path"}
		}
	}
	// RFC 9112 section 3.2.2 lets the URL win over Host; servers disagree, so two different ones are refused.
	if len(authority) == 0 || !bytes.EqualFold(authority, r.Host) {
		return &Error{400, "the target names another host than Host"}
	}
	r.Target, r.Absolute = path, true
	return nil
}

// mayBeHopByHop refuses Connection options that would strip what the request depends on (RFC 9110 section 7.6.1:
// "a sender MUST NOT send a connection option corresponding to a field intended for all recipients").
func mayBeHopByHop(token []byte) bool {
	if len(token) > longestKind {
		return true
	}
	var lower [longestKind]byte
	for i, c := range token {
		if lower[i] = tchar[c]; lower[i] == 0 {
			return false
		}
	}
	switch kinds[string(lower[:len(token)])] {
	case host, contentLength, transferEncoding, cookieField, websocketKey, forwardedFor, forwardedProto, forwardedHost, forwarded, realIP:
		return false
	}
	return string(lower[:len(token)]) != "authorization"
}

func parseLength(b []byte) (n int64, ok bool) {
	if len(b) == 0 || len(b) > 18 { // 18 digits fit an int64
		return 0, false
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

// validHost takes what RFC 3986 allows in host[:port], without user information. An empty Host is allowed by
// RFC 9110 section 7.2.
func validHost(b []byte) bool {
	for _, c := range b {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case bytes.IndexByte([]byte("-._~!$&'()*+;=%:[]"), c) >= 0:
		default:
			return false
		}
	}
	return true
}

// Get returns the value of the first field with that name (lower case); nil where there is none.
func (r *Request) Get(name string) []byte {
	for i := range r.Fields {
		if equalFold(r.Fields[i].Name, name) {
			return r.Fields[i].Value
		}
	}
	return nil
}

// Cookie returns the value of a cookie; nil where there is none.
func (r *Request) Cookie(name string) []byte {
	for i := range r.Fields {
		if r.Fields[i].kind != cookieField {
			continue
		}
		if v := cookieIn(r.Fields[i].Value, name); v != nil {
			return v
		}
	}
	return nil
}

func cookieIn(list []byte, name string) []byte {
	for len(list) > 0 {
		var pair []byte
		pair, list, _ = bytes.Cut(list, []byte{';'})
		k, v, ok := bytes.Cut(trim(pair), []byte{'='})
		if ok && string(k) == name {
			return v
		}
	}
	return nil
}
