package haproxy

import (
	"cmp"
	"net"
	"slices"
	"strconv"
	"strings"

	"example.com/wsdoctor/probes/cluster"
)

// Ways returns the ways by which a configuration hands handshakes to servers, in the order of its lines; what is sure
// comes first. path is that of the handshake, "" where it is not known.
func Ways(o Options, path string, files ...File) []cluster.Way {
	return newModel(Parse(o, files...), o, Aim{Path: path}).ways(path)
}

// Ways returns the ways of the configuration that was observed.
func (o Observation) Ways(path string) []cluster.Way {
	if o.model == nil {
		return nil
	}
	return newModel(o.model.cfg, o.model.opts, Aim{Path: path}).ways(path)
}

func (m *model) ways(path string) []cluster.Way {
	var sure, other []cluster.Way
	for _, b := range m.reached {
		w := cluster.Way{Where: b.back.head.where(), Path: path}
		for _, s := range b.back.servers {
			if s.known && s.port > 0 && s.host != "" {
				w.From.Servers = cmp.Or(w.From.Servers, s.line.where())
				w.Servers = append(w.Servers, cluster.Backend{Address: net.JoinHostPort(s.host, strconv.Itoa(s.port)), Weight: s.weight, Backup: s.backup, Down: s.disabled, MaxConns: s.maxconn})
			}
		}
		if len(w.Servers) == 0 {
			continue
		}
		for _, r := range b.routes {
			w.Sure = w.Sure || r.sure == yes
			for _, e := range r.front.binds {
				entry := cluster.Entry{Host: e.host, Port: e.from, TLS: e.tls}
				if e.known && !slices.Contains(w.Entries, entry) {
					w.Entries = append(w.Entries, entry)
					w.From.Entry = cmp.Or(w.From.Entry, e.line.where())
				}
				if e.tls && e.crt != "" && w.TLS.Cert == "" {
					w.TLS, w.From.TLS = cluster.Certificate{Cert: e.crt, Key: e.crt}, e.line.where()
				}
			}
		}
		w.Policy, w.From.Policy = b.back.policy()
		for _, name := range []string{"tunnel", "server"} { // "tunnel" replaces the others after the upgrade
			if t := b.back.timeout(name); t.set && w.Idle == 0 {
				w.Idle, w.From.Idle = t.d, t.line.where()
			}
		}
		if w.Sure {
			sure = append(sure, w)
		} else {
			other = append(other, w)
		}
	}
	return append(sure, other...)
}

// policy names what a backend chooses by in the proxy's words, and the line that says so; "" where those have none of it.
func (p *proxy) policy() (policy, where string) {
	if l, found, _ := p.last("cookie"); found && l.Word(1) != "" && slices.ContainsFunc(p.servers, func(s server) bool { return s.cookie != "" }) {
		return "cookie", l.where()
	}
	l, found, _ := p.last("balance")
	if !found {
		return "round-robin", ""
	}
	switch by, _, _ := strings.Cut(l.Word(1), "("); by {
	case "roundrobin", "static-rr":
		policy = "round-robin"
	case "source":
		policy = "ip-hash"
	case "leastconn":
		policy = "least-conn"
	case "random":
		policy = "random-two"
	case "hdr":
		policy = "header"
	}
	return policy, l.where()
}
