package netfilter

import (
	"fmt"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"

	"example.com/wsdoctor/probes/probetest"
)

// generated is how many rulesets of each stack are made up; each is tried on every port and path of the lab.
const generated = 6

// nftCases are rulesets with what is easily got wrong.
var nftCases = []struct {
	name, rules string
	unknowns    int
}{
	{"empty", "", 0},
	{"usual host", `table inet filter {
		chain input { type filter hook input priority 0; policy drop;
			ct state vmap { established : accept, related : accept, invalid : drop }
			iifname "lo" accept
			meta l4proto { icmp, ipv6-icmp } accept
			tcp dport { 22, 80, 443 } accept
			ip saddr 10.77.0.0/25 tcp dport 38888-39000 accept
			ip6 saddr fd77::/64 tcp dport 38888 accept
			tcp dport 58888 reject with tcp reset
			counter log prefix "dropped "; }
		chain forward { type filter hook forward priority 0; policy drop; }
}`, 0},
	{"sets and concatenations", `table inet filter {
		set ports { type inet_service; flags interval; elements = { 80, 3000-9000, 65000 } }
		set pairs { type ipv4_addr . inet_service; flags interval; elements = { 10.77.0.0/25 . 38888-38890, 10.78.0.2 . 22 } }
		set names { type ifname . inet_service; elements = { "fw0" . 443, "fw1" . 39888 } }
		map verdicts { type inet_service : verdict; flags interval; elements = { 1000-2000 : goto chosen, 48888 : drop, 58888 : jump chosen } }
		chain chosen { ip saddr 10.78.0.2 return; accept; }
		chain input { type filter hook input priority filter; policy drop;
			ip saddr . tcp dport @pairs accept
			iifname . tcp dport @names accept
			tcp dport vmap @verdicts
			iifname "fw*" tcp dport @ports accept; }
}`, 0},
	{"two chains, marks and priorities", `table inet marks {
		chain pre { type filter hook prerouting priority mangle; tcp dport 80 meta mark set 0x10; tcp dport 443 meta mark set 0x21 ct mark set 5; }
}
		table ip second { chain input { type filter hook input priority 10; policy accept;
			meta mark 0x10 drop
			meta mark & 0xf0 == 0x20 reject
			ct mark 5 drop
			tcp dport != { 22, 80, 443, 38888 } counter drop; }
}
		table inet first { chain input { type filter hook input priority -10; policy accept; tcp dport 22 accept; ct state != new drop; meta mark < 0x10 tcp dport 38888 ip saddr 10.78.0.0/16 reject with icmpx admin-prohibited; }
}`, 0},
	{"raw, untracked, translated", `table ip raw { chain pre { type filter hook prerouting priority raw;
			tcp dport 80 notrack
			ct state new drop comment "no connection yet: never matches"
			tcp dport 1024 drop; }
}
		table ip nat { chain pre { type nat hook prerouting priority dstnat;
			tcp dport 3000 redirect to :8080
			tcp dport 443 dnat to 10.77.0.1:22
			tcp dport 65000 dnat to tcp dport map { 65000 : 10.77.0.1 }; }
}
		table inet filter { chain input { type filter hook input priority 0; policy drop;
			ct state untracked accept
			ct status dnat tcp dport 8080 accept
			meta l4proto tcp ct original proto-dst 443 accept
			ip saddr 10.77.0.130 tcp flags & (fin|syn|rst|ack) == syn accept; }
}`, 0},
	{"limits", `table inet filter { set seen { type ipv4_addr; size 128; flags dynamic; }
		chain input { type filter hook input priority 0; policy accept;
			tcp dport 22 limit rate over 10000/second burst 1000 packets drop
			tcp dport 80 limit rate 10000/second burst 1000 packets accept
			tcp dport 443 ct count over 1000 reject
			tcp dport 3000 add @seen { ip saddr limit rate over 10000/second burst 1000 packets } drop
			tcp dport 8080 quota over 100 mbytes drop
			tcp dport { 80, 38888 } drop; }
}`, 0},
	{"look-ups of addresses", `table inet filter { chain input { type filter hook input priority 0; policy drop;
			fib saddr . iif oif missing drop
			fib daddr type local tcp dport { 22, 80 } accept
			fib daddr . iif type != local drop
			meta nfproto ipv6 tcp dport 443 accept
			meta protocol ip tcp dport 8080 accept
			ip daddr 10.77.0.1 th dport 38888 accept
			ip protocol tcp ip length < 400 tcp dport 38889 log accept; }
}`, 3},
	{"what cannot be judged", `table inet filter { chain input { type filter hook input priority 0; policy accept;
			tcp dport 22 meta cpu 99 drop
			tcp dport 80 numgen random mod 2 0 drop
			tcp option maxseg size 1-500 tcp dport 443 drop
			tcp dport 80 drop; }
}`, 8},
	{"ingress", `table netdev edge { chain in { type filter hook ingress device "fw0" priority 0; tcp dport 80 drop; ip saddr 10.77.0.130 tcp dport 22 drop; }
}
		table inet edge { chain in { type filter hook ingress device "fw1" priority 0; tcp dport 443 drop; }
}`, 0},
	{"dormant", `table inet filter { flags dormant; chain input { type filter hook input priority 0; policy drop; }
}`, 0},
}

func TestAgreementNFTables(t *testing.T) {
	t.Parallel()
	if !probetest.InNetns(t) {
		return
	}
	nft := probetest.Need(t, "nft")
	l := newLab(t)
	load := func(name, rules string, unknowns int) {
		sh(t, "flush ruleset\n"+rules, nft+" -f -")
		l.agree(name, rules, unknowns)
	}
	for _, c := range nftCases {
		load(c.name, c.rules, c.unknowns)
	}
	r := seeded(t)
	for i := range generated {
		rules := generateNFT(r)
		for !accepted(nft, rules) { // nft refuses conditions that exclude each other
			rules = generateNFT(r)
		}
		load(fmt.Sprintf("generated %d", i), rules, 0)
	}
	t.Logf("%d port and ruleset pairs compared", l.tried)
}

func accepted(nft, rules string) bool {
	cmd := exec.Command(nft, "-c", "-f", "-")
	cmd.Stdin = strings.NewReader(rules)
	return cmd.Run() == nil
}

func generateNFT(r *rand.Rand) string {
	var b strings.Builder
	family := pick(r, "inet", "inet", "ip")
	fmt.Fprintf(&b, "table %s made {\n", family)
	fmt.Fprintf(&b, "  set some { type inet_service; flags interval; elements = { %s } }\n", portList(r, ", ", "-"))
	fmt.Fprintf(&b, "  map way { type inet_service : verdict; elements = { %d : accept, %d : jump a } }\n", labPorts[0], labPorts[1+r.IntN(11)])
	for _, c := range []string{"b", "a"} { // a may jump to b
		fmt.Fprintf(&b, "  chain %s {\n", c)
		for range 1 + r.IntN(3) {
			to := []string{"accept", "drop", "reject", "return"}
			if c == "a" {
				to = append(to, "jump b", "goto b")
			}
			fmt.Fprintf(&b, "    %s %s\n", nftConditions(r, family), pick(r, to...))
		}
		fmt.Fprintf(&b, "  }\n")
	}
	hooks := []string{"hook input priority 0", "hook input priority -5", "hook prerouting priority -350", "hook prerouting priority 0"}
	for i := range 1 + r.IntN(2) {
		fmt.Fprintf(&b, "  chain base%d { type filter %s; policy %s;\n", i, pick(r, hooks...), pick(r, "accept", "accept", "drop"))
		// What follows the SYN goes through, so that a connection tells what became of the SYN.
		fmt.Fprintf(&b, "    ct state established,related accept\n")
		if family == "inet" {
			fmt.Fprintf(&b, "    meta l4proto ipv6-icmp accept\n")
		}
		for range 2 + r.IntN(6) {
			fmt.Fprintf(&b, "    %s %s\n", nftConditions(r, family), pick(r, "accept", "accept", "drop", "reject with tcp reset", "jump a", "goto a", "jump b", "counter", "log", "tcp dport vmap @way", "meta mark set 7"))
		}
		fmt.Fprintf(&b, "  }\n")
	}
	b.WriteString("}\n")
	return b.String()
}

func nftConditions(r *rand.Rand, family string) string {
	var out []string
	for range r.IntN(3) {
		c := pick(r,
			fmt.Sprintf("tcp dport %s", portList(r, "", "-")),
			fmt.Sprintf("tcp dport %s { %s }", pick(r, "", "!="), portList(r, ", ", "-")),
			"tcp dport "+pick(r, "", "!= ")+"@some",
			fmt.Sprintf("tcp dport %s %d", pick(r, "<", ">", "<=", ">=", "!="), pick(r, labPorts...)),
			"ip saddr "+pick(r, "", "!= ")+pick(r, "10.77.0.0/24", "10.77.0.128/25", "10.78.0.2", "10.0.0.0/8", "{ 10.77.0.2, 10.78.0.0/16 }", "10.77.0.1-10.77.0.99"),
			"iifname "+pick(r, "", "!= ")+pick(r, `"fw0"`, `"fw1"`, `"fw*"`, `{ "fw0", "lo" }`),
			"iif "+pick(r, `"fw0"`, `"fw1"`),
			"ct state "+pick(r, "new", "established,related", "{ new, established }", "invalid"),
			"meta mark "+pick(r, "0", "7", "!= 7", "and 0x3 == 0x3"),
			"ip daddr . tcp dport { 10.77.0.1 . 22, 10.78.0.1 . 443, 10.77.0.1 . 38888 }",
			"tcp flags & (fin|rst) == 0", "tcp sport 1024-65535", "limit rate 10000/second burst 1000 packets", "fib daddr type local", "meta pkttype host",
		)
		if family == "inet" && r.IntN(6) == 0 {
			c = pick(r, "ip6 saddr fd77::/16", "ip6 saddr != fd77::2", "meta nfproto ipv4", "ip6 daddr { fd77::1, fd78::/32 }")
		}
		out = append(out, c)
	}
	return strings.Join(out, " ")
}

// portList writes one port or interval, or with a separator several.
func portList(r *rand.Rand, sep, to string) string {
	n := 1
	if sep != "" {
		n += r.IntN(4)
	}
	var out []string
	for _, i := range r.Perm(len(labPorts))[:n] {
		p := labPorts[i]
		if r.IntN(3) == 0 && (i+1 == len(labPorts) || p+50 < labPorts[i+1]) {
			out = append(out, fmt.Sprintf("%d%s%d", p, to, p+uint16(r.IntN(50))))
		} else {
			out = append(out, fmt.Sprint(p))
		}
	}
	return strings.Join(out, sep)
}
