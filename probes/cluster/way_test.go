package cluster

import (
	"fmt"
	"testing"
	"time"
)

func TestWayDraft(t *testing.T) {
	at := func(addresses ...string) (out []Backend) {
		for _, a := range addresses {
			out = append(out, Backend{Address: a, Weight: 1})
		}
		return out
	}
	for _, c := range []struct {
		name string
		way  Way
		base Config
		want string
	}{
		{"two nodes of FineReport", Way{Entries: []Entry{{"", 38889, false}}, Servers: at("10.0.0.1:38888", "10.0.0.2:38888"), Policy: "ip-hash", Idle: time.Minute}, Config{},
			"finereport [{node1 10.0.0.1} {node2 10.0.0.2}] {[38888] [38889] /socket.io/?EIO=3&transport=websocket forwarding-first} {nginx ws://127.0.0.1:38889/ n false} [] ip-hash 1m0s"},
		{"one node of FineBI, here, by TLS and a name", Way{Names: []string{"bi.example"}, Entries: []Entry{{"", 443, true}}, Servers: at("127.0.0.1:48888")}, Config{},
			"finebi [{node1 127.0.0.1}] {[48888] [443] /socket.io/?EIO=3&transport=websocket ports-first} {nginx wss://bi.example:443/ n true} [] ip-hash 1h0m0s"},
		{"Socket.IO with several ports of one host and weights", Way{Path: "/socket.io/", Entries: []Entry{{"10.0.0.9", 80, false}},
			Servers: []Backend{{Address: "[fe80::1]:3000", Weight: 3}, {Address: "[fe80::1]:3001", Backup: true}}}, Config{},
			"socketio [{node1 fe80::1}] {[3000 3001] [] /socket.io/?EIO=4&transport=websocket ports-first} {nginx ws://10.0.0.9:80/ n false} [{[fe80::1]:3000 3 false false 0} {[fe80::1]:3001 1 true false 0}] ip-hash 1h0m0s"},
		{"any other, on a path", Way{Path: "/ws/", Entries: []Entry{{"", 80, false}, {"", 8080, false}}, Servers: at("a:9000")}, Config{},
			"generic [{node1 a}] {[9000] [] /ws/ ports-first} {nginx ws://127.0.0.1:80/ n false} [] ip-hash 1h0m0s"},
		{"nothing behind it that could be told", Way{}, Default(FineReport),
			"finereport [{this-host 127.0.0.1}] {[38888 39888] [38889] /socket.io/?EIO=3&transport=websocket ports-first} {nginx  n true} [] ip-hash 1h0m0s"},
	} {
		got := c.way.Draft(c.base, Nginx, "n")
		s := fmt.Sprintf("%s %v %v %v %v %s %s", got.Product, got.Nodes, got.WebSocket, got.Balancer, got.Proxy.Backends, got.Proxy.Policy, got.Proxy.Timeouts.Idle)
		if s != c.want {
			t.Errorf("%s:\n  %s\nexpected\n  %s", c.name, s, c.want)
		}
		if probs := got.Validate(); len(probs) > 0 {
			t.Errorf("%s: %v", c.name, probs)
		}
	}
}
