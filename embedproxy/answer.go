package embedproxy

import (
	"net/http"
	"strconv"

	"example.com/wsdoctor/embedproxy/balance"
)

// retryAfter is the Retry-After of refusals, in seconds. Clients of a full proxy that came back at once would only
// fill it with handshakes.
const retryAfter = 5

// appendAnswer appends a whole answer that the proxy gives itself.
func appendAnswer(b []byte, status int, reason string) []byte {
	b = append(b, "HTTP/1.1 "...)
	b = strconv.AppendInt(b, int64(status), 10)
	b = append(append(b, ' '), http.StatusText(status)...)
	b = append(b, "\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n"...)
	if wantsRetryAfter(status) {
		b = append(strconv.AppendInt(append(b, "Retry-After: "...), retryAfter, 10), "\r\n"...)
	}
	b = append(b, "Content-Length: "...)
	b = strconv.AppendInt(b, int64(len(reason)+1), 10)
	b = append(append(b, "\r\n\r\n"...), reason...)
	return append(b, '\n')
}

func wantsRetryAfter(status int) bool { return status == 429 || status == 503 }

// appendSetCookie appends the header line that keeps a client on its backend. A page of another site may open the
// WebSocket, so over TLS the cookie says SameSite=None, which browsers take together with Secure alone.
func appendSetCookie(b []byte, name string, n *balance.Node, tls bool) []byte {
	b = append(append(append(b, "Set-Cookie: "...), name...), '=')
	b = append(balance.AppendCookie(b, n), "; Path=/; HttpOnly"...)
	if tls {
		b = append(b, "; Secure; SameSite=None"...)
	}
	return append(b, "\r\n"...)
}
