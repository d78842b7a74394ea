package portconfig

import (
	"errors"
	"strings"

	"example.com/wsdoctor/probes/cluster"
)

// RowsSeen are the rows that hold ports, or were meant to.
type RowsSeen struct {
	File  string `json:"file"`  // or the database, without its password
	Total int    `json:"total"` // rows in it, of all settings
	Rows  []Row  `json:"rows"`  // those of NearestKey
}

// Row is a row of fine_conf_entity that holds ports, or was meant to.
type Row struct {
	ID        string     `json:"id"`             // byte for byte
	Value     string     `json:"value"`          // byte for byte
	Line      int        `json:"line"`           // in the file; 0: in a database
	File      string     `json:"file,omitempty"` // where it is not that of RowsSeen
	Key       string     `json:"key"`            // what ID is, or was most likely meant to be
	Ports     []int      `json:"ports"`          // nil where the value is malformed
	Malformed *Malformed `json:"malformed,omitempty"`
}

// readRows picks the rows that hold ports. Blanks around a value are key-whitespace's matter and not value-format's.
func readRows(rows cluster.Rows) *RowsSeen {
	seen := &RowsSeen{File: rows.File, Total: len(rows.List) + rows.Others}
	for _, r := range rows.List {
		key, ok := NearestKey(r.ID)
		if !ok {
			continue
		}
		row := Row{ID: r.ID, Value: r.Value, Line: r.Line, File: r.File, Key: key}
		lead := len([]rune(r.Value)) - len([]rune(strings.TrimLeftFunc(r.Value, isBlank)))
		var err error
		if row.Ports, err = ParseValue(strings.TrimFunc(r.Value, isBlank)); errors.As(err, &row.Malformed) {
			row.Malformed.Char += lead
		}
		seen.Rows = append(seen.Rows, row)
	}
	return seen
}

// lists returns what the rows say, as they were meant: that a row has no effect is said once, by the rules about keys.
// A misspelled row beside one that is spelled as it must be is a leftover and says nothing.
func (r RowsSeen) lists() []List {
	var out []List
	for _, row := range r.Rows {
		leftover := row.ID != row.Key && r.effectiveFor(roleOf(row.Key))
		if row.Ports != nil && !leftover {
			out = append(out, List{Role: roleOf(row.Key), Where: r.where(row), Key: row.Key, Ports: row.Ports, FromRow: true, row: row})
		}
	}
	return out
}

// where names a row's place: the file and the line, or the database.
func (r RowsSeen) where(row Row) string {
	return cluster.Rows{File: r.File}.Place(cluster.Row{File: row.File, Line: row.Line})
}

// effectiveFor tells whether a row with a key as it must be holds the ports of a role.
func (r RowsSeen) effectiveFor(role Role) bool {
	for _, row := range r.Rows {
		if row.ID == row.Key && roleOf(row.Key) == role {
			return true
		}
	}
	return false
}
