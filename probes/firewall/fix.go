package firewall

import (
	"fmt"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/firewall/netfilter"
)

// mark names the rules that a fix adds, so that the line that takes one back finds it.
const mark = "wsdoctor"

// fix returns the lines that open the port on the ways on which it is stopped, each with the line that takes it back.
func fix(o Observation, p Port) []probes.Text {
	var out []probes.Text
	seen := map[string]bool{}
	for _, path := range p.Paths {
		if !path.Expected || path.Verdict == netfilter.Accept || path.Verdict == netfilter.Unknown {
			continue
		}
		lines := fixPath(o, p, path)
		key := fmt.Sprint(lines)
		if !seen[key] {
			seen[key] = true
			out = append(out, lines...)
		}
	}
	return out
}

func fixPath(o Observation, p Port, path Path) []probes.Text {
	switch path.Manager {
	case UFW:
		return fixUFW(p, path)
	case FirewallD:
		return fixFirewalld(o, p, path)
	case NFT:
		return fixNFT(p, path)
	case IptablesLegacy:
		return fixIptables(p, path, "-legacy")
	}
	return fixIptables(p, path, "")
}

// pair is a command and the one that takes it back.
func pair(do, undo string) []probes.Text {
	return []probes.Text{probes.Verbatim(do), probes.T("# to take it back: %s", undo)}
}

func fixUFW(p Port, path Path) []probes.Text {
	rule := allowUFW(p.Port, path.From)
	switch chain := strings.TrimPrefix(strings.TrimPrefix(path.By.Chain, "ufw6-"), "ufw-"); {
	case strings.HasPrefix(chain, "user-"): // a rule of the operator's comes first: the new one must stand before it
		return pair("ufw prepend "+rule, "ufw delete "+rule)
	case strings.HasPrefix(chain, "before-"):
		file := "/etc/ufw/before.rules"
		if path.By.Family == netfilter.FamilyIP6 {
			file = "/etc/ufw/before6.rules"
		}
		return []probes.Text{probes.T("# the rule stands in %s, which ufw reads before its own: take it out there, then", file), probes.Verbatim("ufw reload")}
	}
	return pair("ufw "+rule, "ufw delete "+rule)
}

func fixFirewalld(o Observation, p Port, path Path) []probes.Text {
	zone := o.zoneOf(path.Interface)
	name := zone.Name
	if name == "" {
		name = o.Firewalld.defaultZone()
	}
	at := "--zone=" + name
	if strings.HasSuffix(path.By.Chain, "_deny") {
		return []probes.Text{probes.T("# a rich rule of the zone %s refuses it; to see them, and to take one out:", name),
			probes.Verbatim("firewall-cmd " + at + " --list-rich-rules")}
	}
	if len(zone.Permanent.allows(p.Port)) > 0 {
		return pair("firewall-cmd --reload", fmt.Sprintf("firewall-cmd --permanent %s --remove-port=%d/tcp && firewall-cmd --reload", at, p.Port))
	}
	return pair(openFirewalld(at, p.Port, path.From))
}

// fixNFT puts a rule before the one that decides, or at the end of a chain whose policy does.
func fixNFT(p Port, path Path) []probes.Text {
	d := path.By
	at := fmt.Sprintf("%s %s %s", d.Family, d.Table, d.Chain)
	name := fmt.Sprintf("%s-%d", mark, p.Port)
	match := matchNFT(p.Port, path.From)
	do := fmt.Sprintf(`nft add rule %s %s accept comment \"%s\"`, at, match, name)
	if !d.Policy {
		do = fmt.Sprintf(`nft insert rule %s handle %d %s accept comment \"%s\"`, at, d.Handle, match, name)
	}
	return append(pair(do, undoNFT(at, name)), probes.T("# to keep it over a restart, put the rule into the file that loads the table, such as /etc/nftables.conf"))
}

// fixIptables puts a rule at the head of the chain that the kernel calls.
func fixIptables(p Port, path Path, kind string) []probes.Text {
	d := path.By
	program := "iptables" + kind
	if d.Family == netfilter.FamilyIP6 {
		program = "ip6tables" + kind
	}
	if d.Table != "filter" {
		program += " -t " + d.Table
	}
	chain := d.Base
	if chain == "" {
		chain = d.Chain
	}
	rule := chain + " " + acceptIptables(p.Port, path.From)
	return append(pair(program+" -I "+rule, program+" -D "+rule), probes.T("# to keep it over a restart, save the rules as this system does, such as: netfilter-persistent save"))
}
