package portconfig

import (
	"fmt"
	"strings"

	"example.com/wsdoctor/probes"
)

// sqlIntro stands before SQL. The vendor warns against writing to a live FineDB behind the product's back.
func sqlIntro() probes.Text {
	return probes.T("# change it with the FINE_CONF_ENTITY plugin, or with the server stopped and FineDB backed up; then restart the server:")
}

// renameRow gives a row the key that it was meant to have.
func renameRow(r Row) []probes.Text {
	return []probes.Text{
		sqlIntro(),
		probes.Verbatim(fmt.Sprintf("UPDATE fine_conf_entity SET id = %s WHERE id %s;", literal(r.Key), match(r.ID))),
		probes.T("# to take it back: %s", fmt.Sprintf("UPDATE fine_conf_entity SET id = %s WHERE id = %s;", shown(r.ID), literal(r.Key))),
	}
}

// setValue gives a row another value.
func setValue(r Row, value string) []probes.Text {
	return []probes.Text{
		sqlIntro(),
		probes.Verbatim(fmt.Sprintf("UPDATE fine_conf_entity SET value = %s WHERE id %s;", literal(value), match(r.ID))),
		probes.T("# to take it back: %s", fmt.Sprintf("UPDATE fine_conf_entity SET value = %s WHERE id %s;", shown(r.Value), match(r.ID))),
	}
}

// deleteRow takes a row out.
func deleteRow(r Row) []probes.Text {
	return []probes.Text{
		probes.Verbatim(fmt.Sprintf("DELETE FROM fine_conf_entity WHERE id %s;", match(r.ID))),
		probes.T("# to take it back: %s", fmt.Sprintf("INSERT INTO fine_conf_entity (id, value) VALUES (%s, %s);", shown(r.ID), shown(r.Value))),
	}
}

func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// match compares with s. A blank that is no plain space would not survive being copied from a terminal, so that LIKE's
// "any character" stands for it.
func match(s string) string {
	pattern := strings.Map(func(r rune) rune {
		if r != ' ' && isBlank(r) {
			return '_'
		}
		return r
	}, s)
	if pattern == s {
		return "= " + literal(s)
	}
	return "LIKE " + literal(pattern)
}

// shown is a literal in which such a blank is named; it has to be typed by hand.
func shown(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r != ' ' && isBlank(r) {
			fmt.Fprintf(&b, "<U+%04X>", r)
			continue
		}
		b.WriteRune(r)
	}
	return literal(b.String())
}
