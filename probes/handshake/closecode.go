package handshake

import "example.com/wsdoctor/probes"

// Close codes of RFC 6455 7.4.1 and the IANA registry "WebSocket Close Code Number".
const (
	closeNormal   = 1000
	closeNoStatus = 1005
	closeAbnormal = 1006
)

// CloseWords says what a close code means.
func CloseWords(code int) probes.Text {
	switch code {
	case closeNormal:
		return probes.T("normal closure")
	case 1001:
		return probes.T("going away: the server shuts down or the page is left")
	case 1002:
		return probes.T("protocol error")
	case 1003:
		return probes.T("a kind of data that the endpoint does not take")
	case closeNoStatus:
		return probes.T("closed without a code")
	case closeAbnormal:
		return probes.T("the connection ended without a Close frame")
	case 1007:
		return probes.T("data that does not fit its type, such as text that is not UTF-8")
	case 1008:
		return probes.T("against the endpoint's policy")
	case 1009:
		return probes.T("a message too big")
	case 1010:
		return probes.T("an extension that the client needs is missing")
	case 1011:
		return probes.T("a fault inside the server")
	case 1012:
		return probes.T("the service restarts")
	case 1013:
		return probes.T("try again later: the server is overloaded")
	case 1014:
		return probes.T("a gateway got an invalid answer from its upstream")
	case 1015:
		return probes.T("the TLS handshake failed")
	}
	switch {
	case code >= 4000 && code <= 4999:
		return probes.T("a code of the application's own")
	case code >= 3000 && code <= 3999:
		return probes.T("a code registered by a library or framework")
	}
	return probes.T("a code that RFC 6455 does not know")
}
