package finedb

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/wizard/finedb/hsqldb"
)

// readHSQLDB reads the embedded database's files, also while the product has it open.
func readHSQLDB(ctx context.Context, s Source) (Reading, error) {
	t, err := hsqldb.Read(ctx, s.Path, Table)
	if err != nil {
		return Reading{}, err
	}
	id, value := slices.Index(t.Columns, "ID"), slices.Index(t.Columns, "VALUE")
	if id < 0 || value < 0 {
		return Reading{}, fmt.Errorf("reading %s: %s has the columns %q, expected ID and VALUE", s.Path, Table, t.Columns)
	}
	c := collect{cluster.Rows{File: s.Path}}
	for _, r := range t.Rows {
		row := cluster.Row{Line: r.Line}
		if r.File != s.Path {
			row.File = r.File
		}
		if len(r.Values) <= max(id, value) {
			return Reading{}, fmt.Errorf("reading %s:%d: found %d values, expected one for each of %q", r.File, r.Line, len(r.Values), t.Columns)
		}
		row.ID, row.Value = r.Values[id].Text, r.Values[value].Text
		before := len(c.rows.List)
		if c.add(row); len(c.rows.List) > before && r.Values[value].Kind == hsqldb.Other {
			return Reading{}, fmt.Errorf("reading %s:%d: the value of %q is not in the text (a CLOB is in %s), expected a text in quotes", r.File, r.Line, row.ID, "db.lobs")
		}
	}
	return Reading{c.rows, append(s.notes(), hsqldbNotes(t)...)}, nil
}

func hsqldbNotes(t *hsqldb.Table) []probes.Text {
	var out []probes.Text
	log := filepath.Base(t.Log)
	if t.Open {
		out = append(out, probes.T("the product has the database open; its last half second may be missing"))
	}
	if t.Changes > 0 {
		out = append(out, probes.T("%s holds %d changes of the table since %s was written; they are counted", log, t.Changes, filepath.Base(t.Script)))
	}
	if t.Uncommitted > 0 {
		out = append(out, probes.T("%s ends within a transaction: its %d changes from line %d on are not counted, as HSQLDB does not count them", log, t.Uncommitted, t.UncommittedFrom))
	}
	if t.CutShort > 0 {
		out = append(out, probes.T("the last line of %s, %d, is cut short or being written; it is not counted", log, t.CutShort))
	}
	return out
}
