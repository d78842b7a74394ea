package tui

import (
	"context"
	"net/netip"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/ports"
)

// fixedNow is when every made-up run begins.
var fixedNow = time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)

// madeUp returns probes that see what a host with a broken balancer shows. Every observation is fixed but for the
// time it was made and for how long the connections in TIME_WAIT have left.
func madeUp(now func() time.Time, left func() time.Duration) []probes.Probe {
	type seen struct{}
	look := func(context.Context, probes.Target) (seen, error) { return seen{}, nil }
	finds := func(f ...probes.Finding) func(seen) []probes.Finding {
		return func(seen) []probes.Finding { return f }
	}
	fine := finds()
	return []probes.Probe{
		probes.New("portconfig", look, []probes.Rule[seen]{
			{ID: "portconfig/key-name", Title: "the keys are spelled as the product reads them", Why: "A key in another case is ineffective, silently.", Check: fine,
				Applies: func(seen) (probes.Status, probes.Text) {
					return probes.Skipped, probes.T("no rows of fine_conf_entity were given: --rows FILE reads them")
				}},
			{ID: "portconfig/range", Title: "every port lies between 1025 and 65535", Why: "Below 1025 a port needs root.", Check: fine},
			{ID: "portconfig/ephemeral-range", Title: "no port lies in the range of outgoing connections", Why: "The kernel hands these ports to outgoing connections, and such a connection blocks the bind even with SO_REUSEADDR.",
				Check: finds(probes.Finding{Severity: probes.Warning, Subject: "38888",
					Title:    probes.T("the ports %q lie in the ephemeral range %q, expected them reserved", "38888, 38889, 39888", "32768-60999"),
					Evidence: []probes.Evidence{{Where: "/proc/sys/net/ipv4/ip_local_reserved_ports", Saw: probes.T("empty")}},
					Fix:      []probes.Text{probes.Verbatim("sysctl -w net.ipv4.ip_local_reserved_ports=38888-38889,39888"), probes.T("# to take it back: %s", "sysctl -w net.ipv4.ip_local_reserved_ports=")}})},
		}),
		portsProbe(now, left),
		probes.New("firewall", func(context.Context, probes.Target) (seen, error) {
			return seen{}, probes.CannotLook("reading the rules of nftables needs root: sudo wsdoctor")
		}, []probes.Rule[seen]{
			{ID: "firewall/inbound", Title: "every port is open to inbound TCP", Why: "A dropped packet looks to the client like a host that is not there.", Check: fine},
		}),
		probes.New("handshake", look, []probes.Rule[seen]{
			{ID: "handshake/resolve", Title: "every name resolves", Why: "Without an address there is nothing to connect to.", Check: fine},
			{ID: "handshake/connect", Title: "every address takes a TCP connection", Why: "A refused connection is a service that is down.", Check: fine},
			{ID: "handshake/upgrade", Title: "the service answers the upgrade with 101", Gate: true, Why: "Anything but 101 means that the client and the server do not speak WebSocket: the status says who answered instead, and the headers say why.",
				Check: finds(probes.Finding{Severity: probes.Error, Subject: "ws://192.168.6.181:38889/", Title: probes.T("ws://192.168.6.181:38889/ answered %q, expected %q", "400 Bad Request", "101 Switching Protocols"),
					Evidence: []probes.Evidence{
						{Where: "GET / HTTP/1.1", Saw: probes.T("HTTP/1.1 400 Bad Request\nServer: nginx/1.22.1\nConnection: close")},
						{Where: "body", Saw: probes.T("Missing or invalid Upgrade header \x1b[31m你好，世界")},
					}})},
		}),
		probes.New("balancer", look, []probes.Rule[seen]{
			{ID: "balancer/upgrade", Title: "the balancer passes the upgrade on", Why: "Upgrade and Connection are hop-by-hop (RFC 9110, section 7.6.1): a proxy drops them unless it is told to pass them.",
				Check: finds(probes.Finding{Severity: probes.Error, Subject: "ws://192.168.6.181:38889/", Title: probes.T("nginx passes no Upgrade header to %q, expected %q", "192.168.6.171:38888", "websocket"),
					Evidence: []probes.Evidence{{Where: "nginx.conf:121", Saw: probes.Verbatim("location / { proxy_pass http://websocket; }")}, {Where: "stand-in backend", Saw: probes.T("the request arrived as HTTP/1.0 without Upgrade")}},
					Fix:      []probes.Text{probes.T("# nginx.conf, in the location that proxies the WebSocket path"), probes.Verbatim("proxy_http_version 1.1;"), probes.Verbatim("proxy_set_header Upgrade $http_upgrade;"), probes.Verbatim("proxy_set_header Connection $connection_upgrade;"), probes.Verbatim("nginx -t && nginx -s reload")}})},
			{ID: "balancer/stickiness", Title: "a client comes back to the node it was on", Why: "A Socket.IO session lives on one node.", Check: fine,
				Applies: func(seen) (probes.Status, probes.Text) {
					return probes.Skipped, probes.T("there is one node")
				}},
		}),
	}
}

func portsProbe(now func() time.Time, left func() time.Duration) probes.Probe {
	observe := func(context.Context, probes.Target) (ports.Observation, error) {
		return observedPorts(now(), left()), nil
	}
	return probes.New("ports", observe, []probes.Rule[ports.Observation]{
		{ID: "ports/bindable", Title: "every configured port can be bound", Why: "A node tries its ports in order and stops at the first that binds; where none does, the deployment wizard opens instead of the service.", Check: func(ports.Observation) []probes.Finding { return nil }},
		{ID: "ports/time-wait", Title: "no port waits in TIME_WAIT", Why: "Left-overs of closed connections keep a port for 60 s from servers that do not set SO_REUSEADDR.",
			Check: func(o ports.Observation) []probes.Finding {
				tw := o.Ports[1].TimeWait
				if tw.Accepted == 0 {
					return nil
				}
				return []probes.Finding{{Severity: probes.Warning, Subject: "38889", Title: probes.T("port %q has %d connections in TIME_WAIT, expected none", "38889", tw.Accepted),
					Evidence: []probes.Evidence{{Where: "netlink", Saw: probes.T("the last one is gone in %s", tw.Left)}},
					Fix:      []probes.Text{probes.Verbatim("wsdoctor wait 38889 -- ./start.sh")}}}
			}},
		{ID: "ports/holder", Title: "what holds a port belongs there", Why: "Another program on the port keeps the service from it.", Check: func(ports.Observation) []probes.Finding { return nil }},
	})
}

func observedPorts(now time.Time, left time.Duration) ports.Observation {
	java := ports.Process{PID: 812, Name: "java", Cmdline: "/opt/jdk/bin/java -Xmx4g -jar fine.jar", User: "fine", Unit: "tomcat.service"}
	all := netip.MustParseAddrPort("0.0.0.0:38888")
	o := ports.Observation{At: now, Timers: true, Source: "netlink", SeesAllProcesses: true, Ports: []ports.Port{
		{Port: 38888, Roles: []ports.Role{ports.WebSocket}, Need: ports.Needed, State: ports.Held, Belongs: ports.Service, Answers: ports.Yes,
			Listeners: []ports.Listener{{Addr: all, Backlog: 100, Processes: []ports.Process{java}}},
			Trials:    []ports.Trial{{Addr: "0.0.0.0", ReuseAddr: true, Outcome: ports.InUse, Why: probes.T("address already in use")}}},
		{Port: 38889, Roles: []ports.Role{ports.Forwarding, ports.BalancerURL}, Need: ports.Needed, State: ports.Free, May: ports.May{WithReuse: true, WithoutReuse: true}},
		{Port: 39888, Roles: []ports.Role{ports.WebSocket}, Need: ports.Backup, State: ports.Outgoing,
			Outgoing: []ports.Connection{{Local: netip.MustParseAddrPort("10.0.0.5:39888"), Remote: netip.MustParseAddrPort("10.0.0.9:5432"), State: "ESTAB", Processes: []ports.Process{{PID: 4321, Name: "数据同步"}}}}},
	}}
	if left > 0 {
		o.Ports[1].State = ports.Waiting
		o.Ports[1].TimeWait = ports.TimeWait{Accepted: 5, Left: probes.Seconds(left), Until: now.Add(left)}
		o.Ports[1].May = ports.May{WithReuse: true, In: probes.Seconds(left)}
	}
	return o
}

// blame is the diagnosis of the made-up host. It also forgets how long things took, which differs each time.
func blame(r *probes.Report) {
	r.Took = 0
	for i := range r.Results {
		r.Results[i].Took = 0
		if r.Results[i].ID == "handshake/upgrade" && r.Results[i].Status == probes.Failed {
			r.Results[i].ExplainedBy = "balancer/upgrade"
		}
	}
	for _, res := range r.Results {
		if res.ID == "balancer/upgrade" && res.Status == probes.Failed {
			r.Causes = []probes.Cause{{ID: res.ID, Severity: probes.Error, Title: res.Findings[0].Title, Explains: []string{"handshake/upgrade"}, Fix: res.Findings[0].Fix}}
		}
	}
}

// madeUpOptions are the options of a run of the made-up probes at fixedNow.
func madeUpOptions() Options {
	now := func() time.Time { return fixedNow }
	return Options{
		Target:       probes.Target{Config: cluster.Default(cluster.FineReport), Now: now},
		Probes:       madeUp(now, func() time.Duration { return 42 * time.Second }),
		RunOptions:   probes.Options{Host: "node1", Version: "0.1.0", Diagnose: blame},
		SettingsPath: "/etc/wsdoctor/wsdoctor.yaml",
		SaveReport:   func(probes.Report) (string, error) { return "/tmp/report.json", nil },
	}
}
