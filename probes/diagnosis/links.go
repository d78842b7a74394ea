package diagnosis

import (
	"slices"
	"strconv"

	"example.com/wsdoctor/probes/handshake"
)

// The checks that speak of one URL, by whether a client gets as far as the upgrade.
var (
	beforeUpgrade = []string{"handshake/resolve", "handshake/connect", "handshake/tls", "handshake/certificate"}
	fromUpgrade   = []string{"handshake/upgrade", "handshake/accept-key", "handshake/ping"}
	backendPort   = []string{"nginx/upstream-port", "haproxy/server-port"}
	onURL         = slices.Concat(beforeUpgrade, fromUpgrade)
)

// links is every explanation known, the closest to the kernel first: the first that fits is taken.
var links = []link{
	{ // what sits on a port is why it cannot be bound, and why a node is not where it should be
		cause:   []string{"ports/holder", "ports/time-wait"},
		symptom: []string{"ports/bindable", "ports/loopback-only"},
		when:    func(_ scene, c, s *fault) bool { return portOf(c) != "" && portOf(c) == portOf(s) },
	},
	{ // the node is on another port: what holds the one that it should have taken is why
		cause:   []string{"ports/holder", "ports/time-wait"},
		symptom: []string{"ports/listen-order"},
		when:    func(s scene, _, _ *fault) bool { return len(s.ports.Place.Nodes) > 0 },
	},
	{ // what holds the port is also why the balancer's line leads to nobody
		cause:   []string{"ports/holder", "ports/time-wait"},
		symptom: backendPort,
		when:    func(_ scene, c, y *fault) bool { return portOf(c) != "" && portOf(c) == portOf(y) },
	},
	{ // the line of the balancer that leads to another port than the one on which the node listens
		cause:   backendPort,
		symptom: []string{"ports/listen-order", "handshake/connect"},
		when: func(s scene, c, y *fault) bool {
			return portOf(c) == portOf(y) && (y.id() == "ports/listen-order" || s.role(y) == handshake.Node && s.kind(y) == handshake.Refused)
		},
	},
	{ // a service that could not take its port does not answer on it
		cause:   []string{"ports/holder", "ports/time-wait", "ports/listen-order", "ports/loopback-only", "ports/bindable"},
		symptom: onURL,
		when: func(s scene, c, y *fault) bool {
			return s.isLocal(y) && portOf(c) != "" && portOf(c) == portOf(y)
		},
	},
	{ // a rule that drops a port also drops the probe, where the probe takes that way
		cause:   []string{"firewall/inbound"},
		symptom: []string{"handshake/connect"},
		when: func(s scene, c, y *fault) bool {
			return s.isLocal(y) && portOf(c) == portOf(y) && s.kind(y) != handshake.Refused
		},
	},
	{ // no balancer can upgrade to nodes of which none answers
		cause:   onURL,
		symptom: slices.Concat(fromUpgrade, []string{"balancer/upgrade"}),
		when: func(s scene, c, y *fault) bool {
			return s.role(c) == handshake.Node && s.role(y) == handshake.Balancer && !s.anyNodeUp()
		},
	},
	{ // a line of the balancer's configuration is why it does what it does
		area:    []string{"nginx", "haproxy"},
		symptom: slices.Concat(fromUpgrade, []string{"balancer/upgrade"}),
		when: func(s scene, _, y *fault) bool {
			return y.id() == "balancer/upgrade" || s.role(y) == handshake.Balancer
		},
	},
	{ // so is the port that it does not listen on
		cause:   []string{"nginx/listen-port", "haproxy/bind-port", "nginx/syntax", "haproxy/syntax"},
		symptom: []string{"handshake/connect"},
		when:    func(s scene, _, y *fault) bool { return s.role(y) == handshake.Balancer },
	},
	{ // or would listen on, had it been reloaded
		cause:   []string{"nginx/not-reloaded", "haproxy/not-reloaded"},
		symptom: []string{"handshake/connect"},
		when: func(s scene, _, y *fault) bool {
			return s.role(y) == handshake.Balancer && slices.ContainsFunc(s.unbound(), func(a address) bool { return strconv.Itoa(a.Port) == portOf(y) })
		},
	},
	{ // what fails before the upgrade is not the balancer's doing
		cause:   beforeUpgrade,
		symptom: []string{"balancer/upgrade"},
		when:    func(_ scene, c, s *fault) bool { return c.f.Subject == s.f.Subject },
	},
	{ // what the balancer does to the upgrade is what the client sees
		cause:   []string{"balancer/upgrade"},
		symptom: fromUpgrade,
		when:    func(_ scene, c, s *fault) bool { return c.f.Subject == s.f.Subject },
	},
}
