package haproxy

import "example.com/wsdoctor/probes"

var closeOptions = rule{
	id:    "http-server-close",
	title: "no option keeps connections from becoming tunnels",
	why: "\"option http-server-close\" and \"option httpclose\" close after each answer. Since 1.5 HAProxy leaves the Connection header of a " +
		"handshake alone, and after a 101 there is a tunnel whatever the option: WebSockets work with both, only the polling requests of " +
		"Socket.IO each cost a connection more. Before 1.5 httpclose and forceclose added \"Connection: close\" to handshakes, which backends " +
		"refuse. \"option forceclose\" and \"option http-tunnel\" are refused by HAProxy 2.5 and later: it does not start.",
	source: "HAProxy configuration manual, 4 and 4.2 \"option httpclose\"; changes of 1.5-dev13, 2.5-dev1; shown with 2.6",
	whole:  true,
	check: func(m *model) verdict {
		var v verdict
		for _, p := range m.proxies {
			v.problems = append(v.problems, m.judgeRemoved(p.own.all)...)
		}
		for _, s := range m.cfg.Sections {
			if s.Kind == "defaults" {
				v.problems = append(v.problems, m.judgeRemoved(s.Lines)...)
			}
		}
		done, seen := map[*proxy]bool{}, map[string]bool{}
		for _, l := range m.lives() {
			for _, p := range []*proxy{l.front, l.back} {
				if done[p] {
					continue
				}
				done[p] = true
				line, name := p.closing()
				if name == "" || seen[line.where()] {
					continue
				}
				seen[line.where()] = true
				severity, title := probes.Info, probes.T("option %s is in effect in %q: handshakes pass, each polling request costs a connection more", name, p.String())
				if name == "httpclose" && m.opts.Version.before(1, 5) {
					severity, title = probes.Warning, probes.T("option httpclose is in effect in %q: HAProxy %s adds \"Connection: close\" to handshakes", p.String(), m.opts.Version)
				}
				v.problems = append(v.problems, at(severity, line, title,
					m.fix(inSection(p), probes.T("# in the place of %q, if polling matters:", line.Raw), probes.Verbatim("option http-keep-alive"))...).with(line.evidence()...))
			}
		}
		return v
	},
}

// closing returns the closing option that is in effect: the last of the three that is set replaces the others.
func (p *proxy) closing() (line Line, name string) {
	last := -1
	for _, candidate := range []string{"httpclose", "http-server-close", "http-keep-alive"} {
		if rank, l, found := p.rank("option " + candidate); found && rank > last && !l.Maybe {
			last, line, name = rank, l, candidate
		}
	}
	if rank, _, taken := p.rank("no option " + name); name == "http-keep-alive" || taken && rank > last {
		return Line{}, ""
	}
	return line, name
}

// judgeRemoved finds the options that newer versions refuse.
func (m *model) judgeRemoved(lines []Line) []Problem {
	var out []Problem
	for _, l := range lines {
		if !l.Is("option", "forceclose") && !l.Is("option", "http-tunnel") || l.Maybe {
			continue
		}
		title := probes.T("%s is refused by HAProxy since 2.5, expected no such line", l.Raw)
		severity := probes.Error
		switch {
		case m.opts.Version.before(2, 5):
			severity, title = probes.Info, probes.T("%s is without use in HAProxy %s, and 2.5 refuses it", l.Raw, m.opts.Version)
		case !m.opts.Version.Known():
			severity = probes.Warning
		}
		out = append(out, at(severity, l, title, m.fix(probes.T("# remove this line:"), probes.T("# %s", l.Raw))...).with(l.evidence()...))
	}
	return out
}
