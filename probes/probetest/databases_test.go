package probetest

import (
	"net"
	"strings"
	"testing"
)

func TestDatabases(t *testing.T) {
	for name, start := range map[string]func(testing.TB) *Database{"PostgreSQL": Postgres, "MariaDB": MariaDB} {
		t.Run(name, func(t *testing.T) {
			db := start(t)
			out, err := db.Run("CREATE TABLE a (id varchar(9), value varchar(9)); INSERT INTO a VALUES ('x', 'y '); SELECT * FROM a;")
			if err != nil || out != "x\ty" {
				t.Errorf("printed %q, %v", out, err)
			}
			if out, err := db.Run("SELECT nothing; SELECT 'later';"); err == nil || strings.Contains(out, "\nlater") {
				t.Errorf("after an error: %q, %v", out, err)
			}
			c, err := net.Dial("tcp", db.Address)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			// Only MariaDB speaks first; PostgreSQL answers an SSL request (Protocol Flow, "SSL Session Encryption") with one byte.
			if name == "PostgreSQL" {
				c.Write([]byte{0, 0, 0, 8, 4, 210, 22, 47})
			}
			if n, err := c.Read(make([]byte, 64)); err != nil || n == 0 {
				t.Errorf("by TCP: %d bytes, %v", n, err)
			}
		})
	}
}
