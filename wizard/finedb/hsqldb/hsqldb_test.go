package hsqldb

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const head = "CREATE MEMORY TABLE PUBLIC.T(ID VARCHAR(255) NOT NULL PRIMARY KEY,VALUE VARCHAR(65535))\nSET SCHEMA PUBLIC\n"

// write makes the files of a database and returns its script.
func write(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for ext, text := range files {
		if err := os.WriteFile(filepath.Join(dir, "db."+ext), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "db.script")
}

func show(t *Table) string {
	var out []string
	for _, r := range t.Rows {
		var vs []string
		for _, v := range r.Values {
			vs = append(vs, []string{fmt.Sprintf("%q", v.Text), "NULL", v.Text}[v.Kind])
		}
		out = append(out, fmt.Sprintf("%s@%s:%d", strings.Join(vs, "="), strings.TrimPrefix(filepath.Ext(r.File), "."), r.Line))
	}
	return strings.Join(out, " ")
}

func TestRead(t *testing.T) {
	for _, c := range []struct{ name, script, log, properties, want string }{
		{"rows", head + "INSERT INTO T VALUES('a','1')\nINSERT INTO T VALUES('b',NULL)\n", "", "", `"a"="1"@script:3 "b"=NULL@script:4`},
		{"escapes", head + `INSERT INTO T VALUES('it''s \u4e2d\u6587 \ud83d\ude00','\u005cu0041 \n \u000a\u0020')` + "\n", "", "", `"it's 中文 😀"="\\u0041 \\n \n "@script:3`},
		{"half a pair", head + `INSERT INTO T VALUES('\ud83d','\ude00x')` + "\n", "", "", `"�"="�x"@script:3`},
		{"an escape that is none", head + `INSERT INTO T VALUES('\u12','\uzzzz\')` + "\n", "", "", `"\\u12"="\\uzzzz\\"@script:3`},
		{"an escaped quote ends nothing", head + `INSERT INTO T VALUES('a\u0027b','1')` + "\n", "", "", `"a'b"="1"@script:3`},
		{"other tables", head + "INSERT INTO T2 VALUES('x\nINSERT INTO U VALUES('T','1')\nINSERT INTO T VALUES('a','1')\n", "", "", `"a"="1"@script:5`},
		{"HSQLDB's own schemas", head + "SET SCHEMA SYSTEM_LOBS\nINSERT INTO T VALUES('x','1')\nINSERT INTO INFORMATION_SCHEMA.T VALUES('x','1')\nINSERT INTO \"PUBLIC\".\"T\" VALUES('a','1')\nINSERT INTO PUBLIC.\"T\" VALUES('b','1')\n", "", "", `"a"="1"@script:6 "b"="1"@script:7`},
		{"columns the other way round", "CREATE TABLE T(VALUE CLOB(1G) DEFAULT 'a,(b' NOT NULL,ID VARCHAR(9),CONSTRAINT C PRIMARY KEY(ID))\nINSERT INTO T VALUES(12,'a')\n", "", "", `12="a"@script:2`},
		{"no CREATE TABLE", "INSERT INTO T VALUES('a','1')\n", "", "", `"a"="1"@script:1`},
		{"numbers and expressions", head + "INSERT INTO T VALUES('a',-1.5E0)\nINSERT INTO T VALUES('b',X'00ff')\nINSERT INTO T VALUES('c',ARRAY['x','y'])\n", "", "", `"a"=- 1.5E0@script:3 "b"=X 00ff@script:4 "c"=ARRAY [ x , y ]@script:5`},
		{"1.8", "CREATE SCHEMA PUBLIC AUTHORIZATION DBA\nCREATE MEMORY TABLE T(ID VARCHAR(255) NOT NULL PRIMARY KEY,VALUE VARCHAR(65535))\nCREATE USER SA PASSWORD \"\"\nGRANT DBA TO SA\nSET WRITE_DELAY 10\nSET SCHEMA PUBLIC\nINSERT INTO T VALUES('a','1')\n",
			"/*C1*/SET SCHEMA PUBLIC\nCONNECT USER SA\nINSERT INTO T VALUES('b','2')\nSET AUTOCOMMIT FALSE\nINSERT INTO T VALUES('c','3')\n", "version=1.8.0\n", `"a"="1"@script:7 "b"="2"@log:3`},
		{"the log changes rows", head + "INSERT INTO T VALUES('a','1')\nINSERT INTO T VALUES('b','2')\nINSERT INTO T VALUES('c','3')\n",
			"/*C2*/SET SCHEMA PUBLIC\nDELETE FROM T WHERE ID='a'\nDELETE FROM T WHERE ID='b'\nINSERT INTO T VALUES('b','9')\nCOMMIT\n", "", `"c"="3"@script:5 "b"="9"@log:4`},
		{"UPDATE", head + "INSERT INTO T VALUES('a','1')\nINSERT INTO T VALUES('b','2')\n", "UPDATE T SET VALUE='9',ID='z' WHERE ID='a' AND VALUE='1'\nCOMMIT\n", "", `"b"="2"@script:4 "z"="9"@log:1`},
		{"a row without a key", head + "INSERT INTO T VALUES('a',NULL)\nINSERT INTO T VALUES('a','1')\n", "DELETE FROM T WHERE ID='a' AND VALUE IS NULL\nCOMMIT\n", "", `"a"="1"@script:4`},
		{"blanks at the end do not count where nothing is exact", head + "INSERT INTO T VALUES('a ','1')\n", "DELETE FROM T WHERE ID='a'\nCOMMIT\n", "", ""},
		{"and do where something is", head + "INSERT INTO T VALUES('a ','1')\nINSERT INTO T VALUES('a','2')\n", "DELETE FROM T WHERE ID='a '\nCOMMIT\n", "", `"a"="2"@script:4`},
		{"sessions side by side", head, "/*C1*/INSERT INTO T VALUES('a','1')\n/*C2*/INSERT INTO T VALUES('b','2')\nCOMMIT\n/*C1*/ROLLBACK\nINSERT INTO T VALUES('c','3')\n/*C2*/INSERT INTO T VALUES('d','4')\n/*C1*/COMMIT\n", "", `"b"="2"@log:2 "c"="3"@log:5`},
		{"savepoints", head, "INSERT INTO T VALUES('a','1')\nSAVEPOINT S\nINSERT INTO T VALUES('b','2')\nROLLBACK TO SAVEPOINT S\nROLLBACK TO SAVEPOINT NONE\nCOMMIT\n", "", `"a"="1"@log:1`},
		{"a session that ends", head, "INSERT INTO T VALUES('a','1')\nDISCONNECT\nINSERT INTO T VALUES('b','2')\nCOMMIT\n", "", `"b"="2"@log:3`},
		{"made in the log", "SET SCHEMA PUBLIC\n", "CREATE TABLE T(ID VARCHAR(9),VALUE VARCHAR(9))\nINSERT INTO T VALUES('a','1')\nCOMMIT\n", "", "?no table T in its 1 lines"},
		{"dropped and made again", head + "INSERT INTO T VALUES('a','1')\n", "DROP TABLE IF EXISTS T\nCREATE TABLE T(VALUE VARCHAR(9),ID VARCHAR(9))\nINSERT INTO T VALUES('1','b')\nCOMMIT\n", "", `"1"="b"@log:3`},
		{"truncated by a statement", head + "INSERT INTO T VALUES('a','1')\n", "TRUNCATE TABLE T\n", "", ""},
		{"widened", head + "INSERT INTO T VALUES('a','1')\n", "ALTER TABLE T ALTER COLUMN VALUE VARCHAR(99)\nALTER TABLE T ADD COLUMN X INTEGER DEFAULT 5\nINSERT INTO T VALUES('b','2',6)\nCOMMIT\n", "", `"a"="1"@script:3 "b"="2"=6@log:3`},
		{"reshaped", head, "ALTER TABLE T DROP COLUMN VALUE\n", "", "?db.log:1: the columns of T change"},
		{"renamed away", head, "ALTER TABLE T RENAME TO U\n", "", "?no table T"},
		{"renamed to it", head, "ALTER TABLE U RENAME TO T\n", "", "?db.log:1: another table takes the name T"},
		{"cached", strings.Replace(head, "MEMORY", "CACHED", 1) + "SET TABLE PUBLIC.T INDEX'32 32 0'\n", "", "", "?the table T is CACHED, so that its rows are in db.data"},
		{"cached by default", "SET DATABASE DEFAULT TABLE TYPE CACHED\nCREATE TABLE T(ID VARCHAR(9))\n", "", "", "?is CACHED"},
		{"cached later", head, "SET TABLE T TYPE CACHED\n", "", "?is CACHED"},
		{"text", strings.Replace(head, "MEMORY", "TEXT", 1), "", "", "?is a TEXT table"},
		{"no table", "CREATE MEMORY TABLE PUBLIC.U(ID INTEGER)\n", "", "", "?no table T in its 1 lines, expected the database of the product"},
		{"empty", "", "", "", "?it is empty"},
		{"compressed", "\x1f\x8b\x08\x00abc", "", "", "?compressed or encrypted"},
		{"binary", "CREATE\x00", "", "", "?compressed or encrypted"},
		{"cut short within a text", head + "INSERT INTO T VALUES('a','1')\nINSERT INTO U VALUES('b", "", "", "?db.script:4: the last line ends in the middle"},
		{"cut short between", head + "INSERT INTO T VALUES('a','1')\nINSERT INTO", "", "", "?db.script:4: the last line ends in the middle"},
		{"cut short in the table", "CREATE MEMORY TABLE PUBLIC.T(ID VARCHAR(255) NOT", "", "", "?db.script:1: the last line ends in the middle"},
		{"no line end", head + "INSERT INTO T VALUES('a','1')", "", "", `"a"="1"@script:3`},
		{"a row that nobody understands", head + "INSERT INTO T VALUES('a','1') X\n", "", "", `?db.script:3: found "X", expected the end of the line`},
		{"a list of columns", head + "INSERT INTO T(ID,VALUE) VALUES('a','1')\n", "", "", "?db.script:3: found a list of columns"},
		{"a condition that nobody understands", head, "DELETE FROM T WHERE ID LIKE 'a%'\nCOMMIT\n", "", `?db.log:1: found "LIKE", expected "=" or IS NULL`},
		{"a long line of another table", head + "INSERT INTO U VALUES('" + strings.Repeat("x", maxLine) + "')\nINSERT INTO T VALUES('a','1')\n", "", "", `"a"="1"@script:4`},
		{"a long line of this one", head + "INSERT INTO T VALUES('" + strings.Repeat("x", maxLine) + "')\n", "", "", "?the line has more than"},
	} {
		files := map[string]string{"script": c.script}
		if c.log != "" {
			files["log"] = c.log
		}
		if c.properties != "" {
			files["properties"] = c.properties
		}
		path := write(t, files)
		got, err := Read(context.Background(), path, "t")
		switch want, fails := strings.CutPrefix(c.want, "?"); {
		case fails && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s:\n  says     %v\n  expected %s", c.name, err, want)
		case !fails && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case !fails && show(got) != c.want:
			t.Errorf("%s:\n  reads    %s\n  expected %s", c.name, show(got), c.want)
		}
	}
}

func TestTail(t *testing.T) {
	for _, c := range []struct {
		name, log                string
		uncommitted, from, short int
		changes                  int
	}{
		{"whole", "INSERT INTO T VALUES('a','1')\nCOMMIT\n", 0, 0, 0, 1},
		{"a commit without a line end", "INSERT INTO T VALUES('a','1')\nCOMMIT", 0, 0, 0, 1},
		{"no commit", "INSERT INTO T VALUES('a','1')\nCOMMIT\nDELETE FROM T WHERE ID='a'\nINSERT INTO T VALUES('b','1')\n", 2, 3, 0, 1},
		{"cut short", "INSERT INTO T VALUES('a','1')\nCOMMIT\nDELETE FROM T", 0, 0, 3, 1},
		{"cut short in a text", "INSERT INTO T VALUES('a','1')\nCOMMIT\nINSERT INTO T VALUES('b", 0, 0, 3, 1},
		{"nothing", "", 0, 0, 0, 0},
	} {
		got, err := Read(context.Background(), write(t, map[string]string{"script": head, "log": c.log}), "T")
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got.Uncommitted != c.uncommitted || got.UncommittedFrom != c.from || got.CutShort != c.short || got.Changes != c.changes {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

// TestCheckpointLeftBehind has the files of a process that was killed while it replaced the script.
func TestCheckpointLeftBehind(t *testing.T) {
	files := map[string]string{"script": head + "INSERT INTO T VALUES('a','1')\n", "script.new": head + "INSERT INTO T VALUES('a','2')\n", "log": "DELETE FROM T WHERE ID='a'\nCOMMIT\n"}
	for properties, want := range map[string]string{"modified=yes\nversion=2.7.1\n": "", "modified=yes-new-files\nversion=2.7.1\n": `"a"="2"@new:3`} {
		files["properties"] = properties
		got, err := Read(context.Background(), write(t, files), "T")
		if err != nil || show(got) != want {
			t.Errorf("%s: %s, %v; expected %s", properties, show(got), err, want)
		}
	}
}

func TestOpen(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, c := range []struct {
		name string
		lock []byte
		want bool
	}{
		{"fresh", binary.BigEndian.AppendUint64([]byte("HSQLLOCK"), uint64(now.Add(-9*time.Second).UnixMilli())), true},
		{"left behind", binary.BigEndian.AppendUint64([]byte("HSQLLOCK"), uint64(now.Add(-time.Hour).UnixMilli())), false},
		{"from a clock that is wrong", binary.BigEndian.AppendUint64([]byte("HSQLLOCK"), uint64(now.Add(time.Hour).UnixMilli())), false},
		{"something else", []byte("0123456789abcdef"), false},
		{"short", []byte("HSQLLOCK"), false},
	} {
		path := filepath.Join(t.TempDir(), "db.lck")
		if err := os.WriteFile(path, c.lock, 0o600); err != nil {
			t.Fatal(err)
		}
		if got := isOpen(path, now); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestUnreadable(t *testing.T) {
	dir := t.TempDir()
	_, err := Read(context.Background(), filepath.Join(dir, "db.script"), "T")
	if err == nil || !strings.Contains(err.Error(), "db.script: no such file") {
		t.Errorf("missing: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Read(ctx, write(t, map[string]string{"script": head + strings.Repeat("INSERT INTO U VALUES(1)\n", 2*checkEvery)}), "T"); err != context.Canceled {
		t.Errorf("cancelled: %v", err)
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{
		head + "INSERT INTO T VALUES('a','1')\n", head + `INSERT INTO T VALUES('it''s \u4e2d\ud83d\ude00 \u005cu0041',NULL)` + "\n",
		"CREATE CACHED TABLE T(A INTEGER)\n", "SET TABLE T TYPE TEXT\n", head + "INSERT INTO T VALUES('a", "INSERT INTO \"P\".\"T\" VALUES(ARRAY['x'],-1,(2))\n",
		"/*C1*/INSERT INTO T VALUES('a','1')\n/*C2*/COMMIT\nROLLBACK\nSAVEPOINT S\nROLLBACK TO SAVEPOINT S\nDISCONNECT\n",
	} {
		f.Add(s, "/*C2*/DELETE FROM T WHERE ID='a' AND VALUE IS NULL\nUPDATE T SET VALUE='2' WHERE ID='a'\nCOMMIT\n", false)
		f.Add(s, s, true)
	}
	f.Add(head, "ALTER TABLE T ADD COLUMN X INTEGER\nALTER TABLE T RENAME TO U\nDROP TABLE T IF EXISTS\nTRUNCATE TABLE T\nSET AUTOCOMMIT FALSE\n", true)
	f.Fuzz(func(t *testing.T, script, log string, autocommit bool) {
		r := newReplay("T", autocommit)
		for _, file := range [][2]string{{"script", script}, {"log", log}} {
			r.begin(file[0], file[0] == "log")
			for line := range strings.Lines(file[1]) {
				r.line++
				_ = r.statement([]byte(strings.TrimSuffix(line, "\n")))
				_ = whole([]byte(line))
			}
		}
		for _, row := range r.rows {
			if !row.gone && !slices.Contains(r.byFirst[first(row.Values)], row) {
				t.Errorf("the row %v is not in the index", row.Values)
			}
		}
		if r.changes < 0 {
			t.Errorf("%d changes", r.changes)
		}
		n, line := r.pending()
		if n > r.changes || (n == 0) != (line == 0) {
			t.Errorf("%d pending from line %d of %d changes", n, line, r.changes)
		}
	})
}
