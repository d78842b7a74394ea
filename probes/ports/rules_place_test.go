package ports

import (
	"net/netip"
	"testing"

	"example.com/wsdoctor/probes"
)

func TestLoopbackOnly(t *testing.T) {
	loopback := []netip.Addr{netip.MustParseAddr("127.0.0.1")}
	checkRule(t, loopbackOnly, map[string]ruleCase{
		"nothing listens yet":              {o: node(free(38888, Needed)), status: probes.Skipped},
		"on every address":                 {status: probes.OK, o: node(held(38888, Needed, Service, "0.0.0.0:38888", java))},
		"dual-stack":                       {status: probes.OK, o: node(held(38888, Needed, Service, "[::]:38888", java))},
		"on the address of the settings":   {status: probes.OK, o: node(held(38888, Needed, Service, "10.0.0.1:38888", java))},
		"loopback, the balancer elsewhere": {o: node(held(38888, Needed, Service, "127.0.0.1:38888", java)), status: probes.Failed, subject: "38888", title: "127.0.0.1:38888 only: it does not take connections to 10.0.0.1"},
		"loopback, under a name":           {o: with(node(held(38888, Needed, Service, "[::1]:38888", java)), func(o *Observation) { o.Expect.NodeAddrs = nil }), status: probes.Failed, subject: "38888", title: "no other host can reach it"},
		"loopback, the balancer beside it": {o: both(held(38888, Needed, Service, "127.0.0.1:38888", java)), status: probes.Warned, subject: "38888", title: "127.0.0.1:38888"},
		"loopback, as in the settings":     {status: probes.OK, o: with(node(held(38888, Needed, Service, "127.0.0.1:38888", java)), func(o *Observation) { o.Expect.NodeAddrs = loopback })},
		"on another address":               {o: node(held(38888, Needed, Service, "10.0.0.2:38888", java)), status: probes.Failed, subject: "38888", title: "10.0.0.2:38888 only"},
		"IPv6 only, an IPv4 address": {o: node(func() Port {
			p := held(38888, Needed, Service, "[::]:38888", java)
			p.Listeners[0].DualStack = false
			return p
		}()), status: probes.Failed, subject: "38888", title: "[::]:38888 only"},
		"the balancer on loopback":      {o: both(held(38889, Needed, Balancer, "127.0.0.1:38889", nginx)), status: probes.Failed, subject: "38889", title: "clients on other hosts cannot reach the balancer"},
		"the balancer, for this host":   {status: probes.OK, o: with(both(held(38889, Needed, Balancer, "127.0.0.1:38889", nginx)), func(o *Observation) { o.Expect.BalancerLocalOnly = true })},
		"a foreign program on loopback": {status: probes.OK, o: node(held(38888, Needed, Foreign, "127.0.0.1:38888", python))},
		"neither node nor balancer":     {o: Observation{}, status: probes.Skipped},
	})
}

func TestListenOrder(t *testing.T) {
	take := func(port int) func(*Observation) { return func(o *Observation) { o.NodeWouldTake = port } }
	alone := func(o *Observation) { // the default: no balancer, ports first
		o.Expect.BackendPorts, o.Expect.BalancerElsewhere = nil, false
		o.Expect.ListenOrder = []int{38888, 39888, 38889}
	}
	checkRule(t, listenOrder, map[string]ruleCase{
		"runs where the balancer looks": {status: probes.OK, o: node(held(38888, Needed, Service, "0.0.0.0:38888", java))},
		"runs on the forwarding port of its own host": {
			o: node(free(38888, Needed), held(38889, NotNeeded, Service, "0.0.0.0:38889", java)), status: probes.Failed, subject: "38888",
			title: "the node listens on 38889, expected 38888, where the balancer sends its clients", fix: []string{"server 10.0.0.1:38889;"},
		},
		"has taken the balancer's port": {
			o: both(held(38889, Needed, Service, "0.0.0.0:38889", java), free(38888, Needed)), status: probes.Failed, subject: "38889",
			title: "the node, java (pid 812, fine, tomcat.service), has taken port 38889, expected the balancer (nginx) there", fix: []string{"systemctl start nginx"},
		},
		"runs beside nginx":              {status: probes.OK, o: both(held(38889, Needed, Balancer, "0.0.0.0:38889", nginx), held(38888, Needed, Service, "0.0.0.0:38888", java))},
		"runs anywhere, no balancer":     {status: probes.OK, o: with(node(held(39888, Backup, Service, "0.0.0.0:39888", java)), alone)},
		"would take the right port":      {status: probes.OK, o: node(free(38888, Needed))},
		"would take the forwarding port": {o: with(node(free(38888, Needed)), take(38889)), status: probes.Warned, subject: "38889", title: "a node started now listens on 38889, expected 38888", fix: []string{"server 10.0.0.1:38889;"}},
		"would take it, haproxy": {
			o:      with(node(free(38888, Needed)), func(o *Observation) { take(38889)(o); o.Expect.BalancerKind = "haproxy" }),
			status: probes.Warned, subject: "38889", title: "38889", fix: []string{"server node1 10.0.0.1:38889"},
		},
		"would take it, embedded": {
			o:      with(node(free(38888, Needed)), func(o *Observation) { take(38889)(o); o.Expect.BalancerKind = "embedded" }),
			status: probes.Warned, subject: "38889", title: "38889", fix: []string{`proxy: {backends: [{address: "10.0.0.1:38889"}]}`},
		},
		"would take the balancer's port": {o: with(both(free(38889, Needed), free(38888, Needed)), take(38889)), status: probes.Warned, subject: "38889", title: "expected it kept for the balancer", fix: []string{"# start the balancer before the node"}},
		"would take none":                {o: with(node(held(38888, Needed, Foreign, "0.0.0.0:38888", python)), take(0)), status: probes.Warned, subject: "38889", title: "opens the deployment wizard"},
		"would take a backup":            {status: probes.OK, o: with(node(free(39888, Backup)), func(o *Observation) { alone(o); take(39888)(o) }), subject: "39888", title: "because 38888 cannot be had"},
		"would take the first":           {status: probes.OK, o: with(node(free(38888, Needed)), alone)},
		"cannot tell":                    {o: with(node(held(38888, Needed, CannotTell, "0.0.0.0:38888")), take(0)), status: probes.Unknown},
		"another product":                {o: with(node(free(38888, Needed)), func(o *Observation) { o.Expect.Family = false }), status: probes.Skipped},
		"the balancer's host":            {o: with(both(), func(o *Observation) { o.Place.Nodes = nil }), status: probes.Skipped},
		"neither node nor balancer":      {o: Observation{}, status: probes.Skipped},
	})
}

func TestCloseWait(t *testing.T) {
	piled := func(n int, procs ...Process) Port {
		p := held(38888, Needed, Service, "0.0.0.0:38888", java)
		p.CloseWait = CloseWait{Count: n, Processes: procs}
		return p
	}
	few := func(o *Observation) { o.Expect.Clients = 5 }
	checkRule(t, closeWait, map[string]ruleCase{
		"none":                          {status: probes.OK, o: node(piled(0))},
		"a few that pass through":       {status: probes.OK, o: node(piled(10))},
		"piled up":                      {o: node(piled(11, java)), status: probes.Warned, subject: "38888", title: "11 connections in CLOSE-WAIT, expected 10 or fewer: java", fix: []string{"systemctl restart tomcat.service"}},
		"by an unknown process":         {o: node(piled(200)), status: probes.Warned, subject: "38888", title: "200 connections"},
		"as many as few clients may":    {status: probes.OK, o: with(node(piled(10)), few)},
		"more than many clients excuse": {o: with(node(piled(101)), func(o *Observation) { o.Expect.Clients = 10000 }), status: probes.Warned, subject: "38888", title: "expected 100 or fewer"},
		"neither node nor balancer":     {o: Observation{}, status: probes.Skipped},
	})
}

func TestRulesAreComplete(t *testing.T) {
	for _, r := range rules {
		if r.Title == "" || r.Why == "" || r.Check == nil || r.Applies == nil {
			t.Errorf("%s lacks a title, a why, a check or where it applies", r.ID)
		}
	}
}

func TestExplainNamesAPortOnce(t *testing.T) {
	found := Explain(node(inTimeWait(38888, Needed, Bindable), free(39888, Backup)))
	if len(found) != 1 || found[0].Subject != "38888" {
		t.Errorf("got %v, want the TIME_WAIT of 38888 alone", found)
	}
	asked := with(node(Port{Port: 22, Need: NotNeeded}), func(o *Observation) { o.NodeWouldTake = 38889 })
	if found := Explain(asked); len(found) != 0 {
		t.Errorf("got %v about ports that nobody asked about", found)
	}
	refused := with(node(inTimeWait(38888, Needed, Bindable)), func(o *Observation) { o.Ports[0].TimeWait.Accepted = 0; o.Ports[0].State = StateUnknown })
	if found := Explain(refused); len(found) != 1 {
		t.Errorf("got %v, want the trials to speak where nothing else does", found)
	}
}
