package portconfig

import (
	"fmt"

	"example.com/wsdoctor/probes"
)

var keyConflict = probes.Rule[Observation]{
	ID:    "portconfig/key-conflict",
	Title: "only one of requestPort and requestPorts is in the table, and each key once",
	Why: "WebSocketConfig.requestPort and WebSocketConfig.requestPorts must not stand in fine_conf_entity together, or errors " +
		"occur (vendor: Configuring WebSocket Port in Cluster Environment, note 8). Builds dated before " + buildDate +
		" read the first, later ones the second.",
	Applies: needsRows,
	Check: func(o Observation) []probes.Finding {
		byID := map[string][]Row{}
		for _, r := range o.Rows.Rows {
			byID[r.ID] = append(byID[r.ID], r)
		}
		var out []probes.Finding
		if old, current := byID[KeyRequestPort], byID[KeyRequestPorts]; len(old) > 0 && len(current) > 0 {
			fix := []probes.Text{sqlIntro(), probes.T("# if the build is dated %s or later, take out the old key:", buildDate)}
			fix = append(fix, deleteRow(old[0])...)
			fix = append(fix, probes.T("# if it is older, take out the other one instead: %s", fmt.Sprintf("DELETE FROM fine_conf_entity WHERE id %s;", match(KeyRequestPorts))))
			out = append(out, probes.Finding{
				Severity: probes.Error, Subject: KeyRequestPorts,
				Title:    probes.T("found both %q and %q, expected only the one that the build reads: requestPorts since %s, requestPort before", KeyRequestPort, KeyRequestPorts, buildDate),
				Evidence: o.Rows.evidence(old[0], current[0]),
				Fix:      fix,
			})
		}
		for _, key := range keys {
			if same := byID[key]; len(same) > 1 {
				out = append(out, probes.Finding{
					Severity: probes.Warning, Subject: key,
					Title:    probes.T("found %q %d times, expected it once: which one the product reads is not known", key, len(same)),
					Evidence: o.Rows.evidence(same...),
					Fix:      []probes.Text{probes.T("# look at the table itself: SELECT id, value FROM fine_conf_entity WHERE id = %s;", literal(key))},
				})
			}
		}
		return out
	},
}

func (seen RowsSeen) evidence(rows ...Row) []probes.Evidence {
	out := make([]probes.Evidence, len(rows))
	for i, r := range rows {
		out[i] = probes.Evidence{Where: seen.where(r), Saw: probes.T("%s = %s", Visible(r.ID), Visible(r.Value))}
	}
	return out
}
