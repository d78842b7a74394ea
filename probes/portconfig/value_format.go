package portconfig

import (
	"example.com/wsdoctor/probes"
)

var valueFormat = probes.Rule[Observation]{
	ID:    "portconfig/value-format",
	Title: "the values of the port settings are lists of ports",
	Why: "The product reads [\"38888\",\"39888\"], [38888, 39888], one port, or ports with commas between them (vendor: " +
		"Configuring WebSocket Port in Cluster Environment, note 1). Anything else, such as a full-width comma from a Chinese " +
		"keyboard, leaves it without the ports that the row was meant to set.",
	Applies: needsRows,
	Check: func(o Observation) []probes.Finding {
		var out []probes.Finding
		for _, r := range o.Rows.Rows {
			if r.Malformed == nil {
				continue
			}
			f := probes.Finding{
				Severity: probes.Error, Subject: r.Key,
				Title:    probes.T("the value %s of %s is no list of ports: %s", Visible(r.Value), r.Key, r.Malformed.text()),
				Evidence: o.Rows.evidence(r),
			}
			ports := salvage(r.Value)
			if len(ports) == 0 {
				info, _ := o.Product.Info()
				if ports = info.Ports; roleOf(r.Key) == Forwarding {
					ports = info.ForwardingPorts
				}
			}
			f.Fix = setValue(r, FormatValue(r.Key, ports))
			out = append(out, f)
		}
		return out
	},
}
