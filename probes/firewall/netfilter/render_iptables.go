package netfilter

import (
	"fmt"
	"strconv"
	"strings"
)

// iptablesText spells a rule of iptables-nft as iptables-save does. What iptables-nft keeps in expressions of nf_tables
// itself is spelled from those; what it keeps as an xtables match carries its text.
func (t *Table) iptablesText(c *Chain, r *Rule) string {
	words := []string{"-A", c.Name}
	for _, st := range r.Steps {
		text := st.Text
		if text == "" {
			text = t.iptablesStep(st)
		}
		if text != "" {
			words = append(words, text)
		}
	}
	if r.Comment != "" {
		words = append(words, fmt.Sprintf("-m comment --comment %q", r.Comment))
	}
	return strings.Join(words, " ")
}

func (t *Table) iptablesStep(st Step) string {
	switch st.Do {
	case Jump:
		return "-j " + st.Chain
	case Goto:
		return "-g " + st.Chain
	case DoAccept, DoDrop, DoReject, Return:
		return "-j " + strings.ToUpper(string(st.Do))
	case Match:
		if len(st.Left) == 1 && len(st.Ranges) == 1 && st.Set == "" {
			if text := t.iptablesMatch(st); text != "" {
				return text
			}
		}
	}
	if text := t.stepText(st, "tcp"); text != "" {
		return "[" + text + "]"
	}
	return ""
}

// iptablesMatch spells the comparisons that have an option of iptables.
func (t *Table) iptablesMatch(st Step) string {
	v, r := st.Left[0], st.Ranges[0]
	name, k := v.spell("tcp")
	value := intervalText(k, v, r.From, r.To)
	option := map[string]string{
		"ip saddr": "-s", "ip6 saddr": "-s", "ip daddr": "-d", "ip6 daddr": "-d", "iifname": "-i", "oifname": "-o",
		"meta l4proto": "-p", "ip protocol": "-p", "ip6 nexthdr": "-p", "tcp dport": "--dport", "tcp sport": "--sport",
	}[name]
	switch {
	case option == "" || strings.ContainsAny(st.Op, "<>"):
		return ""
	case k == kindIfname:
		if s, err := strconv.Unquote(value); err == nil {
			value = strings.TrimSuffix(s, "*")
			if len(value) < len(s) {
				value += "+"
			}
		}
	case k == kindAddr && !strings.Contains(value, "/") && !strings.Contains(value, "-"):
		value += "/" + strconv.Itoa(v.Len*8)
	case k == kindPort:
		value = strings.Replace(value, "-", ":", 1)
	}
	option = not(st.Op == "!=", option)
	if k == kindPort {
		option = "-m tcp " + option
	}
	return option + " " + value
}
