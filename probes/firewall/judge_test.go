package firewall

import (
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/firewall/netfilter"
)

var at = netip.MustParseAddr

// save makes a ruleset of what iptables-save prints.
func save(t *testing.T, text string) netfilter.Ruleset {
	t.Helper()
	tables, err := netfilter.ParseSave([]byte(text), netfilter.FamilyIP)
	if err != nil {
		t.Fatal(err)
	}
	return netfilter.Ruleset{Tables: tables}
}

var testLinks = []netfilter.Link{
	{Name: "eth0", Index: 2, Addrs: []netip.Prefix{netip.MustParsePrefix("192.168.6.171/24")}, Routes: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}},
	{Name: "docker0", Index: 3, Addrs: []netip.Prefix{netip.MustParsePrefix("172.17.0.1/16")}},
}

func TestNeeded(t *testing.T) {
	resolve := func(host string) []addr {
		if a, err := netip.ParseAddr(host); err == nil {
			return []addr{a}
		}
		return nil
	}
	base := cluster.Default(cluster.FineReport)
	base.Nodes = []cluster.Node{{Name: "a", Host: "192.168.6.171"}, {Name: "b", Host: "192.168.6.172"}}
	base.Balancer.URL = "ws://192.168.6.181:443/"
	direct, loop, shared := base, base, base
	direct.Balancer.URL = ""
	loop.Nodes = []cluster.Node{{Name: "a", Host: "127.0.0.1"}}
	shared.Balancer.SharesHost = true
	onNode, onBalancer := probes.Place{Nodes: base.Nodes[:1]}, probes.Place{Balancer: true}
	for _, c := range []struct {
		name  string
		cfg   cluster.Config
		place probes.Place
		want  []need
	}{
		{"a node behind a balancer", base, onNode, []need{
			{38888, ForBalancer, false, []addr{at("192.168.6.171")}, []addr{at("192.168.6.181")}},
			{39888, ForBalancer, true, []addr{at("192.168.6.171")}, []addr{at("192.168.6.181")}}}},
		{"a node without a balancer", direct, onNode, []need{
			{38888, ForClients, false, []addr{at("192.168.6.171")}, nil},
			{39888, ForClients, true, []addr{at("192.168.6.171")}, nil}}},
		{"the balancer", base, onBalancer, []need{
			{443, ForClients, false, []addr{at("192.168.6.181")}, nil},
			{38889, ForClients, true, []addr{at("192.168.6.181")}, nil}}},
		{"both on one host", shared, probes.Place{Nodes: base.Nodes[:1], Balancer: true}, []need{
			{443, ForClients, false, []addr{at("192.168.6.181")}, nil},
			{38889, ForClients, true, []addr{at("192.168.6.181")}, nil}}},
		{"loopback", loop, probes.Place{Nodes: loop.Nodes}, nil},
	} {
		if got := needed(c.cfg, c.place, resolve); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, expected %+v", c.name, got, c.want)
		}
	}
}

func TestJudge(t *testing.T) {
	const drop = "*filter\n:INPUT DROP [0:0]\n:ufw-user-input - [0:0]\n"
	for _, c := range []struct {
		name, rules string
		from        []addr
		want        netfilter.Verdict
		manager     Manager
		sources     string
	}{
		{"nothing filters", "", nil, netfilter.Accept, NoManager, "any"},
		{"policy of ufw", drop + "COMMIT\n", nil, netfilter.Drop, UFW, ""},
		{"one network", drop + "-A INPUT -s 10.0.0.0/8 -p tcp -m tcp --dport 38888 -j ACCEPT\nCOMMIT\n", nil, netfilter.Drop, UFW, "10.0.0.0/8"},
		{"two sources", drop + "-A INPUT -s 10.0.0.0/8 -j ACCEPT\n-A INPUT -m iprange --src-range 192.168.6.5-192.168.6.9 -j ACCEPT\nCOMMIT\n", nil, netfilter.Drop, UFW, "10.0.0.0/8 192.168.6.5-192.168.6.9"},
		{"the balancer is among them", drop + "-A INPUT -s 192.168.6.0/24 -j ACCEPT\nCOMMIT\n", []addr{at("192.168.6.181")}, netfilter.Accept, IptablesLegacy, "192.168.6.0/24"},
		{"the balancer is not", drop + "-A INPUT -s 10.0.0.0/8 -j ACCEPT\nCOMMIT\n", []addr{at("192.168.6.181")}, netfilter.Drop, UFW, "10.0.0.0/8"},
		{"the other interface", drop + "-A INPUT -i docker0 -j ACCEPT\n-A INPUT -i eth0 -p tcp -j REJECT\nCOMMIT\n", nil, netfilter.Reject, IptablesLegacy, ""},
		{"an ipset", drop + "-A INPUT -m set --match-set good src -j ACCEPT\nCOMMIT\n", nil, netfilter.Unknown, UFW, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := host{rules: save(t, c.rules), links: testLinks, ufw: true}
			p := h.judge(need{port: 38888, to: []addr{at("192.168.6.171")}, from: c.from})
			if p.Verdict != c.want || p.Manager != c.manager || strings.Join(p.Sources, " ") != c.sources {
				t.Errorf("%s by %s, sources %q, expected %s by %s, %q: %+v", p.Verdict, p.Manager, p.Sources, c.want, c.manager, c.sources, p)
			}
			if c.want == netfilter.Unknown && len(p.Why) == 0 {
				t.Error("unknown without a reason")
			}
		})
	}
	h := host{rules: save(t, ""), links: nil}
	if p := h.judge(need{port: 1, to: []addr{at("192.168.6.171")}}); p.Verdict != netfilter.Unknown || len(p.Why) == 0 {
		t.Errorf("without an interface: %+v, expected unknown", p)
	}
	h = host{rules: netfilter.Ruleset{Unread: []string{"tables of iptables-legacy could not be read"}}, links: testLinks}
	if p := h.judge(need{port: 1, to: []addr{at("192.168.6.171")}}); p.Verdict != netfilter.Unknown {
		t.Errorf("rules that could not be read: %+v, expected unknown", p)
	}
}

// dockerRules are those that Docker makes for -p 38889:80, beside a host that lets nothing in.
const dockerRules = `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A DOCKER -i docker0 -j RETURN
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 38889 -j DNAT --to-destination 172.17.0.2:80
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-USER - [0:0]
:ufw-user-input - [0:0]
-A INPUT -j ufw-user-input
-A FORWARD -j DOCKER-USER
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT
-A DOCKER-USER -j RETURN
COMMIT
`

func TestJudgeDocker(t *testing.T) {
	h := host{rules: save(t, dockerRules), links: testLinks, ufw: true}
	p := h.judge(need{port: 38889, role: ForClients, to: []addr{at("192.168.6.171")}})
	if p.Verdict != netfilter.Accept || p.Manager != Docker || len(p.Bypasses) != 1 {
		t.Fatalf("a published port: %+v, expected it accepted past ufw", p)
	}
	if b := p.Bypasses[0]; b.To != "172.17.0.2:80" || b.NAT.Chain != "DOCKER" || b.Skipped.Rule != ":INPUT DROP" {
		t.Errorf("bypass %+v", b)
	}
	if p := h.judge(need{port: 38888, to: []addr{at("192.168.6.171")}}); p.Verdict != netfilter.Drop || len(p.Bypasses) != 0 {
		t.Errorf("another port: %+v, expected it dropped", p)
	}
	closed := strings.Replace(dockerRules, "-A DOCKER-USER -j RETURN", "-A DOCKER-USER -p tcp -m conntrack --ctorigdstport 38889 -j DROP", 1)
	h.rules = save(t, closed)
	if p := h.judge(need{port: 38889, to: []addr{at("192.168.6.171")}}); p.Verdict != netfilter.Drop || p.Manager != Docker {
		t.Errorf("closed in DOCKER-USER: %+v", p)
	}
}

func TestParseUFW(t *testing.T) {
	for text, want := range map[string]bool{"ENABLED=yes\n": true, "# ENABLED=yes\nENABLED=no\n": false, "ENABLED=no\nENABLED=\"Yes\"": true, "": false} {
		if got := parseUFW([]byte(text)); got != want {
			t.Errorf("%q: %v, expected %v", text, got, want)
		}
	}
}

func TestRoutes(t *testing.T) {
	got := map[string][]netip.Prefix{}
	parseRoutes4("Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\nx\n", got)
	if len(got) != 0 {
		t.Errorf("a heading: %v", got)
	}
	parseRoutes6("fd000000000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0\n"+
		"00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo\n", got)
	if want := []netip.Prefix{netip.MustParsePrefix("fd00::/64")}; len(got) != 1 || !reflect.DeepEqual(got["eth0"], want) {
		t.Errorf("IPv6: %v, expected %v", got, want)
	}
}

func FuzzRoutes(f *testing.F) {
	f.Add("eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n")
	f.Add("fd000000000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001 eth0\n")
	f.Fuzz(func(_ *testing.T, text string) {
		into := map[string][]netip.Prefix{}
		parseRoutes4(text, into)
		parseRoutes6(text, into)
		for _, list := range into {
			for _, p := range list {
				_ = p.Masked().Contains(p.Addr())
			}
		}
	})
}
