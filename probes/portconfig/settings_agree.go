package portconfig

import (
	"slices"

	"example.com/wsdoctor/probes"
)

var settingsAgree = probes.Rule[Observation]{
	ID:    "portconfig/settings-agree",
	Title: "the settings and the rows name the same ports",
	Why: "wsdoctor looks at the ports of its settings, the product listens on those of fine_conf_entity (or on its defaults, " +
		"where it has no row). Where they differ, every other check looks at the wrong port; in another order, the product " +
		"takes another one than the balancer's upstream says.",
	Applies: needsRows,
	Check: func(o Observation) []probes.Finding {
		return append(o.agree(WebSocket), o.agree(Forwarding)...)
	},
}

// agree compares one role's list in the settings with what the rows mean to say. A row that is malformed, ineffective
// or there twice is other rules' matter.
func (o Observation) agree(role Role) []probes.Finding {
	var settings List
	var rows []List
	for _, l := range o.Lists {
		switch {
		case l.Role == role && l.FromRow:
			rows = append(rows, l)
		case l.Role == role:
			settings = l
		}
	}
	for _, r := range o.Rows.Rows {
		if roleOf(r.Key) == role && r.Malformed != nil {
			return nil
		}
	}
	switch {
	case len(rows) == 0:
		return o.agreeWithDefault(role, settings)
	case len(rows) > 1 || slices.Equal(settings.Ports, rows[0].Ports):
		return nil
	}
	row := rows[0]
	f := probes.Finding{
		Severity: probes.Error, Subject: row.Key,
		Title: probes.T("the row %s names %s, the settings name %s", row.Key, yamlList(row.Ports), yamlList(settings.Ports)),
		Evidence: []probes.Evidence{
			{Where: row.Where, Saw: probes.T("%s = %s", Visible(row.row.ID), Visible(row.row.Value))},
			{Where: settings.Where, Saw: probes.Verbatim(yamlList(settings.Ports))},
		},
		Fix: adopt(settings, row.Ports),
	}
	if sameSet(settings.Ports, row.Ports) {
		f.Severity = probes.Warning
		f.Title = probes.T("the row %s names %s, the settings name the same ports in the order %s: the first that is free is taken", row.Key, yamlList(row.Ports), yamlList(settings.Ports))
	}
	return []probes.Finding{f}
}

// agreeWithDefault compares with what the product does without a row. The file may be part of the table only, so that
// this is no error.
func (o Observation) agreeWithDefault(role Role, settings List) []probes.Finding {
	info, _ := o.Product.Info()
	key, ports := KeyPort, info.Ports
	if role == Forwarding {
		key, ports = KeyRequestPorts, info.ForwardingPorts
	}
	if sameSet(settings.Ports, ports) {
		return nil
	}
	return []probes.Finding{{
		Severity: probes.Warning, Subject: key,
		Title: probes.T("no row %s was found, so that the product takes its default %s; the settings name %s", key, yamlList(ports), yamlList(settings.Ports)),
		Evidence: []probes.Evidence{
			{Where: o.Rows.File, Saw: probes.T("%d rows, none of them %s", o.Rows.Total, key)},
			{Where: settings.Where, Saw: probes.Verbatim(yamlList(settings.Ports))},
		},
		Fix: adopt(settings, ports),
	}}
}

// adopt lets the settings follow the product.
func adopt(settings List, ports []int) []probes.Text {
	name := settings.Where[len("websocket."):]
	return []probes.Text{
		probes.T("# in wsdoctor.yaml, below \"websocket:\", if the rows are right"),
		probes.Verbatim("  " + name + ": " + yamlList(ports)),
		probes.T("# to take it back: %s", name+": "+yamlList(settings.Ports)),
	}
}

func sameSet(a, b []int) bool {
	return slices.Equal(slices.Compact(slices.Sorted(slices.Values(a))), slices.Compact(slices.Sorted(slices.Values(b))))
}
