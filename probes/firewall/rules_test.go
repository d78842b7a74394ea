package firewall

import (
	"strings"
	"testing"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/firewall/netfilter"
)

var dropRule = netfilter.Decision{Verdict: netfilter.Drop, Stack: netfilter.NFTables, Family: "inet", Table: "filter", Chain: "input", Base: "input", Hook: "input", Handle: 7, Rule: "tcp dport 38888 drop"}

// onePort is a port with one expected way in.
func onePort(p Port, path Path) Observation {
	path.Expected, path.Interface = true, "eth0"
	path.Verdict = p.Verdict
	p.Paths = []Path{path}
	p.Where = where(path.By)
	return Observation{Ports: []Port{p}}
}

func TestInbound(t *testing.T) {
	dropped := Port{Port: 38888, Role: ForBalancer, From: []string{"192.168.6.181"}, Verdict: netfilter.Drop, Manager: NFT}
	spare := dropped
	spare.Spare = true
	lan := Port{Port: 38889, Role: ForClients, Verdict: netfilter.Drop, Manager: NFT, Sources: []string{"10.0.0.0/8"}}
	closed := Port{Port: 38889, Role: ForClients, Verdict: netfilter.Reject, Manager: NFT}
	for _, c := range []struct {
		name     string
		o        Observation
		severity probes.Severity
		title    string // "": no finding
		status   probes.Status
	}{
		{"accepted", onePort(Port{Port: 38888, Verdict: netfilter.Accept}, Path{}), 0, "", probes.OK},
		{"unknown", onePort(Port{Port: 38888, Why: []string{"an ipset"}}, Path{By: dropRule}), 0, "", probes.Unknown},
		{"the balancer is dropped", onePort(dropped, Path{By: dropRule, Manager: NFT, From: "192.168.6.181"}), probes.Error,
			"the firewall of this host drops connections from the balancer (192.168.6.181) to port 38888, expected to accept them", probes.OK},
		{"a spare port", onePort(spare, Path{By: dropRule, Manager: NFT, From: "192.168.6.181"}), probes.Warning, "the firewall of this host drops", probes.OK},
		{"clients are rejected", onePort(closed, Path{By: dropRule, Manager: NFT}), probes.Error,
			"the firewall of this host rejects connections from clients to port 38889, expected to accept them", probes.OK},
		{"some clients", onePort(lan, Path{By: dropRule, Manager: NFT}), probes.Warning, "port 38889 accepts connections from 10.0.0.0/8 only", probes.OK},
		{"the neighbours", onePort(lan, Path{By: dropRule, Manager: NFT, Neighbours: true}), probes.Info, "port 38889 accepts", probes.OK},
	} {
		t.Run(c.name, func(t *testing.T) {
			if status, why := inbound.Applies(c.o); status != c.status {
				t.Errorf("applies: %v %v, expected %v", status, why, c.status)
			}
			found := inbound.Check(c.o)
			if c.title == "" {
				if len(found) > 0 {
					t.Errorf("found %v", found)
				}
				return
			}
			if len(found) != 1 || found[0].Severity != c.severity || !strings.HasPrefix(found[0].Title.String(), c.title) {
				t.Fatalf("found %+v, expected %v %q", found, c.severity, c.title)
			}
			if f := found[0]; f.Subject == "" || len(f.Evidence) == 0 || len(f.Fix) < 2 || f.Evidence[0].Saw.String() != dropRule.Rule {
				t.Errorf("subject %q, evidence %v, fix %v", f.Subject, f.Evidence, f.Fix)
			}
		})
	}
}

func TestRuntimePermanent(t *testing.T) {
	zone := func(now, later ZoneRules) Observation {
		o := onePort(Port{Port: 38888, Verdict: netfilter.Accept}, Path{})
		o.Firewalld = &Firewalld{DefaultZone: "public", Zones: []Zone{{Name: "public", Runtime: now, Permanent: later}}}
		return o
	}
	open := ZoneRules{Ports: []string{"38000-39000/tcp"}}
	service := ZoneRules{Services: []Service{{"websocket", []string{"38888/tcp"}}}}
	rich := ZoneRules{RichRules: []string{`rule family="ipv4" source address="10.0.0.0/8" port port="38888" protocol="tcp" accept`}}
	udp := ZoneRules{Ports: []string{"38888/udp"}}
	refuses := ZoneRules{RichRules: []string{`rule port port="38888" protocol="tcp" drop`}}
	for _, c := range []struct {
		name       string
		now, later ZoneRules
		title      string
	}{
		{"neither", ZoneRules{}, ZoneRules{}, ""},
		{"both, in other ways", service, open, ""},
		{"by the target", ZoneRules{Target: "ACCEPT"}, rich, ""},
		{"only now", open, udp, "not after the next reload"},
		{"only later", refuses, service, "only after the next reload"},
	} {
		found := runtimePermanent.Check(zone(c.now, c.later))
		if c.title == "" && len(found) > 0 || c.title != "" && (len(found) != 1 || !strings.Contains(found[0].Title.String(), c.title)) {
			t.Errorf("%s: found %v, expected %q", c.name, found, c.title)
		}
	}
	if status, _ := runtimePermanent.Applies(Observation{}); status != probes.Skipped {
		t.Errorf("without firewalld: %v", status)
	}
	if status, why := runtimePermanent.Applies(Observation{Firewalld: &Firewalld{Unread: "no answer"}}); status != probes.Unknown || why.String() != "no answer" {
		t.Errorf("firewalld that does not answer: %v %v", status, why)
	}
}

func TestDockerBypass(t *testing.T) {
	o := onePort(Port{Port: 38889, Verdict: netfilter.Accept}, Path{})
	if found := dockerBypass.Check(o); len(found) != 0 {
		t.Errorf("no bypass: %v", found)
	}
	o.Ports[0].Bypasses = []Bypass{{To: "172.17.0.2:80", NAT: dropRule, Skipped: dropRule}}
	if found := dockerBypass.Check(o); len(found) != 1 || found[0].Severity != probes.Warning || found[0].Subject != "38889" {
		t.Errorf("a bypass: %v", found)
	}
	if status, _ := dockerBypass.Applies(Observation{Ports: []Port{{}}}); status != probes.Unknown {
		t.Errorf("nothing judged: %v", status)
	}
}

func TestAccepts(t *testing.T) {
	o := Observation{Ports: []Port{{Port: 1, Verdict: netfilter.Accept}, {Port: 2, Verdict: netfilter.Drop}, {Port: 3}}}
	for port, want := range map[int][2]bool{1: {true, true}, 2: {false, true}, 3: {false, false}, 4: {false, false}} {
		if a, k := o.Accepts(port); a != want[0] || k != want[1] {
			t.Errorf("port %d: accepted %v, known %v, expected %v", port, a, k, want)
		}
	}
}

func TestFixOfOtherPlaces(t *testing.T) {
	for _, c := range []struct {
		name string
		path Path
		want string
	}{
		{"before.rules", Path{Manager: UFW, By: netfilter.Decision{Chain: "ufw6-before-input", Family: "ip6"}}, "/etc/ufw/before6.rules"},
		{"a rich rule", Path{Manager: FirewallD, By: netfilter.Decision{Chain: "filter_IN_public_deny"}}, "--list-rich-rules"},
		{"IPv6", Path{Manager: Iptables, From: "fd00::1", By: netfilter.Decision{Family: "ip6", Table: "raw", Base: "PREROUTING"}}, "ip6tables -t raw -I PREROUTING -s fd00::1 -p tcp"},
		{"anyone, by firewalld", Path{Manager: FirewallD}, "firewall-cmd --permanent --zone=public --add-port=38888/tcp && firewall-cmd --reload"},
		{"anyone, by ufw", Path{Manager: UFW, By: netfilter.Decision{Chain: "INPUT", Policy: true}}, "ufw allow 38888/tcp"},
		{"IPv6 by nft", Path{Manager: NFT, From: "fd00::1", By: dropRule}, "nft insert rule inet filter input handle 7 ip6 saddr fd00::1 tcp dport 38888 accept"},
	} {
		c.path.Expected, c.path.Verdict = true, netfilter.Drop
		var all []string
		for _, l := range fix(Observation{Firewalld: &Firewalld{}}, Port{Port: 38888, Paths: []Path{c.path, c.path}}) {
			all = append(all, l.String())
		}
		if text := strings.Join(all, "\n"); strings.Count(text, c.want) != 1 {
			t.Errorf("%s: %q, expected %q once", c.name, text, c.want)
		}
	}
}
