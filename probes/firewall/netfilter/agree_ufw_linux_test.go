package netfilter

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"example.com/wsdoctor/probes/probetest"
)

// ufwCases are the commands that set ufw up, and how many answers are unknown.
var ufwCases = []struct {
	name, commands string
	unknowns       int
}{
	{"usual host", `ufw allow 22/tcp
ufw allow from 10.77.0.0/25 to any port 38888 proto tcp
ufw allow in on fw1 to any port 443 proto tcp
ufw deny 58888/tcp
ufw reject 65000/tcp
ufw allow 38889:39900/tcp
ufw logging medium`, 0},
	{"open but for some", `ufw default allow incoming
ufw deny from 10.77.0.130
ufw reject in on fw1 to any port 80 proto tcp
ufw limit 22/tcp
ufw deny proto tcp from any to 10.77.0.1 port 443,8080
ufw prepend allow from fd77::/64 to any port 3000 proto tcp
ufw default allow routed`, 0},
	{"rejecting", `ufw default reject incoming
ufw allow proto tcp from any to any port 80,443,1024
ufw insert 1 deny from 10.78.0.0/16 to any port 80 proto tcp`, 0},
}

// ufwGenerated is fewer than for the others: ufw takes its time.
const ufwGenerated = 2

func TestAgreementUFW(t *testing.T) {
	t.Parallel()
	if !probetest.InNetns(t) {
		return
	}
	dir := t.TempDir()
	script := "nft flush ruleset; rm -rf " + dir + "/*\n" + probetest.UFW(t, dir)
	l := newLab(t)
	load := func(name, commands string, unknowns int) {
		sh(t, commands, script)
		l.agree(name, commands, unknowns)
	}
	for _, c := range ufwCases {
		load(c.name, c.commands, c.unknowns)
	}
	r := seeded(t)
	for i := range ufwGenerated {
		load(fmt.Sprintf("generated %d", i), generateUFW(r), 0)
	}
	t.Logf("%d port and ruleset pairs compared", l.tried)
}

func generateUFW(r *rand.Rand) string {
	out := []string{"ufw default " + pick(r, "deny", "deny", "allow", "reject") + " incoming"}
	for range 3 + r.IntN(5) {
		verdict := pick(r, "allow", "allow", "deny", "reject")
		out = append(out, "ufw "+verdict+" "+pick(r,
			portList(r, "", ":")+"/tcp",
			"in on "+pick(r, "fw0", "fw1")+" to any port "+portList(r, "", ":")+" proto tcp",
			"from "+pick(r, "10.77.0.0/25", "10.77.0.130", "10.78.0.0/16", "fd77::2")+" to any port "+portList(r, "", ":")+" proto tcp",
			"proto tcp from any to any port "+portList(r, ",", ":"),
		))
	}
	return strings.Join(out, "\n")
}
