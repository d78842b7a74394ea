package head

import "bytes"

// Response is the head of a backend's reply to a WebSocket handshake.
type Response struct {
	Status    int
	Fields    []Field
	Switching bool // 101 with Upgrade: websocket
	first     [16]Field
}

// Parse reads the head that fills b. The error is an *Error with status 502.
func (r *Response) Parse(b []byte, lim Limits) error {
	*r = Response{Fields: r.Fields[:0]}
	if cap(r.Fields) == 0 {
		r.Fields = r.first[:0]
	}
	nl := bytes.IndexByte(b, '\n')
	line := b[:nl-1]
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.")) || line[8] != ' ' || len(line) > 12 && line[12] != ' ' {
		return &Error{502, "the backend's status line is not HTTP/1.1"}
	}
	for _, c := range line[9:12] {
		if c < '0' || c > '9' {
			return &Error{502, "the backend's status is not a number"}
		}
		r.Status = r.Status*10 + int(c-'0')
	}
	var err error
	if r.Fields, err = parseFields(r.Fields, b[nl+1:len(b)-2], lim); err != nil {
		return &Error{502, "the backend's reply: " + err.(*Error).Reason}
	}
	if r.Status != 101 {
		return nil
	}
	for i := range r.Fields {
		if f := &r.Fields[i]; f.kind == upgrade && equalFold(f.Value, "websocket") {
			r.Switching = true
		}
	}
	if !r.Switching {
		return &Error{502, "the backend switched to something that is not websocket"}
	}
	return nil
}

// AppendSwitching appends the 101 as the client gets it; extra are further lines, each with its CRLF.
func (r *Response) AppendSwitching(b []byte, extra []byte) []byte {
	b = append(b, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"...)
	for i := range r.Fields {
		switch f := &r.Fields[i]; f.kind {
		case connection, upgrade, hopByHop, contentLength, transferEncoding:
			// hop-by-hop, and lengths mean nothing in a 101 (RFC 9110 sections 8.6 and 15.2)
		default:
			b = appendField(b, f)
		}
	}
	b = append(b, extra...)
	return append(b, "\r\n"...)
}
