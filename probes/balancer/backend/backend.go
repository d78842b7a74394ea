// Package backend tells the backends behind a balancer apart by what their answers show: the name of a stand-in
// (probes/standin), a header or a cookie that names the server, a first message that differs from node to node, or, on a
// host that sees the balancer's connections to them, the socket table.
//
// It does not know which of the settings' nodes a name belongs to, and it reads no table of another host.
package backend

import (
	"context"
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/handshake"
	"example.com/wsdoctor/probes/standin"
)

// greetingWait is how long a first message is waited for; a server that greets does so at once.
const greetingWait = 300 * time.Millisecond

// headers are those by which backends and balancers name the server, the stand-in's first.
var headers = []string{
	standin.Header, "X-Backend", "X-Backend-Server", "X-Upstream", "X-Upstream-Addr", "X-Served-By", "X-Node", "X-Server",
	"X-Server-Name", "X-Instance", "X-Pod", "X-Hostname",
}

// certain are the headers that name a backend even if it is the same for all; the others may name the balancer.
var certain = headers[:5]

// cookies are those by which balancers keep a client on its server: HAProxy, Apache, nginx, nginx Ingress.
var cookies = []string{"SERVERID", "SRV", "ROUTEID", "route", "INGRESSCOOKIE"}

// Sample is what one connection showed.
type Sample struct {
	Header  []handshake.Header
	Message string // the first one, if the server greets
	Socket  string // the backend by the socket table; "" where it does not tell
}

// Sampler takes samples. The zero value is ready.
type Sampler struct {
	Table *Table // nil: it is not asked

	silent bool
}

// Take takes the sample of a connection that was just opened. It waits for a first message only where the response
// names no backend, and only until one connection has shown that none comes.
func (s *Sampler) Take(ctx context.Context, tr handshake.Trace, c *handshake.Conn) Sample {
	var out Sample
	if s.Table != nil {
		out.Socket = s.Table.opened(ctx)
	}
	if b := tr.Best(); b != nil && b.Response != nil {
		out.Header = b.Response.Header
	}
	if s.silent || slices.ContainsFunc(headers, func(n string) bool { return out.get(n) != "" }) {
		return out
	}
	c.SetReadDeadline(time.Now().Add(greetingWait))
	defer c.SetReadDeadline(time.Time{})
	f, err := c.Read(1 << 10)
	switch {
	case err != nil:
		s.silent = true
	case f.Op == handshake.OpText:
		out.Message = string(f.Payload)
	}
	return out
}

// Cookies returns the cookies of a response as a client sends them back; "" where it sets none.
func (s Sample) Cookies() string {
	var out []string
	for _, h := range s.Header {
		if strings.EqualFold(h.Name, "Set-Cookie") {
			pair, _, _ := strings.Cut(h.Value, ";")
			out = append(out, strings.TrimSpace(pair))
		}
	}
	return strings.Join(out, "; ")
}

func (s Sample) get(name string) string {
	for _, h := range s.Header {
		if strings.EqualFold(h.Name, name) {
			return h.Value
		}
	}
	return ""
}

func (s Sample) cookie(name string) string {
	for pair := range strings.SplitSeq(s.Cookies(), "; ") {
		if n, v, _ := strings.Cut(pair, "="); n == name {
			return v
		}
	}
	return ""
}

// route is the jvmRoute that Tomcat appends to its session id.
func (s Sample) route() string {
	_, r, _ := strings.Cut(s.cookie("JSESSIONID"), ".")
	return r
}

// Tell names the backend of each sample; by says what it was told by. ok is false where the samples do not tell.
func Tell(samples []Sample) (by probes.Text, names []string, ok bool) {
	if len(samples) == 0 {
		return by, nil, false
	}
	all := func(get func(Sample) string) bool {
		names = names[:0]
		for _, s := range samples {
			names = append(names, handshake.Escape([]byte(get(s)), 100))
		}
		return !slices.Contains(names, "")
	}
	for _, h := range headers {
		if all(func(s Sample) string { return s.get(h) }) && (distinct(names) > 1 || slices.Contains(certain, h)) {
			return probes.Verbatim(h), names, true
		}
	}
	for _, c := range cookies {
		if all(func(s Sample) string { return s.cookie(c) }) && repeats(names) {
			return probes.T("cookie %s", c), names, true
		}
	}
	if all(Sample.route) {
		return probes.T("cookie %s", "JSESSIONID"), names, true
	}
	// One message for all may be a greeting that every node has; a new one each time holds a session id.
	if all(func(s Sample) string { return s.Message }) && repeats(names) && distinct(names) > 1 {
		return probes.T("first message"), names, true
	}
	for _, field := range fields(samples[0].Message) {
		if all(func(s Sample) string { return fieldOf(s.Message, field) }) && repeats(names) && distinct(names) > 1 {
			return probes.T("field \"%s\" of the first message", handshake.Escape([]byte(field), 50)), names, true
		}
	}
	if all(func(s Sample) string { return s.Socket }) {
		return probes.T("the socket table of this host"), names, true
	}
	return probes.Text{}, nil, false
}

// Untold says why a test over backends says nothing.
func Untold() probes.Text {
	return probes.T("the backends cannot be told apart: no header, cookie or first message names them; run `wsdoctor standin PORT` in their place, let them send X-Backend, or run this on the balancer's host, with them in the settings")
}

// repeats tells whether the names come back: a value that is new each time names no backend.
func repeats(names []string) bool { return distinct(names)*2 <= len(names) }

func distinct(names []string) int {
	seen := map[string]bool{}
	for _, n := range names {
		seen[n] = true
	}
	return len(seen)
}

// fields lists the fields of a JSON object whose value is a string.
func fields(message string) []string {
	var m map[string]any
	if json.Unmarshal([]byte(message), &m) != nil {
		return nil
	}
	var out []string
	for k, v := range m {
		if _, ok := v.(string); ok {
			out = append(out, k)
		}
	}
	slices.Sort(out)
	return out
}

func fieldOf(message, field string) string {
	var m map[string]any
	if json.Unmarshal([]byte(message), &m) != nil {
		return ""
	}
	v, _ := m[field].(string)
	return v
}

// Sources returns local addresses to connect from as several clients would. On Linux all of 127.0.0.0/8 is this
// host's, so a balancer on loopback can be shown clients of different networks; elsewhere there are none.
func Sources(address string) []netip.Addr {
	ap, err := netip.ParseAddrPort(address)
	if err != nil || !ap.Addr().IsLoopback() || !ap.Addr().Is4() {
		return nil
	}
	var out []netip.Addr
	for i := byte(1); i <= 8; i++ {
		// Both halves differ: nginx's ip_hash looks at the first three octets only.
		out = append(out, netip.AddrFrom4([4]byte{127, 10 * i, i, 1}))
	}
	return out
}
