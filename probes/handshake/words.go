package handshake

import "example.com/wsdoctor/probes"

// kindWords say each Kind in a word or two; the whole way to say it is a Cause's Text.
var kindWords = map[Kind]string{
	BadRequest:        "bad request",
	Interrupted:       "interrupted",
	NameNotFound:      "name not found",
	NameTimeout:       "name timeout",
	NameError:         "name error",
	Refused:           "refused",
	ConnectTimeout:    "connect timeout",
	Unreachable:       "unreachable",
	Denied:            "denied",
	ConnectError:      "connect error",
	Reset:             "reset",
	Closed:            "closed",
	ProxyRefused:      "proxy refused",
	ProxyError:        "proxy error",
	CertificateFault:  "certificate",
	PlainOnTLS:        "plain on tls",
	TLSAlert:          "tls alert",
	TLSTimeout:        "tls timeout",
	TLSError:          "tls error",
	TLSOnPlain:        "tls on plain",
	NotHTTP:           "not http",
	Malformed:         "malformed",
	UpgradeTimeout:    "upgrade timeout",
	Page:              "page",
	Redirect:          "redirect",
	UpgradeLost:       "upgrade lost",
	EngineProtocol:    "engine protocol",
	BadRequest400:     "status 400",
	Unauthorized:      "status 401",
	Forbidden:         "status 403",
	NotFound:          "status 404",
	TooMany:           "status 429",
	ClientClosed:      "status 499",
	BadGateway:        "status 502",
	Unavailable:       "status 503",
	GatewayTimeout:    "status 504",
	OtherStatus:       "status other",
	HTTP10:            "http 1 0",
	NoUpgradeHeader:   "no upgrade header",
	NoConnection:      "no connection header",
	Unasked:           "unasked",
	NoHTTP2:           "no http2",
	NoConnectProtocol: "no connect protocol",
	AcceptMissing:     "accept missing",
	AcceptWrong:       "accept wrong",
	NoPong:            "no pong",
	WrongPong:         "wrong pong",
	ClosedAfter:       "closed after upgrade",
	BadFrame:          "bad frame",
}

// Words says k to people, in a word or two. It is empty for None.
func (k Kind) Words() probes.Text {
	if k == None {
		return probes.Text{}
	}
	return probes.Phrase(kindWords[k]).Text()
}

// howWords say each How to people.
var howWords = map[How]string{
	ByCloseFrame: "Close frame",
	ByFIN:        "FIN",
	ByReset:      "reset",
	BySilence:    "silence",
	ByBadFrame:   "bad frame",
	ByError:      "error",
}

// Words says h to people.
func (h How) Words() probes.Text { return probes.Phrase(howWords[h]).Text() }
