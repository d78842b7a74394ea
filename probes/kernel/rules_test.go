package kernel

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/sysctl"
)

// healthy is a host with room for everything: 1000 clients, a service and an nginx with two workers.
func healthy(edit func(*Observation)) Observation {
	o := Observation{
		Clients: 1000, Nodes: 1, Backends: 1, Node: true, Balancer: true, BalancerKind: cluster.Nginx,
		Somaxconn: 4096,
		Processes: []Process{
			{PID: 10, Name: "java", Role: Service, Ports: []int{38888}, Soft: 65536, Hard: 65536},
			{PID: 20, Name: "nginx", Role: Proxy, Soft: 4096, Hard: 4096, Unit: "nginx.service"},
			{PID: 21, Name: "nginx", Role: Proxy, Soft: 4096, Hard: 4096, Unit: "nginx.service"},
		},
		Files:     Files{Open: 1000, Max: 1 << 62, NrOpen: 1 << 20},
		Ephemeral: sysctl.Range{Low: 32768, High: 60999},
		Conntrack: Conntrack{Count: 100, Max: 262144},
		TimeWait:  TimeWait{Now: 10, Max: 131072},
		Gaps:      map[string]*Gap{},
	}
	if edit != nil {
		edit(&o)
	}
	return o
}

func TestRules(t *testing.T) {
	failing := map[string]bool{}
	for _, c := range []struct {
		rule string
		name string
		edit func(*Observation)
		want []string // "severity subject: part of the title"
		fix  string   // part of the first finding's fix, its lines joined
	}{
		{rule: "somaxconn", name: "healthy"},
		{rule: "somaxconn", name: "an old kernel", edit: func(o *Observation) { o.Somaxconn = 128 },
			want: []string{"warning net.core.somaxconn: is 128, expected at least 511 for 1000 clients"},
			fix:  "sysctl -w net.core.somaxconn=4096\n# to take it back: sysctl -w net.core.somaxconn=128\necho 'net.core.somaxconn = 4096' > /etc/sysctl.d/"},
		{rule: "somaxconn", name: "many clients", edit: func(o *Observation) { o.Clients = 100_000 },
			want: []string{"warning net.core.somaxconn: is 4096, expected at least 25000"}, fix: "sysctl -w net.core.somaxconn=25600"},
		{rule: "somaxconn", name: "not read", edit: func(o *Observation) { o.Somaxconn, o.Gaps["somaxconn"] = 0, &Gap{} }},

		{rule: "listen-overflows", name: "healthy"},
		{rule: "listen-overflows", name: "a short queue", edit: func(o *Observation) { o.Listeners = []Listener{{38888, 3, 1}} }},
		{rule: "listen-overflows", name: "a queue that is not served", edit: func(o *Observation) { o.Listeners = []Listener{{38888, 51, 1}} },
			want: []string{"warning 38888: 51 connections wait to be accepted on port 38888"}, fix: "ss -ltn 'sport = :38888'"},
		{rule: "listen-overflows", name: "overflows", edit: func(o *Observation) { o.Queues = Queues{7, 9} },
			want: []string{"warning ListenOverflows: 7 connections found an accept queue full since boot"}, fix: "nstat -az TcpExtListenOverflows"},
		{rule: "listen-overflows", name: "drops alone", edit: func(o *Observation) { o.Queues = Queues{0, 2} },
			want: []string{"info ListenDrops: 2 connections were dropped"}},
		{rule: "listen-overflows", name: "not read", edit: func(o *Observation) { o.Queues, o.Gaps["listen-overflows"] = Queues{1, 1}, &Gap{} }},

		{rule: "open-files", name: "healthy"},
		{rule: "open-files", name: "no limit", edit: func(o *Observation) { o.Processes[0].Soft, o.Processes[0].Hard = unlimited, unlimited }},
		{rule: "open-files", name: "the service", edit: func(o *Observation) { o.Processes[0].Soft, o.Processes[0].Hard = 1024, 4096 },
			want: []string{"warning java: java (pid 10) may open 1024 files, expected at least 1506 for 1000 clients"},
			fix:  "prlimit --pid 10 --nofile=2048:4096\n# to take it back: prlimit --pid 10 --nofile=1024:4096\n# for good: before the line that starts it\nulimit -n 2048"},
		{rule: "open-files", name: "one of three nodes", edit: func(o *Observation) {
			o.Nodes, o.Clients, o.Processes[0].Soft, o.Processes[0].Unit = 3, 3000, 2000, "fr.service"
			o.Processes = o.Processes[:1]
		},
			want: []string{"warning java: may open 2000 files, expected at least 2131 for 3000 clients"},
			fix:  `mkdir -p '/etc/systemd/system/fr.service.d' && printf '[Service]\nLimitNOFILE=3072\n' > '/etc/systemd/system/fr.service.d/wsdoctor-nofile.conf' && systemctl daemon-reload`},
		{rule: "open-files", name: "nginx", edit: func(o *Observation) { o.Processes[1].Soft, o.Processes[1].Hard = 1024, unlimited },
			want: []string{"warning nginx: nginx (pid 20) may open 1024 files, expected at least 1506 for its part of 1000 clients"},
			fix:  "prlimit --pid 20 --nofile=2048:unlimited\n# to take it back: prlimit --pid 20 --nofile=1024:unlimited\n# for good: in nginx.conf, outside of all braces; then reload nginx\nworker_rlimit_nofile 2048;"},
		{rule: "open-files", name: "HAProxy's master and worker", edit: func(o *Observation) {
			o.BalancerKind, o.Processes = cluster.HAProxy, []Process{{PID: 30, Name: "haproxy", Role: Proxy, Soft: 4096, Hard: 4096}, {PID: 31, Name: "haproxy", Role: Proxy, Soft: 2048, Hard: 4096}}
		}, want: []string{"warning haproxy: haproxy (pid 31) may open 2048 files, expected at least 2756"}, fix: "ulimit -n 3072"},
		{rule: "open-files", name: "beyond nr_open", edit: func(o *Observation) { o.Clients, o.Processes = 2_000_000, o.Processes[:1] },
			want: []string{"warning java: expected at least 2500256"}, fix: "sysctl -w fs.nr_open=2500608\n# to take it back: sysctl -w fs.nr_open=1048576"},
		{rule: "open-files", name: "the host's limit", edit: func(o *Observation) { o.Files = Files{Open: 95, Max: 100} },
			want: []string{"warning fs.file-max: 95 files are open on this host, expected less than 90% of the limit 100"}, fix: "sysctl -w fs.file-max=200"},

		{rule: "ephemeral-ports", name: "healthy"},
		{rule: "ephemeral-ports", name: "too few", edit: func(o *Observation) {
			o.Ephemeral, o.Reserved = sysctl.Range{Low: 40000, High: 40999}, sysctl.Ports{{Low: 40000, High: 40099}}
		},
			want: []string{"error net.ipv4.ip_local_port_range: 900 ports are left for connections to each backend, expected at least 1000 for 1000 clients on 1 backend(s)"},
			fix:  "sysctl -w net.ipv4.ip_local_port_range='15000 65535'\n# to take it back: sysctl -w net.ipv4.ip_local_port_range='40000 40999'"},
		{rule: "ephemeral-ports", name: "too few while one is down", edit: func(o *Observation) { o.Clients, o.Backends = 40_000, 2 },
			want: []string{"warning net.ipv4.ip_local_port_range: at least 40000 for 40000 clients while one of 2 backends is down"}},
		{rule: "ephemeral-ports", name: "tight", edit: func(o *Observation) { o.Clients = 25_000 },
			want: []string{"warning net.ipv4.ip_local_port_range: 28232 ports are left for connections to each backend, and 25000 clients on 1 backend(s) take more than 80%"}},
		{rule: "ephemeral-ports", name: "wide already", edit: func(o *Observation) { o.Clients, o.Ephemeral = 70_000, sysctl.Range{Low: 1025, High: 65535} },
			want: []string{"error net.ipv4.ip_local_port_range: "}, fix: "# each further backend address"},
		{rule: "ephemeral-ports", name: "not read", edit: func(o *Observation) { o.Ephemeral, o.Gaps["ephemeral-ports"] = sysctl.Range{}, &Gap{} }},

		{rule: "conntrack", name: "healthy"},
		{rule: "conntrack", name: "no limit", edit: func(o *Observation) { o.Conntrack.Max = 0 }},
		{rule: "conntrack", name: "filling", edit: func(o *Observation) { o.Conntrack = Conntrack{8000, 10000} },
			want: []string{"warning net.netfilter.nf_conntrack_max: holds 8000 of 10000 entries (80%)"},
			fix:  "sysctl -w net.netfilter.nf_conntrack_max=20000\n# to take it back: sysctl -w net.netfilter.nf_conntrack_max=10000"},
		{rule: "conntrack", name: "full", edit: func(o *Observation) { o.Conntrack = Conntrack{9500, 10000} },
			want: []string{"error net.netfilter.nf_conntrack_max: holds 9500 of 10000 entries (95%)"}},
		{rule: "conntrack", name: "too small for the clients", edit: func(o *Observation) { o.Clients, o.Conntrack = 6000, Conntrack{10, 10000} },
			want: []string{"warning net.netfilter.nf_conntrack_max: takes 10000 entries, expected at least 12000"}},
		{rule: "conntrack", name: "one entry a tunnel on a node", edit: func(o *Observation) { o.Balancer, o.Clients, o.Conntrack = false, 6000, Conntrack{10, 10000} }},

		{rule: "time-wait-buckets", name: "healthy"},
		{rule: "time-wait-buckets", name: "overflowed", edit: func(o *Observation) { o.TimeWait.Overflow = 4 },
			want: []string{"warning net.ipv4.tcp_max_tw_buckets: 4 sockets were thrown out of TIME_WAIT since boot"},
			fix:  "sysctl -w net.ipv4.tcp_max_tw_buckets=262144\n# to take it back: sysctl -w net.ipv4.tcp_max_tw_buckets=131072"},
		{rule: "time-wait-buckets", name: "nearly full", edit: func(o *Observation) { o.TimeWait.Now = 120_000 },
			want: []string{"warning net.ipv4.tcp_max_tw_buckets: 120000 sockets are in TIME_WAIT, expected less than 90% of the limit 131072"}},
		{rule: "time-wait-buckets", name: "not read", edit: func(o *Observation) { o.TimeWait.Overflow, o.Gaps["time-wait-buckets"] = 1, &Gap{} }},
	} {
		t.Run(c.rule+"/"+c.name, func(t *testing.T) {
			r := rule(t, c.rule)
			found := r.Check(healthy(c.edit))
			var got []string
			for _, f := range found {
				got = append(got, fmt.Sprintf("%v %s: %s", f.Severity, f.Subject, f.Title))
				if len(f.Evidence) == 0 || len(f.Fix) == 0 {
					t.Errorf("no evidence or no fix: %s", f.Title)
				}
			}
			failing[c.rule] = failing[c.rule] || len(got) > 0
			if len(got) != len(c.want) {
				t.Fatalf("found:\n%s\nexpected:\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
			for i, w := range c.want {
				head, part, _ := strings.Cut(w, ": ")
				if !strings.HasPrefix(got[i], head+": ") || !strings.Contains(got[i], part) {
					t.Errorf("found    %s\nexpected %s", got[i], w)
				}
			}
			if c.fix != "" && !strings.Contains(fixOf(found[0]), c.fix) {
				t.Errorf("fix:\n%s\nexpected in it:\n%s", fixOf(found[0]), c.fix)
			}
		})
	}
	for _, r := range rules {
		if !failing[strings.TrimPrefix(r.ID, "kernel/")] {
			t.Errorf("%s has no failing case", r.ID)
		}
		if found := r.Check(healthy(nil)); len(found) > 0 {
			t.Errorf("%s: a healthy host has %s", r.ID, found[0].Title)
		}
	}
}

func rule(t *testing.T, id string) probes.Rule[Observation] {
	t.Helper()
	i := slices.IndexFunc(rules, func(r probes.Rule[Observation]) bool { return r.ID == "kernel/"+id })
	if i < 0 {
		t.Fatalf("no rule %q", id)
	}
	return rules[i]
}

func fixOf(f probes.Finding) string {
	lines := make([]string, len(f.Fix))
	for i, l := range f.Fix {
		lines[i] = l.String()
	}
	return strings.Join(lines, "\n")
}

func TestEphemeralPortsApplies(t *testing.T) {
	for name, c := range map[string]struct {
		edit   func(*Observation)
		status probes.Status
	}{
		"healthy":        {nil, probes.OK},
		"no balancer":    {func(o *Observation) { o.Balancer = false }, probes.Skipped},
		"no backend":     {func(o *Observation) { o.Backends = 0 }, probes.Skipped},
		"not to be read": {func(o *Observation) { o.Gaps["ephemeral-ports"] = &Gap{probes.Unknown, probes.T("x")} }, probes.Unknown},
	} {
		if status, _ := ephemeralPorts.Applies(healthy(c.edit)); status != c.status {
			t.Errorf("%s: %v, expected %v", name, status, c.status)
		}
	}
}
