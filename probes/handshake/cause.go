package handshake

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"

	"example.com/wsdoctor/probes"
)

// Kind names one way of not connecting. The values are stable: scripts and the diagnosis branch on them.
type Kind string

// The kinds, by the phase in which they happen.
const (
	None        Kind = ""
	BadRequest  Kind = "bad_request" // the URL or a header given to wsdoctor
	Interrupted Kind = "interrupted"

	NameNotFound Kind = "name_not_found"
	NameTimeout  Kind = "name_timeout"
	NameError    Kind = "name_error"

	Refused        Kind = "refused"
	ConnectTimeout Kind = "connect_timeout" // dropped silently
	Unreachable    Kind = "unreachable"
	Denied         Kind = "denied" // by this host itself
	ConnectError   Kind = "connect_error"

	Reset  Kind = "reset"  // in the phase of the cause
	Closed Kind = "closed" // in the phase of the cause: the end came before the answer

	ProxyRefused Kind = "proxy_refused" // the proxy answered, and makes no connection
	ProxyError   Kind = "proxy_error"   // what was named as a proxy does not behave as one

	CertificateFault Kind = "certificate" // only where a Request asks to verify

	PlainOnTLS Kind = "plain_on_tls" // TLS was asked for, the port speaks something else
	TLSAlert   Kind = "tls_alert"
	TLSTimeout Kind = "tls_timeout"
	TLSError   Kind = "tls_error"

	TLSOnPlain     Kind = "tls_on_plain" // plain text was asked for, the port speaks TLS
	NotHTTP        Kind = "not_http"
	Malformed      Kind = "malformed" // HTTP, but not to be parsed or too long
	UpgradeTimeout Kind = "upgrade_timeout"

	Page            Kind = "page" // 200: a page instead of an upgrade
	Redirect        Kind = "redirect"
	UpgradeLost     Kind = "upgrade_lost" // 400 or 426 that says that it saw no upgrade
	EngineProtocol  Kind = "engine_protocol"
	BadRequest400   Kind = "status_400"
	Unauthorized    Kind = "status_401"
	Forbidden       Kind = "status_403"
	NotFound        Kind = "status_404"
	TooMany         Kind = "status_429"
	ClientClosed    Kind = "status_499"
	BadGateway      Kind = "status_502"
	Unavailable     Kind = "status_503"
	GatewayTimeout  Kind = "status_504"
	OtherStatus     Kind = "status_other"
	HTTP10          Kind = "http_1_0" // a 101 in HTTP/1.0
	NoUpgradeHeader Kind = "no_upgrade_header"
	NoConnection    Kind = "no_connection_header"
	Unasked         Kind = "unasked" // a subprotocol or extension that was not offered

	NoHTTP2           Kind = "no_http2"            // asked for, and not spoken
	NoConnectProtocol Kind = "no_connect_protocol" // HTTP/2 without RFC 8441

	AcceptMissing Kind = "accept_missing"
	AcceptWrong   Kind = "accept_wrong"

	NoPong      Kind = "no_pong"
	WrongPong   Kind = "wrong_pong"
	ClosedAfter Kind = "closed_after_upgrade" // Attempt.Close says how
	BadFrame    Kind = "bad_frame"
)

// Cause is why a URL did not connect, in a word for programs and in words for people.
type Cause struct {
	Kind  Kind        `json:"kind"`
	Phase Phase       `json:"phase,omitempty"`
	Text  probes.Text `json:"text,omitzero"`
}

func cause(k Kind, p Phase, format string, args ...any) Cause {
	return Cause{k, p, probes.T(format, args...)}
}

// resolveCause explains why a name has no address.
func resolveCause(host string, err error, l Limits) Cause {
	var de *net.DNSError
	switch errors.As(err, &de); {
	case errors.Is(err, context.Canceled):
		return interrupted(Resolving)
	case de != nil && de.IsNotFound:
		return cause(NameNotFound, Resolving, "the name %q does not exist in DNS or in the hosts file", Escape([]byte(host), 255))
	case de != nil && de.IsTimeout, errors.Is(err, context.DeadlineExceeded):
		return cause(NameTimeout, Resolving, "the name server did not answer within %s when asked for %q", probes.Seconds(l.Resolve), Escape([]byte(host), 255))
	}
	return cause(NameError, Resolving, "looking up %q: %s", Escape([]byte(host), 255), Escape([]byte(err.Error()), 200))
}

func interrupted(p Phase) Cause { return cause(Interrupted, p, "interrupted") }

// connectCause explains why no TCP connection to address came about.
func connectCause(address string, err error, l Limits) Cause {
	switch {
	case errors.Is(err, context.Canceled):
		return interrupted(Connecting)
	case errors.Is(err, errnoRefused):
		return cause(Refused, Connecting, "%s refuses connections: nothing listens there, or a firewall rejects them", address)
	case isTimeout(err):
		return cause(ConnectTimeout, Connecting, "no answer from %s within %s: a firewall or a security group drops the packets silently, or the host is down", address, probes.Seconds(l.Connect))
	case isReset(err):
		return cause(Reset, Connecting, "the connection to %s was reset while it was being made", address)
	case errors.Is(err, errnoHostUnreach), errors.Is(err, errnoNetUnreach):
		return cause(Unreachable, Connecting, "no way to %s: the network says unreachable (no route, the host is down, or a firewall rejects with \"prohibited\")", address)
	case errors.Is(err, errnoDenied), errors.Is(err, syscall.EPERM):
		return cause(Denied, Connecting, "this host itself forbids connections to %s: a rule for outgoing traffic rejects them", address)
	}
	return cause(ConnectError, Connecting, "connecting to %s: %s", address, Escape([]byte(leaf(err).Error()), 200))
}

// tlsCause explains why no TLS connection to address came about.
func tlsCause(address string, err error, l Limits) Cause {
	var rec tls.RecordHeaderError
	var op *net.OpError
	switch {
	case errors.Is(err, context.Canceled):
		return interrupted(Securing)
	case errors.As(err, &rec):
		if string(rec.RecordHeader[:]) == "HTTP/" {
			return cause(PlainOnTLS, Securing, "TLS was asked of %s, but it speaks plain HTTP: the URL has to begin with ws://, or the port is the wrong one", address)
		}
		return cause(PlainOnTLS, Securing, "TLS was asked of %s, but it does not speak TLS: its answer begins with \"%s\"", address, Escape(rec.RecordHeader[:], 5))
	case errors.As(err, &op) && op.Op == "remote error":
		return cause(TLSAlert, Securing, "%s ended the TLS handshake with the alert \"%s\": %s", address, alertName(op.Err), alertMeaning(op.Err))
	case isTimeout(err):
		return cause(TLSTimeout, Securing, "%s accepted the connection but said nothing in the TLS handshake within %s", address, probes.Seconds(l.TLS))
	case isReset(err):
		return cause(Reset, Securing, "%s reset the connection in the TLS handshake: the port speaks no TLS, or something on the way cuts it", address)
	case isEOF(err):
		return cause(Closed, Securing, "%s closed the connection in the TLS handshake: the port speaks no TLS, or knows no certificate for this name", address)
	}
	return cause(TLSError, Securing, "TLS with %s: %s", address, Escape([]byte(strings.TrimPrefix(err.Error(), "tls: ")), 200))
}

func alertName(err error) string { return strings.TrimPrefix(err.Error(), "tls: ") }

// alertMeaning explains the alerts of RFC 8446 6.2 that a set-up brings about.
func alertMeaning(err error) probes.Text {
	switch alertName(err) {
	case "handshake failure", "insufficient security level":
		return probes.T("no cipher or parameter in common, or no certificate is set up for this name")
	case "protocol version not supported":
		return probes.T("no TLS version in common")
	case "unrecognized name":
		return probes.T("it has no certificate for the name that was asked for")
	case "certificate required", "bad certificate":
		return probes.T("it wants a certificate of the client")
	case "no application protocol":
		return probes.T("it does not offer HTTP/1.1, which the WebSocket upgrade needs")
	case "internal error":
		return probes.T("a fault of its own; often no certificate is set up for this name")
	}
	return probes.T("it refuses this client")
}

// upgradeCause explains an error between the request and the end of the response head. got is what had come by then.
func upgradeCause(address string, secure bool, got []byte, err error, l Limits) Cause {
	var op *net.OpError
	switch {
	case errors.Is(err, context.Canceled):
		return interrupted(Upgrading)
	case len(got) > 0 && got[0] == 0x15 && !secure: // a TLS alert record, RFC 8446 5.1
		return cause(TLSOnPlain, Upgrading, "%s speaks TLS: the URL has to begin with wss://, or the port is the wrong one", address)
	case len(got) > 0 && !strings.HasPrefix("HTTP/", string(got[:min(len(got), 5)])) || errors.Is(err, errNotHTTP):
		return cause(NotHTTP, Upgrading, "%s is no HTTP server: its answer begins with \"%s\"%s", address, Escape(got, 64), bannerOf(got))
	case errors.Is(err, errHeadTooLong):
		return cause(Malformed, Upgrading, "the answer of %s has a head of more than %d KiB or %d lines", address, maxHead>>10, maxLines)
	case errors.As(err, &op) && op.Op == "remote error":
		return cause(TLSAlert, Securing, "%s ended the TLS connection with the alert \"%s\": %s", address, alertName(op.Err), alertMeaning(op.Err))
	case isTimeout(err) && len(got) > 0:
		return cause(UpgradeTimeout, Upgrading, "%s began an answer and did not end its head within %s", address, probes.Seconds(l.Upgrade))
	case isTimeout(err):
		return cause(UpgradeTimeout, Upgrading, "%s accepted the connection but did not answer the upgrade request within %s: the service hangs, or it is no HTTP server", address, probes.Seconds(l.Upgrade))
	case isReset(err):
		return cause(Reset, Upgrading, "%s reset the connection after the upgrade request", address)
	case isEOF(err):
		return cause(Closed, Upgrading, "%s closed the connection after the upgrade request, without an answer", address)
	}
	return cause(Malformed, Upgrading, "the answer of %s is no valid HTTP: %s", address, Escape([]byte(err.Error()), 200))
}

// bannerOf names the protocols that speak first or answer in plain text.
func bannerOf(got []byte) probes.Text {
	s := string(got)
	switch {
	case strings.HasPrefix(s, "SSH-"):
		return probes.T(" (an SSH server)")
	case strings.HasPrefix(s, "220"):
		return probes.T(" (a mail or FTP server)")
	case strings.HasPrefix(s, "-ERR"), strings.HasPrefix(s, "+OK"):
		return probes.T(" (a Redis or POP3 server)")
	case len(got) > 5 && got[3] == 0 && got[4] == 0x0a: // packet 0, protocol 10: MySQL, "Initial Handshake Packet"
		return probes.T(" (a MySQL server)")
	}
	return probes.Verbatim("")
}

func isTimeout(err error) bool {
	var ne net.Error
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, errnoTimedOut) || errors.As(err, &ne) && ne.Timeout()
}

func isReset(err error) bool { return errors.Is(err, errnoReset) || errors.Is(err, errnoAborted) }

func isEOF(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }

// leaf returns the innermost error, without the addresses that net adds at each level.
func leaf(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}
