package netfilter

import (
	"encoding/json"
	"net/netip"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
)

var at = netip.MustParseAddr

// recordedLinks are the interfaces of the host where the rulesets in testdata were recorded.
var recordedLinks = []Link{
	{Name: "fw0", Index: 3, Addrs: []netip.Prefix{netip.MustParsePrefix("10.77.0.1/24"), netip.MustParsePrefix("fd77::1/64")}},
	{Name: "fw1", Index: 5, Addrs: []netip.Prefix{netip.MustParsePrefix("10.78.0.1/24")}},
}

func recorded(t testing.TB, name string) Ruleset {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var rs Ruleset
	if err := json.Unmarshal(b, &rs); err != nil {
		t.Fatal(err)
	}
	return rs
}

func TestRecorded(t *testing.T) {
	for _, c := range []struct {
		file, src string
		link      int
		port      uint16
		want      Verdict
		rule      string
	}{
		{"usual", "10.77.0.2", 0, 22, Accept, "tcp dport { 22, 80, 443 } accept"},
		{"usual", "10.77.0.2", 0, 38900, Accept, "ip saddr 10.77.0.0/25 tcp dport 38888-39000 accept"},
		{"usual", "10.77.0.130", 0, 38900, Drop, "policy drop"},
		{"usual", "fd77::2", 0, 38888, Accept, "ip6 saddr fd77::/64 tcp dport 38888 accept"},
		{"usual", "10.77.0.2", 0, 58888, Reject, "tcp dport 58888 reject with tcp reset"},
		{"sets", "10.77.0.2", 0, 38890, Accept, "ip saddr . tcp dport @pairs accept"},
		{"sets", "10.77.0.2", 0, 443, Accept, "iifname . tcp dport @names accept"},
		{"sets", "10.78.0.2", 1, 1500, Drop, "policy drop"},
		{"sets", "10.77.0.2", 0, 48888, Drop, "tcp dport vmap @verdicts"},
		{"marks", "10.77.0.2", 0, 80, Drop, "meta mark 0x00000010 drop"},
		{"marks", "10.78.0.2", 1, 38888, Reject, "meta mark < 0x00000010 tcp dport 38888 ip saddr 10.78.0.0/16 reject with icmpx admin-prohibited"},
		{"translated", "10.77.0.2", 0, 443, Accept, "meta l4proto tcp ct original proto-dst 443 accept"},
		{"translated", "10.77.0.2", 0, 1024, Drop, "tcp dport 1024 drop"},
	} {
		dst := at("10.77.0.1")
		if c.link == 1 {
			dst = at("10.78.0.1")
		} else if strings.Contains(c.src, ":") {
			dst = at("fd77::1")
		}
		res := Evaluate(recorded(t, c.file), recordedLinks, Packet{Src: at(c.src), Dst: dst, Port: c.port, In: recordedLinks[c.link]})
		if res.Verdict != c.want || res.By.Rule != c.rule {
			t.Errorf("%s: %s to %d: %s by %q, expected %s by %q", c.file, c.src, c.port, res.Verdict, res.By.Rule, c.want, c.rule)
		}
	}
}

// TestRuleText compares with what `nft list ruleset` printed of the same rules. What nft folds into a map, and how it
// writes flags, is spelled differently here.
func TestRuleText(t *testing.T) {
	for _, file := range []string{"usual", "sets", "marks", "translated"} {
		listed, err := os.ReadFile("testdata/" + file + ".nft")
		if err != nil {
			t.Fatal(err)
		}
		var lines []string
		for line := range strings.Lines(string(listed)) {
			lines = append(lines, strings.ReplaceAll(strings.TrimSpace(line), "counter packets 0 bytes 0 ", ""))
		}
		rs := recorded(t, file)
		for i := range rs.Tables {
			tb := &rs.Tables[i]
			for j := range tb.Chains {
				for k := range tb.Chains[j].Rules {
					text := tb.RuleText(&tb.Chains[j], &tb.Chains[j].Rules[k])
					loose := strings.Contains(text, " map") || strings.Contains(text, "tcp flags") || strings.Contains(text, "ct state vmap") || text == "log" ||
						strings.Contains(text, " . tcp dport @")
					if !loose && !slices.Contains(lines, text) {
						t.Errorf("%s: %q is not among\n%s", file, text, strings.Join(lines, "\n"))
					}
				}
			}
		}
	}
}

func TestEvaluateSources(t *testing.T) {
	for _, c := range []struct {
		name, rules       string
		any               Verdict
		accepted, refused string
	}{
		{"all", ":INPUT ACCEPT [0:0]\n", Accept, "any", ""},
		{"none", ":INPUT DROP [0:0]\n", Drop, "", ""},
		{"one network", ":INPUT DROP [0:0]\n-A INPUT -s 10.0.0.0/8 -j ACCEPT\n", Drop, "10.0.0.0/8", ""},
		{"all but one", ":INPUT ACCEPT [0:0]\n-A INPUT -s 192.0.2.7/32 -j DROP\n", Accept, "any", "192.0.2.7"},
		{"an exception", ":INPUT DROP [0:0]\n-A INPUT -s 10.1.0.0/16 -j DROP\n-A INPUT -s 10.0.0.0/8 -j ACCEPT\n", Drop, "10.0.0.0/16 10.2.0.0-10.255.255.255", ""},
		{"another port's", ":INPUT DROP [0:0]\n-A INPUT -s 10.0.0.0/8 -p tcp -m tcp --dport 22 -j ACCEPT\n", Drop, "", ""},
		{"a mask that is no prefix", ":INPUT DROP [0:0]\n-A INPUT -s 10.0.0.1/255.0.0.255 -j ACCEPT\n", Drop, "", ""},
	} {
		tables, err := ParseSave([]byte("*filter\n"+c.rules+"COMMIT\n"), FamilyIP)
		if err != nil {
			t.Fatal(err)
		}
		s := EvaluateSources(Ruleset{Tables: tables}, recordedLinks, Packet{Dst: at("10.77.0.1"), Port: 80, In: recordedLinks[0]})
		if s.Any.Verdict != c.any || strings.Join(s.Accepted, " ") != c.accepted || strings.Join(s.Refused, " ") != c.refused {
			t.Errorf("%s: %s, accepted %q, refused %q, expected %s, %q, %q", c.name, s.Any.Verdict, s.Accepted, s.Refused, c.any, c.accepted, c.refused)
		}
	}
}

// TestNeverOpen lists rules that cannot be judged: none may come out as accepted.
func TestNeverOpen(t *testing.T) {
	base := func(steps ...Step) Ruleset {
		return Ruleset{Tables: []Table{{Stack: NFTables, Family: FamilyInet, Name: "t", Chains: []Chain{
			{Name: "input", Hook: "input", Type: "filter", Policy: Accept, Rules: []Rule{{Handle: 1, Steps: steps}}}}}}}
	}
	loop := base(Step{Do: Jump, Chain: "input"})
	for name, rs := range map[string]Ruleset{
		"an expression that is not understood":     base(Step{Do: Opaque, Why: "x"}),
		"a condition that is not understood":       base(Step{Do: Undecided, Why: "x"}, Step{Do: DoDrop}),
		"a chain that is not there":                base(Step{Do: Jump, Chain: "gone"}),
		"a set that is not there":                  base(Step{Do: Match, Left: []Value{{From: Meta, Name: "mark", Len: 4}}, Set: "gone"}, Step{Do: DoDrop}),
		"a register nobody loaded":                 base(Step{Do: Match, Left: []Value{{From: NotKnown, Len: 4}}, Ranges: []Range{exactly(0, 0, 0, 0)}}, Step{Do: DoDrop}),
		"a map that is not there":                  base(Step{Do: VerdictOf, Left: []Value{{From: Meta, Name: "mark", Len: 4}}, Set: "gone"}),
		"a translation to somewhere":               base(Step{Do: DNAT, ToAddr: &Value{From: NotKnown, Len: 4}}),
		"chains that call each other":              loop,
		"tables that could not be read":            {Unread: []string{"x"}},
		"a step that this program has no name for": base(Step{Do: "new"}),
		"a bridge with a table of its own":         {Tables: []Table{{Stack: NFTables, Family: FamilyBridge, Name: "b", Chains: []Chain{{Name: "c", Hook: "input"}}}}},
	} {
		in := recordedLinks[0]
		in.Bridge = strings.Contains(name, "bridge")
		res := Evaluate(rs, recordedLinks, Packet{Src: at("10.77.0.2"), Dst: at("10.77.0.1"), Port: 80, In: in})
		if res.Verdict != Unknown || len(res.Why) == 0 {
			t.Errorf("%s: %+v, expected unknown with a reason", name, res)
		}
	}
}

func TestVerdictText(t *testing.T) {
	b, err := json.Marshal(map[string]Verdict{"a": Accept, "u": Unknown})
	if err != nil || string(b) != `{"a":"accept","u":"unknown"}` {
		t.Errorf("%s %v", b, err)
	}
	var back map[string]Verdict
	if err := json.Unmarshal(b, &back); err != nil || !reflect.DeepEqual(back, map[string]Verdict{"a": Accept, "u": Unknown}) {
		t.Errorf("%v %v", back, err)
	}
}
