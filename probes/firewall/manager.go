package firewall

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"

	"example.com/wsdoctor/probes/firewall/netfilter"
)

// Manager is a tool that keeps rules.
type Manager string

// The managers.
const (
	NoManager      Manager = "none" // no rule
	UFW            Manager = "ufw"
	FirewallD      Manager = "firewalld"
	Docker         Manager = "docker"
	NFT            Manager = "nft"
	Iptables       Manager = "iptables" // iptables-nft
	IptablesLegacy Manager = "iptables-legacy"
)

// ufwEnabled tells whether ufw is switched on (ufw(8); /etc/ufw/ufw.conf).
func ufwEnabled(path func(string) string) bool {
	text, err := os.ReadFile(path("/etc/ufw/ufw.conf"))
	return err == nil && parseUFW(text)
}

// parseUFW reads ENABLED as ufw does: the last line that sets it counts, quotes are taken off.
func parseUFW(text []byte) bool {
	on := false
	for line := range bytes.Lines(text) {
		key, value, ok := strings.Cut(strings.TrimSpace(string(line)), "=")
		if ok && strings.TrimSpace(key) == "ENABLED" {
			on = strings.EqualFold(strings.Trim(strings.TrimSpace(value), `"'`), "yes")
		}
	}
	return on
}

// manager tells which tool keeps the rule of a decision.
func (h host) manager(d netfilter.Decision) Manager {
	if d.IsZero() {
		return NoManager
	}
	builtin := d.Policy && (d.Chain == "INPUT" || d.Chain == "FORWARD") && d.Table == "filter"
	switch {
	case strings.HasPrefix(d.Chain, "ufw-"), strings.HasPrefix(d.Chain, "ufw6-"), builtin && h.ufw && h.hasChain(d, "ufw"):
		return UFW
	case d.Table == "firewalld", h.firewalld != nil && h.hasChain(d, "INPUT_ZONES") && d.Stack != netfilter.NFTables:
		return FirewallD
	case strings.HasPrefix(d.Chain, "DOCKER"):
		return Docker
	case d.Stack == netfilter.IptablesLegacy:
		return IptablesLegacy
	case d.Stack == netfilter.IptablesNFT:
		return Iptables
	}
	return NFT
}

// hasChain tells whether the table of a decision has a chain with a name that begins with prefix.
func (h host) hasChain(d netfilter.Decision, prefix string) bool {
	for _, t := range h.rules.Tables {
		if t.Stack == d.Stack && t.Family == d.Family && t.Name == d.Table {
			return slices.ContainsFunc(t.Chains, func(c netfilter.Chain) bool { return strings.HasPrefix(c.Name, prefix) })
		}
	}
	return false
}

// managers lists the tools that run and those whose rules hook in, each once.
func (h host) managers() []Manager {
	out := []Manager{}
	add := func(m Manager) {
		if !slices.Contains(out, m) {
			out = append(out, m)
		}
	}
	if h.firewalld != nil {
		add(FirewallD)
	}
	for _, t := range h.rules.Tables {
		for _, c := range t.Chains {
			if c.Hook == "" || c.Type == "nat" || len(c.Rules) == 0 && c.Policy != netfilter.Drop {
				continue
			}
			d := netfilter.Decision{Stack: t.Stack, Family: t.Family, Table: t.Name, Chain: c.Name, Policy: true}
			add(h.manager(d))
		}
	}
	return out
}

// where spells the place of a decision.
func where(d netfilter.Decision) string {
	if d.IsZero() {
		return ""
	}
	at := ""
	switch {
	case d.Policy:
		at = ", policy"
	case d.Stack == netfilter.IptablesLegacy:
		at = fmt.Sprintf(", rule %d", d.Handle)
	case d.Handle != 0:
		at = fmt.Sprintf(", handle %d", d.Handle)
	}
	table := d.Table
	if d.Stack == netfilter.NFTables || d.Family == netfilter.FamilyIP6 {
		table = d.Family + " " + d.Table
	}
	return fmt.Sprintf("%s: table %s, chain %s%s", d.Stack, table, d.Chain, at)
}
