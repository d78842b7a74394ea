package diagnosis

import (
	"net"
	"slices"
	"strconv"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/handshake"
	"example.com/wsdoctor/probes/ports"
)

// What the area ports calls a port on which the node listens.
const (
	servicePort = ports.Service
	likelyPort  = ports.LikelyOurs
)

// crossBackends compares the addresses that the file sends WebSocket clients to with the ports on which the nodes really
// listen.
func crossBackends(s scene, r *probes.Report) {
	if res := result(r, s.file.portID); res != nil {
		for _, a := range s.file.backends {
			s.crossBackend(res, a)
		}
	}
	for _, a := range s.file.backends {
		if !slices.Contains(s.portsOf(a.Host), a.Port) {
			continue
		}
		// The settings name another port than the one on which the node listens and to which the balancer sends: they
		// are wrong, not the path.
		if s.leadsHere(a.Host) {
			s.relieve(result(r, "ports/listen-order"), a, func(f probes.Finding) bool { return f.Subject != strconv.Itoa(a.Port) })
		}
		s.relieve(result(r, "handshake/connect"), a, func(f probes.Finding) bool {
			host, port := hostPort(f.Subject)
			t := s.trace(&fault{f: &f})
			return t != nil && t.Role == handshake.Node && (host == a.Host || s.leadsHere(host) && s.leadsHere(a.Host)) && port != a.Port && s.refused(t)
		})
	}
}

func (s scene) crossBackend(res *probes.Result, a address) {
	old := at(res, a.Where)
	found := s.portsOf(a.Host)
	if slices.Contains(found, a.Port) {
		// What the node might have done instead is of no interest: it was seen where it is.
		if old != nil && old.Severity == probes.Info {
			res.Findings = slices.DeleteFunc(res.Findings, func(f probes.Finding) bool { return f.Title.String() == old.Title.String() })
			res.Settle()
		}
		return
	}
	if _, ok := s.reaches(a.Host); ok || len(found) == 0 || !s.silent(a) {
		return // another line leads to the node, or the node is down, or it cannot be told
	}
	var seen []probes.Evidence
	if s.leadsHere(a.Host) {
		for _, p := range found {
			seen = append(seen, s.holders(p)...)
		}
	} else {
		seen = append(seen, probes.Evidence{Where: net.JoinHostPort(a.Host, strconv.Itoa(found[0])), Saw: probes.T("it answers the upgrade here")})
	}
	if old != nil && old.Severity > probes.Info {
		support(old, seen...)
		return
	}
	if old != nil {
		title := old.Title.String()
		res.Findings = slices.DeleteFunc(res.Findings, func(f probes.Finding) bool { return f.Title.String() == title })
	}
	line := strings.Replace(a.Line, ":"+strconv.Itoa(a.Port), ":"+strconv.Itoa(found[0]), 1)
	if line == a.Line {
		line = strings.Replace(a.Line, a.Host, net.JoinHostPort(a.Host, strconv.Itoa(found[0])), 1)
	}
	if s.file.area == "nginx" {
		line += ";"
	}
	add(res, probes.Finding{
		Severity: probes.Error, Subject: strconv.Itoa(a.Port),
		Title:    probes.T("nothing listens on %s, where this line sends the clients: the node listens on %s", net.JoinHostPort(a.Host, strconv.Itoa(a.Port)), list(found)),
		Evidence: append([]probes.Evidence{a.evidence()}, seen...),
		Fix:      append([]probes.Text{probes.T("# at %s:", a.Where), probes.Verbatim(line)}, s.file.reload...),
	})
}

// relieve turns errors that rest on a port of the settings alone into warnings that say so.
func (s scene) relieve(res *probes.Result, a address, about func(probes.Finding) bool) {
	if res == nil {
		return
	}
	for i := range res.Findings {
		f := &res.Findings[i]
		if f.Severity != probes.Error || !about(*f) {
			continue
		}
		f.Severity = probes.Warning
		support(f, a.evidence())
		f.Fix = []probes.Text{
			probes.T("# the balancer sends to port %d, where the node listens; say so in wsdoctor.yaml:", a.Port),
			probes.Verbatim("proxy: {backends: [{address: " + strconv.Quote(net.JoinHostPort(a.Host, strconv.Itoa(a.Port))) + "}]}"),
		}
	}
	res.Settle()
}

func (s scene) refused(t *handshake.Trace) bool { return t.Cause.Kind == handshake.Refused }
