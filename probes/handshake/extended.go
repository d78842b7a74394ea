package handshake

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"example.com/wsdoctor/probes"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// settingConnectProtocol is SETTINGS_ENABLE_CONNECT_PROTOCOL (RFC 8441 3).
const settingConnectProtocol http2.SettingID = 0x8

// HTTP2 is what a server said of HTTP/2 itself.
type HTTP2 struct {
	// ConnectProtocol tells that it offers SETTINGS_ENABLE_CONNECT_PROTOCOL, without which no WebSocket goes over
	// HTTP/2 (RFC 8441 3).
	ConnectProtocol bool `json:"connect_protocol"`
}

// hopByHop are the fields of an HTTP/1.1 handshake that HTTP/2 does not know (RFC 9113 8.2.2, RFC 8441 5).
var hopByHop = []string{"Host", "Connection", "Upgrade", "Sec-WebSocket-Key", "Keep-Alive", "Proxy-Connection", "Transfer-Encoding"}

// extendedHead returns the fields of the extended CONNECT (RFC 8441 4).
func (t target) extendedHead() []hpack.HeaderField {
	host, scheme := t.Host, "http"
	if host == "" {
		host = t.url.Host
	}
	if t.secure {
		scheme = "https"
	}
	out := []hpack.HeaderField{
		{Name: ":method", Value: "CONNECT"}, {Name: ":protocol", Value: "websocket"}, {Name: ":scheme", Value: scheme},
		{Name: ":path", Value: t.url.RequestURI()}, {Name: ":authority", Value: host},
	}
	for _, l := range t.head("")[1:] {
		name, value, _ := strings.Cut(l, ": ")
		if !slices.ContainsFunc(hopByHop, func(h string) bool { return strings.EqualFold(h, name) }) {
			out = append(out, hpack.HeaderField{Name: strings.ToLower(name), Value: value, Sensitive: isSecret(name)})
		}
	}
	return out
}

// extend opens a WebSocket over HTTP/2 (RFC 8441) on the connection, in the place of the upgrade of HTTP/1.1.
func (c *Conn) extend(ctx context.Context, t target, a *Attempt) Cause {
	if t.secure && a.TLS.ALPN != "h2" {
		return cause(NoHTTP2, Upgrading, "%s speaks TLS but not HTTP/2 (ALPN chose %s, expected \"h2\"): probe without --http2, or switch HTTP/2 on there", a.Address, alpn(a.TLS.ALPN))
	}
	limit := time.Now().Add(t.Limits.Upgrade)
	if d, ok := ctx.Deadline(); ok && d.Before(limit) {
		limit = d
	}
	start := time.Now()
	s, err := openHTTP2(c.conn)
	c.conn, c.stream = s, s
	s.mu.Lock()
	defer s.mu.Unlock()
	if aerr := s.await(&limit, func() bool { return s.known }); aerr != nil {
		return http2Cause(a.Address, t, orCanceled(ctx, cmpErr(aerr, err)))
	}
	a.HTTP2 = &HTTP2{ConnectProtocol: s.settings[settingConnectProtocol] == 1}
	if !a.HTTP2.ConnectProtocol {
		return cause(NoConnectProtocol, Upgrading, "%s speaks HTTP/2 but does not offer SETTINGS_ENABLE_CONNECT_PROTOCOL (RFC 8441), so no WebSocket goes over it: clients open a connection of HTTP/1.1 beside it; probe that one without --http2", a.Address)
	}
	var block bytes.Buffer
	enc := hpack.NewEncoder(&block)
	for _, f := range t.extendedHead() {
		a.Request = append(a.Request, shown(f.Name+": "+f.Value))
		_ = enc.WriteField(f) // a bytes.Buffer takes everything
	}
	s.mu.Unlock()
	err = s.send(func(f *http2.Framer) error {
		return f.WriteHeaders(http2.HeadersFrameParam{StreamID: ownStream, BlockFragment: block.Bytes(), EndHeaders: true})
	})
	s.mu.Lock()
	if aerr := s.await(&limit, func() bool { return s.fields != nil }); aerr != nil {
		return http2Cause(a.Address, t, orCanceled(ctx, cmpErr(aerr, err)))
	}
	a.Upgrade = probes.Seconds(time.Since(start))
	a.Response = s.response()
	if a.Response.Code/100 != 2 {
		s.readBy = time.Now().Add(bodyTimeout)
		s.mu.Unlock()
		a.Response.RawBody, _ = io.ReadAll(io.LimitReader(s, maxKept)) // what came is evidence enough
		s.mu.Lock()
		a.Response.Body = Escape(a.Response.RawBody, maxBody)
		return statusCause(a.Address, t.secure, a.Response)
	}
	a.Subprotocol, a.Extensions = a.Response.Get("Sec-WebSocket-Protocol"), a.Response.Get("Sec-WebSocket-Extensions")
	return unaskedCause(a.Address, t, a.Response)
}

// cmpErr prefers the error of what was sent where what was read says no more than that nothing came.
func cmpErr(read, write error) error {
	if write != nil && (isTimeout(read) || isEOF(read)) {
		return write
	}
	return read
}

// http2Cause explains an error before the head of the answer was there.
func http2Cause(address string, t target, err error) Cause {
	var old errOldHTTP
	var reset errStreamReset
	var conn http2.ConnectionError
	switch {
	case errors.As(err, &old):
		return cause(NoHTTP2, Upgrading, "%s speaks HTTP/1, not HTTP/2: it answers \"%s\"; probe without --http2", address, Escape([]byte(old.line), 100))
	case errors.As(err, &reset):
		return cause(Reset, Upgrading, "%s speaks HTTP/2 and refuses the stream of the WebSocket: %s", address, reset.what)
	case errors.As(err, &conn), errors.Is(err, http2.ErrFrameTooLarge):
		return cause(NotHTTP, Upgrading, "%s breaks HTTP/2: %s", address, Escape([]byte(err.Error()), 200))
	}
	return upgradeCause(address, t.secure, nil, err, t.Limits)
}

func alpn(chosen string) probes.Text {
	if chosen == "" {
		return probes.T("nothing")
	}
	return probes.T("\"%s\"", chosen)
}
