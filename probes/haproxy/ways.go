package haproxy

import (
	"net"
	"slices"
	"strconv"
	"strings"

	"example.com/wsdoctor/probes/cluster"
)

// Ways returns the ways by which a configuration hands handshakes to servers, in the order of its lines; what is sure
// comes first. path is that of the handshake, "" where it is not known.
func Ways(o Options, path string, files ...File) []cluster.Way {
	m := newModel(Parse(o, files...), o, Aim{Path: path})
	var sure, other []cluster.Way
	for _, b := range m.reached {
		w := cluster.Way{Where: b.back.head.where(), Path: path}
		for _, s := range b.back.servers {
			if s.known && s.port > 0 && s.host != "" {
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
				}
			}
		}
		w.Policy = b.back.policy()
		for _, name := range []string{"tunnel", "server"} { // "tunnel" replaces the others after the upgrade
			if t := b.back.timeout(name); t.set && w.Idle == 0 {
				w.Idle = t.d
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

// policy names what a backend chooses by in the proxy's words; "" where those have none of it.
func (p *proxy) policy() string {
	if l, found, _ := p.last("cookie"); found && l.Word(1) != "" && slices.ContainsFunc(p.servers, func(s server) bool { return s.cookie != "" }) {
		return "cookie"
	}
	l, found, _ := p.last("balance")
	switch by, _, _ := strings.Cut(l.Word(1), "("); {
	case !found || by == "roundrobin" || by == "static-rr":
		return "round-robin"
	case by == "source":
		return "ip-hash"
	case by == "leastconn":
		return "least-conn"
	case by == "random":
		return "random-two"
	case by == "hdr":
		return "header"
	}
	return ""
}
