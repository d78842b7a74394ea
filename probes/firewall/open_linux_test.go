package firewall

import (
	"strings"
	"testing"

	"example.com/wsdoctor/probes/firewall/netfilter"
	"example.com/wsdoctor/probes/probetest"
)

// opened runs the lines of Open in a scene whose rules stop the port, and takes them back.
func (n *node) opened(m Manager, run func(lines []string)) {
	n.t.Helper()
	for _, from := range []string{"", "192.168.6.181", "192.168.6.0/24"} {
		lines, ok := Open(m, 38888, from)
		if !ok {
			n.t.Fatalf("%s: no lines", m)
		}
		var do, undo []string
		for _, l := range lines {
			do, undo = append(do, l[0]), append([]string{l[1]}, undo...)
		}
		run(do)
		if o, found := n.inbound(); len(found) != 0 || o.Ports[0].Verdict != netfilter.Accept {
			n.t.Errorf("%s from %q: after %q: %+v", m, from, do, found)
		}
		run(undo)
		if _, found := n.inbound(); len(found) != 1 {
			n.t.Errorf("%s from %q: after %q: %+v, expected the error back", m, from, undo, found)
		}
	}
	six, _ := Open(m, 38889, "fd00::1")
	for _, l := range six {
		run([]string{l[0]})
		run([]string{l[1]})
	}
}

func TestOpenFirewalls(t *testing.T) {
	t.Parallel()
	if !probetest.InNetns(t) {
		return
	}
	for _, program := range []string{"nft", "iptables-nft", "iptables-legacy", "iptables"} {
		probetest.Need(t, program)
	}
	n := newNode(t)
	n.sh("nft -f -", "table inet filter { chain input { type filter hook input priority 0; policy drop; ct state established accept; }\n}")
	n.opened(NFT, n.shell)
	n.sh("nft flush ruleset; iptables -A INPUT -p tcp --dport 38888 -j REJECT", "")
	n.opened(Iptables, n.shell)
	n.sh("nft flush ruleset; iptables-legacy -P INPUT DROP", "")
	n.opened(IptablesLegacy, n.shell)
	n.sh("iptables-legacy -P INPUT ACCEPT", "")
	ufw := probetest.UFW(t, n.root)
	run := func(lines []string) { n.t.Helper(); n.sh(ufw, strings.Join(lines, "\n")) }
	run([]string{"ufw allow 22/tcp"})
	n.opened(UFW, run)
	if lines, ok := Open(Docker, 1, ""); ok || lines != nil {
		t.Errorf("for docker: %v", lines)
	}
}

func TestOpenFirewalld(t *testing.T) {
	t.Parallel()
	if !probetest.InNetns(t) {
		return
	}
	n := newNode(t)
	n.startFirewalld()
	n.opened(FirewallD, n.shell)
}
