package export

import (
	"strings"
	"testing"

	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/probetest"
)

const fineTable = "CREATE TABLE fine_conf_entity (id varchar(255) NOT NULL PRIMARY KEY, value varchar(4000));"

const allRows = "SELECT CONCAT(id, '=', value, ';') FROM fine_conf_entity ORDER BY id;"

// odd is a table as people leave it: a quote, a backslash, a line end, a trailing blank.
var odd = []cluster.Row{
	{ID: "WebSocketConfig.port", Value: "it's [\"1\"]\\ "},
	{ID: "WebSocketConfig.requestPorts", Value: "a\nb\\'"},
	{ID: "other", Value: "x"},
}

// The statements run in real databases, within a transaction that is rolled back, and the way back leads back.
func TestFineDB(t *testing.T) {
	for dialect, start := range map[Dialect]func(testing.TB) *probetest.Database{PostgreSQL: probetest.Postgres, MySQL: probetest.MariaDB} {
		t.Run(string(dialect), func(t *testing.T) {
			db := start(t)
			run := func(sql string) string {
				t.Helper()
				out, err := db.Run(sql)
				if err != nil {
					t.Fatalf("%v\n%s\n%s", err, out, sql)
				}
				return out
			}
			run(fineTable)
			for _, rows := range [][]cluster.Row{nil, odd[:1], odd} {
				fill := "DELETE FROM fine_conf_entity;\n"
				for _, r := range rows {
					fill += "INSERT INTO fine_conf_entity (id, value) VALUES (" + dialect.literal(r.ID) + ", " + dialect.literal(r.Value) + ");\n"
				}
				run(fill)
				before := run(allRows)
				for _, known := range []bool{true, false} {
					o := Options{Dialect: dialect}
					if known {
						o.Rows = &cluster.Rows{List: rows}
					}
					fs := files(t, "finedb-sql", cases(t)["cluster"], o)
					back := string(fs[1].Data)
					if !known { // the database itself says how
						back = run(back)
					}
					if now := run("BEGIN;\n" + string(fs[0].Data) + "\nROLLBACK;\n" + allRows); now != before {
						t.Errorf("rolled back: %q, expected %q", now, before)
					}
					if now := run("BEGIN;\n" + string(fs[0].Data) + "\nCOMMIT;\n" + allRows); !strings.Contains(now, `WebSocketConfig.port=["38888","39888"];`) || !strings.Contains(now, "WebSocketConfig.requestPorts=38889;") {
						t.Errorf("after it: %q", now)
					}
					if now := run(back + "\n" + allRows); now != before {
						t.Errorf("taken back (rows known: %t): %q, expected %q\n%s", known, now, before, back)
					}
				}
			}
		})
	}
}

// An old build's key stays an old build's key.
func TestFineDBOldKey(t *testing.T) {
	rows := &cluster.Rows{List: []cluster.Row{{ID: "WebSocketConfig.requestPort", Value: "1"}}}
	text := string(files(t, "finedb-sql", cases(t)["cluster"], Options{Rows: rows})[0].Data)
	if !strings.Contains(text, "UPDATE fine_conf_entity SET value = '38889' WHERE id = 'WebSocketConfig.requestPort';") || strings.Contains(text, "'WebSocketConfig.requestPorts'") {
		t.Error(text)
	}
}
