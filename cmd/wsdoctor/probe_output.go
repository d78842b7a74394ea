package main

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/handshake"
	"example.com/wsdoctor/probes/report"
	"example.com/wsdoctor/probes/wsclient"
)

const (
	// maxLine bounds a message on a terminal; the rest is counted.
	maxLine = 64 << 10
	// oneLineHex is how many bytes of a binary message are shown without a dump.
	oneLineHex = 24
	// clockFormat has milliseconds: that is where round trips lie.
	clockFormat = "15:04:05.000"
)

// probeOutput shows what happens on a connection.
type probeOutput interface {
	opened(handshake.Trace) // or not opened: the trace's cause says why
	event(wsclient.Event)   // in the order in which they come
	sent(kind, text string) // text as it was typed
	pings(sent int, trips []time.Duration)
}

// probeOutput returns the output of a call that is not interactive.
func (a *app) probeOutput(f *probeFlags) probeOutput {
	if f.format == "json" {
		return &eventOutput{w: a.stdout}
	}
	o := &textOutput{notes: a.stderr, messages: a.stdout, terminal: a.stdoutTTY, ascii: a.ascii(), voice: a.voice(), verbose: f.verbose, now: time.Now}
	if a.stdoutTTY || f.connectOnly || f.pings > 0 {
		o.notes = a.stdout // they are what was asked for
	}
	return o
}

// eventOutput writes JSON, one event a line.
type eventOutput struct{ w io.Writer }

// writeEvent writes one line of JSON.
func writeEvent(w io.Writer, v any) error {
	raw, err := report.Encode(v, "")
	if err != nil {
		return err
	}
	_, err = w.Write(raw)
	return err
}

func (o *eventOutput) opened(tr handshake.Trace) {
	kind := "open"
	if tr.Cause.Kind != handshake.None {
		kind = "failed"
	}
	_ = writeEvent(o.w, struct {
		Schema string          `json:"schema"`
		Event  string          `json:"event"`
		Time   time.Time       `json:"time"`
		Trace  handshake.Trace `json:"trace"`
	}{"wsdoctor/probe/v1", kind, time.Now(), tr})
}

func (o *eventOutput) event(e wsclient.Event) { _ = writeEvent(o.w, e) }

func (o *eventOutput) sent(kind, text string) {
	_ = writeEvent(o.w, struct {
		Event string    `json:"event"`
		Time  time.Time `json:"time"`
		Kind  string    `json:"kind"`
		Text  string    `json:"text"`
	}{"sent", time.Now(), kind, text})
}

func (o *eventOutput) pings(sent int, trips []time.Duration) {
	least, mean, most := roundTrips(trips)
	_ = writeEvent(o.w, struct {
		Event    string         `json:"event"`
		Sent     int            `json:"sent"`
		Answered int            `json:"answered"`
		Least    probes.Seconds `json:"min_seconds"`
		Mean     probes.Seconds `json:"mean_seconds"`
		Most     probes.Seconds `json:"max_seconds"`
	}{"pings", sent, len(trips), probes.Seconds(least), probes.Seconds(mean), probes.Seconds(most)})
}

// textOutput writes for people.
type textOutput struct {
	notes, messages io.Writer
	terminal        bool // messages go to a terminal
	ascii           bool
	voice           voice
	verbose         bool
	now             func() time.Time
}

// note writes one line that is no message. What peers sent in it is safe already, or is made so here.
func (o *textOutput) note(format string, args ...any) {
	line := probes.Printable(o.voice.say(format, args...))
	if o.ascii {
		line = probes.ASCII(line)
	}
	fmt.Fprintln(o.notes, line)
}

// labelColumns is how wide the names of the phases are.
const labelColumns = 10

// phase writes a line about a phase, behind its name.
func (o *textOutput) phase(name probes.Text, format string, args ...any) {
	o.note("%s %s", padded(o.voice.text(name), labelColumns), probes.T(format, args...))
}

func (o *textOutput) opened(tr handshake.Trace) {
	if tr.DNS > 0 {
		o.phase(probes.T("resolved"), "%s (%s)", strings.Join(tr.Addresses, ", "), tr.DNS)
	}
	for _, a := range tr.Attempts {
		o.attempt(a)
	}
	if tr.Cause.Kind != handshake.None {
		o.phase(probes.T("no connection:"), "%s", tr.Cause.Text)
	}
}

func (o *textOutput) attempt(a handshake.Attempt) {
	if a.TCP > 0 {
		o.phase(probes.T("connected"), "%s (%s)", a.Address, a.TCP)
	}
	if a.Proxy > 0 {
		o.phase(probes.T("proxy"), "tunnel made (%s)", a.Proxy)
	}
	if t := a.TLS; t != nil {
		o.phase(probes.T("TLS"), "%s, %s (%s)", t.Version, t.Cipher, a.TLSTime)
		if c := t.Certificate; c != nil {
			o.phase(probes.Text{}, "%s, %s left", strings.Join(c.Names, ", "), probes.Counted(c.DaysLeft, "1 day", "%d days"))
			for _, p := range c.Problems {
				o.phase(probes.Text{}, "its certificate does not hold: %s", p.Text)
			}
		}
	}
	r := a.Response
	if r == nil {
		return
	}
	o.phase(probes.T("upgrade"), "%s (%s)", r.StatusLine, a.Upgrade)
	if a.Subprotocol != "" {
		o.phase(probes.Text{}, "subprotocol %s", a.Subprotocol)
	}
	if o.verbose {
		o.headers(a)
	} else if !a.Upgraded() {
		for _, name := range []string{"Server", "Location", "Upgrade", "Connection", "WWW-Authenticate"} {
			if v := r.Get(name); v != "" {
				o.phase(probes.Text{}, "%s: %s", name, v)
			}
		}
		if r.Body != "" {
			o.phase(probes.Text{}, "body: %s", r.Body)
		}
	}
}

// headers shows both heads as they were.
func (o *textOutput) headers(a handshake.Attempt) {
	for _, l := range a.Request {
		o.note("> %s", l)
	}
	if a.Response == nil {
		return
	}
	o.note("< %s", a.Response.StatusLine)
	for _, h := range a.Response.Header {
		o.note("< %s: %s", h.Name, h.Value)
	}
	if a.Response.Body != "" {
		o.note("< %s", a.Response.Body)
	}
}

func (o *textOutput) event(e wsclient.Event) {
	at := e.At.Format(clockFormat)
	switch e.Kind {
	case wsclient.Message:
		o.message(e)
	case wsclient.PingReceived:
		if o.terminal || o.verbose {
			o.note("%s   ping from the server, answered%s", at, payload(e))
		}
	case wsclient.PongReceived:
		if e.RTT > 0 {
			o.note("%s   pong after %s", at, e.RTT)
		} else {
			o.note("%s   pong that answers no ping%s", at, payload(e))
		}
	case wsclient.Ended:
		o.note("%s   %s", at, endWords(*e.End))
	}
}

func payload(e wsclient.Event) string {
	if e.Size == 0 {
		return ""
	}
	return fmt.Sprintf(": %s", handshake.Escape(e.Data, 125))
}

// message writes a message: for a program one line as it came, for a terminal with the time, JSON set out, bytes as a
// dump.
func (o *textOutput) message(e wsclient.Event) {
	data := e.Data
	if !o.terminal {
		var line bytes.Buffer
		switch {
		case e.Binary:
			line.WriteString(e.Hex)
		case isJSON(data) && json.Compact(&line, data) == nil:
		default:
			line.WriteString(e.Text)
		}
		fmt.Fprintln(o.messages, probes.Printable(line.String()))
		return
	}
	head := e.At.Format(clockFormat) + " < "
	more := ""
	if len(data) > maxLine || e.Size > len(data) {
		data = data[:min(len(data), maxLine)]
		more = o.voice.say("(the first %d of %d bytes)", len(data), e.Size)
	}
	var lines []string
	var set bytes.Buffer
	switch {
	case e.Binary && e.Size <= oneLineHex:
		lines = []string{o.voice.say("binary, %s: % x", probes.Counted(e.Size, "1 byte", "%d bytes"), data)}
	case e.Binary:
		lines = append([]string{o.voice.say("binary, %s:", probes.Counted(e.Size, "1 byte", "%d bytes"))}, strings.Split(strings.TrimRight(hex.Dump(data), "\n"), "\n")...)
	case isJSON(data) && json.Indent(&set, data, "", "  ") == nil:
		lines = strings.Split(set.String(), "\n")
	default:
		lines = []string{strings.ToValidUTF8(string(data), "\ufffd")}
	}
	if more != "" {
		lines = append(lines, more)
	}
	var out strings.Builder
	for _, l := range lines {
		l = probes.Printable(l)
		if o.ascii {
			l = probes.ASCII(l)
		}
		out.WriteString(head + l + "\n")
		head = strings.Repeat(" ", len(head))
	}
	_, _ = io.WriteString(o.messages, out.String()) // at once: a line editor draws its prompt anew behind each write
}

// isJSON tells whether a message is an object or a list, as people mean it by JSON; 42 is a number.
func isJSON(data []byte) bool {
	data = bytes.TrimSpace(data)
	return len(data) > 0 && (data[0] == '{' || data[0] == '[') && json.Valid(data)
}

func (o *textOutput) sent(kind, text string) {
	if o.terminal {
		if kind == "message" {
			kind = ""
		} else {
			kind += " "
		}
		o.note("%s > %s%s", o.now().Format(clockFormat), kind, handshake.Escape([]byte(text), maxLine))
	}
}

func (o *textOutput) pings(sent int, trips []time.Duration) {
	if len(trips) == 0 {
		o.note("%s sent, none answered: the tunnel passes no frames, or the server answers no pings", probes.Counted(sent, "1 ping", "%d pings"))
		return
	}
	least, mean, most := roundTrips(trips)
	o.note("%s sent, %d answered; round trip min %s, mean %s, max %s", probes.Counted(sent, "1 ping", "%d pings"), len(trips),
		probes.Seconds(least), probes.Seconds(mean), probes.Seconds(most))
}

func roundTrips(trips []time.Duration) (least, mean, most time.Duration) {
	if len(trips) == 0 {
		return 0, 0, 0
	}
	var sum time.Duration
	for _, t := range trips {
		sum += t
	}
	return slices.Min(trips), sum / time.Duration(len(trips)), slices.Max(trips)
}

// endWords says who ended a connection, how and after how long.
func endWords(e wsclient.End) probes.Text {
	after := probes.T("after %s", e.After)
	code := probes.T("%d, %s", e.Code, e.Words)
	if e.Reason != "" {
		code = probes.T("%s, reason \"%s\"", code, e.Reason)
	}
	if e.By == "client" {
		switch e.How {
		case handshake.ByCloseFrame:
			return probes.T("closed by this side (%s), answered by the server, %s", code, after)
		case handshake.BySilence:
			return probes.T("closed by this side (%s), the server did not answer the Close frame, %s", code, after)
		}
		return probes.T("closed by this side (%s), the server ended the connection without a Close frame, %s", code, after)
	}
	idle := probes.T("%s, %s of them silent", after, e.Idle)
	switch e.How {
	case handshake.ByCloseFrame:
		return probes.T("closed by the server with a Close frame (%s) %s", code, idle)
	case handshake.ByFIN:
		return probes.T("ended by the server or a hop on the way with a bare %s (%s) %s", cmp.Or(e.Detail, "FIN"), code, idle)
	case handshake.ByReset:
		return probes.T("reset by the server or a hop on the way, %s (%s) %s", cmp.Or(e.Detail, "RST"), code, idle)
	case handshake.BySilence:
		return probes.T("silence: what was sent is not acknowledged any more (%s) %s", code, idle)
	case handshake.ByBadFrame:
		return probes.T("given up because the server breaks the protocol: it sends %s, %s", e.Detail, after)
	}
	return probes.T("ended: %s (%s) %s", e.Detail, code, idle)
}
