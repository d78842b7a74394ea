package finedb

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/probetest"
)

// patience is for a database server on a machine that does other things.
const patience = time.Minute

// server is one kind of database with what its tests need to know.
type server struct {
	kind     Kind
	d        *probetest.Database
	create   string // the table, so that keys that differ in case or in a blank at the end are different
	other    string // a schema beside it, made
	counters string // a query whose answer changes with everything that is written
}

func servers(t *testing.T) []server {
	pg, maria := probetest.Postgres(t), probetest.MariaDB(t)
	run(t, pg, "ALTER SYSTEM SET autovacuum = off; ")
	run(t, pg, "SELECT pg_reload_conf();")
	return []server{
		{PostgreSQL, pg, "CREATE TABLE fine_conf_entity (id varchar(255) PRIMARY KEY, value varchar(65535));", "CREATE SCHEMA other;",
			// A transaction that writes takes a number; one that reads takes none.
			"SELECT txid_snapshot_xmax(txid_current_snapshot()), md5(string_agg(id || value, ',' ORDER BY id COLLATE \"C\")) FROM fine_conf_entity;"},
		{MySQL, maria, "CREATE TABLE fine_conf_entity (id varchar(255) COLLATE utf8mb4_nopad_bin PRIMARY KEY, value text);", "CREATE DATABASE other;",
			"SELECT GROUP_CONCAT(VARIABLE_NAME, '=', VARIABLE_VALUE ORDER BY 1) FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME REGEXP '^COM_(INSERT|UPDATE|DELETE|REPLACE|CREATE|ALTER|DROP|GRANT|TRUNCATE|LOAD|SET_OPTION_GLOBAL)' OR VARIABLE_NAME LIKE 'INNODB_ROWS_%ED' AND VARIABLE_NAME NOT LIKE '%READ'; CHECKSUM TABLE fine_conf_entity;"},
	}
}

func run(t *testing.T, d *probetest.Database, sql string) string {
	t.Helper()
	out, err := d.Run(sql)
	if err != nil {
		t.Fatalf("%s: %v\n%s", sql, err, out)
	}
	return out
}

func (s server) source(t *testing.T) Source {
	t.Helper()
	host, port, err := net.SplitHostPort(s.d.Address)
	if err != nil {
		t.Fatal(err)
	}
	n, _ := strconv.Atoi(port)
	return Source{Kind: s.kind, Host: host, Port: n, Database: s.d.Name, User: s.d.User, Password: NewSecret(s.d.Password)}
}

// said reads and returns the error, which must not show the password.
func said(t *testing.T, ctx context.Context, s Source) string {
	t.Helper()
	_, err := Read(ctx, s)
	if err == nil {
		t.Errorf("%s: read without an error", s)
		return ""
	}
	if p := s.Password.Reveal(); p != "" && strings.Contains(err.Error(), p) {
		t.Errorf("the error shows the password: %v", err)
	}
	return err.Error()
}

// TestServers reads from real PostgreSQL and MariaDB, and shows that nothing was written there.
func TestServers(t *testing.T) {
	for _, s := range servers(t) {
		t.Run(string(s.kind), func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			src := s.source(t)
			if msg := said(t, ctx, src); !strings.Contains(msg, "found no table fine_conf_entity in the database "+s.d.Name) || !strings.Contains(msg, "expected the product's FineDB") {
				t.Errorf("no table: %s", msg)
			}
			run(t, s.d, s.create+`INSERT INTO fine_conf_entity VALUES
				('WebSocketConfig.port ', '["38888","39888"]'), ('websocketconfig.port', '38888'), ('WebSocketConfig.requestPort', '38889'),
				('WebSocketConfig.requestPorts', '38889 '), ('WebSocketConfig.portt', NULL), ('MailConfig.password', 'hunter2'), ('中文 port', 'x');`+s.other)
			before := run(t, s.d, s.counters)
			got, err := Read(ctx, src)
			if err != nil {
				t.Fatal(err)
			}
			want := []cluster.Row{
				{ID: "WebSocketConfig.port ", Value: `["38888","39888"]`}, {ID: "WebSocketConfig.portt"}, {ID: "WebSocketConfig.requestPort", Value: "38889"},
				{ID: "WebSocketConfig.requestPorts", Value: "38889 "}, {ID: "websocketconfig.port", Value: "38888"},
			}
			slices.SortFunc(got.Rows.List, func(a, b cluster.Row) int { return strings.Compare(a.ID, b.ID) })
			if !slices.Equal(got.Rows.List, want) || got.Rows.Others != 2 {
				t.Errorf("reads %+v and %d others, expected %+v and 2", got.Rows.List, got.Rows.Others, want)
			}
			if want := fmt.Sprintf("%s://fine@%s/%s", s.kind, s.d.Address, s.d.Name); got.Rows.File != want {
				t.Errorf("is from %s, expected %s", got.Rows.File, want)
			}
			if after := run(t, s.d, s.counters); after != before {
				t.Errorf("something was written:\n%s\nwas\n%s", after, before)
			}

			for _, c := range []struct {
				name   string
				change func(*Source)
				want   string
			}{
				{"wrong password", func(s *Source) { s.Password = NewSecret("wr0ng-pass") }, `the server refuses the password of "fine", expected the one`},
				{"no password", func(s *Source) { s.Password = Secret{} }, `the server wants a password for "fine", and none was given; expected it in the environment variable WSDOCTOR_DB_PASSWORD`},
				{"an encrypted one", func(s *Source) { s.Password, s.Encrypted, s.Named = Secret{}, true, "/x/db.properties" }, "the one in /x/db.properties is encrypted, which only the product can read"},
				{"no such user", func(s *Source) { s.User = "nobody" }, `the server refuses the password of "nobody"`},
				{"no such database", func(s *Source) { s.Database = "finedb" }, `there is no database "finedb" on this server`},
				{"TLS that the server has not", func(s *Source) { s.TLS = Required }, "TLS"},
				{"nothing listens", func(src *Source) {
					_, port, _ := net.SplitHostPort(probetest.ClosedPort(t))
					src.Port, _ = strconv.Atoi(port)
				}, "connection refused: nothing listens there, expected " + s.kind.title()},
			} {
				src := src
				c.change(&src)
				t.Setenv("PGPASSFILE", "/dev/null")
				if msg := said(t, ctx, src); !strings.Contains(msg, c.want) || !strings.HasPrefix(msg, "reading "+src.String()) {
					t.Errorf("%s:\n  says     %s\n  expected %s", c.name, msg, c.want)
				}
			}
			s.readOnly(t, ctx)
			s.schemas(t, ctx)
			s.rights(t, ctx)
			s.collation(t, ctx)
		})
	}
}

// schemas has a second table beside the first.
func (s server) schemas(t *testing.T, ctx context.Context) {
	run(t, s.d, strings.Replace(s.create, "fine_conf_entity", "other.fine_conf_entity", 1)+"INSERT INTO other.fine_conf_entity VALUES ('WebSocketConfig.port', '48888');")
	src := s.source(t)
	src.Schema = "other"
	if s.kind == MySQL { // where a schema is a database
		src.Schema, src.Database = "", "other"
	}
	got, err := Read(ctx, src)
	if err != nil || len(got.Rows.List) != 1 || got.Rows.List[0].Value != "48888" {
		t.Errorf("the other schema: %+v, %v", got, err)
	}
	src.Schema = "third"
	if msg := said(t, ctx, src); !strings.Contains(msg, "in the schema third of the database") || !strings.Contains(msg, "but in ") {
		t.Errorf("a third schema: %s", msg)
	}
}

// rights has a user that may not read.
func (s server) rights(t *testing.T, ctx context.Context) {
	src := s.source(t)
	src.User, src.Password = "reader", NewSecret("r3ader-pass")
	if s.kind == MySQL {
		run(t, s.d, "CREATE TABLE nothing (i int); CREATE USER reader@localhost IDENTIFIED BY 'r3ader-pass'; GRANT SELECT ON "+s.d.Name+".nothing TO reader@localhost;")
		if msg := said(t, ctx, src); !strings.Contains(msg, "or none that this user may see") {
			t.Errorf("no right to read: %s", msg)
		}
		run(t, s.d, "GRANT SELECT (id) ON "+s.d.Name+".fine_conf_entity TO reader@localhost;")
	} else {
		run(t, s.d, "CREATE USER reader PASSWORD 'r3ader-pass';")
	}
	if msg := said(t, ctx, src); !strings.Contains(msg, "expected a user that may read fine_conf_entity: GRANT SELECT ON fine_conf_entity") {
		t.Errorf("no right to read: %s", msg)
	}
	run(t, s.d, map[Kind]string{PostgreSQL: "GRANT SELECT ON fine_conf_entity TO reader;", MySQL: "GRANT SELECT ON " + s.d.Name + ".fine_conf_entity TO reader@localhost;"}[s.kind])
	if got, err := Read(ctx, src); err != nil || len(got.Rows.List) != 5 {
		t.Errorf("with the right to read: %+v, %v", got, err)
	}
}

// readOnly shows that the server itself refuses to write in the sessions that Read opens.
func (s server) readOnly(t *testing.T, ctx context.Context) {
	const insert = "INSERT INTO fine_conf_entity VALUES ('a', 'b')"
	var (
		db  session
		err error
	)
	if s.kind == PostgreSQL {
		if db, err = (postgres{}).open(ctx, s.source(t)); err == nil {
			_, err = db.(*postgresSession).tx.Exec(ctx, insert)
		}
	} else if db, err = (mysqlServer{}).open(ctx, s.source(t)); err == nil {
		if _, err = db.tables(ctx); err == nil {
			_, err = db.(*mysqlSession).tx.ExecContext(ctx, insert)
		}
	}
	if db != nil {
		db.close(ctx)
	}
	if err == nil || !strings.Contains(strings.ToLower(err.Error()), "read") || !strings.Contains(strings.ToLower(err.Error()), "only") {
		t.Errorf("writing says %v, expected that the transaction is read-only", err)
	}
}

// collation has a table in which keys that differ in case or in a blank at the end are the same.
func (s server) collation(t *testing.T, ctx context.Context) {
	if s.kind != MySQL {
		return
	}
	run(t, s.d, "CREATE DATABASE loose; CREATE TABLE loose.FINE_CONF_ENTITY (id varchar(255) COLLATE utf8mb4_general_ci PRIMARY KEY, value text); INSERT INTO loose.FINE_CONF_ENTITY VALUES ('WEBSOCKETCONFIG.PORT ', '1');")
	src := s.source(t)
	src.Database = "loose"
	got, err := Read(ctx, src)
	if err != nil || len(got.Rows.List) != 1 || got.Rows.List[0].ID != "WEBSOCKETCONFIG.PORT " {
		t.Errorf("reads %+v, %v", got, err)
	}
}

// TestSilence has a server that takes connections and says nothing, and a table that somebody has locked.
func TestSilence(t *testing.T) {
	ln := probetest.Listen(t)
	addr := ln.Addr().(*net.TCPAddr)
	for _, kind := range []Kind{PostgreSQL, MySQL} {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		msg := said(t, ctx, Source{Kind: kind, Host: addr.IP.String(), Port: addr.Port, User: "fine", Database: "d", Password: NewSecret("s3cret")})
		if !strings.Contains(msg, "no answer in time, expected "+kind.title()) {
			t.Errorf("%s: %s", kind, msg)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Read(ctx, Source{Kind: PostgreSQL, Host: addr.IP.String(), Port: addr.Port}); err != context.Canceled {
		t.Errorf("called off: %v", err)
	}
}
