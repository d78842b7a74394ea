package haproxy

import (
	"regexp"
	"strings"

	"example.com/wsdoctor/probes"
)

var headerLost = rule{
	id:    "header-lost",
	title: "the headers of the handshake arrive as they were sent",
	why: "HAProxy in mode http passes Upgrade and Connection on by itself; nothing has to be set. A rule that deletes or replaces them makes a " +
		"plain request of the handshake, and the backend answers 400, 404 or 426. Without Sec-WebSocket-Key HAProxy 2.4 and later make up " +
		"one, so that the answer does not match what the client sent; without Sec-WebSocket-Version backends answer 400. In the answer, " +
		"Upgrade and Connection have to reach the client.",
	source: "HAProxy configuration manual, 4.2 \"http-request del-header\"; RFC 6455, section 4; shown with 2.6",
	check: func(m *model) verdict {
		var v verdict
		done, seen := map[*proxy]bool{}, map[string]bool{}
		for _, r := range m.routes {
			for _, p := range []*proxy{r.front, r.back} {
				if p == nil || p.mode != "http" || r.ends == answered || done[p] {
					continue
				}
				done[p] = true
				req := m.request(r.front, r.bind)
				req.parsed = true
				for l := range p.kind("http-request", "reqdel", "reqidel", "http-response", "http-after-response", "rspdel", "rspidel") {
					problem, bad := m.judgeHeader(p, l, req)
					if bad && !seen[l.where()] { // a line of a defaults section is in several proxies
						seen[l.where()] = true
						v.problems = append(v.problems, problem)
					}
				}
			}
		}
		return v
	},
}

// loss is what the lack of a header does.
type loss struct {
	name     string
	sent     string // what a handshake has in it; "" where that differs
	severity probes.Severity
	means    probes.Text
}

var requestLoss = []loss{
	{"Upgrade", "websocket", probes.Error, probes.T("the backend sees a plain request")},
	{"Connection", "Upgrade", probes.Error, probes.T("the backend sees a plain request")},
	{"Sec-WebSocket-Key", "", probes.Error, probes.T("the answer does not match the client's key")},
	{"Sec-WebSocket-Version", "13", probes.Error, probes.T("the backend does not know the version")},
	{"Sec-WebSocket-Protocol", "", probes.Warning, probes.T("a client that asked for a subprotocol gets none and gives up")},
}

var responseLoss = []loss{
	{"Upgrade", "websocket", probes.Error, probes.T("the client does not take the 101")},
	{"Connection", "Upgrade", probes.Error, probes.T("the client does not take the 101")},
	{"Sec-WebSocket-Accept", "", probes.Error, probes.T("the client does not take the 101")},
	{"Sec-WebSocket-Protocol", "", probes.Warning, probes.T("a client that asked for a subprotocol gets none and gives up")},
}

// judgeHeader judges one line of a proxy.
func (m *model) judgeHeader(p *proxy, l Line, r request) (Problem, bool) {
	losses := requestLoss
	switch l.Word(0) {
	case "http-request", "reqdel", "reqidel":
	case "http-response", "http-after-response", "rspdel", "rspidel":
		losses = responseLoss
	default:
		return Problem{}, false
	}
	if removedKeywords[l.Word(0)] != "" && m.opts.Version.atLeast(2, 1) { // it does not start: that is syntax's
		return Problem{}, false
	}
	holds := p.holds(l, r)
	if holds == no || len(l.Words) < 2 {
		return Problem{}, false
	}
	words, _, _ := splitCondition(l)
	for _, loss := range losses {
		if loss.name == "Sec-WebSocket-Accept" && (m.opts.Version.atLeast(2, 4) || !m.opts.Version.Known()) {
			continue // HAProxy makes it again (2.4: "generate WebSocket key on response if needed")
		}
		if !loses(l.Word(0), words[1:], loss) {
			continue
		}
		severity := loss.severity
		if holds == maybe && severity == probes.Error {
			severity = probes.Warning
		}
		problem := at(severity, l, probes.T("%q takes %s from the handshake: %s", p.String(), loss.name, loss.means),
			m.fix(probes.T("# remove line %d of %s, or keep it from handshakes:", l.Number, l.File), probes.Verbatim(sparing(l, words)))...)
		return problem.with(l.evidence()...), true
	}
	return Problem{}, false
}

// sparing is the line with a condition that no handshake meets.
func sparing(l Line, words []Word) string {
	_, cond, unless := splitCondition(l)
	switch {
	case strings.HasPrefix(l.Word(0), "http-response"), strings.HasPrefix(l.Word(0), "rsp"), strings.HasPrefix(l.Word(0), "http-after"):
		return "# " + l.Raw // what was asked is not at hand any more when the answer comes
	case cond == nil:
		return l.Raw + " unless { req.hdr(Upgrade) -i websocket }"
	case unless:
		return l.Raw + " or { req.hdr(Upgrade) -i websocket }"
	}
	return "# " + l.Raw
}

// loses tells whether a rule takes a header away or makes it useless.
func loses(kind string, words []Word, loss loss) bool {
	arg := func(i int) string {
		if i < len(words) {
			return words[i].Text
		}
		return ""
	}
	if kind != "http-request" && kind != "http-response" && kind != "http-after-response" {
		// reqdel and its kind: a regular expression on the whole line, gone since 2.1
		return regexHits(arg(0), loss.name+": "+loss.sent, strings.Contains(kind, "idel"))
	}
	if len(words) < 2 || words[1].Unsure {
		return false
	}
	switch arg(0) {
	case "del-header":
		method := "str"
		if arg(2) == "-m" {
			method = arg(3)
		}
		if method == "reg" {
			return regexHits(arg(1), loss.name, true)
		}
		return matchText(strings.ToLower(loss.name), method, strings.ToLower(arg(1)), false) == yes
	case "set-header":
		return strings.EqualFold(arg(1), loss.name) && useless(arg(2), loss)
	case "replace-header":
		return strings.EqualFold(arg(1), loss.name) && loss.sent != "" && regexHits(arg(2), loss.sent, false) && !strings.Contains(arg(3), `\`) && useless(arg(3), loss)
	case "replace-value":
		return strings.EqualFold(arg(1), loss.name) && loss.sent != "" && regexHits(arg(2), loss.sent, false) && !strings.Contains(arg(3), `\`) && useless(arg(3), loss)
	}
	return false
}

// useless tells whether a value that a rule gives to a header is none that a handshake can have. A value that is made
// at run time is not judged.
func useless(value string, loss loss) bool {
	switch {
	case strings.Contains(value, "%["), strings.Contains(value, "%{"):
		return false
	case loss.sent == "":
		return loss.severity == probes.Error // a constant in the place of what each client makes up
	case loss.name == "Connection":
		return !strings.Contains(strings.ToLower(value), "upgrade")
	}
	return !strings.EqualFold(strings.TrimSpace(value), loss.sent)
}

func regexHits(pattern, s string, fold bool) bool {
	if fold {
		pattern = "(?i)" + pattern
	}
	re, err := regexp.Compile(pattern)
	return err == nil && re.MatchString(s)
}
