package wsclient

import (
	"encoding/json"
	"slices"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/handshake"
	"example.com/wsdoctor/probes/standin"
)

// Row is one line of two handshakes side by side.
type Row struct {
	What    probes.Text `json:"what"`
	A       string      `json:"a"` // safe to print; "" where it is missing
	B       string      `json:"b"`
	Differs bool        `json:"differs"`
}

// passing are headers that differ from one request to the next, which means nothing.
var passing = []string{"date", "sec-websocket-accept"}

// Compare puts two handshakes side by side: what was asked, what was answered, and, where a stand-in answered
// (probes/standin), what reached it. What has to differ, such as times and addresses, is not marked.
func Compare(a, b handshake.Trace) []Row {
	x, y := a.Best(), b.Best()
	if x == nil {
		x = &handshake.Attempt{}
	}
	if y == nil {
		y = &handshake.Attempt{}
	}
	var rows []Row
	add := func(what probes.Text, va, vb string, mark bool) {
		if va != "" || vb != "" {
			rows = append(rows, Row{what, va, vb, mark && va != vb})
		}
	}
	add(probes.T("connected to"), x.Address, y.Address, false)
	add(probes.T("outcome"), outcome(a), outcome(b), true)
	add(probes.T("TLS"), tlsWords(x), tlsWords(y), false)
	add(probes.T("status"), statusLine(x), statusLine(y), true)
	for _, name := range headerNames(x.Response, y.Response) {
		u, v := x.Response.Get(name), y.Response.Get(name)
		// The values of Connection and Upgrade are the same in any case (RFC 9110 7.6.1, 7.8).
		same := strings.EqualFold(u, v) && (strings.EqualFold(name, "Connection") || strings.EqualFold(name, "Upgrade"))
		add(probes.Verbatim(name), u, v, !same && !slices.Contains(passing, strings.ToLower(name)))
	}
	add(probes.T("answered in"), seconds(x.Upgrade), seconds(y.Upgrade), false)
	add(probes.T("ping"), seconds(x.Ping), seconds(y.Ping), false)
	va, vb := visit(x), visit(y)
	if va == nil || vb == nil {
		add(probes.T("body"), body(x), body(y), true)
		add(probes.T("first message"), firstMessage(x), firstMessage(y), true)
		return rows
	}
	arrived := func(what probes.Text, va, vb string) {
		if va != "" || vb != "" {
			rows = append(rows, Row{what, handshake.Escape([]byte(va), 300), handshake.Escape([]byte(vb), 300), va != vb})
		}
	}
	arrived(probes.T("arrived: request"), va.Request, vb.Request)
	arrived(probes.T("arrived: %s", "Host"), va.Host, vb.Host)
	var names []string
	for _, v := range []*standin.Visit{va, vb} {
		for name := range v.Headers {
			if !slices.Contains(names, name) && name != "Sec-Websocket-Key" {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	for _, name := range names {
		arrived(probes.T("arrived: %s", handshake.Escape([]byte(name), 100)), strings.Join(va.Headers[name], ", "), strings.Join(vb.Headers[name], ", "))
	}
	return rows
}

func outcome(tr handshake.Trace) string {
	switch {
	case tr.Cause.Kind != handshake.None:
		return string(tr.Cause.Kind)
	case tr.Upgraded():
		return "upgraded"
	}
	return ""
}

func tlsWords(a *handshake.Attempt) string {
	switch {
	case a.TLS != nil:
		return a.TLS.Version
	case a.TCP > 0:
		return "none"
	}
	return ""
}

func statusLine(a *handshake.Attempt) string {
	if a.Response == nil {
		return ""
	}
	return a.Response.StatusLine
}

func body(a *handshake.Attempt) string {
	if a.Response == nil {
		return ""
	}
	return a.Response.Body
}

func firstMessage(a *handshake.Attempt) string {
	if a.Message == nil {
		return ""
	}
	return a.Message.Text
}

func seconds(s probes.Seconds) string {
	if s == 0 {
		return ""
	}
	return s.String()
}

// headerNames lists the headers of both responses, in the order in which they came.
func headerNames(responses ...*handshake.Response) []string {
	var out []string
	for _, r := range responses {
		if r == nil {
			continue
		}
		for _, h := range r.Header {
			if !slices.ContainsFunc(out, func(n string) bool { return strings.EqualFold(n, h.Name) }) {
				out = append(out, h.Name)
			}
		}
	}
	return out
}

// visit reads what a stand-in tells in its first message or in its refusal; nil where none answered.
func visit(a *handshake.Attempt) *standin.Visit {
	if a.Response == nil || a.Response.Get(standin.Header) == "" {
		return nil
	}
	raw := a.Response.RawBody
	if a.Message != nil {
		raw = a.Message.Raw
	}
	var v standin.Visit
	if json.Unmarshal(raw, &v) != nil || v.Request == "" {
		return nil
	}
	return &v
}
