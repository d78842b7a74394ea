package firewall

import (
	"fmt"
	"strings"
)

// Managers are the tools for which Open writes lines.
var Managers = []Manager{UFW, FirewallD, NFT, Iptables, IptablesLegacy}

// Open returns the lines that let connections to a TCP port in from an address or a network, or with from "" from
// anywhere, each beside the one that takes it back. Nothing of the host is known: they stand for a manager that keeps
// its rules where it does by default. For NFT that is the chain input of the table inet filter, in which the rule comes
// first. ok is false for a manager without lines of its own. What is there twice over (IPv4 and IPv6) has two lines.
func Open(m Manager, port int, from string) (lines [][2]string, ok bool) {
	six := strings.Contains(from, ":")
	switch m {
	case UFW:
		rule := allowUFW(port, from)
		return [][2]string{{"ufw " + rule, "ufw delete " + rule}}, true
	case FirewallD:
		do, undo := openFirewalld("", port, from)
		return [][2]string{{do, undo}}, true
	case NFT:
		const at = "inet filter input"
		name := fmt.Sprintf("%s-%d", mark, port)
		if from != "" {
			name += "-" + strings.NewReplacer(":", "-", "/", "-", ".", "-").Replace(from)
		}
		return [][2]string{{fmt.Sprintf(`nft insert rule %s %s accept comment \"%s\"`, at, matchNFT(port, from), name), undoNFT(at, name)}}, true
	case Iptables, IptablesLegacy:
		kind := ""
		if m == IptablesLegacy {
			kind = "-legacy"
		}
		for _, program := range []string{"iptables", "ip6tables"} {
			if from != "" && six != (program == "ip6tables") {
				continue
			}
			rule := "INPUT " + acceptIptables(port, from)
			lines = append(lines, [2]string{program + kind + " -I " + rule, program + kind + " -D " + rule})
		}
		return lines, true
	}
	return nil, false
}

func allowUFW(port int, from string) string {
	if from != "" {
		return fmt.Sprintf("allow from %s to any port %d proto tcp", from, port)
	}
	return fmt.Sprintf("allow %d/tcp", port)
}

// openFirewalld opens a port in a zone, given as "--zone=NAME", or "" for the default one.
func openFirewalld(zone string, port int, from string) (do, undo string) {
	what, gone := fmt.Sprintf("--add-port=%d/tcp", port), fmt.Sprintf("--remove-port=%d/tcp", port)
	if from != "" {
		family := "ipv4"
		if strings.Contains(from, ":") {
			family = "ipv6"
		}
		rich := fmt.Sprintf(`'rule family="%s" source address="%s" port port="%d" protocol="tcp" accept'`, family, from, port)
		what, gone = "--add-rich-rule="+rich, "--remove-rich-rule="+rich
	}
	if zone != "" {
		what, gone = zone+" "+what, zone+" "+gone
	}
	return fmt.Sprintf("firewall-cmd --permanent %s && firewall-cmd --reload", what), fmt.Sprintf("firewall-cmd --permanent %s && firewall-cmd --reload", gone)
}

func matchNFT(port int, from string) string {
	match := fmt.Sprintf("tcp dport %d", port)
	if from != "" {
		family := "ip"
		if strings.Contains(from, ":") {
			family = "ip6"
		}
		match = fmt.Sprintf("%s saddr %s %s", family, from, match)
	}
	return match
}

// undoNFT takes the rule with a comment out of a chain, given as "FAMILY TABLE CHAIN".
func undoNFT(chain, comment string) string {
	return fmt.Sprintf(`nft delete rule %s handle $(nft -a list chain %s | awk '/"%s"/ {print $NF}')`, chain, chain, comment)
}

func acceptIptables(port int, from string) string {
	match := ""
	if from != "" {
		match = "-s " + from + " "
	}
	return fmt.Sprintf("%s-p tcp --dport %d -j ACCEPT", match, port)
}
