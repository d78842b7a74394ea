package hsqldb_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"example.com/wsdoctor/wizard/finedb/hsqldb"
	"example.com/wsdoctor/wizard/finedb/hsqldbtest"
)

const table = "CREATE TABLE FINE_CONF_ENTITY(ID VARCHAR(255) NOT NULL PRIMARY KEY, VALUE VARCHAR(65535))"

// pieces are what texts are made of: what has to be escaped, what looks like an escape, and what looks like SQL.
var pieces = []string{
	"a", "Z", "0", " ", "''", `"`, ",", ")", "(", "'||CHAR(59)||'", "--", "/*", "*/", "VALUES", "COMMIT", `'||U&'\00e9'||'`, `'||U&'\4e2d'||'`, `'||U&'\d83d\de00'||'`, "~", "/*C1*/",
	"'||CHAR(92)||'", "'||CHAR(92)||'u0041", "'||CHAR(92)||'u", "'||CHAR(92)||'n", "'||CHAR(10)||'", "'||CHAR(13)||'", "'||CHAR(9)||'",
	"'||CHAR(127)||'", "'||CHAR(160)||'", "'||CHAR(1)||'", "'||CHAR(0)||'",
}

// literal makes an SQL expression of a random text.
func literal(rng *rand.Rand) string {
	var b strings.Builder
	for range rng.IntN(8) {
		b.WriteString(pieces[rng.IntN(len(pieces))])
	}
	return "('" + b.String() + "')"
}

// truth asks HSQLDB itself. Blanks at the end do not tell texts apart there, so that the rows are sorted here.
func truth(s *hsqldbtest.Session) []string {
	var out []string
	for _, r := range s.Run("SELECT ID, VALUE, VALUE IS NULL FROM FINE_CONF_ENTITY") {
		out = append(out, fmt.Sprintf("%q %q %v", r[0], r[1], strings.HasPrefix(strings.ToLower(r[2]), "t") || r[2] == "1"))
	}
	slices.Sort(out)
	return out
}

func rowsOf(t *hsqldb.Table) []string {
	var out []string
	for _, r := range t.Rows {
		out = append(out, fmt.Sprintf("%q %q %v", r.Values[0].Text, r.Values[1].Text, r.Values[1].Kind == hsqldb.Null))
	}
	slices.Sort(out)
	return out
}

// settle reads until the log has caught up (it is written half a second late), and returns the last reading.
func settle(t *testing.T, script string, want []string) *hsqldb.Table {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		got, err := hsqldb.Read(context.Background(), script, "fine_conf_entity")
		if err == nil && slices.Equal(rowsOf(got), want) {
			return got
		}
		if time.Now().After(deadline) {
			if err != nil {
				t.Fatal(err)
			}
			t.Fatalf("reads\n%s\nexpected\n%s", strings.Join(rowsOf(got), "\n"), strings.Join(want, "\n"))
		}
	}
}

// fingerprint is the state of every file of a database but its lock, whose heartbeat goes on.
func fingerprint(t *testing.T, dir string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "db*"))
	if err != nil {
		t.Fatal(err)
	}
	out := ""
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil || info.IsDir() || strings.HasSuffix(f, ".lck") {
			continue
		}
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		out += fmt.Sprintf("%s %s %x\n", filepath.Base(f), info.ModTime(), sha256.Sum256(raw))
	}
	return out
}

// TestAgreesWithHSQLDB makes changes at random and compares what is read with what HSQLDB says: while it has the
// database open, after a crash with a log that is cut short, and after it closed the database.
func TestAgreesWithHSQLDB(t *testing.T) {
	dir := t.TempDir()
	db := hsqldbtest.Start(t, dir)
	s := db.Connect(t)
	s.Run(table)
	s.Run("CREATE CACHED TABLE OTHER(ID VARCHAR(255) PRIMARY KEY, FINE_CONF_ENTITY CLOB)")
	s.Run("CREATE TABLE FINE_CONF_ENTITY2(ID INTEGER, VALUE VARCHAR(10))")
	s.Run("INSERT INTO OTHER VALUES('FINE_CONF_ENTITY', 'text')")
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	change := func(s *hsqldbtest.Session, n int) {
		for range n {
			id := fmt.Sprintf("'k%d'||%s", rng.IntN(40), literal(rng))
			switch rng.IntN(6) {
			case 0:
				s.Run(fmt.Sprintf("DELETE FROM FINE_CONF_ENTITY WHERE ID LIKE 'k%d%%'", rng.IntN(40)))
			case 1:
				s.Run(fmt.Sprintf("UPDATE FINE_CONF_ENTITY SET VALUE = %s WHERE ID LIKE 'k%d%%'", literal(rng), rng.IntN(40)))
			case 2:
				s.Run("MERGE INTO FINE_CONF_ENTITY USING (VALUES(" + id + ")) AS V(I) ON ID = V.I WHEN NOT MATCHED THEN INSERT VALUES (V.I, NULL)")
			default:
				s.Run("MERGE INTO FINE_CONF_ENTITY USING (VALUES(" + id + "," + literal(rng) + ")) AS V(I, J) ON ID = V.I WHEN MATCHED THEN UPDATE SET VALUE = V.J WHEN NOT MATCHED THEN INSERT VALUES (V.I, V.J)")
			}
			if rng.IntN(10) == 0 {
				s.Run("INSERT INTO FINE_CONF_ENTITY2 VALUES(1, 'x')")
			}
		}
	}
	change(s, 150)
	s.Run("CHECKPOINT")
	change(s, 150)
	want := truth(s)
	open := settle(t, db.Script, want)
	if !open.Open || open.Changes == 0 || open.Version == "" || len(want) == 0 {
		t.Errorf("%d rows, open %v, %d changes in the log, version %q", len(want), open.Open, open.Changes, open.Version)
	}
	before := fingerprint(t, dir)
	settle(t, db.Script, want)
	if after := fingerprint(t, dir); after != before {
		t.Errorf("files changed:\n%s\nwere\n%s", after, before)
	}

	db.Kill()
	log, err := os.OpenFile(filepath.Join(dir, "db.log"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(log, "/*C77*/SET SCHEMA PUBLIC\nINSERT INTO FINE_CONF_ENTITY VALUES('later','1')\nCOMMIT\nDELETE FROM FINE_CONF_ENTITY WHERE ID='later'\nINSERT INTO FINE_CONF_ENTITY VALUES('never','2')\nINSERT INTO FINE_CONF_ENT")
	log.Close()
	want = append(want, `"later" "1" false`)
	slices.Sort(want)
	crashed := settle(t, db.Script, want)
	if crashed.Uncommitted != 2 || crashed.CutShort == 0 {
		t.Errorf("%d uncommitted, cut short at line %d", crashed.Uncommitted, crashed.CutShort)
	}
	os.Remove(filepath.Join(dir, "db.lck")) // or HSQLDB waits until its heartbeat is old

	db = hsqldbtest.Start(t, dir)
	s = db.Connect(t)
	if got := truth(s); !slices.Equal(got, want) {
		t.Fatalf("HSQLDB itself recovers\n%s\nexpected\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	change(s, 50)
	want = truth(s)
	db.Shutdown(t)
	before = fingerprint(t, dir)
	closed := settle(t, db.Script, want)
	if closed.Open || closed.Changes != 0 || closed.Uncommitted != 0 || closed.CutShort != 0 {
		t.Errorf("closed: %+v", closed)
	}
	if after := fingerprint(t, dir); after != before {
		t.Errorf("files changed:\n%s\nwere\n%s", after, before)
	}
}

// TestReadsWhileWritten reads again and again while HSQLDB changes two rows together and replaces its script: what is
// read is always the state of one commit.
func TestReadsWhileWritten(t *testing.T) {
	db := hsqldbtest.Start(t, t.TempDir())
	writer := db.Connect(t)
	writer.Run(table)
	writer.Run("INSERT INTO FINE_CONF_ENTITY VALUES('a','0'),('b','0')")
	writer.Run("SET FILES WRITE DELAY FALSE")
	writer.Run("CHECKPOINT")
	stop, states := make(chan struct{}), make(chan int, 1)
	var committed atomic.Int64
	go func() {
		seen := map[string]bool{}
		defer func() { states <- len(seen) }()
		for {
			select {
			case <-stop:
				return
			default:
			}
			before := committed.Load()
			got, err := hsqldb.Read(context.Background(), db.Script, "FINE_CONF_ENTITY")
			if err != nil {
				t.Error(err)
				return
			}
			if len(got.Rows) != 2 || got.Rows[0].Values[1] != got.Rows[1].Values[1] {
				t.Errorf("read %v", rowsOf(got))
				return
			}
			if n, err := strconv.ParseInt(got.Rows[0].Values[1].Text, 10, 64); err != nil || n < before {
				t.Errorf("read %d, but %d was committed before", n, before)
				return
			}
			seen[got.Rows[0].Values[1].Text] = true
		}
	}()
	for n := range 300 {
		writer.Run(fmt.Sprintf("UPDATE FINE_CONF_ENTITY SET VALUE = '%d'", n))
		committed.Store(int64(n))
		if n%20 == 0 {
			writer.Run("CHECKPOINT")
		}
	}
	close(stop)
	if n := <-states; n == 0 {
		t.Error("nothing was read meanwhile")
	} else {
		t.Logf("read %d states", n)
	}
}

// TestEdited reads what people and scripts put into the files by hand, and compares with what HSQLDB makes of it.
func TestEdited(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"db.properties": "modified=yes\nversion=2.7.1\n",
		"db.script": `CREATE USER SA PASSWORD DIGEST 'd41d8cd98f00b204e9800998ecf8427e'
CREATE SCHEMA PUBLIC AUTHORIZATION DBA
CREATE MEMORY TABLE PUBLIC.FINE_CONF_ENTITY(ID VARCHAR(255) NOT NULL PRIMARY KEY,VALUE VARCHAR(65535))
SET DATABASE DEFAULT INITIAL SCHEMA PUBLIC
GRANT DBA TO SA
SET SCHEMA PUBLIC
INSERT INTO FINE_CONF_ENTITY VALUES('base','0')
insert into fine_conf_entity values('lower','y')
INSERT INTO FINE_CONF_ENTITY VALUES('semicolon','y');
INSERT INTO FINE_CONF_ENTITY VALUES ( 'blanks' , 'y' )
INSERT INTO FINE_CONF_ENTITY VALUES('utf8','\u4e2d')
INSERT INTO FINE_CONF_ENTITY VALUES('crlf','y')` + "\r\nINSERT INTO FINE_CONF_ENTITY VALUES('raw','中 ')\nINSERT INTO FINE_CONF_ENTITY VALUES('no line end','y')",
		"db.log": `/*C2*/SET SCHEMA PUBLIC
insert into fine_conf_entity values('log','y')
INSERT INTO FINE_CONF_ENTITY VALUES('log semicolon','y');
COMMIT;
UPDATE FINE_CONF_ENTITY SET VALUE='new' WHERE ID='base'
DELETE FROM FINE_CONF_ENTITY WHERE ID='crlf'
CREATE TABLE X(I INTEGER)
INSERT INTO FINE_CONF_ENTITY VALUES('taken back','y')
ROLLBACK
UPDATE FINE_CONF_ENTITY SET VALUE='log' WHERE ID='lower'
COMMIT`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := hsqldb.Read(context.Background(), filepath.Join(dir, "db.script"), "fine_conf_entity")
	if err != nil {
		t.Fatal(err)
	}
	want := truth(hsqldbtest.Start(t, dir).Connect(t))
	if !slices.Equal(rowsOf(got), want) {
		t.Errorf("reads\n%s\nHSQLDB has\n%s", strings.Join(rowsOf(got), "\n"), strings.Join(want, "\n"))
	}
}

// TestCheckpointKilled compares with what HSQLDB makes of the files of a checkpoint that was not finished.
func TestCheckpointKilled(t *testing.T) {
	script := `CREATE USER SA PASSWORD DIGEST 'd41d8cd98f00b204e9800998ecf8427e'
CREATE SCHEMA PUBLIC AUTHORIZATION DBA
CREATE MEMORY TABLE PUBLIC.FINE_CONF_ENTITY(ID VARCHAR(255) NOT NULL PRIMARY KEY,VALUE VARCHAR(65535))
SET DATABASE DEFAULT INITIAL SCHEMA PUBLIC
GRANT DBA TO SA
SET SCHEMA PUBLIC
INSERT INTO FINE_CONF_ENTITY VALUES('a','old')
`
	for _, modified := range []string{"yes", "yes-new-files"} {
		dir := t.TempDir()
		for name, text := range map[string]string{
			"db.script": script, "db.script.new": strings.Replace(script, "old", "new", 1), "db.properties": "modified=" + modified + "\nversion=2.7.1\n",
		} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := hsqldb.Read(context.Background(), filepath.Join(dir, "db.script"), "fine_conf_entity")
		if err != nil {
			t.Fatal(err)
		}
		if want := truth(hsqldbtest.Start(t, dir).Connect(t)); !slices.Equal(rowsOf(got), want) {
			t.Errorf("modified=%s: reads %s, HSQLDB has %s", modified, rowsOf(got), want)
		}
	}
}

// TestTablesElsewhere meets tables whose rows are not in the script.
func TestTablesElsewhere(t *testing.T) {
	db := hsqldbtest.Start(t, t.TempDir())
	s := db.Connect(t)
	s.Run(strings.Replace(table, "CREATE", "CREATE CACHED", 1))
	s.Run("INSERT INTO FINE_CONF_ENTITY VALUES('a','0')")
	s.Run("CREATE TABLE WITHOUT_ROWS(ID VARCHAR(10))")
	s.Run("CREATE TABLE LOBS(ID VARCHAR(10), VALUE CLOB)")
	s.Run("INSERT INTO LOBS VALUES('a','0')")
	db.Shutdown(t)
	_, err := hsqldb.Read(context.Background(), db.Script, "FINE_CONF_ENTITY")
	if err == nil || !strings.Contains(err.Error(), "CACHED, so that its rows are in db.data") {
		t.Errorf("a cached table: %v", err)
	}
	_, err = hsqldb.Read(context.Background(), db.Script, "NOT_THERE")
	if err == nil || !strings.Contains(err.Error(), "no table NOT_THERE in its") {
		t.Errorf("no such table: %v", err)
	}
	if got, err := hsqldb.Read(context.Background(), db.Script, "without_rows"); err != nil || len(got.Rows) != 0 || !slices.Equal(got.Columns, []string{"ID"}) {
		t.Errorf("no rows: %+v, %v", got, err)
	}
	if got, err := hsqldb.Read(context.Background(), db.Script, "LOBS"); err != nil || len(got.Rows) != 1 || got.Rows[0].Values[1].Kind != hsqldb.Other {
		t.Errorf("a CLOB: %+v, %v", got, err)
	}
}
