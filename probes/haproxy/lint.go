package haproxy

import (
	"fmt"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/lint"
)

// maxShown is how many bytes of a line a report shows: what matters stands at its beginning.
const maxShown = 300

// Problem is something a rule holds against a place of the configuration.
type Problem struct {
	ID       string
	Severity probes.Severity
	File     string // "" where the fault is that something is missing everywhere
	Line     int    // the first is 1; 0 with File ""
	Column   int    // in bytes, the first is 1; 0: the whole line
	Subject  string // a port, a backend, or the place: what findings of other areas can be matched with
	Title    probes.Text
	Written  string // the line as it is written; "" where it is not at hand
	Evidence []probes.Evidence
	Fix      []probes.Text
	Ignored  string // the reason of a `# wsdoctor:ignore ID reason` at the place; "" where there is none
}

// rule judges the model. It does no I/O.
type rule struct {
	id     string // without the area
	title  string
	why    string
	source string
	whole  bool // it judges the whole file, not only what the handshake meets
	// applies says why the rule has nothing to judge; nil means that it always has.
	applies func(*model) (reason probes.Text, ok bool)
	check   func(*model) verdict
}

// verdict is what a rule found, and what it could not tell.
type verdict struct {
	problems []Problem
	unsure   []probes.Text
}

// rules in the order in which a report shows them.
var rules = []rule{
	syntax, backendMissing, bindPort, pathNotRouted, answeredHere, noServers, serverPort,
	headerLost, http2WebSocket, closeOptions, modeTCP,
	timeoutTunnel, timeoutClient, timeoutServer, timeoutClientFin, timeoutHTTPRequest, independentStreams,
	stickiness, sourceHashType, checkMissing, backupHint, maxconn, forwardFor, notReloaded, runningFile,
}

// Rules lists the rules, for the formats of lint.
func Rules() []lint.Rule {
	var out []lint.Rule
	for _, r := range rules {
		out = append(out, lint.Rule{ID: area + "/" + r.id, Title: r.title, Why: r.why, Docs: r.source})
	}
	return out
}

// Lint judges files, which HAProxy reads as one configuration, with what is known of what is to come through it. It
// does no I/O and cannot fail: what HAProxy would not load is a Problem as well. Ignored ones are among them, marked.
func Lint(o Options, a Aim, files ...File) []Problem {
	m := newModel(Parse(o, files...), o, a)
	var out []Problem
	for _, r := range rules {
		out = append(out, r.judge(m).problems...)
	}
	return out
}

// judge applies a rule and fills in what all its problems share.
func (r rule) judge(m *model) verdict {
	if r.applies != nil {
		if _, ok := r.applies(m); !ok {
			return verdict{}
		}
	}
	v := r.check(m)
	v.problems = v.problems[:min(len(v.problems), maxProblems)]
	for i := range v.problems {
		p := &v.problems[i]
		p.ID = area + "/" + r.id
		if !r.whole && m.away && p.Severity == probes.Error {
			p.Severity = probes.Warning // nothing here takes the clients' port: it may not be their way
		}
		if p.Subject == "" && p.File != "" {
			p.Subject = fmt.Sprintf("%s:%d", p.File, p.Line)
		}
		p.Ignored = m.cfg.ignoreReason(p.ID, p.File, p.Line)
	}
	return v
}

// elsewhere tells whether the clients' port is known and certainly none that these files listen on.
func (m *model) elsewhere() bool {
	ports := m.aim.entryPorts()
	if len(ports) == 0 || len(m.unknownBinds()) > 0 {
		return false
	}
	for _, p := range m.proxies {
		for _, b := range p.binds {
			for _, port := range ports {
				if b.takes(port) != no {
					return false
				}
			}
		}
	}
	return true
}

// at makes a problem with a line of a file.
func at(severity probes.Severity, l Line, title probes.Text, fix ...probes.Text) Problem {
	p := Problem{Severity: severity, File: l.File, Line: l.Number, Title: title, Fix: fix, Written: l.Raw}
	if len(l.Words) > 0 {
		p.Column = l.Words[0].Column
	}
	return p
}

// with adds evidence.
func (p Problem) with(evidence ...probes.Evidence) Problem {
	p.Evidence = append(p.Evidence, evidence...)
	return p
}

// about sets the subject.
func (p Problem) about(subject string) Problem {
	p.Subject = subject
	return p
}

// where names the place of a line.
func (l Line) where() string { return fmt.Sprintf("%s:%d", l.File, l.Number) }

// evidence shows a line as it is written: what its variables hold may be a secret. Nothing for the zero Line.
func (l Line) evidence() []probes.Evidence {
	if l.File == "" {
		return nil
	}
	return []probes.Evidence{{Where: l.where(), Saw: written(l.Raw)}}
}

// written shows a line of a file.
func written(raw string) probes.Text {
	if len(raw) > maxShown {
		raw = strings.ToValidUTF8(raw[:maxShown], "") + " …"
	}
	return probes.Verbatim(probes.Printable(raw))
}

// route shows how the handshake comes to a place.
func (r route) evidence() []probes.Evidence {
	var out []probes.Evidence
	if r.bind.line.File != "" {
		out = append(out, r.bind.line.evidence()...)
	}
	return append(out, r.by.evidence()...)
}

// inSection is the comment that says where lines of a fix belong.
func inSection(p *proxy) probes.Text { return probes.T("# in %q:", p.String()) }

// reload are the last lines of every fix: HAProxy reads its files only when it is told to.
func (m *model) reload() []probes.Text {
	check := "haproxy -c"
	for _, f := range m.cfg.Files {
		check += " -f " + shellQuote(f)
	}
	return []probes.Text{
		probes.Verbatim(check + " && systemctl reload haproxy"),
		probes.T("# to take it back, undo the change and reload again"),
	}
}

// fix makes the lines that put something right: where they belong, themselves, and the reload.
func (m *model) fix(where probes.Text, lines ...probes.Text) []probes.Text {
	return append(append([]probes.Text{where}, lines...), m.reload()...)
}
