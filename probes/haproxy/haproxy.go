// Package haproxy reads an HAProxy configuration and says, by file and line, what breaks or endangers WebSockets behind
// it: what is in effect for the handshake (defaults, the frontend, its rules, the backend, its servers) is worked out
// as HAProxy does it, as far as that can be told from the files. What hangs on a condition or a variable that the files
// do not decide is said to be unknown.
//
// It connects to nothing, runs no check of HAProxy's own and writes nothing. It is no full checker of the syntax: a
// keyword that it does not know is left alone, because a newer HAProxy may know it. Lua, maps, files of patterns and
// the runtime API are not followed.
package haproxy

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"example.com/wsdoctor/probes"
)

const area = "haproxy"

// Observation is a configuration and what was seen of the program that runs with it.
type Observation struct {
	From    string   `json:"from"`    // where the name of the file comes from: "balancer.config", "pid 812", "default"
	Files   []string `json:"files"`   // in the order in which they are read
	Version Version  `json:"version"` // of the program; empty: not known
	PID     int      `json:"pid,omitempty"`
	Running *Running `json:"running,omitempty"` // nil: none runs with these files here

	Proxies  []ProxySeen `json:"proxies"`
	Routes   []RouteSeen `json:"routes"`
	Listens  []Address   `json:"listens"`  // every port that a bind line names
	Partial  bool        `json:"partial"`  // the files listen on more than Listens says: a range, a variable, a descriptor
	Backends []Address   `json:"backends"` // that get the WebSocket clients

	model *model
	files []File
}

// ProxySeen is one frontend, backend or listen section.
type ProxySeen struct {
	Kind    string   `json:"kind"`
	Name    string   `json:"name"`
	Where   string   `json:"where"` // file:line
	Mode    string   `json:"mode"`  // "": not known
	Binds   []string `json:"binds,omitempty"`
	Servers []string `json:"servers,omitempty"`

	// Timeouts in effect by name, in seconds; one that is not set is not there.
	Timeouts map[string]probes.Seconds `json:"timeouts,omitempty"`
}

// Address is a host and a port that a line names.
type Address struct {
	Host  string `json:"host"` // as written; "*" for all addresses
	Port  int    `json:"port"`
	Where string `json:"where"` // file:line
	Line  string `json:"line"`  // as it is written
}

// RouteSeen is one way that the handshake can take.
type RouteSeen struct {
	Frontend string `json:"frontend"`
	Backend  string `json:"backend,omitempty"` // "": none
	Where    string `json:"where,omitempty"`   // the line that sends it there
	Certain  bool   `json:"certain"`
}

// Probe returns the area "haproxy".
func Probe() probes.Probe {
	var out []probes.Rule[Observation]
	for _, r := range rules {
		out = append(out, r.probe())
	}
	return probes.New(area, Observe, out)
}

// probe makes a rule of the area out of a rule of the model.
func (r rule) probe() probes.Rule[Observation] {
	return probes.Rule[Observation]{
		ID: area + "/" + r.id, Title: r.title, Why: r.why, Docs: r.source,
		Applies: func(o Observation) (probes.Status, probes.Text) {
			if r.applies != nil {
				if reason, ok := r.applies(o.model); !ok {
					return probes.Skipped, reason
				}
			}
			if v := r.judge(o.model); len(v.unsure) > 0 {
				return probes.Unknown, v.unsure[0]
			}
			return probes.OK, probes.Text{}
		},
		Check: func(o Observation) []probes.Finding {
			var out []probes.Finding
			for _, p := range r.judge(o.model).problems {
				if p.Ignored == "" {
					out = append(out, p.finding())
				}
			}
			return out
		},
	}
}

// finding turns a problem into what a report shows.
func (p Problem) finding() probes.Finding {
	f := probes.Finding{Severity: p.Severity, Subject: p.Subject, Title: p.Title, Fix: p.Fix}
	if p.File != "" {
		place := p.File + ":" + strconv.Itoa(p.Line)
		if p.Column > 0 {
			place += ":" + strconv.Itoa(p.Column)
		}
		if !slices.ContainsFunc(p.Evidence, func(e probes.Evidence) bool { return e.Where == p.File+":"+strconv.Itoa(p.Line) }) {
			f.Evidence = append(f.Evidence, probes.Evidence{Where: place, Saw: written(p.Written)})
		}
	}
	f.Evidence = append(f.Evidence, p.Evidence...)
	return f
}

// observed makes the observation of a configuration.
func observed(m *model) Observation {
	o := Observation{Files: m.cfg.Files, Version: m.opts.Version, Running: m.opts.Running, model: m}
	for _, p := range m.proxies {
		seen := ProxySeen{Kind: p.keyword, Name: p.name, Where: p.head.where(), Mode: p.mode, Timeouts: map[string]probes.Seconds{}}
		for _, b := range p.binds {
			seen.Binds = append(seen.Binds, b.text)
		}
		for _, s := range p.servers {
			seen.Servers = append(seen.Servers, s.name)
		}
		for _, name := range timeoutNames {
			if t := p.timeout(name); t.set {
				seen.Timeouts[name] = probes.Seconds(t.d)
			}
		}
		o.Proxies = append(o.Proxies, seen)
	}
	for _, r := range m.routes {
		seen := RouteSeen{Frontend: r.front.name, Certain: r.sure == yes && r.entry}
		if r.ends == toBackend || r.ends == undecided {
			seen.Backend = r.name
		}
		if r.by.File != "" {
			seen.Where = r.by.where()
		}
		o.Routes = append(o.Routes, seen)
	}
	o.Listens, o.Partial = m.listens()
	for _, b := range m.backends() {
		for _, s := range b.back.servers {
			if s.known && s.port != 0 && !s.disabled && b.sure() {
				o.Backends = append(o.Backends, Address{s.host, s.port, s.line.where(), s.line.Raw})
			}
		}
	}
	return o
}

// listens returns the ports of all bind lines; partial where the files listen on more than these.
func (m *model) listens() (out []Address, partial bool) {
	for _, s := range m.cfg.Sections {
		partial = partial || s.Kind == "peers" || s.Kind == "log-forward" // they have bind lines, too
	}
	for _, p := range m.proxies {
		for _, b := range p.binds {
			switch {
			case b.local:
			case !b.known, b.from != b.to, strings.Contains(b.text, "quic"), strings.Contains(b.text, "udp"):
				partial = true
			default:
				out = append(out, Address{cmp.Or(b.host, "*"), b.from, b.line.where(), b.line.Raw})
			}
		}
	}
	return out, partial
}
