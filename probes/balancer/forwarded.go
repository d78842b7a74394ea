package balancer

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/handshake"
	"example.com/wsdoctor/probes/standin"
)

// maxShown bounds each value that a stand-in tells of.
const maxShown = 300

// Arrived is a request as it reached a stand-in behind the balancer. All text in it is safe to print.
type Arrived struct {
	StandIn     string             `json:"stand_in"` // the name it goes by
	Request     string             `json:"request"`
	HTTPVersion string             `json:"http_version"`
	Host        string             `json:"host"`
	Headers     []handshake.Header `json:"headers"` // in alphabetical order
}

// arrived reads what a stand-in told through the balancer: in its first message, or in the body of its refusal. nil
// where none answered.
func arrived(bal *handshake.Trace) *Arrived {
	b := bal.Best()
	if b == nil || b.Response.Get(standin.Header) == "" {
		return nil
	}
	raw := b.Response.RawBody
	if b.Message != nil {
		raw = b.Message.Raw
	}
	var v standin.Visit
	if json.Unmarshal(raw, &v) != nil || v.Request == "" {
		return nil
	}
	show := func(s string) string { return handshake.Escape([]byte(s), maxShown) }
	a := &Arrived{StandIn: show(v.Name), Request: show(v.Request), HTTPVersion: show(v.HTTPVersion), Host: show(v.Host)}
	for name, values := range v.Headers {
		a.Headers = append(a.Headers, handshake.Header{Name: show(name), Value: show(strings.Join(values, ", "))})
	}
	slices.SortFunc(a.Headers, func(x, y handshake.Header) int { return strings.Compare(x.Name, y.Name) })
	return a
}

// get returns a header as it arrived; "" where it did not.
func (a *Arrived) get(name string) string {
	for _, h := range a.Headers {
		if http.CanonicalHeaderKey(h.Name) == http.CanonicalHeaderKey(name) {
			return h.Value
		}
	}
	return ""
}

// lost names what the handshake needs (RFC 6455 4.2.1) and did not arrive.
func (a *Arrived) lost() []string {
	var out []string
	if !strings.EqualFold(a.get("Upgrade"), "websocket") {
		out = append(out, "Upgrade")
	}
	if !strings.Contains(strings.ToLower(a.get("Connection")), "upgrade") {
		out = append(out, "Connection")
	}
	if a.HTTPVersion != "HTTP/1.1" {
		out = append(out, "HTTP/1.1")
	}
	return out
}

// shownHeaders are those that a balancer adds, keeps or loses.
var shownHeaders = []string{"Upgrade", "Connection", "X-Real-IP", "X-Forwarded-For", "X-Forwarded-Proto", "Forwarded"}

func (a *Arrived) evidence() []probes.Evidence {
	where := fmt.Sprintf("%s behind the balancer", a.StandIn)
	out := []probes.Evidence{
		{Where: where, Saw: probes.Verbatim(a.Request)},
		{Where: where, Saw: probes.Verbatim("Host: " + a.Host)},
	}
	for _, name := range shownHeaders {
		saw := probes.Verbatim(name + ": " + a.get(name))
		if a.get(name) == "" {
			saw = probes.T("no %s", name)
		}
		out = append(out, probes.Evidence{Where: where, Saw: saw})
	}
	return out
}

var forwardedHeadersRule = probes.Rule[Observation]{
	ID:    "balancer/forwarded-headers",
	Title: "the backend learns the client's Host, address and scheme",
	Why: "Without Host the backend compares the page's Origin with the upstream's name and refuses; without the client's " +
		"address every user looks like the balancer; without the scheme it makes ws:// links on https:// pages.",
	Applies: func(o Observation) (probes.Status, probes.Text) {
		if o.Arrived == nil {
			return probes.Skipped, probes.T("the backend does not show what reaches it; run `wsdoctor standin PORT` in its place or use --deep")
		}
		return probes.OK, probes.Text{}
	},
	Check: func(o Observation) []probes.Finding {
		var out []probes.Finding
		add := func(sev probes.Severity, title probes.Text, nginx, haproxy string) {
			out = append(out, probes.Finding{Severity: sev, Subject: o.URL, Title: title, Evidence: o.Arrived.evidence(), Fix: headerFix(o.Kind, nginx, haproxy)})
		}
		switch got := o.Arrived.Host; {
		case strings.EqualFold(got, o.authority):
		case strings.EqualFold(got, o.host):
			add(probes.Info, probes.T("the backend gets Host \"%s\", expected \"%s\": the port is lost, and an Origin with it does not match", got, o.authority),
				"proxy_set_header Host $http_host;", "")
		default:
			add(probes.Warning, probes.T("the backend gets Host \"%s\", expected \"%s\": checks of the Origin and links that it makes go wrong", got, o.authority),
				"proxy_set_header Host $http_host;", "# remove http-request set-header Host")
		}
		if o.Arrived.get("X-Forwarded-For") == "" && o.Arrived.get("X-Real-IP") == "" && o.Arrived.get("Forwarded") == "" {
			add(probes.Warning, probes.T("the backend gets neither X-Forwarded-For nor X-Real-IP: every client has the balancer's address"),
				"proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;", "option forwardfor")
		}
		if o.secure && o.Arrived.get("X-Forwarded-Proto") == "" && !strings.Contains(o.Arrived.get("Forwarded"), "proto=") {
			add(probes.Warning, probes.T("the backend gets no X-Forwarded-Proto, though clients come by wss://"),
				"proxy_set_header X-Forwarded-Proto $scheme;", "http-request set-header X-Forwarded-Proto https if { ssl_fc }")
		}
		return out
	},
}

func headerFix(kind cluster.BalancerKind, nginx, haproxy string) []probes.Text {
	switch {
	case kind == cluster.Nginx:
		return append(lines(probes.T("# nginx, beside the other proxy_set_header lines of this location:")), probes.Verbatim(nginx))
	case kind == cluster.HAProxy && haproxy != "":
		return append(lines(probes.T("# HAProxy, in the frontend:")), probes.Verbatim(haproxy))
	}
	return nil
}
