package export

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/portconfig"
)

// Dialect is the SQL of a database that FineDB can be kept in.
type Dialect string

// The dialects.
const (
	PostgreSQL Dialect = "postgresql"
	MySQL      Dialect = "mysql" // MariaDB too
	Oracle     Dialect = "oracle"
	SQLServer  Dialect = "sqlserver"
	DB2        Dialect = "db2"
	HSQLDB     Dialect = "hsqldb" // the embedded one
)

// Dialects lists them, the default first.
var Dialects = []Dialect{PostgreSQL, MySQL, Oracle, SQLServer, DB2, HSQLDB}

var finedbSQL = Target{
	Name:  "finedb-sql",
	Title: "the ports as SQL for FineDB's fine_conf_entity, with the way back; to be read, never run by wsdoctor",
	render: func(s setup, o Options) ([]File, error) {
		info, _ := s.cfg.Product.Info()
		if !info.Family {
			return nil, fmt.Errorf("product: found %q, expected one that keeps its ports in FineDB (finereport, finebi, finedatalink)", s.cfg.Product)
		}
		if len(s.cfg.WebSocket.Ports) == 0 {
			return nil, fmt.Errorf("websocket.ports: found none, expected the ports of the service")
		}
		if o.Dialect == "" {
			o.Dialect = Dialects[0]
		}
		if !slices.Contains(Dialects, o.Dialect) {
			return nil, fmt.Errorf("the dialect: found %q, expected one of %v", o.Dialect, Dialects)
		}
		d := o.Dialect
		rows := []cluster.Row{{ID: portconfig.KeyPort, Value: portconfig.FormatValue(portconfig.KeyPort, s.cfg.WebSocket.Ports)}}
		if f := s.cfg.WebSocket.ForwardingPorts; len(f) > 0 {
			key := portconfig.KeyRequestPorts
			if o.Rows != nil && has(o.Rows.List, portconfig.KeyRequestPort) && !has(o.Rows.List, key) {
				key = portconfig.KeyRequestPort // a build before 2019-11-08, as its own rows say
			}
			rows = append(rows, cluster.Row{ID: key, Value: portconfig.FormatValue(key, f)})
		}
		do, back := finedbIntro, "-- The way back:\n"
		if o.Rows == nil {
			do += d.withoutRows(rows)
			back += d.wayBack(rows)
		} else {
			for _, r := range rows {
				one, undo := d.change(r, o.Rows.List)
				do, back = do+one, back+undo
			}
		}
		return []File{
			{Name: "finedb.sql", On: Elsewhere, Mode: 0o644, Data: []byte(header("finedb-sql", "--") + do)},
			{Name: "finedb-undo.sql", On: Elsewhere, Mode: 0o644, Data: []byte(header("finedb-sql", "--") + back)},
		}, nil
	},
}

// finedbIntro says what the vendor says of it.
const finedbIntro = `-- The vendor warns against writing to a live FineDB: stop the server, back FineDB up, run this in a transaction, look,
-- commit, start the server. The FINE_CONF_ENTITY plugin of the product does the same without SQL.
-- Builds before 2019-11-08 read WebSocketConfig.requestPort in place of requestPorts; both in the table are an error.
`

func has(rows []cluster.Row, id string) bool {
	return slices.ContainsFunc(rows, func(r cluster.Row) bool { return r.ID == id })
}

// change gives one row its value, where the rows that are there are known.
func (d Dialect) change(want cluster.Row, rows []cluster.Row) (do, back string) {
	i := slices.IndexFunc(rows, func(r cluster.Row) bool { return r.ID == want.ID })
	if i < 0 {
		return fmt.Sprintf("INSERT INTO fine_conf_entity (id, value) VALUES (%s, %s);\n", d.literal(want.ID), d.literal(want.Value)),
			fmt.Sprintf("DELETE FROM fine_conf_entity WHERE id = %s;\n", d.literal(want.ID))
	}
	set := "UPDATE fine_conf_entity SET value = %s WHERE id = %s;\n"
	return fmt.Sprintf(set, d.literal(want.Value), d.literal(want.ID)), fmt.Sprintf(set, d.literal(rows[i].Value), d.literal(want.ID))
}

// withoutRows changes the row that is there, or adds it.
func (d Dialect) withoutRows(rows []cluster.Row) string {
	var b strings.Builder
	b.WriteString("-- First run the statement in finedb-undo.sql: it prints the lines that take this back.\n")
	for _, r := range rows {
		id, value := d.literal(r.ID), d.literal(r.Value)
		fmt.Fprintf(&b, "UPDATE fine_conf_entity SET value = %s WHERE id = %s;\n", value, id)
		fmt.Fprintf(&b, "INSERT INTO fine_conf_entity (id, value) SELECT %s, %s%s WHERE NOT EXISTS (SELECT 1 FROM fine_conf_entity WHERE id = %s);\n", id, value, d.from(), id)
	}
	return b.String()
}

// wayBack is a statement that prints, from what the table holds before the change, the statements that restore it.
func (d Dialect) wayBack(rows []cluster.Row) string {
	var b strings.Builder
	b.WriteString("-- run this before finedb.sql and keep what it prints: those are the lines to run\n")
	for i, r := range rows {
		if i > 0 {
			b.WriteString("UNION ALL\n")
		}
		id := d.literal(r.ID)
		fmt.Fprintf(&b, "SELECT %s%s\n", d.literal("DELETE FROM fine_conf_entity WHERE id = "+id+";"), d.from())
		b.WriteString("UNION ALL\n")
		// A literal of the value, or NULL. MySQL's client escapes what it prints, unless it is told otherwise: hex passes.
		before, value, after := "'", "REPLACE(value, '''', '''''')", "'"
		if d == MySQL {
			before, value, after = "CONVERT(X'", "HEX(CONVERT(value USING utf8mb4))", "' USING utf8mb4)"
		}
		literal := "COALESCE(" + d.concat(d.literal(before), value, d.literal(after)) + ", 'NULL')"
		fmt.Fprintf(&b, "SELECT %s FROM fine_conf_entity WHERE id = %s\n",
			d.concat(d.literal("INSERT INTO fine_conf_entity (id, value) VALUES ("+id+", "), literal, d.literal(");")), id)
	}
	return strings.TrimSuffix(b.String(), "\n") + ";\n"
}

func (d Dialect) concat(parts ...string) string {
	switch d {
	case MySQL, SQLServer:
		return "CONCAT(" + strings.Join(parts, ", ") + ")"
	}
	return strings.Join(parts, " || ")
}

// from is what a SELECT without a table needs.
func (d Dialect) from() string {
	switch d {
	case MySQL, Oracle:
		return " FROM dual"
	case DB2:
		return " FROM sysibm.sysdummy1"
	case HSQLDB:
		return " FROM (VALUES(0))"
	}
	return ""
}

// literal quotes a text. MySQL gives the backslash a meaning unless it is told otherwise, and others may have to show a
// control character: those texts are spelled by their bytes where the dialect can.
func (d Dialect) literal(s string) string {
	odd := strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == '\\' || r == 0x7f || r == 0xfffd })
	switch {
	case odd && d == MySQL:
		return "CONVERT(X'" + hex.EncodeToString([]byte(s)) + "' USING utf8mb4)"
	case odd && d == PostgreSQL:
		return "convert_from(decode('" + hex.EncodeToString([]byte(s)) + "', 'hex'), 'UTF8')"
	}
	return "'" + strings.ReplaceAll(s, "'", "''") + "'"
}
