package portconfig

import (
	"example.com/wsdoctor/probes"
)

var keyName = probes.Rule[Observation]{
	ID:    "portconfig/key-name",
	Title: "the keys of the port settings are spelled as the product reads them",
	Why: "The keys of fine_conf_entity are case-sensitive. A row under another spelling is ignored without a word, and the " +
		"product uses its default ports (vendor: Configuring WebSocket Port in Cluster Environment, note 7). " +
		"Builds dated before " + buildDate + " read WebSocketConfig.requestPort, later ones WebSocketConfig.requestPorts.",
	Applies: needsRows,
	Check: func(o Observation) []probes.Finding {
		var out []probes.Finding
		for _, r := range o.Rows.Rows {
			spelled := unspaced(r.ID)
			if spelled == r.Key {
				continue
			}
			title := probes.T("found the key %s, expected %q: the product ignores it", Visible(r.ID), r.Key)
			if sameButCase(spelled, r.Key) {
				title = probes.T("found the key %s, expected %q: keys are case-sensitive, and the product ignores it", Visible(r.ID), r.Key)
			}
			out = append(out, o.Rows.ineffective(r, title))
		}
		return append(out, o.oldKeyAlone()...)
	},
}

func sameButCase(a, b string) bool {
	return lower(a) == lower(b)
}

// lower folds ASCII alone: a full-width letter is another fault than a wrong case.
func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// ineffective makes the finding of a row that the product does not see under its key. Where another row does hold
// the setting, this one is a leftover.
func (seen RowsSeen) ineffective(r Row, title probes.Text) probes.Finding {
	f := probes.Finding{
		Severity: probes.Error, Subject: r.Key, Title: title,
		Evidence: []probes.Evidence{{Where: seen.where(r), Saw: probes.T("%s = %s", Visible(r.ID), Visible(r.Value))}},
		Fix:      renameRow(r),
	}
	if !seen.effectiveFor(roleOf(r.Key)) {
		return f
	}
	f.Severity = probes.Warning
	f.Evidence = append(f.Evidence, probes.Evidence{Where: seen.File, Saw: probes.T("another row, spelled as it must be, holds this setting")})
	f.Fix = append([]probes.Text{sqlIntro()}, deleteRow(r)...)
	return f
}

// oldKeyAlone says which builds read the old key; whether that is right cannot be seen here.
func (o Observation) oldKeyAlone() []probes.Finding {
	var old *Row
	for i, r := range o.Rows.Rows {
		switch {
		case roleOf(r.Key) == Forwarding && r.Key == KeyRequestPorts:
			return nil
		case r.ID == KeyRequestPort:
			old = &o.Rows.Rows[i]
		}
	}
	if old == nil {
		return nil
	}
	renamed := *old
	renamed.Key = KeyRequestPorts
	return []probes.Finding{{
		Severity: probes.Info, Subject: KeyRequestPort,
		Title:    probes.T("found the key %q, which builds dated before %s read; later ones expect %q", KeyRequestPort, buildDate, KeyRequestPorts),
		Evidence: []probes.Evidence{{Where: o.Rows.where(*old), Saw: probes.T("%s = %s", Visible(old.ID), Visible(old.Value))}},
		Fix:      append([]probes.Text{probes.T("# only if the build is dated %s or later:", buildDate)}, renameRow(renamed)...),
	}}
}
