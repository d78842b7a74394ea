package netfilter

import (
	"slices"
	"strings"
)

// finish returns the whole, with the tables that iptables-nft keeps told from those of nft.
func (d *decoder) finish() Ruleset {
	for i := range d.rs.Tables {
		t := &d.rs.Tables[i]
		if t.Stack == NFTables && t.builtin() {
			t.Stack = IptablesNFT
		}
	}
	return d.rs
}

// builtin tells whether t looks as iptables-nft makes its tables: their names, with base chains named after their hooks
// in capitals, at the priorities of iptables-legacy.
func (t *Table) builtin() bool {
	if t.iptables() == NFTables {
		return false
	}
	priority, ok := legacyPriorities[t.Name]
	if !ok {
		return false
	}
	base := 0
	for _, c := range t.Chains {
		if c.Hook == "" {
			continue
		}
		base++
		if c.Name != strings.ToUpper(c.Hook) || c.Priority != priority && t.Name != "nat" {
			return false
		}
	}
	return base > 0
}

// wanted lists the sets of t that its rules ask.
func (t *Table) wanted() []string {
	var out []string
	add := func(name string) {
		if name != "" && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	for _, c := range t.Chains {
		for _, r := range c.Rules {
			for _, st := range r.Steps {
				add(st.Set)
				for _, v := range append(slices.Clone(st.Left), values(st.Value, st.ToAddr, st.ToPort)...) {
					add(v.Set)
				}
			}
		}
	}
	return out
}

func values(list ...*Value) []Value {
	var out []Value
	for _, v := range list {
		if v != nil {
			out = append(out, *v)
		}
	}
	return out
}
