package handshake

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
)

const (
	maxHead   = 64 << 10 // of a response; nginx and Tomcat stop at 8 KiB
	maxLines  = 256
	maxBody   = 1 << 10 // shown
	maxInterm = 5       // interim responses (100, 103) that are read past
)

var (
	errNotHTTP     = errors.New("not HTTP")
	errHeadTooLong = errors.New("head too long")
)

// readHead reads a response head up to and with its empty line. What had come by then is returned with an error too.
func readHead(r *bufio.Reader) ([]byte, error) {
	// A server that is not HTTP may send a few bytes and wait: judge the first ones before a whole line is there.
	if _, err := r.Peek(1); err != nil {
		return nil, err
	}
	if first, _ := r.Peek(min(r.Buffered(), 64)); !bytes.HasPrefix([]byte("HTTP/"), first[:min(len(first), 5)]) {
		return bytes.Clone(first), errNotHTTP
	}
	var head []byte
	for lines := 0; ; {
		part, err := r.ReadSlice('\n')
		head = append(head, part...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			err = nil
		case err == nil:
			lines++
		}
		if len(head) > maxHead || lines > maxLines {
			return head, errHeadTooLong
		}
		if err != nil {
			return head, err
		}
		if bytes.HasSuffix(head, []byte("\r\n\r\n")) || bytes.HasSuffix(head, []byte("\n\n")) {
			return head, nil
		}
	}
}

// readResponse reads the final response to an upgrade request, without its body. What had come is returned with an
// error too. After a 101 the reader stands at the first frame.
func readResponse(r *bufio.Reader) (*http.Response, []byte, error) {
	for n := 0; ; n++ {
		head, err := readHead(r)
		if err != nil {
			return nil, head, err
		}
		get := &http.Request{Method: http.MethodGet}
		// Parsed from the head alone first: a reader over r could take bytes of the first frame with it.
		resp, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(head)), get)
		switch {
		case err != nil:
			return nil, head, err
		case resp.StatusCode/100 != 1:
			resp, err = http.ReadResponse(bufio.NewReader(io.MultiReader(bytes.NewReader(head), r)), get)
			return resp, head, err
		case resp.StatusCode == http.StatusSwitchingProtocols || n == maxInterm:
			return resp, head, nil
		}
	}
}

// newResponse makes printable evidence of a head as it came.
func newResponse(resp *http.Response, head []byte) *Response {
	lines := strings.Split(strings.TrimRight(string(head), "\r\n"), "\n")
	out := &Response{
		StatusLine: Escape([]byte(strings.TrimRight(lines[0], "\r")), 200),
		Proto:      resp.Proto, Code: resp.StatusCode, values: resp.Header,
	}
	for _, l := range lines[1:] {
		name, value, _ := strings.Cut(strings.TrimRight(l, "\r"), ":")
		out.Header = append(out.Header, Header{Escape([]byte(name), 100), Escape([]byte(strings.TrimSpace(value)), maxBody)})
	}
	return out
}

// hasToken tells whether a header holds a token, in whatever case (RFC 9110 5.6.1).
func (r *Response) hasToken(name, token string) bool {
	for _, v := range r.values.Values(name) {
		for t := range strings.SplitSeq(v, ",") {
			if strings.EqualFold(strings.TrimSpace(t), token) {
				return true
			}
		}
	}
	return false
}
