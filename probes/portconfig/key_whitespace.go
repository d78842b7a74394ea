package portconfig

import (
	"strings"

	"example.com/wsdoctor/probes"
)

var keyWhitespace = probes.Rule[Observation]{
	ID:    "portconfig/key-whitespace",
	Title: "no blank stands at the end of a port setting's key or value",
	Why: "A space at the end of WebSocketConfig.port, requestPort or requestPorts makes the setting ineffective without a " +
		"word (vendor: Configuring WebSocket Port in Cluster Environment, note 6). Tabs, no-break and zero-width " +
		"characters come in by copying from web pages and look the same.",
	Applies: needsRows,
	Check: func(o Observation) []probes.Finding {
		var out []probes.Finding
		for _, r := range o.Rows.Rows {
			if blanks := blanksOf(r.ID); len(blanks) > 0 {
				title := probes.T("found the key %s with %s in it, expected %q: the setting has no effect", Visible(r.ID), nameOf(blanks), r.Key)
				out = append(out, o.Rows.ineffective(r, title))
			}
			trimmed := strings.TrimFunc(r.Value, isBlank)
			if trimmed == r.Value {
				continue
			}
			f := probes.Finding{
				Severity: probes.Error, Subject: r.Key,
				Title:    probes.T("found the value %s of %s with %s at its end, expected %q: the setting has no effect", Visible(r.Value), r.Key, nameOf(blanksOf(strings.TrimPrefix(r.Value, trimmed))), trimmed),
				Evidence: []probes.Evidence{{Where: o.Rows.where(r), Saw: probes.T("%s = %s", Visible(r.ID), Visible(r.Value))}},
				Fix:      setValue(r, trimmed),
			}
			if strings.TrimLeftFunc(r.Value, isBlank) != r.Value && strings.TrimRightFunc(r.Value, isBlank) == r.Value {
				// The vendor speaks of trailing blanks only, and a list typed by hand has one behind its separator.
				f.Severity = probes.Warning
				f.Title = probes.T("found the value %s of %s with %s at its start, expected %q", Visible(r.Value), r.Key, nameOf(blanksOf(strings.TrimSuffix(r.Value, trimmed))), trimmed)
			}
			out = append(out, f)
		}
		return out
	},
}

func blanksOf(s string) []rune {
	var out []rune
	for _, r := range s {
		if isBlank(r) {
			out = append(out, r)
		}
	}
	return out
}

// nameOf names the most telling of some blanks: one that is no plain space, if there is one.
func nameOf(blanks []rune) probes.Text {
	for _, r := range blanks {
		if r != ' ' {
			return describe(r)
		}
	}
	return describe(' ')
}
