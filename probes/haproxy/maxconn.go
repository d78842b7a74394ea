package haproxy

import (
	"strconv"

	"example.com/wsdoctor/probes"
)

// ownFiles is what HAProxy has open besides its connections: listeners, health checks, pipes, logs.
const ownFiles = 100

var maxconn = rule{
	id:    "maxconn",
	title: "the limits of HAProxy leave room for all clients",
	why: "Each client holds one connection for as long as its tunnel lives. Beyond maxconn of the process or the frontend, a client waits in the " +
		"system's queue, unanswered; beyond the sum of the servers' maxconn it waits in HAProxy's queue and gets 503 after timeout queue " +
		"(or timeout connect). A server with minconn takes its maxconn only at fullconn connections. A tunnel takes two descriptors: ulimit-n, " +
		"where it is set, has to be more than twice the clients; it is better not to set it.",
	source: "HAProxy configuration manual, 3.2 \"maxconn\", 4.2 \"maxconn\", \"fullconn\", 5.2 \"maxconn\", 3.1 \"ulimit-n\"",
	applies: func(m *model) (probes.Text, bool) {
		if m.aim.Clients == 0 {
			return probes.T("the settings expect no number of clients"), false
		}
		return probes.Text{}, true
	},
	check: func(m *model) verdict {
		var v verdict
		if l, found := m.global("maxconn"); found {
			v.limit(m, l, m.aim.Clients, "global", probes.Verbatim("maxconn "+strconv.Itoa(roomy(m.aim.Clients))))
		}
		if l, found := m.global("ulimit-n"); found {
			v.limit(m, l, 2*m.aim.Clients+ownFiles, "global", probes.T("# without the line %q: HAProxy works it out from maxconn", l.Raw))
		}
		fronts := map[*proxy]bool{}
		for _, r := range m.routes {
			if l, found, _ := r.front.last("maxconn"); found && !fronts[r.front] {
				fronts[r.front] = true
				v.limit(m, l, m.aim.Clients, r.front.String(), probes.Verbatim("maxconn "+strconv.Itoa(roomy(m.aim.Clients))))
			}
		}
		for _, b := range m.backends() {
			v.problems = append(v.problems, m.judgeServersMaxconn(b)...)
		}
		return v
	},
}

// roomy is a quarter more, in thousands: clients come back before their old connection is gone.
func roomy(n int) int { return (n + n/4 + 999) / 1000 * 1000 }

// limit judges a line "KEYWORD NUMBER" against what is needed. 0 stands for no limit.
func (v *verdict) limit(m *model, l Line, need int, section string, fix probes.Text) {
	n, err := strconv.Atoi(l.Word(1))
	switch {
	case !l.sure():
		v.unsure = append(v.unsure, probes.T("%q hangs on a condition or a variable (%s)", l.Raw, l.where()))
	case err == nil && n > 0 && n < need:
		v.problems = append(v.problems, at(probes.Warning, l, probes.T("%s is %d in %q, expected at least %d for %d clients", l.Word(0), n, section, need, m.aim.Clients),
			m.fix(probes.T("# in %q:", section), fix)...).with(l.evidence()...))
	}
}

// judgeServersMaxconn adds up what the servers of a backend take.
func (m *model) judgeServersMaxconn(b reached) []Problem {
	active, _ := b.back.active()
	if len(active) == 0 {
		return nil
	}
	full, _ := strconv.Atoi(b.back.word("fullconn"))
	room := 0
	for _, s := range active {
		if s.maxconn == 0 {
			return nil
		}
		limit := s.maxconn
		if s.minconn > 0 && s.minconn < s.maxconn && full > m.aim.Clients {
			limit = max(s.minconn, s.maxconn*m.aim.Clients/full) // the ramp of "fullconn"
		}
		room += limit * s.count
	}
	if room >= m.aim.Clients {
		return nil
	}
	p := at(probes.Warning, active[0].line, probes.T("the servers of %q take %d connections together, expected at least %d for the clients", b.back.String(), room, m.aim.Clients),
		m.fix(inSection(b.back), probes.Verbatim("default-server maxconn "+strconv.Itoa(roomy(m.aim.Clients))), probes.T("# and no maxconn on the server lines"))...)
	for _, s := range active {
		p = p.with(s.line.evidence()...)
	}
	return []Problem{p}
}

// word returns the first argument of a setting; "" where it is not set for certain.
func (p *proxy) word(keyword string) string {
	l, found, sure := p.last(keyword)
	if !found || !sure {
		return ""
	}
	return l.Word(1)
}
