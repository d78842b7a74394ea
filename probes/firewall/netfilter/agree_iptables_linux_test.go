package netfilter

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"example.com/wsdoctor/probes/probetest"
)

// iptablesCases are in the format of iptables-restore; what holds for IPv4 alone is left out for IPv6.
var iptablesCases = []struct {
	name, rules string
	unknowns    int
}{
	{"usual host", `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:LOGDROP - [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -p ipv6-icmp -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -m comment --comment "the \"admin's\" way in" -j ACCEPT
-A INPUT -p tcp -m multiport --dports 80,443,38888:38890 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 58888 -j REJECT --reject-with tcp-reset
-A INPUT -j LOGDROP
-A LOGDROP -m limit --limit 3/min --limit-burst 10 -j LOG --log-prefix "[dropped] "
-A LOGDROP -j DROP
COMMIT
`, 0},
	{"sources, interfaces, inversion", `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:some - [0:0]
-A INPUT -p ipv6-icmp -j ACCEPT
-A INPUT -m state --state ESTABLISHED -j ACCEPT
4-A INPUT -s 10.77.0.128/25 -p tcp -m tcp --dport 3000 -j DROP
4-A INPUT ! -s 10.77.0.0/24 -p tcp -m tcp --dport 8080 -j REJECT --reject-with icmp-admin-prohibited
4-A INPUT -m iprange --src-range 10.78.0.1-10.78.0.9 -p tcp -m tcp --dport 80 -j DROP
4-A INPUT -s 10.0.0.2/255.0.0.255 -p tcp -m tcp --dport 1024 -j DROP
6-A INPUT -s fd77::/64 -p tcp -m tcp --dport 3000 -j REJECT --reject-with tcp-reset
-A INPUT -i fw1 -p tcp -m tcp --dport 443 -j DROP
-A INPUT ! -i fw+ -p tcp -j DROP
-A INPUT -i fw+ -p tcp -m tcp --sport 1024:65535 ! --dport 1:40000 -g some
-A some -p tcp -m tcp --dport 65000 -j RETURN
-A some -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -m multiport ! --dports 48888 -j DROP
COMMIT
`, 0},
	{"marks, states, kinds of address", `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 80 -j MARK --set-xmark 0x10/0xff
-A PREROUTING -p tcp -m tcp --dport 443 -j MARK --set-xmark 0x5/0xffffffff
-A PREROUTING -p tcp -m tcp --dport 443 -j CONNMARK --save-mark
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT
-A INPUT -m mark --mark 0x10/0xf0 -j DROP
-A INPUT -m connmark --mark 0x5 -j REJECT
-A INPUT -p tcp -m addrtype --dst-type LOCAL -m tcp --dport 22 -j ACCEPT
-A INPUT -p tcp -m addrtype ! --dst-type LOCAL -j DROP
4-A INPUT -p tcp -m addrtype --src-type MULTICAST,BROADCAST -j DROP
-A INPUT -p tcp -m pkttype ! --pkt-type unicast -j DROP
-A INPUT -p tcp -m tcp --dport 3000 -m connlimit --connlimit-above 1000 --connlimit-mask 32 --connlimit-saddr -j DROP
-A INPUT -p tcp -m tcp --dport 8080 -m hashlimit --hashlimit-above 10000/sec --hashlimit-burst 10000 --hashlimit-mode srcip --hashlimit-name h -j DROP
-A INPUT -p tcp -m tcp --dport 1024 -m recent --set --name l --mask 255.255.255.255 --rsource
-A INPUT -p tcp -m tcp --dport 1024 -m recent --update --seconds 30 --hitcount 20 --name l --mask 255.255.255.255 --rsource -j DROP
-A INPUT -p tcp -m tcp --dport 38888 -m conntrack --ctstate NEW -m conntrack --ctorigdstport 38888 -j DROP
-A INPUT -p tcp -m tcp --dport 38889 -m conntrack ! --ctstate NEW,INVALID -j DROP
COMMIT
`, 0},
	{"raw, translated", `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 80 -j CT --notrack
-A PREROUTING -p tcp -m tcp --dport 1024 -j DROP
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 3000 -j REDIRECT --to-ports 8080
4-A PREROUTING -p tcp -m tcp --dport 443 -j DNAT --to-destination 10.77.0.1:22
6-A PREROUTING -p tcp -m tcp --dport 443 -j DNAT --to-destination [fd77::1]:22
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate UNTRACKED -j ACCEPT
-A INPUT -p ipv6-icmp -j ACCEPT
-A INPUT -m conntrack --ctstate DNAT -p tcp -m tcp --dport 8080 -j ACCEPT
-A INPUT -m conntrack --ctstate DNAT --ctorigdstport 443 -p tcp -j ACCEPT
COMMIT
`, 0},
	{"what cannot be judged", `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 22 -m statistic --mode random --probability 0.5 -j DROP
-A INPUT -p tcp -m tcp --dport 80 -m time --timestart 00:00:00 --timestop 00:00:01 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 80 -j DROP
-A INPUT -p tcp -m tcp --dport 443 -m ttl --ttl-eq 200 -j DROP
COMMIT
`, 12},
}

func TestAgreementIptablesNFT(t *testing.T) { iptablesAgreement(t, "nft", IptablesNFT) }

func TestAgreementIptablesLegacy(t *testing.T) { iptablesAgreement(t, "legacy", IptablesLegacy) }

func iptablesAgreement(t *testing.T, kind string, stack Stack) {
	t.Parallel()
	if !probetest.InNetns(t) {
		return
	}
	lock := "XTABLES_LOCKFILE=" + filepath.Join(t.TempDir(), "lock") + " " // else it is /run/xtables.lock of the host
	restore4, restore6 := probetest.Need(t, "iptables-"+kind+"-restore"), probetest.Need(t, "ip6tables-"+kind+"-restore")
	l := newLab(t)
	load := func(name, rules string, unknowns int) {
		empty := "*raw\nCOMMIT\n*mangle\nCOMMIT\n*nat\nCOMMIT\n*filter\nCOMMIT\n"
		sh(t, empty+ofFamily(rules, "4"), lock+restore4)
		sh(t, empty+ofFamily(rules, "6"), lock+restore6)
		l.agree(name, rules, unknowns)
	}
	for _, c := range iptablesCases {
		load(c.name, c.rules, c.unknowns)
	}
	rs, err := Read(t.Context(), func(p string) string { return p })
	if err != nil {
		t.Fatal(err)
	}
	for _, tb := range rs.Tables {
		if tb.Stack != stack {
			t.Errorf("table %s %s: stack %s, expected %s", tb.Family, tb.Name, tb.Stack, stack)
		}
	}
	r := seeded(t)
	for i := range generated {
		load(fmt.Sprintf("generated %d", i), generateIptables(r), 0)
	}
	t.Logf("%d port and ruleset pairs compared", l.tried)
}

// ofFamily keeps the lines of a family and leaves out what the other one lacks.
func ofFamily(rules, family string) string {
	var out []string
	for line := range strings.Lines(rules) {
		if line[0] == '4' || line[0] == '6' {
			if line[:1] != family {
				continue
			}
			line = line[1:]
		}
		if family == "6" {
			if strings.Contains(line, "-m ttl") {
				line = strings.Replace(strings.Replace(line, "-m ttl", "-m hl", 1), "--ttl-eq", "--hl-eq", 1)
			}
			line = strings.ReplaceAll(line, "-p icmp ", "-p ipv6-icmp ")
			line = strings.ReplaceAll(line, "--mask 255.255.255.255", "--mask ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")
			line = strings.ReplaceAll(line, "--connlimit-mask 32", "--connlimit-mask 128")
		}
		out = append(out, line)
	}
	return strings.Join(out, "")
}

func generateIptables(r *rand.Rand) string {
	var b strings.Builder
	b.WriteString("*mangle\n:PREROUTING ACCEPT [0:0]\n")
	for range r.IntN(3) {
		fmt.Fprintf(&b, "-A PREROUTING %s -j %s\n", iptablesConditions(r), pick(r, "ACCEPT", "DROP", "MARK --set-xmark 0x7/0xffffffff", "MARK --set-xmark 0x3/0x3"))
	}
	fmt.Fprintf(&b, "COMMIT\n*filter\n:INPUT %s [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:a - [0:0]\n:b - [0:0]\n", pick(r, "ACCEPT", "DROP"))
	b.WriteString("-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n-A INPUT -p ipv6-icmp -j ACCEPT\n")
	verdicts := []string{"-j ACCEPT", "-j DROP", "-j REJECT", "-j REJECT --reject-with tcp-reset", "-j RETURN", "-j LOG", ""}
	for range 3 + r.IntN(8) {
		fmt.Fprintf(&b, "-A INPUT %s %s\n", iptablesConditions(r), pick(r, append(verdicts, "-j a", "-g a", "-j b", "-j MARK --set-xmark 0x4/0x4")...))
	}
	for range 1 + r.IntN(4) {
		fmt.Fprintf(&b, "-A a %s %s\n", iptablesConditions(r), pick(r, append(verdicts, "-j b", "-g b")...))
	}
	for range 1 + r.IntN(4) {
		fmt.Fprintf(&b, "-A b %s %s\n", iptablesConditions(r), pick(r, verdicts...))
	}
	b.WriteString("COMMIT\n")
	return b.String()
}

func iptablesConditions(r *rand.Rand) string {
	out := []string{"-p tcp"}
	not := pick(r, "", "", "! ")
	for range r.IntN(3) {
		out = append(out, pick(r,
			"-m tcp "+not+"--dport "+portList(r, "", ":"),
			"-m multiport "+not+"--dports "+portList(r, ",", ":"),
			"-m conntrack "+not+"--ctstate "+pick(r, "NEW", "INVALID", "NEW,ESTABLISHED", "RELATED"),
			"-m mark "+not+"--mark "+pick(r, "0x7", "0x3/0x3", "0x0/0x4"),
			"-m addrtype "+not+"--dst-type LOCAL",
			"-m comment --comment \"some words\"",
			"-m limit --limit 10000/sec --limit-burst 10000",
			"-m tcp --sport 1024:65535",
		))
	}
	if r.IntN(3) == 0 {
		out = append(out, not+"-i "+pick(r, "fw0", "fw1", "fw+"))
	}
	rule := strings.Join(dedupe(out), " ")
	// Two dports of one match are an error of iptables.
	for _, option := range []string{"--dport ", "--ctstate ", "--sport "} {
		if strings.Count(rule, option) > 1 {
			return iptablesConditions(r)
		}
	}
	return rule
}

func dedupe(in []string) []string {
	var out []string
	seen := map[string]bool{}
	for _, s := range in {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}
