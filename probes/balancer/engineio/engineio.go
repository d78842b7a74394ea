// Package engineio goes through what a Socket.IO client does when it connects: the polling handshake, further requests
// with the sid, the upgrade to WebSocket on the same sid, a connection to the namespace that the server acknowledges,
// and, if it is told one, an event that the application acknowledges. Each step shows whether the balancer lets it through.
//
// It knows EIO 3 (Socket.IO 2) and EIO 4 (3 and later), sends no event on its own account, and keeps nothing open.
package engineio

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strconv"
	"strings"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/handshake"
)

const (
	// requestTimeout is above the upgrade's: a long poll may wait, but what is asked for here is there already.
	requestTimeout = 5 * time.Second
	// probeTimeout is how long the answer "3probe" may take, and the acknowledgment of an event.
	probeTimeout = 3 * time.Second
	// maxBody bounds a response to a poll.
	maxBody = 64 << 10
	// rounds is how often the polling handshake is repeated: with two nodes and no stickiness, chance lets one second
	// request in 16 runs come to the right node each time.
	rounds = 4
)

// Options of Observe.
type Options struct {
	URL     string             // ws or wss, with or without the query; the path is that of Engine.IO, such as /socket.io/
	Header  []handshake.Header // of every request
	Rounds  int                // sessions; 0 means 4
	Event   string             // to send, without data, for the application to acknowledge; "" means none
	Request handshake.Request  // TLS, limits and the like of the upgrade; its URL and Header are not used
}

// Step is one request of a session and what became of it.
type Step struct {
	What   string `json:"what"` // "open", "poll", "post", "connect", "upgrade", "event"
	Status int    `json:"status,omitempty"`
	Body   string `json:"body,omitempty"` // safe to print, where it is evidence
	OK     bool   `json:"ok"`
	Lost   bool   `json:"session_unknown,omitempty"` // "Session ID unknown": it reached another node

	Kind   handshake.Kind `json:"kind,omitempty"` // of an upgrade that failed
	Failed probes.Text    `json:"failed,omitzero"`
}

// Session is one Engine.IO session from its first request to its end.
type Session struct {
	Steps    []Step         `json:"steps"`
	Offers   bool           `json:"offers_websocket"` // the server names the upgrade
	Interval probes.Seconds `json:"ping_interval_seconds,omitempty"`
	Timeout  probes.Seconds `json:"ping_timeout_seconds,omitempty"`
}

// Observation is what was seen.
type Observation struct {
	URL      string    `json:"url"`
	EIO      int       `json:"eio"` // 0: no Engine.IO server answered
	Cookie   bool      `json:"cookie_set"`
	Sessions []Session `json:"sessions"`
	Direct   bool      `json:"direct_websocket"` // an upgrade without polling first works
}

// Step returns the step of a session by its name.
func (s Session) Step(what string) (Step, bool) {
	for _, st := range s.Steps {
		if st.What == what {
			return st, true
		}
	}
	return Step{}, false
}

// errNoEngine says that what answered is no Engine.IO server.
var errNoEngine = errors.New("no Engine.IO server")

// Observe goes through a few sessions, one after the other. The error is the cancellation of ctx, or a probes.Skip
// where no Engine.IO server answers.
func Observe(ctx context.Context, opts Options) (Observation, error) {
	u, err := url.Parse(opts.URL)
	if err != nil {
		return Observation{}, fmt.Errorf("reading the URL: %w", err)
	}
	if !strings.Contains(u.Path, "socket.io") && !strings.Contains(u.Path, "engine.io") && strings.Trim(u.Path, "/") == "" {
		u.Path = "/socket.io/"
	}
	u.RawQuery = ""
	o := Observation{URL: u.String()}
	n := opts.Rounds
	if n == 0 {
		n = rounds
	}
	first := errNoEngine
	for _, eio := range []int{4, 3} {
		c := newClient(*u, eio, opts)
		if _, first = c.open(ctx); first == nil {
			o.EIO = eio
			break
		}
	}
	switch {
	case ctx.Err() != nil:
		return o, ctx.Err()
	case o.EIO == 0:
		return o, probes.Skip("no Socket.IO server answers at %s: %s", o.URL, handshake.Escape([]byte(first.Error()), 200))
	}
	for range n {
		c := newClient(*u, o.EIO, opts)
		s, cookie := c.session(ctx)
		o.Sessions, o.Cookie = append(o.Sessions, s), o.Cookie || cookie
		if ctx.Err() != nil {
			return o, ctx.Err()
		}
	}
	c := newClient(*u, o.EIO, opts)
	o.Direct = c.direct(ctx)
	return o, ctx.Err()
}

// client is one browser: it keeps its cookies, and has each request on a connection of its own, as a browser behind a
// balancer that closes them would.
type client struct {
	base url.URL
	eio  int
	opts Options
	http *http.Client
	sid  string
	// acked tells that the server has connected the namespace, as servers of EIO 3 do with their first answer.
	acked bool
	steps
}

type steps struct{ s Session }

func (s *steps) add(st Step) { s.s.Steps = append(s.s.Steps, st) }

func newClient(base url.URL, eio int, opts Options) *client {
	jar, _ := cookiejar.New(nil) // never errs without options
	transport := &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{
		RootCAs: opts.Request.RootCAs, InsecureSkipVerify: !opts.Request.Verify, // probes/handshake judges the certificate
	}}
	return &client{base: base, eio: eio, opts: opts, http: &http.Client{
		Transport: transport, Jar: jar, Timeout: requestTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

func (c *client) url(transport string) url.URL {
	u := c.base
	q := url.Values{"EIO": {strconv.Itoa(c.eio)}, "transport": {transport}}
	if c.sid != "" {
		q.Set("sid", c.sid)
	}
	u.RawQuery = q.Encode()
	if transport == "polling" {
		u.Scheme = map[string]string{"ws": "http", "wss": "https"}[u.Scheme]
	}
	return u
}

// hello is the open packet (Engine.IO protocol, "Handshake").
type hello struct {
	SID      string   `json:"sid"`
	Upgrades []string `json:"upgrades"`
	Interval int      `json:"pingInterval"`
	Timeout  int      `json:"pingTimeout"`
}

// poll makes one request of the polling transport.
func (c *client) poll(ctx context.Context, method, body string) (int, []byte, error) {
	u := c.url("polling")
	req, err := http.NewRequestWithContext(ctx, method, u.String(), strings.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	for _, h := range c.opts.Header {
		req.Header.Add(h.Name, h.Value)
	}
	if body != "" {
		req.Header.Set("Content-Type", "text/plain;charset=UTF-8")
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return 0, nil, leaf(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	return resp.StatusCode, raw, err
}

// leaf drops the URL and the method, which the step says already.
func leaf(err error) error {
	var ue *url.Error
	if errors.As(err, &ue) {
		return ue.Err
	}
	return err
}

// open makes the polling handshake.
func (c *client) open(ctx context.Context) (hello, error) {
	var h hello
	code, raw, err := c.poll(ctx, http.MethodGet, "")
	if err != nil {
		return h, err
	}
	if code != http.StatusOK {
		return h, fmt.Errorf("%w: status %d, %q", errNoEngine, code, short(raw))
	}
	for _, p := range packets(c.eio, raw) {
		if len(p) > 0 && p[0] == '0' && json.Unmarshal(p[1:], &h) == nil && h.SID != "" {
			c.sid = h.SID
		}
		c.acked = c.acked || acknowledges(p)
	}
	if c.sid != "" {
		return h, nil
	}
	return h, fmt.Errorf("%w: %q", errNoEngine, short(raw))
}

// session goes through all steps; cookie tells that a cookie was set.
func (c *client) session(ctx context.Context) (Session, bool) {
	h, err := c.open(ctx)
	st := Step{What: "open", OK: err == nil}
	if err != nil {
		st.Failed = probes.Verbatim(handshake.Escape([]byte(err.Error()), 200))
	}
	c.add(st)
	own := c.url("polling")
	cookie := len(c.http.Jar.Cookies(&own)) > 0
	if err != nil {
		return c.s, cookie
	}
	c.s.Interval, c.s.Timeout = probes.Seconds(time.Duration(h.Interval)*time.Millisecond), probes.Seconds(time.Duration(h.Timeout)*time.Millisecond)
	for _, up := range h.Upgrades {
		c.s.Offers = c.s.Offers || up == "websocket"
	}
	// The connect packet of the namespace "/". With EIO 3 the server connects on its own account, and it is the client
	// that pings: the pong is there for the next poll, which would wait for an event otherwise.
	first := "40"
	if c.eio == 3 {
		first = "1:2"
	}
	if !c.exchange(ctx, "post", http.MethodPost, first) {
		return c.s, cookie
	}
	if !c.exchange(ctx, "poll", http.MethodGet, "") {
		return c.s, cookie
	}
	if c.s.Offers {
		c.upgrade(ctx)
	}
	return c.s, cookie
}

// exchange makes one request with the sid and judges it.
func (c *client) exchange(ctx context.Context, what, method, body string) bool {
	code, raw, err := c.poll(ctx, method, body)
	st := Step{What: what, Status: code, OK: err == nil && code == http.StatusOK}
	if err != nil {
		st.Failed = probes.Verbatim(handshake.Escape([]byte(err.Error()), 200))
	}
	if !st.OK {
		st.Body, st.Lost = short(raw), unknownSession(raw)
	}
	if what == "poll" && st.OK {
		for _, p := range packets(c.eio, raw) {
			c.acked = c.acked || acknowledges(p)
		}
		c.add(st)
		c.add(Step{What: "connect", OK: c.acked, Body: short(raw)})
		return true
	}
	c.add(st)
	return st.OK
}

// upgrade opens a WebSocket on the sid and has the server answer the probe (Engine.IO protocol, "Upgrade").
func (c *client) upgrade(ctx context.Context) {
	u := c.url("websocket")
	req := c.opts.Request
	req.URL, req.Header = u.String(), append([]handshake.Header(nil), c.opts.Header...)
	own := c.url("polling")
	var pairs []string
	for _, k := range c.http.Jar.Cookies(&own) {
		pairs = append(pairs, k.Name+"="+k.Value)
	}
	if len(pairs) > 0 {
		req.Header = append(req.Header, handshake.Header{Name: "Cookie", Value: strings.Join(pairs, "; ")})
	}
	conn, tr := handshake.Open(ctx, req)
	st := Step{What: "upgrade", Status: tr.Code()}
	if conn == nil {
		st.Failed, st.Kind = tr.Cause.Text, tr.Cause.Kind
		if b := tr.Best(); b != nil && b.Response != nil {
			st.Body, st.Lost = b.Response.Body, unknownSession(b.Response.RawBody)
		}
		c.add(st)
		return
	}
	defer conn.Goodbye(time.Second / 4)
	_ = conn.Write(handshake.OpText, []byte("2probe")) // a broken connection shows in the read
	conn.SetReadDeadline(time.Now().Add(probeTimeout))
	f, err := conn.Read(1 << 10)
	switch {
	case err == nil && string(f.Payload) == "3probe":
		st.OK = true
		_ = conn.Write(handshake.OpText, []byte("5"))
		c.add(st)
		c.event(conn)
		return
	case err != nil:
		how, _ := handshake.EndOf(err)
		st.Failed = probes.T("101, and then no answer to the probe (%s)", string(how))
	default:
		st.Failed = probes.T("101, and then \"%s\", expected \"3probe\"", handshake.Escape(f.Payload, 100))
	}
	c.add(st)
}

// event sends the event with an id, which asks for an acknowledgment (Socket.IO protocol, "EVENT" and "ACK").
func (c *client) event(conn *handshake.Conn) {
	if c.opts.Event == "" {
		return
	}
	st := Step{What: "event"}
	name, _ := json.Marshal([]string{c.opts.Event})                  // strings have no error
	_ = conn.Write(handshake.OpText, append([]byte("420"), name...)) // a broken connection shows in the read
	conn.SetReadDeadline(time.Now().Add(probeTimeout))
	for !st.OK && st.Failed.IsZero() {
		f, err := conn.Read(1 << 10)
		switch {
		case err != nil:
			how, _ := handshake.EndOf(err)
			st.Failed = probes.T("no acknowledgment of \"%s\" within %s (%s)", handshake.Escape([]byte(c.opts.Event), 100), probes.Seconds(probeTimeout), string(how))
		case strings.HasPrefix(string(f.Payload), "430"):
			st.OK, st.Body = true, short(f.Payload[len("430"):])
		case string(f.Payload) == "2": // EIO 4: the server pings
			_ = conn.Write(handshake.OpText, []byte("3"))
		}
	}
	c.add(st)
}

// direct tells whether a WebSocket without polling first gets the open packet.
func (c *client) direct(ctx context.Context) bool {
	u := c.url("websocket")
	req := c.opts.Request
	req.URL, req.Header = u.String(), c.opts.Header
	conn, _ := handshake.Open(ctx, req)
	if conn == nil {
		return false
	}
	defer conn.Goodbye(time.Second / 4)
	conn.SetReadDeadline(time.Now().Add(probeTimeout))
	f, err := conn.Read(1 << 10)
	return err == nil && len(f.Payload) > 0 && f.Payload[0] == '0'
}
