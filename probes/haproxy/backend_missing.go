package haproxy

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"example.com/wsdoctor/probes"
)

var backendMissing = rule{
	id:    "backend-missing",
	title: "every backend that is named exists, in a mode that fits",
	why: "HAProxy does not start when use_backend or default_backend names a section that is not there (\"unable to find required\"), or an HTTP " +
		"frontend sends to a TCP backend; on a reload the old process goes on with the old configuration.",
	source: "HAProxy configuration manual, 4.2 \"use_backend\", \"default_backend\"",
	whole:  true,
	check: func(m *model) verdict {
		var v verdict
		for _, p := range m.proxies {
			if !p.front {
				continue
			}
			for l := range p.kind("use_backend", "default_backend") {
				if len(l.Words) < 2 || !l.sure() || strings.Contains(l.Word(1), "%[") {
					continue
				}
				if v.problems = append(v.problems, m.judgeTarget(p, l)...); len(v.problems) >= maxProblems {
					return v
				}
			}
		}
		return v
	},
}

func (m *model) judgeTarget(p *proxy, l Line) []Problem {
	name := l.Word(1)
	if m.backend(name) == nil {
		problem := at(probes.Error, l, probes.T("%s names %q, and there is no such backend", l.Word(0), name)).with(l.evidence()...)
		if near, ok := probes.Nearest(name, slices.Sorted(maps.Keys(m.byName))); ok {
			problem.Fix = m.fix(inSection(p), probes.Verbatim(strings.Replace(l.Raw, name, near, 1)))
		} else {
			problem.Fix = m.fix(probes.T("# a section of its own:"), append([]probes.Text{probes.Verbatim("backend " + name)}, m.serverLines()...)...)
		}
		problem.Column = l.Words[1].Column
		return []Problem{problem}
	}
	back := m.backend(name)
	if p.mode != "http" || back.mode != "tcp" {
		return nil
	}
	return []Problem{at(probes.Error, l, probes.T("%q is in mode http and sends to %q in mode tcp", p.String(), back.String()),
		m.fix(inSection(back), probes.Verbatim("mode http"))...).with(l.evidence()...)}
}

// serverLines are the server lines for the nodes of the settings.
func (m *model) serverLines() []probes.Text {
	if len(m.aim.Addresses) == 0 {
		return []probes.Text{probes.T("    # server NAME HOST:PORT check")}
	}
	out := []probes.Text{}
	for i, a := range m.aim.Addresses {
		out = append(out, probes.Verbatim("    server node"+strconv.Itoa(i+1)+" "+a+" check"))
	}
	return out
}
