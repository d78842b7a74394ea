package haproxy

import (
	"fmt"
	"slices"
	"strings"

	"example.com/wsdoctor/probes"
)

var pathNotRouted = rule{
	id:    "path-not-routed",
	title: "the WebSocket path reaches the backend with the nodes",
	why: "The first use_backend rule that matches takes the request, else default_backend; where there is neither, HAProxy answers 503. A path " +
		"that falls to the backend of the web pages ends there with a 404 or a page. Socket.IO clients begin with plain polling requests to " +
		"the same path: a rule that looks for the Upgrade header sends these elsewhere.",
	source: "HAProxy configuration manual, 4.2 \"use_backend\", \"default_backend\", 7.2",
	check: func(m *model) verdict {
		var v verdict
		seen := map[string]bool{}
		add := func(p Problem) {
			if key := p.Subject + p.File + p.Title.String(); !seen[key] {
				seen[key] = true
				v.problems = append(v.problems, p)
			}
		}
		for _, r := range m.routes {
			if len(v.problems) >= maxProblems {
				break
			}
			switch {
			case r.ends == undecided:
				v.unsure = append(v.unsure, probes.T("the backend of %q is chosen at run time (%s)", r.by.Raw, r.by.where()))
			case r.ends == unrouted && r.sure == yes:
				add(m.nowhere(r))
			case r.ends == toBackend && r.sure == yes && r.entry:
				if p, bad := m.elsewhereThan(r); bad {
					add(p)
				} else if p, bad := m.pollsElsewhere(r); bad {
					add(p)
				}
			}
		}
		if len(v.problems) > 0 {
			v.unsure = nil
		}
		return v
	},
}

// nowhere is the problem of a handshake that no backend takes.
func (m *model) nowhere(r route) Problem {
	severity := probes.Error
	if !r.entry {
		severity = probes.Warning // no client may come by this frontend
	}
	name := "app"
	for _, p := range m.proxies {
		if p.back && len(p.servers) > 0 {
			name = p.name
			break
		}
	}
	return at(severity, r.front.head, probes.T("%q sends %s to no backend: HAProxy answers 503", r.front.String(), m.what()),
		m.fix(inSection(r.front), probes.Verbatim("default_backend "+name))...).with(r.evidence()...)
}

// what names the request in a message.
func (m *model) what() probes.Text {
	if m.aim.Path == "" {
		return probes.T("the handshake")
	}
	return probes.T("the path %q", m.aim.Path)
}

// elsewhereThan tells whether a route ends in a backend without any of the nodes although another has them.
func (m *model) elsewhereThan(r route) (Problem, bool) {
	if m.home == nil || m.nodes(r.back) != no {
		return Problem{}, false
	}
	return at(probes.Error, m.lineOf(r), probes.T("%s goes to %q, expected %q, which has the nodes of the settings", m.what(), r.back.String(), m.home.String()),
		m.sendTo(r.front, m.home)...).with(r.evidence()...), true
}

// lineOf is the line that decides a route.
func (m *model) lineOf(r route) Line {
	if r.by.File != "" {
		return r.by
	}
	return r.front.head
}

// sendTo are the lines that send the path to a backend.
func (m *model) sendTo(front, back *proxy) []probes.Text {
	rule := "use_backend " + back.name
	if m.aim.Path != "" && m.aim.Path != "/" {
		rule += fmt.Sprintf(" if { path_beg %s }", m.aim.Path)
	} else {
		rule = "default_backend " + back.name
	}
	return m.fix(probes.T("# in %q, in front of its other use_backend lines:", front.String()), probes.Verbatim(rule))
}

// nodes tells whether a backend has one of the nodes as a server, on one of their ports.
func (m *model) nodes(p *proxy) truth {
	if len(m.aim.Nodes) == 0 || len(m.aim.Ports) == 0 || len(p.servers) == 0 {
		return maybe
	}
	result := no
	for _, s := range p.servers {
		switch {
		case !s.known || s.port == 0:
			result = result.or(maybe)
		case slices.Contains(m.aim.Nodes, s.host) && slices.Contains(m.aim.Ports, s.port):
			return yes
		case !slices.Contains(m.aim.Nodes, s.host) && slices.Contains(m.aim.Ports, s.port):
			result = result.or(maybe) // another name of the same host
		}
	}
	return result
}

// pollsElsewhere tells whether the polling requests of Engine.IO, which carry no Upgrade, end in another backend.
func (m *model) pollsElsewhere(r route) (Problem, bool) {
	if !m.aim.Stateful || m.aim.Path == "" {
		return Problem{}, false
	}
	polling := *m
	polling.aim.Query = strings.Replace(m.aim.Query, "transport=websocket", "transport=polling", 1)
	for _, other := range polling.fromPlain(r.front, r.bind) {
		if other.sure != yes || other.ends == undecided || other.back == r.back && other.ends == toBackend {
			continue
		}
		target := probes.T("nowhere")
		if other.back != nil {
			target = probes.T("%q", other.back.String())
		}
		return at(probes.Warning, m.lineOf(r), probes.T("handshakes of %q go to %q, but polling requests, which carry no Upgrade, go to %s", m.aim.Path, r.back.String(), target),
			m.sendTo(r.front, r.back)...).with(r.evidence()...).with(other.by.evidence()...), true
	}
	return Problem{}, false
}
