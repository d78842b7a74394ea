package handshake

import (
	"net/http"
	"strings"
	"time"

	"example.com/wsdoctor/probes"
)

// Role says which part of the settings a probed URL stands for.
type Role string

// The roles. The zero Role is a URL that was named by hand.
const (
	Node     Role = "node"
	Balancer Role = "balancer"
)

// Phase is a step of opening a WebSocket.
type Phase string

// The phases, in their order.
const (
	Resolving  Phase = "resolve"
	Connecting Phase = "connect"
	Proxying   Phase = "proxy" // only where a Request names one
	Securing   Phase = "tls"
	Upgrading  Phase = "upgrade"
	Accepting  Phase = "accept-key"
	Pinging    Phase = "ping"
)

// order ranks the phases, so that of several attempts the one that came farthest can be told.
var order = map[Phase]int{Resolving: 1, Connecting: 2, Proxying: 3, Securing: 4, Upgrading: 5, Accepting: 6, Pinging: 7}

// Trace is one URL probed: every address behind its name, each phase, and why it did not connect if it did not.
type Trace struct {
	URL       string         `json:"url"`
	Role      Role           `json:"role,omitempty"`
	Name      string         `json:"name,omitempty"` // of the node; "balancer"
	Secure    bool           `json:"secure"`         // wss
	Addresses []string       `json:"addresses"`      // what the name resolved to, with the port
	DNS       probes.Seconds `json:"dns_seconds,omitempty"`
	Attempts  []Attempt      `json:"attempts"`        // one for each address
	Cause     Cause          `json:"cause,omitzero"`  // of the attempt that came farthest; zero: it works
	Local     bool           `json:"local,omitempty"` // the address belongs to this host

	// AnswersOn is another port of the node's listen order on which the service answers an upgrade while the
	// expected port refuses connections; 0: none, or not asked.
	AnswersOn int `json:"answers_on,omitempty"`
}

// Attempt is one address tried.
type Attempt struct {
	Address string `json:"address"`        // remote ip:port
	From    string `json:"from,omitempty"` // local ip:port
	Reached Phase  `json:"reached"`        // the last phase that was begun
	Cause   Cause  `json:"cause,omitzero"` // zero: it works

	TCP          probes.Seconds `json:"tcp_seconds,omitempty"`
	Proxy        probes.Seconds `json:"proxy_seconds,omitempty"` // until the proxy had made its connection
	TLSTime      probes.Seconds `json:"tls_seconds,omitempty"`
	Upgrade      probes.Seconds `json:"upgrade_seconds,omitempty"`       // from the request to the end of the response head
	FirstMessage probes.Seconds `json:"first_message_seconds,omitempty"` // from the 101 to the first data frame
	Ping         probes.Seconds `json:"ping_seconds,omitempty"`          // round trip of one ping

	TLS         *TLS      `json:"tls,omitempty"`
	HTTP2       *HTTP2    `json:"http2,omitempty"`   // where it was asked for, and spoken
	Request     []string  `json:"request,omitempty"` // the head as it was sent, a line each
	Response    *Response `json:"response,omitempty"`
	Subprotocol string    `json:"subprotocol,omitempty"`
	Extensions  string    `json:"extensions,omitempty"`
	AcceptWant  string    `json:"accept_expected,omitempty"` // Sec-WebSocket-Accept by RFC 6455 4.2.2
	AcceptGot   string    `json:"accept_got,omitempty"`
	Message     *Message  `json:"first_message,omitempty"`
	Close       *Close    `json:"close,omitempty"`
}

// TLS is what was agreed on, and the certificate.
type TLS struct {
	Version     string       `json:"version"` // such as "TLS 1.3"
	Cipher      string       `json:"cipher"`
	ALPN        string       `json:"alpn,omitempty"`
	Certificate *Certificate `json:"certificate,omitempty"`
	old         bool
}

// Certificate is the leaf that a server showed, and what a client holds against it.
type Certificate struct {
	Subject   string        `json:"subject"`
	Names     []string      `json:"names"` // DNS names and addresses it is for
	Issuer    string        `json:"issuer"`
	NotBefore time.Time     `json:"not_before"`
	NotAfter  time.Time     `json:"not_after"`
	DaysLeft  int           `json:"days_left"` // whole days, negative once expired
	Chain     int           `json:"chain"`     // certificates that the server sent
	Problems  []CertProblem `json:"problems,omitempty"`
}

// CertFault says what is wrong with a certificate.
type CertFault string

// The faults of a certificate.
const (
	CertExpired       CertFault = "expired"
	CertNotYetValid   CertFault = "not_yet_valid"
	CertSelfSigned    CertFault = "self_signed"
	CertUnknownIssuer CertFault = "unknown_authority"
	CertWrongName     CertFault = "name_mismatch"
	CertInvalid       CertFault = "invalid" // anything else that verification says
)

// CertProblem is one fault of a certificate, in words.
type CertProblem struct {
	Kind CertFault   `json:"kind"`
	Text probes.Text `json:"text"`
}

// Response is the answer to the upgrade request. All text in it is safe to print.
type Response struct {
	StatusLine string   `json:"status_line"`
	Proto      string   `json:"proto"` // such as "HTTP/1.1"
	Code       int      `json:"code"`
	Header     []Header `json:"headers"`        // in the order in which they came
	Body       string   `json:"body,omitempty"` // the first KiB

	RawBody []byte      `json:"-"` // up to 16 KiB as they came, for those who parse it
	values  http.Header // as parsed
}

// Header is one line of a head.
type Header struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Get returns the first value of a header, safe to print; "" where it is missing.
func (r *Response) Get(name string) string {
	if r == nil {
		return ""
	}
	for _, h := range r.Header {
		if strings.EqualFold(h.Name, name) {
			return h.Value
		}
	}
	return ""
}

// Message is the first data that the server sent on its own.
type Message struct {
	Binary bool   `json:"binary"`
	Size   int    `json:"size"` // bytes of the frame
	Text   string `json:"text"` // the first KiB, safe to print

	Raw []byte `json:"-"` // up to 16 KiB as they came
}

// Close is how the connection ended.
type Close struct {
	Code   int         `json:"code"` // RFC 6455 7.4; 1006 where no Close frame came
	Reason string      `json:"reason,omitempty"`
	By     string      `json:"by"` // who closed first: "client" or "server"
	Words  probes.Text `json:"words"`
}

// Best returns the attempt that came farthest; nil where no address was tried.
func (t *Trace) Best() *Attempt {
	var best *Attempt
	for i := range t.Attempts {
		a := &t.Attempts[i]
		if best == nil || best.Cause.Kind != None && (a.Cause.Kind == None || order[a.Cause.Phase] > order[best.Cause.Phase]) {
			best = a
		}
	}
	return best
}

// Upgraded tells whether at least one address answered the upgrade as RFC 6455 demands.
func (t *Trace) Upgraded() bool {
	best := t.Best()
	return best != nil && best.Upgraded()
}

// Upgraded tells whether the upgrade was answered as RFC 6455 demands, whatever came afterwards.
func (a *Attempt) Upgraded() bool {
	return a.Cause.Kind == None || a.Cause.Phase == Pinging
}

// Code returns the HTTP status of the best attempt; 0 where no response came.
func (t *Trace) Code() int {
	if b := t.Best(); b != nil && b.Response != nil {
		return b.Response.Code
	}
	return 0
}
