package handshake

import (
	"context"
	"crypto/rand"
	"crypto/sha1"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Request says what to probe. The zero value of each field but URL is useful.
type Request struct {
	URL          string   // ws, wss, http or https
	Host         string   // of the Host header; "" means the URL's
	Origin       string   // "" sends none, as programs other than browsers do
	Subprotocols []string // offered in this order
	Header       []Header // sent after those that the handshake needs

	// Address, if not "", is host:port to connect to instead of the URL's; the request stays as it is.
	Address string
	// From, if valid, is the local address to connect from; it has to be one of this host's.
	From netip.Addr
	// Proxy, if not nil, is what to connect through: http or https (CONNECT), socks5 or socks5h, with credentials in
	// it if need be. The proxy resolves the name.
	Proxy *url.URL

	RootCAs      *x509.CertPool    // nil means those of this host
	ServerName   string            // that TLS asks for and the certificate must be for; "" means the URL's host
	Certificates []tls.Certificate // shown to a server that asks for one
	// Verify ends the attempt at a certificate with a fault. Without it the fault is noted and the upgrade is asked
	// for all the same, so that it does not hide what lies behind; then no credentials belong into Header.
	Verify bool

	// HTTP2 asks for the WebSocket over HTTP/2 (RFC 8441): with ALPN over TLS, with prior knowledge without.
	HTTP2 bool

	NoPing bool // close as soon as the upgrade is answered

	// FirstMessage is how long to wait for a message that the server sends on its own once the pong is there; 0
	// means not at all: a server that greets does so before it reads a ping.
	FirstMessage time.Duration

	Limits Limits
	Now    func() time.Time // judges certificates; nil means time.Now
	Lookup func(ctx context.Context, host string) ([]netip.Addr, error)
}

// Limits bounds each phase; a zero field means its default.
type Limits struct {
	Resolve time.Duration // 3 s
	Connect time.Duration // 5 s
	TLS     time.Duration // 5 s
	Upgrade time.Duration // 10 s
	Ping    time.Duration // 3 s
}

// The default limits.
const (
	// resolveTimeout is below the 5 s after which a stub resolver asks its second server: an operator's clients
	// have given up by then.
	resolveTimeout = 3 * time.Second
	// connectTimeout leaves room for two lost SYNs, which Linux repeats after 1 s and after 3 s.
	connectTimeout = 5 * time.Second
	// tlsTimeout covers the two round trips of TLS 1.2 on a very bad line.
	tlsTimeout = 5 * time.Second
	// upgradeTimeout covers a balancer that tries a dead backend before it asks a live one.
	upgradeTimeout = 10 * time.Second
	// pingTimeout is generous: servers answer pings at once.
	pingTimeout = 3 * time.Second
	// bodyTimeout bounds the body of a refusal; it is wanted as evidence only.
	bodyTimeout = time.Second
	// closeTimeout is how long the answer to our Close frame may take before the connection is simply closed.
	closeTimeout = 250 * time.Millisecond
)

func (l Limits) withDefaults() Limits {
	def := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	def(&l.Resolve, resolveTimeout)
	def(&l.Connect, connectTimeout)
	def(&l.TLS, tlsTimeout)
	def(&l.Upgrade, upgradeTimeout)
	def(&l.Ping, pingTimeout)
	return l
}

// target is a Request made ready.
type target struct {
	Request
	url        *url.URL
	secure     bool
	host, port string // to connect to
	serverName string // that the certificate must be for
}

func (r Request) target() (target, error) {
	t := target{Request: r}
	t.Limits = r.Limits.withDefaults()
	if t.Now == nil {
		t.Now = time.Now
	}
	if t.Lookup == nil {
		t.Lookup = func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		}
	}
	u, err := url.Parse(r.URL)
	if err != nil {
		var ue *url.Error
		if errors.As(err, &ue) {
			err = ue.Err
		}
		return t, err
	}
	t.url = u
	switch u.Scheme {
	case "ws", "http":
		t.port = "80"
	case "wss", "https":
		t.port, t.secure = "443", true
	default:
		return t, fmt.Errorf("found scheme %q, expected ws or wss", u.Scheme)
	}
	if u.Hostname() == "" {
		return t, errors.New("found no host, expected a URL such as ws://192.168.6.181:38889/")
	}
	t.host, t.serverName = u.Hostname(), u.Hostname()
	if r.ServerName != "" {
		t.serverName = r.ServerName
	}
	if p := u.Port(); p != "" {
		t.port = p
	}
	if r.Address != "" {
		if t.host, t.port, err = net.SplitHostPort(r.Address); err != nil {
			return t, err
		}
	}
	if r.Proxy != nil {
		if err := checkProxy(r.Proxy); err != nil {
			return t, err
		}
	}
	for _, h := range append([]Header{{"Host", r.Host}, {"Origin", r.Origin}, {"Sec-WebSocket-Protocol", strings.Join(r.Subprotocols, ", ")}}, r.Header...) {
		if strings.ContainsAny(h.Name+h.Value, "\r\n\x00") || strings.ContainsAny(h.Name, ": ") {
			return t, fmt.Errorf("found %q in a header, expected one line", h.Name+": "+h.Value)
		}
	}
	return t, nil
}

// acceptGUID is the constant of RFC 6455 1.3.
const acceptGUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

// newKey returns a Sec-WebSocket-Key (RFC 6455 4.1: 16 random bytes) and the Sec-WebSocket-Accept that answers it.
func newKey() (key, accept string) {
	var nonce [16]byte
	rand.Read(nonce[:]) // never fails (crypto/rand since Go 1.24)
	key = base64.StdEncoding.EncodeToString(nonce[:])
	return key, acceptFor(key)
}

func acceptFor(key string) string {
	sum := sha1.Sum([]byte(key + acceptGUID))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// head returns the lines of the upgrade request (RFC 6455 4.1). A header of the Request takes the place of a line that
// would be sent on its own account.
func (t target) head(key string) []string {
	host := t.Host
	if host == "" {
		host = t.url.Host
	}
	lines := []string{"GET " + t.url.RequestURI() + " HTTP/1.1", "Host: " + host}
	add := func(name, value string) {
		if value != "" && !slices.ContainsFunc(t.Header, func(h Header) bool { return strings.EqualFold(h.Name, name) }) {
			lines = append(lines, name+": "+value)
		}
	}
	add("Upgrade", "websocket")
	add("Connection", "Upgrade")
	add("Sec-WebSocket-Key", key)
	add("Sec-WebSocket-Version", "13")
	add("User-Agent", "wsdoctor")
	add("Origin", t.Origin)
	add("Sec-WebSocket-Protocol", strings.Join(t.Subprotocols, ", "))
	for _, h := range t.Header {
		lines = append(lines, h.Name+": "+h.Value)
	}
	return lines
}

// secrets are the headers whose values are not shown: what a trace holds goes into reports and bug trackers.
var secrets = []string{"Authorization", "Proxy-Authorization", "Cookie"}

func isSecret(name string) bool {
	return slices.ContainsFunc(secrets, func(s string) bool { return strings.EqualFold(s, name) })
}

// shown is a line of a request as a trace keeps it.
func shown(line string) string {
	name, value, ok := strings.Cut(line, ": ")
	if ok && isSecret(name) {
		scheme, _, more := strings.Cut(value, " ")
		if !more || strings.EqualFold(name, "Cookie") {
			scheme = ""
		}
		line = strings.TrimSuffix(name+": "+scheme, " ") + " (not shown)"
	}
	return Escape([]byte(line), maxBody)
}

// Valid says what is wrong with a request before it is made: a URL, a header or a proxy that cannot be used.
func (r Request) Valid() error {
	_, err := r.target()
	return err
}
