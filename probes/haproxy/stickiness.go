package haproxy

import (
	"slices"
	"strings"

	"example.com/wsdoctor/probes"
)

var stickiness = rule{
	id:    "stickiness",
	title: "a client comes back to the same node",
	why: "A session of Engine.IO (FineReport and its family, Socket.IO) lives on one node, and begins with several polling requests. When the second " +
		"one reaches another node, that answers 400 \"Session ID unknown\". What keeps a client on a node is balance source or another " +
		"hash of the client, a cookie that HAProxy sets (mode http, with a value on each server line), or a stick table with \"stick on\". " +
		"A stick table alone does nothing. balance source takes all clients behind one address to one node.",
	source: "HAProxy configuration manual, 4.2 \"balance\", \"cookie\", \"stick on\"; shown with 2.6 and socket.io 4",
	applies: func(m *model) (probes.Text, bool) {
		for _, b := range m.backends() {
			if active, _ := b.back.active(); count(active) > 1 {
				return probes.Text{}, true
			}
		}
		return probes.T("no backend on the way has more than one server"), false
	},
	check: func(m *model) verdict {
		var v verdict
		for _, b := range m.backends() {
			active, _ := b.back.active()
			if count(active) < 2 {
				continue
			}
			holds, why, line := b.back.sticks(active)
			switch holds {
			case no:
				v.problems = append(v.problems, m.unsticky(b, active, why, line))
			case maybe:
				v.unsure = append(v.unsure, why)
			}
		}
		return v
	},
}

func (m *model) unsticky(b reached, active []server, why probes.Text, line Line) Problem {
	severity := probes.Info
	switch {
	case m.aim.Stateful && b.sure():
		severity = probes.Error
	case m.aim.Stateful:
		severity = probes.Warning
	}
	if line.File == "" {
		line = b.back.head
	}
	what := probes.T("the product")
	if m.aim.Product != "" {
		what = probes.Verbatim(m.aim.Product)
	}
	title := probes.T("%q has %d servers, and %s, expected that a client of %s comes back to its node", b.back.String(), count(active), why, what)
	p := at(severity, line, title, m.fix(inSection(b.back), probes.Verbatim("balance source"), probes.Verbatim("hash-type consistent"))...)
	return p.with(line.evidence()...)
}

// sticks tells whether a client comes back to its server, and why not, with the line that shows it.
func (p *proxy) sticks(active []server) (truth, probes.Text, Line) {
	result, why, line := p.balanceSticks()
	if result == yes {
		return yes, probes.Text{}, line
	}
	for _, by := range []func([]server) (truth, probes.Text, Line){p.cookieSticks, p.tableSticks} {
		holds, reason, l := by(active)
		switch {
		case holds == yes:
			return yes, probes.Text{}, l
		case holds == maybe:
			result, why, line = maybe, reason, l
		case !reason.IsZero():
			why, line = reason, l
		}
	}
	if l, found, _ := p.last("use-server"); found && result == no {
		return maybe, probes.T("the server is chosen by rules that are not followed here (%s)", l.where()), l
	}
	return result, why, line
}

// balanceSticks judges the algorithm; the default is roundrobin.
func (p *proxy) balanceSticks() (truth, probes.Text, Line) {
	l, found, sure := p.last("balance")
	switch {
	case !sure:
		return maybe, probes.T("%q hangs on a condition or a variable (%s)", l.Raw, l.where()), l
	case !found || len(l.Words) < 2:
		return no, probes.T("no balance line, which stands for roundrobin"), Line{}
	}
	name, _, _ := strings.Cut(l.Word(1), "(")
	switch name {
	case "source":
		return yes, probes.Text{}, l
	case "hdr":
		return yes, probes.Text{}, l // what a client sends in a header, it sends each time
	case "uri":
		if !slices.ContainsFunc(l.Words, func(w Word) bool { return w.Text == "whole" }) {
			return yes, probes.Text{}, l // one path, one node
		}
		return no, probes.T("balance uri whole hashes the query, which differs from request to request"), l
	case "url_param":
		return no, probes.T("the first request does not carry the parameter %q", l.Word(2)), l
	case "hash":
		if arg := l.Word(2); strings.Contains(arg, "src") || strings.Contains(arg, "cook") || strings.Contains(arg, "hdr") || strings.Contains(arg, "path") {
			return yes, probes.Text{}, l
		}
		return maybe, probes.T("it is not known what %q gives (%s)", l.Raw, l.where()), l
	case "first":
		return maybe, probes.T("balance first stays with one server until its maxconn is reached (%s)", l.where()), l
	}
	return no, probes.T("balance %s takes any of them", l.Word(1)), l
}

// cookieSticks judges the cookie that HAProxy sets.
func (p *proxy) cookieSticks(active []server) (truth, probes.Text, Line) {
	l, found, sure := p.last("cookie")
	switch {
	case !found || len(l.Words) < 2:
		return no, probes.Text{}, Line{}
	case !sure || p.mode == "":
		return maybe, probes.T("%q hangs on a condition or a variable (%s)", l.Raw, l.where()), l
	case p.mode != "http":
		return no, probes.T("the cookie is ignored in mode tcp"), l
	case slices.ContainsFunc(l.Words, func(w Word) bool { return w.Text == "dynamic" }):
		return yes, probes.Text{}, l
	}
	for _, s := range active {
		if s.cookie == "" {
			return no, probes.T("server %q has no cookie value, so that no cookie is set for it", s.name), s.line
		}
	}
	return yes, probes.Text{}, l
}

// tableSticks judges stick tables.
func (p *proxy) tableSticks([]server) (truth, probes.Text, Line) {
	on, isOn, sureOn := p.last("stick", "on")
	match, isMatch, sureMatch := p.last("stick", "match")
	_, stores, _ := p.last("stick", "store-request")
	_, storesResponse, _ := p.last("stick", "store-response")
	table, isTable, _ := p.last("stick-table")
	switch {
	case isOn && sureOn:
		return yes, probes.Text{}, on
	case isMatch && sureMatch && (stores || storesResponse):
		return yes, probes.Text{}, match
	case isOn || isMatch && (stores || storesResponse):
		return maybe, probes.T("the stick rule hangs on a condition or a variable"), on
	case isTable:
		return no, probes.T("a stick-table without \"stick on\" keeps nobody"), table
	}
	return no, probes.Text{}, Line{}
}
