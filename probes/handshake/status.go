package handshake

import (
	"encoding/json"
	"net/http"
	"strings"

	"example.com/wsdoctor/probes"
)

// statusCause explains an HTTP answer other than 101.
func statusCause(address string, secure bool, r *Response) Cause {
	is := func(k Kind, format string, args ...any) Cause { return cause(k, Upgrading, format, args...) }
	body := strings.ToLower(string(r.RawBody))
	switch code := r.Code; {
	case !secure && code == 400 && (strings.Contains(body, "https port") || strings.Contains(body, "requires tls") || strings.Contains(body, "ssl-enabled")):
		// The words of nginx and Go, of Tomcat and of Apache.
		return is(TLSOnPlain, "%s speaks TLS: the URL has to begin with wss://, or the port is the wrong one", address)
	case code == 200 || code == 204:
		return is(Page, "%s answers %d, a page instead of the upgrade: the request reached something that is no WebSocket endpoint, or reached it without its Upgrade header", address, code)
	case code >= 300 && code < 400 && r.Get("Location") != "":
		return is(Redirect, "%s answers %d and sends the client to %s: WebSocket clients follow no redirect", address, code, r.Get("Location"))
	case code == 400:
		return badRequestCause(address, r, body)
	case code == http.StatusUpgradeRequired:
		return is(UpgradeLost, "%s answers 426, Upgrade Required: the Upgrade or Connection header was lost on the way, something in front of the service drops it", address)
	case code == 401:
		return is(Unauthorized, "%s answers 401: it wants credentials, and wsdoctor has none", address)
	case code == 403:
		return is(Forbidden, "%s answers 403: it refuses this Origin, this address or this path", address)
	case code == 404:
		return is(NotFound, "%s answers 404: nothing is served on this path", address)
	case code == 429:
		return is(TooMany, "%s answers 429: too many requests or connections from this address", address)
	case code == 499:
		return is(ClientClosed, "%s answers 499: a gateway on the way gave up on its client before the backend answered", address)
	case code == 502:
		return is(BadGateway, "%s answers 502: it is a gateway, and its backend refuses the connection or breaks it off", address)
	case code == 503:
		return is(Unavailable, "%s answers 503: no backend is available, or the service is overloaded", address)
	case code == 504:
		return is(GatewayTimeout, "%s answers 504: it is a gateway, and its backend does not answer in time", address)
	}
	if r.Proto == "HTTP/2" {
		return is(OtherStatus, "%s answers the extended CONNECT of RFC 8441 with \"%s\", expected 200", address, r.StatusLine)
	}
	return is(OtherStatus, "%s answers \"%s\", expected 101", address, r.StatusLine)
}

// badRequestCause tells the many 400s apart by what the server says.
func badRequestCause(address string, r *Response, body string) Cause {
	lost := func(said probes.Text) Cause {
		return cause(UpgradeLost, Upgrading, "%s answers 400 %s: the Upgrade or Connection header was lost on the way, something in front of the service drops it", address, said)
	}
	if code, message, ok := engineError(r.RawBody); ok {
		said := probes.T("with the Socket.IO error %d, \"%s\"", code, Escape([]byte(message), 100))
		switch code {
		case 0:
			return cause(EngineProtocol, Upgrading, "%s answers 400 %s: the path lacks transport=websocket, or WebSocket is switched off there", address, said)
		case 1:
			return cause(BadRequest400, Upgrading, "%s answers 400 %s: the request reached another node than the one that made the session", address, said)
		case 3:
			return lost(said)
		case 4:
			return cause(Forbidden, Upgrading, "%s answers 400 %s: the application refuses this client", address, said)
		case 5:
			return cause(EngineProtocol, Upgrading, "%s answers 400 %s: the path asks for another EIO version than the server speaks", address, said)
		}
		return cause(BadRequest400, Upgrading, "%s answers 400 %s", address, said)
	}
	// What Spring ("Can "Upgrade" only to "WebSocket"."), gorilla, ws and others say has one of these words.
	if strings.Contains(body, "upgrade") || strings.Contains(body, "websocket") {
		return lost(probes.T("(\"%s\")", Escape([]byte(strings.TrimSpace(string(r.RawBody))), 100)))
	}
	return cause(BadRequest400, Upgrading, "%s answers 400, Bad Request: often a header of the handshake that something in front of the service dropped", address)
}

// engineError reads the refusal of an Engine.IO server (engine.io, lib/server.ts): JSON for a plain request, the bare
// message for an upgrade. "Bad request" and "Forbidden" alone are too common to be told by their words.
func engineError(body []byte) (code int, message string, ok bool) {
	var eio struct {
		Code    *int   `json:"code"`
		Message string `json:"message"`
	}
	if json.Unmarshal(body, &eio) == nil && eio.Code != nil {
		return *eio.Code, eio.Message, true
	}
	message = strings.TrimSpace(string(body))
	code, ok = map[string]int{"Transport unknown": 0, "Session ID unknown": 1, "Unsupported protocol version": 5}[message]
	return code, message, ok
}

// switchCause explains what is wrong with a 101 but for its Sec-WebSocket-Accept; zero: nothing (RFC 6455 4.1).
func switchCause(address string, t target, r *Response) Cause {
	is := func(k Kind, format string, args ...any) Cause { return cause(k, Upgrading, format, args...) }
	switch {
	case r.Proto == "HTTP/1.0":
		return is(HTTP10, "%s answers 101 in HTTP/1.0, which knows no upgrade: a hop on the way speaks HTTP/1.0", address)
	case !r.hasToken("Upgrade", "websocket"):
		return is(NoUpgradeHeader, "%s answers 101 with Upgrade %s, expected \"websocket\": something on the way changes the answer's headers", address, seen(r, "Upgrade"))
	case !r.hasToken("Connection", "upgrade"):
		return is(NoConnection, "%s answers 101 with Connection %s, expected \"Upgrade\": something on the way changes the answer's headers", address, seen(r, "Connection"))
	}
	return unaskedCause(address, t, r)
}

// unaskedCause explains an answer that agrees on what was not offered; zero: it does not (RFC 6455 4.1).
func unaskedCause(address string, t target, r *Response) Cause {
	is := func(k Kind, format string, args ...any) Cause { return cause(k, Upgrading, format, args...) }
	switch sub := r.values.Get("Sec-WebSocket-Protocol"); {
	case sub != "" && !offered(t, sub):
		return is(Unasked, "%s chose the subprotocol \"%s\", which was not offered: clients have to break off", address, Escape([]byte(sub), 100))
	case r.values.Get("Sec-WebSocket-Extensions") != "" && !t.offersExtensions():
		return is(Unasked, "%s switched on the extension \"%s\", which was not offered: clients have to break off", address, r.Get("Sec-WebSocket-Extensions"))
	}
	return Cause{}
}

// acceptCause judges Sec-WebSocket-Accept (RFC 6455 4.2.2, step 5.4).
func acceptCause(address, want string, r *Response) Cause {
	switch got := strings.TrimSpace(r.values.Get("Sec-WebSocket-Accept")); got {
	case want:
		return Cause{}
	case "":
		return cause(AcceptMissing, Accepting, "%s answers 101 without Sec-WebSocket-Accept: clients have to break off", address)
	default:
		return cause(AcceptWrong, Accepting, "%s answers 101 with Sec-WebSocket-Accept \"%s\", expected \"%s\": a cache answered, or something on the way changed the key", address, Escape([]byte(got), 100), want)
	}
}

// seen quotes a header of the response, or says that it is missing.
func seen(r *Response, name string) probes.Text {
	if v := r.Get(name); v != "" {
		return probes.T("\"%s\"", v)
	}
	return probes.T("missing")
}

func offered(t target, sub string) bool {
	for _, s := range t.Subprotocols {
		if s == sub {
			return true
		}
	}
	for _, h := range t.Header {
		if strings.EqualFold(h.Name, "Sec-WebSocket-Protocol") && strings.Contains(h.Value, sub) {
			return true
		}
	}
	return false
}

func (t target) offersExtensions() bool {
	for _, h := range t.Header {
		if strings.EqualFold(h.Name, "Sec-WebSocket-Extensions") {
			return true
		}
	}
	return false
}
